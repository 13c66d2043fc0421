"""Prod with its full topology and its remote state, against a fresh emulator: from an empty account and back.

Takes about two and a half minutes on two cores.
"""

from __future__ import annotations

import json
import shlex
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from bbws_access.emulator.mailbox import links, messages
from bbws_access.emulator.process import Emulator
from bbws_access.provisioning.settings import terraform_root
from tests.e2e.conftest import ROOT, Deployed
from tests.e2e.guides import commands

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.terraform,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not (terraform_root() / "bootstrap" / "main.tf").is_file(), reason="no terraform/bootstrap"),
]

LOCK = {
    "ID": "8d1a4ea7-1a0c-6f04-2f6f-8c6b4f8f8f8f",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "thandi@laptop",
    "Version": "1.11.4",
    "Created": "2026-03-01T12:00:05.123456789Z",
    "Path": "bbws-terraform-state-prod/access-management/terraform.tfstate",
}
BUCKET = "bbws-terraform-state-prod"
KEY = "access-management/terraform.tfstate"
YES = ("--yes", "--confirm", "prod")


@dataclass(frozen=True)
class Prod:
    """The command line in prod, whose AWS is an emulator."""

    deployed: Deployed
    endpoint: str

    def __call__(self, *words: str, code: int = 0) -> tuple[str, str]:
        done = self.deployed.run(
            *words,
            check=False,
            AWS_ENDPOINT_URL=self.endpoint,
            BBWS_ACCESS_ENV="prod",
            BBWS_ACCESS_PASSWORD="Correct-horse-7",
        )
        assert done.returncode == code, done.stderr
        return done.stdout, done.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self("-o", "json", *words, code=code)[0])

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="af-south-1", **keys)  # type: ignore[call-overload]

    def token(self, org: str, email: str) -> str:
        """Of somebody who was invited to ``org`` and has accepted."""
        self("orgs", "create", org)
        self("users", "invite", email, "--org", org, "--role", "ORG_ADMIN")
        (link,) = [links(m)[0] for m in messages(self.endpoint) if email in m.to]
        self("invitations", "accept", link, "--first-name", "Thandi", "--last-name", "Nkosi")
        outputs = self.json("env", "outputs")
        answer = self.client("cognito-idp").admin_initiate_auth(
            UserPoolId=outputs["user_pool_id"],
            ClientId=outputs["user_pool_client_id"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": "Correct-horse-7"},
        )
        token: str = answer["AuthenticationResult"]["IdToken"]
        return token


@pytest.fixture
def prod(tmp_path: Path) -> Iterator[Prod]:
    emulator = Emulator(tmp_path / "aws")
    yield Prod(Deployed(tmp_path / "state"), emulator.start(region="af-south-1").endpoint)
    emulator.erase()


def call(url: str, token: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Authorization": token})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_prod_from_an_empty_account_and_back(prod: Prod) -> None:
    repository = ("--repository", "example/access")
    assert "env bootstrap" in prod("env", "up", *YES, code=1)[1]
    assert "--confirm prod" in prod("env", "bootstrap", *repository, "--yes", code=4)[1]
    follow_the_guide(prod)
    again = prod("env", "bootstrap", *repository, *YES)[1]
    assert f"{BUCKET} is there already" in again
    assert "nothing to do" in again
    assert prod.json("env", "plan", "--detailed-exitcode")["pending"] is False
    assert prod.json("env", "status")["healthy"] is True
    smoke(prod)
    the_lock(prod)

    assert "--allow-data-loss" in prod("env", "down", "--erase", *YES, code=4)[1]
    assert prod.json("env", "down", "--allow-data-loss", *YES)["removed"] > 200
    state = json.loads(prod.client("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
    assert state["resources"] == []
    assert prod.client("dynamodb").list_tables()["TableNames"] == ["bbws-terraform-locks-prod"]


def follow_the_guide(prod: Prod) -> None:
    """Every command of the guide, in its order, answered as one does who means it."""
    for command in commands((ROOT / "docs" / "environments.md").read_text(encoding="utf-8")):
        words = shlex.split(command)[1:]
        prod(*words, *(YES if words[1] in {"bootstrap", "up"} else ()))


def smoke(prod: Prod) -> None:
    """Sign in, create a team, read it back, be refused another organisation."""
    prod("table", "seed")
    mine, theirs = prod.token("Mine", "mine@example.com"), prod.token("Theirs", "theirs@example.com")
    orgs = {o["name"]: o["organisationId"] for o in prod.json("orgs", "list")["items"]}
    url = f"{prod.json('env', 'outputs')['api_url']}/v1/organisations/{orgs['Mine']}/teams"
    status, team = call(url, mine, {"name": "Web"})
    assert status == 201
    assert call(f"{url}/{team['teamId']}", mine) == (200, team)
    assert call(f"{url}/{team['teamId']}", theirs)[0] == 403


def the_lock(prod: Prod) -> None:
    """Somebody died during an apply: the lock names them, and is released after asking."""
    prod.client("s3").put_object(Bucket=BUCKET, Key=f"{KEY}.tflock", Body=json.dumps(LOCK).encode())
    locked = prod("env", "plan", code=1)[1].splitlines()[-1]
    assert "locked for an apply by thandi@laptop since 2026-03-01T12:00:05Z" in locked
    assert "bbws-access env unlock" in locked
    asked = prod("env", "unlock", code=4)[1]
    assert "thandi@laptop" in asked
    assert prod.json("env", "unlock", "--yes")["lock"]["who"] == "thandi@laptop"
    assert prod.json("env", "unlock")["released"] is False
