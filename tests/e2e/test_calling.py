"""Calling the deployed API from the command line, as docs/api.md says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.access.contract import GUARDED
from tests.e2e.conftest import ROOT, Deployed

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]

EMAIL, PASSWORD = "thandi@calling.example", "Correct-horse-7"


@pytest.fixture(scope="module")
def org_id(deployed: Deployed) -> str:
    found: str = deployed.json("orgs", "create", "Calling")["organisationId"]
    deployed.member("Calling", EMAIL)
    return found


def call(deployed: Deployed, *words: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    return deployed.run("api", "call", *words, check=False, BBWS_ACCESS_PASSWORD=password)


def test_a_call_and_what_its_exit_code_says(deployed: Deployed, org_id: str) -> None:
    teams = ("/organisations/{orgId}/teams", "--org", "Calling", "--as", EMAIL)
    made = call(deployed, "POST", *teams, "--data", '{"name": "Web"}')
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["organisationId"] == org_id
    assert re.search(r"^201 Created · \d+ ms · request \S+$", made.stderr, re.MULTILINE)
    again = call(deployed, "POST", *teams, "--data", '{"name": "web"}')
    assert (again.returncode, json.loads(again.stdout)["error"]["code"]) == (1, "TEAM_EXISTS")
    closed = call(deployed, "GET", "/organisations/org-other/teams", "--as", EMAIL)
    assert (closed.returncode, json.loads(closed.stdout)["error"]["code"]) == (4, "ACCESS_DENIED")
    nobody = call(deployed, "GET", "/platform/roles")
    assert (nobody.returncode, json.loads(nobody.stdout)["error"]["code"]) == (4, "UNAUTHORIZED")


def test_who_cannot_sign_in(deployed: Deployed, org_id: str) -> None:
    wrong = call(deployed, "GET", "/platform/roles", "--as", EMAIL, password="Wrong-horse-7")
    assert (wrong.returncode, wrong.stdout) == (4, "")
    assert wrong.stderr == f"error: the password is not that of {EMAIL}\n"
    unknown = call(deployed, "GET", "/platform/roles", "--as", "nobody@calling.example")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "has no account" in unknown.stderr


def test_a_token_in_a_shell(deployed: Deployed, org_id: str, tmp_path: Path) -> None:
    """As in the guide: its own lines, with the names of this test."""
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sh\n(TOKEN=.*?)^```", guide, re.MULTILINE | re.DOTALL)
    program = tmp_path / "bbws-access"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli.main "$@"\n')
    program.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BBWS_", "TF_"))}
    own = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "BBWS_ACCESS_STATE_DIR": str(deployed.state_dir),
        "BBWS_ACCESS_PASSWORD": PASSWORD,
    }
    words = ["sh", "-ec", block.replace("thandi@example.com", EMAIL)]
    done = subprocess.run(words, env=kept | own, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "PLATFORM_ADMIN" in done.stdout
    assert "yes: the authorizer of local takes it" in done.stdout


def test_what_the_api_would_know(deployed: Deployed, org_id: str) -> None:
    known = deployed.json("auth", "whoami", "--user", EMAIL)
    assert (known["email"], known["organisationId"]) == (EMAIL, org_id)
    assert "team:*" in known["permissions"]


def test_a_page_that_was_opened_from_a_file_may_call(deployed: Deployed, org_id: str) -> None:
    """Its origin is ``null``: the gateway must say to the browser that any origin may."""
    url = f"{deployed.outputs()['api_url']}/v1/platform/roles"
    asked = {
        "Origin": "null",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    request = urllib.request.Request(url, method="OPTIONS", headers=asked)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    token = deployed.run("auth", "token", "--user", EMAIL, BBWS_ACCESS_PASSWORD=PASSWORD).stdout.strip()
    headers = {"Origin": "null", "Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_dry_run_sends_nothing(deployed: Deployed, org_id: str) -> None:
    words = (
        "POST",
        "/organisations/{orgId}/teams",
        "--org",
        "Calling",
        "--as",
        EMAIL,
        "--data",
        '{"name": "Not made"}',
    )
    done = call(deployed, *words, "--dry-run", "-o", "json")
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["method"], shown["body"]) == (0, "POST", {"name": "Not made"})
    assert shown["url"].endswith(f"/v1/organisations/{org_id}/teams")
    assert "Not made" not in deployed.run("teams", "list", "--org", "Calling", "-o", "json").stdout


def test_the_gateway_does_what_access_test_and_access_explain_say(
    deployed: Deployed, org_id: str, tmp_path: Path
) -> None:
    """Every guarded endpoint, for an administrator and for somebody with next to nothing; here and elsewhere."""
    viewer, foreign = "viewer@calling.example", "org-00000000-0000-4000-8000-000000000000"
    deployed.member("Calling", viewer, role="SITE_VIEWER")
    api_url = deployed.outputs()["api_url"]
    ids = {u["email"]: u["userId"] for u in deployed.json("users", "list", "--org", "Calling")["items"]}
    expected, statuses = [], set()
    for email in (EMAIL, viewer):
        token = deployed.token(email)
        for row in GUARDED:
            for org in (org_id, foreign) if "{orgId}" in row.path else (org_id,):
                # An empty body is refused by whoever would have acted on it: 400, once the gateway lets it through.
                path = re.sub(r"\{(?!orgId|userId)\w+\}", "00000000-0000-4000-8000-000000000000", row.path)
                path = path.replace("{orgId}", org).replace("{userId}", ids[email])
                status = status_of(f"{api_url}{path}", row.method, token)
                statuses.add(status)
                verdict = "denied" if status in {401, 403} else "allowed"
                asked = {"user": email, "calls": f"{row.method} {path}", "expect": verdict}
                expected.append(asked)
    assert statuses >= {200, 400, 403, 404}
    file = tmp_path / "expected.yaml"
    file.write_text(json.dumps({"expectations": expected}, indent=0))
    done = deployed.run("access", "test", str(file), "--org", "Calling", "-o", "json", check=False)
    failed = [item for item in json.loads(done.stdout)["items"] if not item["passed"]]
    assert (done.returncode, failed) == (0, [])
    assert len({(one["user"], one["expect"]) for one in expected}) == 4
    for one in expected[:: len(expected) // 6]:
        method, _, path = one["calls"].partition(" ")
        told = deployed.run("access", "explain", one["user"], method, path, "--org", "Calling", check=False)
        assert told.returncode == (0 if one["expect"] == "allowed" else 4), told.stdout


def status_of(url: str, method: str, token: str) -> int:
    data = None if method == "GET" else b"{}"
    request = urllib.request.Request(url, data=data, method=method, headers={"Authorization": token})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: int = answer.status
            return found
    except urllib.error.HTTPError as error:
        return error.code
