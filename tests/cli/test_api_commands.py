"""``api``: the contract as it is printed, and calls to an API."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from bbws_access.access.actor import Actor, ActorKind
from bbws_access.adapters.sign_in import Tokens
from bbws_access.catalogue import ENDPOINTS
from bbws_access.cursors import Cursors
from cli import session as session_module
from cli import signing_in
from lambdas.wiring import wired
from tests.browser import local_gateway
from tests.cli.conftest import Run
from tests.conftest import Platform
from tests.lambdas.gateway import FakeSealer


def test_forty_routes(bare: Run) -> None:
    rows = bare("api", "routes", "-o", "json").json["items"]
    assert len(rows) == 40
    assert [(r["method"], r["path"]) for r in rows] == [(f.method, f.path) for f in ENDPOINTS]
    assert {r["number"] for r in rows} == set(range(1, 42)) - {36}
    shown = bare("api", "routes", "--env", "dev").out
    assert "team:update or CAN_UPDATE_TEAM" in shown
    assert "bbws-access-dev-lambda-team-update-team" in shown


def test_the_document_is_printed_or_written(bare: Run, tmp_path: Path) -> None:
    printed = bare("api", "openapi").json
    validate(printed)
    target = tmp_path / "new" / "openapi.json"
    done = bare("api", "openapi", "--to", str(target))
    assert (done.code, done.out) == (0, "")
    assert json.loads(target.read_text()) == printed
    assert list(target.parent.iterdir()) == [target]


def test_for_aws_every_function_has_its_arn(bare: Run) -> None:
    text = bare("api", "openapi", "--aws").out
    assert re.search(r"(?<!\\)\\u0000", text) is None
    found = json.loads(text)
    validate(found)
    uri = found["paths"]["/v1/platform/roles"]["get"]["x-amazon-apigateway-integration"]["uri"]
    function = "arn:aws:lambda:eu-west-1:000000000000:function:bbws-access-local-lambda-role-list-platform-roles:live"
    assert uri == f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{function}/invocations"
    nowhere = bare("api", "openapi", "--aws", "--env", "dev")
    assert (nowhere.code, nowhere.out) == (2, "")
    assert "names no AWS account" in nowhere.err


def test_a_file_that_cannot_be_written(bare: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = bare("api", "openapi", "--to", str(tmp_path / "file" / "x.json"))
    assert done.code == 1
    assert "cannot be written" in done.err


def test_the_page_is_written_even_before_anything_runs(bare: Run, tmp_path: Path) -> None:
    done = bare("api", "docs", "--no-open", "--to", str(tmp_path / "api.html"))
    assert done.out == f"{tmp_path / 'api.html'}\n"
    assert "<!doctype html>" in (tmp_path / "api.html").read_text()
    assert bare("api", "docs", "-o", "json").json["path"].endswith("local/api.html")


# --- calls -------------------------------------------------------------------------------------------


@pytest.fixture
def org_id(platform: Platform) -> str:
    return platform.organisation("Acme").organisation_id


@pytest.fixture
def calling(bbws: Run, platform: Platform, org_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command line, the API as a server, and Ada who may sign in."""

    def signed_in(_session: object, email: str, _file: object) -> Tokens:
        assert email == "ada@acme.test"
        return Tokens(local_gateway.TOKEN, "other", 3600)

    actor = Actor("u-1", "ada@acme.test", ActorKind.USER, org_id, frozenset({"team:*"}))
    monkeypatch.setattr(signing_in, "signed_in", signed_in)
    with wired(platform.services, Cursors(FakeSealer())), local_gateway.serving(actor) as url:
        monkeypatch.setattr(session_module.Session, "outputs", {"api_url": url})
        yield bbws


def test_an_answer_goes_to_stdout_and_its_status_to_stderr(calling: Run) -> None:
    ada = ("--org", "Acme", "--as", "ada@acme.test")
    made = calling("api", "call", "post", "/organisations/{orgId}/teams", *ada, "--data", '{"name": "Wéb"}')
    assert made.code == 0
    assert made.json["name"] == "Wéb"
    assert "201 Created" in made.err
    assert "local · emulator account" in made.err
    listed = calling("api", "call", "GET", "v1/organisations/{orgId}/teams", *ada, "--param", "pageSize=1")
    assert (listed.code, listed.json["count"]) == (0, 1)
    assert "emulator account" not in listed.err


def test_the_exit_code_says_how_it_went(calling: Run) -> None:
    ada = ("--org", "Acme", "--as", "ada@acme.test")
    nobody = calling("api", "call", "GET", "/platform/roles")
    assert (nobody.code, nobody.json["error"]["code"]) == (4, "TOKEN_MISSING")
    assert nobody.err.endswith("Nobody called: say who does with --as EMAIL.\n")
    denied = calling("api", "call", "GET", "/organisations/{orgId}/roles", *ada)
    assert (denied.code, denied.json["error"]["code"]) == (4, "PERMISSION_DENIED")
    assert "--as EMAIL" not in denied.err
    unknown = calling("api", "call", "GET", "/organisations/{orgId}/teams/none", *ada)
    assert (unknown.code, unknown.json["error"]["code"]) == (1, "TEAM_NOT_FOUND")
    bad = calling("api", "call", "GET", "/organisations/{orgId}/teams", *ada, "--param", "pageSize=0")
    assert (bad.code, bad.json["error"]["code"]) == (1, "INVALID_PAGE_SIZE")


def test_a_path_that_is_no_endpoint_is_named(calling: Run) -> None:
    done = calling("api", "call", "GET", "/nothing/here")
    assert done.code == 1
    assert "GET /v1/nothing/here is none of the API's endpoints: bbws-access api routes" in done.err


def test_a_body_from_a_file_and_from_stdin(calling: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = ("api", "call", "POST", "/organisations/{orgId}/teams", "--org", "Acme", "--as", "ada@acme.test")
    (tmp_path / "team.json").write_text('{"name": "File"}')
    assert calling(*post, "--data", f"@{tmp_path / 'team.json'}").json["name"] == "File"
    monkeypatch.setattr("sys.stdin", io.StringIO('{"name": "Stdin"}'))
    assert calling(*post, "--data", "-").json["name"] == "Stdin"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("GET", "/x?pageSize=1"), "goes without a query"),
        (("GET", "/organisations/{orgId}/teams"), "which organisation?"),
        (("GET", "/organisations/o/teams/{teamId}"), "a value in place of {teamId}"),
        (("POST", "/x", "--data", "{'a': 1}"), "--data is not JSON at line 1, column 2"),
        (("POST", "/x", "--data", "[" * 100_000), "--data is not JSON"),
        (("POST", "/x", "--data", "@/does/not/exist"), "cannot be read"),
        (("GET", "/x", "--param", "pageSize"), "--param is KEY=VALUE"),
    ],
)
def test_wrong_usage_sends_nothing(bbws: Run, words: tuple[str, ...], problem: str) -> None:
    done = bbws("api", "call", *words)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err
    assert len(done.err.splitlines()) == 1


def test_an_api_that_is_not_there(bbws: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module.Session, "outputs", {"api_url": "http://127.0.0.1:9/none"})
    done = bbws("api", "call", "GET", "/platform/roles")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: the API does not answer; try: bbws-access env status\n"
