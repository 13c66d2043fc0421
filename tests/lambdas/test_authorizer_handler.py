"""The function as API Gateway calls it: real events, keys over HTTP, a table, and what it logs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bbws_access import keys
from bbws_access.errors import Busy
from bbws_access.store.table import Table
from lambdas import authorizer, clients
from tests.access import jwts
from tests.access.contract import allows, requests
from tests.access.jwts import SUBJECT, jwk_of
from tests.access.people import People
from tests.conftest import Platform
from tests.fakes import FixedClock
from tests.lambdas.jwks_server import JwksServer, serving

ROOT = Path(__file__).parents[2]
EVENTS = sorted((Path(__file__).parent / "events").glob("*.json"))
GOOD = [path for path in EVENTS if not path.stem.startswith("bad_")]
BAD = [path for path in EVENTS if path.stem.startswith("bad_")]
API = "arn:aws:execute-api:af-south-1:123456789012:abcdefghij/prod"
EVERYTHING = tuple(requests(["org-1", "org-2"], ["team-1"], [SUBJECT, "somebody"]))
TOKEN = jwts.id_token()


class Context:
    aws_request_id = "c7e8c1f0-0000-4000-8000-000000000001"


def event(path: Path, token: str = TOKEN) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if loaded.get("authorizationToken"):
        loaded["authorizationToken"] = loaded["authorizationToken"].replace("{{token}}", token)
    return loaded


LIST_ROLES = next(path for path in EVENTS if path.stem == "list_roles")


@dataclass
class Deployed:
    platform: Platform
    people: People
    jwks: JwksServer
    logged: Callable[[], str]

    def call(self, path: Path = LIST_ROLES, token: str = TOKEN) -> dict[str, Any]:
        return authorizer.authorize(event(path, token), Context())

    def line(self) -> dict[str, Any]:
        """The one line that the last call logged."""
        text = self.logged()
        assert text.endswith("\n")
        assert text.count("\n") == 1
        found: dict[str, Any] = json.loads(text)
        return found


@pytest.fixture
def deployed(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Deployed]:
    with serving([jwk_of("first")]) as jwks:
        settings = {
            "ENV": "prod",
            "TABLE": platform.table.name,
            "USER_POOL_ID": "eu-west-1_Example",
            "USER_POOL_CLIENT_ID": jwts.CLIENT,
            "ISSUER": jwts.ISSUER,
            "JWKS_URL": jwks.url,
            "AUDIT_BUCKET": "audit",
            "AUDIT_LOCK_MODE": "GOVERNANCE",
            "MAIL_FROM": "noreply@example.com",
            "CURSOR_KEY_ID": "alias/cursors",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"BBWS_{name}", value)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(authorizer, "SystemClock", lambda: FixedClock(jwts.START))
        _forget()
        people = People(platform)
        people.user("org-1", SUBJECT)
        people.holding("org-1", SUBJECT, "role:read", "audit:export")
        yield Deployed(platform, people, jwks, lambda: capfd.readouterr().out)
        _forget()


def _forget() -> None:
    authorizer._authorizer.cache_clear()
    authorizer._decisions.cache_clear()
    clients.client.cache_clear()
    clients.impatient_dynamodb.cache_clear()


def denies_everything(answer: dict[str, Any]) -> bool:
    return not any(allows(answer["policyDocument"], f"{API}/{request.text}") for request in EVERYTHING)


def undecided(deployed: Deployed) -> dict[str, Any]:
    """The line of a call that the gateway answers 500 to, and of which it remembers nothing."""
    with pytest.raises(authorizer.Undecided) as raised:
        deployed.call()
    assert str(raised.value) == ""
    line = deployed.line()
    assert (line["level"], line["decision"]) == ("ERROR", "INTERNAL_ERROR")
    return line


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_user_gets_the_same_policy_whatever_they_asked_for(deployed: Deployed, path: Path) -> None:
    answer = deployed.call(path)
    assert set(answer) == {"principalId", "policyDocument", "context"}
    assert answer["principalId"] == SUBJECT
    assert answer == deployed.call(LIST_ROLES)
    assert json.loads(json.dumps(answer)) == answer
    assert all(isinstance(value, str) for value in answer["context"].values())
    opened = {r.text for r in EVERYTHING if allows(answer["policyDocument"], f"{API}/{r.text}")}
    assert {"GET/v1/organisations/org-1/roles", "POST/v1/audit/export"} <= opened
    assert not {"GET/v1/organisations/org-2/roles", "POST/v1/organisations/org-1/roles"} & opened


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_token_is_the_word_that_the_gateway_answers_401_to(deployed: Deployed, path: Path) -> None:
    with pytest.raises(Exception, match=r"\AUnauthorized\Z") as refused:
        deployed.call(path)
    assert type(refused.value) is Exception
    assert refused.value.__suppress_context__, "the reason does not go into the function's error report"
    line = deployed.line()
    assert line["level"] == "WARNING"
    assert line["decision"].startswith("TOKEN_")
    assert line["principal"] is None


@pytest.mark.parametrize(
    ("code", "claims"), [("TOKEN_EXPIRED", {"exp": jwts.NOW}), ("TOKEN_INVALID", {"iss": "https://evil.example"})]
)
def test_the_log_says_why_a_token_was_refused_and_the_gateway_does_not(
    deployed: Deployed, code: str, claims: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        deployed.call(token=jwts.access_token(**claims))
    assert deployed.line()["decision"] == code


def test_one_line_is_logged_for_a_decision_and_it_holds_no_token(deployed: Deployed) -> None:
    deployed.call()
    text = deployed.logged()
    assert json.loads(text) == {
        "level": "INFO",
        "service": "authorizer",
        "message": "authorization decision",
        "decision": "ALLOWED",
        "principal": SUBJECT,
        "function_request_id": Context.aws_request_id,
    }
    assert text.count("\n") == 1
    for part in [*TOKEN.split("."), "thandi@example.com"]:
        assert part not in text


@pytest.mark.parametrize(
    "path", [p for p in BAD if "token" not in p.stem and "only" not in p.stem], ids=lambda p: p.stem
)
def test_no_part_of_a_bad_token_is_logged(deployed: Deployed, path: Path) -> None:
    with pytest.raises(Exception, match="Unauthorized"):
        deployed.call(path)
    logged = deployed.logged()
    assert logged.count("\n") == 1
    for part in event(path)["authorizationToken"].split(" ", 1)[1].split("."):
        assert not part or part not in logged


def test_a_name_cannot_forge_a_line_of_the_log(deployed: Deployed) -> None:
    """The pool makes subjects, and still."""
    subject = 'x\n{"level":"INFO","decision":"ALLOWED"}\u2028\x1b[2J'
    deployed.call(token=jwts.access_token(sub=subject))
    line = deployed.line()
    assert (line["principal"], line["decision"]) == (subject, "USER_NOT_FOUND")


def test_denials_are_policies(deployed: Deployed) -> None:
    answer = deployed.call(token=jwts.id_token(**{"custom:organisation_id": "org-2"}))
    assert (answer["context"], denies_everything(answer)) == ({"denial": "USER_NOT_FOUND"}, True)
    assert (deployed.line()["level"], answer["principalId"]) == ("WARNING", SUBJECT)
    deployed.people.change(keys.user_key("org-1", SUBJECT), active=False)
    answer = deployed.call()
    assert (answer["context"], denies_everything(answer)) == ({"denial": "USER_INACTIVE"}, True)
    assert deployed.line()["decision"] == "USER_INACTIVE"


def test_the_keys_are_fetched_once(deployed: Deployed) -> None:
    for _ in range(5):
        deployed.call()
    assert deployed.jwks.hits == 1


BROKEN: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "404": {"status": 404},
    "no JSON": {"body": b"<html>busy</html>"},
    "no UTF-8": {"body": b"\xff\xfe\xfd"},
    "empty": {"body": b""},
    "another document": {"body": b'{"message": "busy"}'},
    "a list": {"body": b"[]"},
    "too deep": {"body": b"[" * 100_000},
    "cut short": {"promised": 100_000},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_without_the_pools_keys_nobody_gets_in_and_the_log_says_that_it_is_us(
    deployed: Deployed, broken: dict[str, Any]
) -> None:
    for name, value in broken.items():
        setattr(deployed.jwks, name, value)
    line = undecided(deployed)
    assert line["cause"] == "Unreachable"


def test_nobody_gets_in_where_nothing_answers_for_the_pool(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving([]) as gone:
        monkeypatch.setenv("BBWS_JWKS_URL", gone.url)
    assert undecided(deployed)["cause"] == "Unreachable"


def test_nobody_gets_in_without_the_table(deployed: Deployed) -> None:
    deployed.platform.client.delete_table(TableName=deployed.platform.table.name)
    assert undecided(deployed)["cause"] == "NotFound"


def test_an_outage_of_the_table_ends_with_the_outage(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway keeps a policy for five minutes, and a 500 not at all."""

    def throttled(*_: Any) -> Any:
        raise Busy("a secret")

    with monkeypatch.context() as outage:
        outage.setattr(Table, "get_many", throttled)
        assert undecided(deployed)["cause"] == "Busy"
    assert not denies_everything(deployed.call())


def test_a_function_that_was_not_told_its_table_answers_nothing(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BBWS_TABLE")
    with pytest.raises(KeyError, match="BBWS_TABLE"):
        deployed.call()


def test_nothing_heavy_is_imported_on_the_way_of_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    code = (
        "import sys, lambdas.authorizer\n"
        "lambdas.authorizer.dynamodb()\n"
        "heavy = {'pydantic', 'pydantic_core', 'aws_lambda_powertools', 'jinja2', 'typer', 'rich', 'boto3',\n"
        "         'email_validator', 's3transfer',\n"
        "         'bbws_access.models', 'bbws_access.services', 'bbws_access.bootstrap', 'cli'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
