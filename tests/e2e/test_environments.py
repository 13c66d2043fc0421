"""Dev, sit and prod with their full topology and remote state, each from an empty account and back.

Minutes of work, most of it the provider's own waits; `make test-environments` runs them.
"""

from __future__ import annotations

import json
import shlex
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from bbws_access.emulator.mailbox import links, messages
from bbws_access.emulator.process import Emulator
from tests.e2e.conftest import ROOT, Deployed
from tests.e2e.guides import commands
from tests.lambdas.iam_policy import Policy
from tests.lambdas.recorder import AwsCall

pytestmark = [
    pytest.mark.environment,
    pytest.mark.emulator,
    pytest.mark.terraform,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
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
KEY = "access-management/terraform.tfstate"
REGIONS = {"dev": "eu-west-1", "sit": "eu-west-1", "prod": "af-south-1"}


@dataclass(frozen=True)
class Environment:
    """The command line in an environment, whose AWS is an emulator."""

    name: str
    deployed: Deployed
    endpoint: str

    @property
    def bucket(self) -> str:
        return f"bbws-terraform-state-{self.name}"

    @property
    def yes(self) -> tuple[str, ...]:
        return ("--yes", "--confirm", "prod") if self.name == "prod" else ("--yes",)

    def __call__(self, *words: str, code: int = 0) -> tuple[str, str]:
        done = self.deployed.run(
            *words,
            check=False,
            AWS_ENDPOINT_URL=self.endpoint,
            BBWS_ACCESS_ENV=self.name,
            BBWS_ACCESS_PASSWORD="Correct-horse-7",
        )
        assert done.returncode == code, done.stderr
        return done.stdout, done.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self("-o", "json", *words, code=code)[0])

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGIONS[self.name], **keys)  # type: ignore[call-overload]

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


@contextmanager
def environment(name: str, folder: Path) -> Iterator[Environment]:
    emulator = Emulator(folder / "aws")
    try:
        yield Environment(name, Deployed(folder / "state"), emulator.start(region=REGIONS[name]).endpoint)
    finally:
        emulator.erase()


def call(url: str, token: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Authorization": token})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


REPOSITORY = ("--repository", "example/access")


@pytest.mark.parametrize("name", ["dev", "sit"])
def test_from_an_empty_account_and_back(name: str, tmp_path: Path) -> None:
    with environment(name, tmp_path) as env:
        env("env", "bootstrap", *REPOSITORY, *env.yes)
        up_as_ci_does(env, tmp_path)
        nothing_is_left_to_change(env)
        smoke(env)
        nothing_is_left_of_it(env)


def test_prod_by_its_guide_and_back(tmp_path: Path) -> None:
    with environment("prod", tmp_path) as prod:
        assert "env bootstrap" in prod("env", "up", *prod.yes, code=1)[1]
        assert "--confirm prod" in prod("env", "bootstrap", *REPOSITORY, "--yes", code=4)[1]
        follow_the_guide(prod)
        again = prod("env", "bootstrap", *REPOSITORY, *prod.yes)[1]
        assert f"{prod.bucket} is there already" in again
        assert "nothing to do" in again
        nothing_is_left_to_change(prod)
        smoke(prod)
        the_lock(prod)
        assert "--allow-data-loss" in prod("env", "down", "--erase", *prod.yes, code=4)[1]
        nothing_is_left_of_it(prod)


def up_as_ci_does(env: Environment, folder: Path) -> None:
    """The plan is shown on one machine and approved; another applies exactly it."""
    digest = env.json("env", "plan")["digest"]
    other = replace(env, deployed=Deployed(folder / "another machine"))
    refused = other("env", "up", *env.yes, "--approved", "0" * 64, code=4)[1]
    assert "is not the one that was approved" in refused
    other("env", "up", *env.yes, "--approved", digest)


def follow_the_guide(prod: Environment) -> None:
    """Every command of the guide, in its order, answered as one does who means it."""
    for command in commands((ROOT / "docs" / "environments.md").read_text(encoding="utf-8")):
        words = shlex.split(command)[1:]
        prod(*words, *(prod.yes if words[1] in {"bootstrap", "up"} else ()))


def nothing_is_left_to_change(env: Environment) -> None:
    assert env.json("env", "plan", "--detailed-exitcode")["pending"] is False
    assert env.json("env", "status")["healthy"] is True
    its_roles_are_within_the_boundary(env)


def its_roles_are_within_the_boundary(env: Environment) -> None:
    """Each has it, and none is promised more than it lets through: that would fail on AWS alone."""
    iam = env.client("iam")
    limit = f"arn:aws:iam::000000000000:policy/bbws-access-{env.name}-policy-boundary"
    version = iam.get_policy(PolicyArn=limit)["Policy"]["DefaultVersionId"]
    boundary = Policy(iam.get_policy_version(PolicyArn=limit, VersionId=version)["PolicyVersion"]["Document"])
    roles = [r for r in iam.list_roles()["Roles"] if r["RoleName"].startswith(f"bbws-access-{env.name}-")]
    own = [r["RoleName"] for r in roles if not r["RoleName"].endswith("-role-deploy")]
    assert len(own) == (7 if env.name == "prod" else 6)
    for name in own:
        assert iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == limit
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            granted = {g for s in Policy(document).statements if s.allow for g in s.grants()}
            lost = {g for g in granted if not boundary.allows(AwsCall(g.action, g.resource))}
            assert lost == set(), name


def nothing_is_left_of_it(env: Environment) -> None:
    assert env.json("env", "down", "--allow-data-loss", *env.yes)["removed"] > 200
    state = json.loads(env.client("s3").get_object(Bucket=env.bucket, Key=KEY)["Body"].read())
    assert state["resources"] == []
    assert env.client("dynamodb").list_tables()["TableNames"] == [f"bbws-terraform-locks-{env.name}"]


def smoke(prod: Environment) -> None:
    """Sign in, create a team, read it back, be refused another organisation."""
    prod("table", "seed")
    mine, theirs = prod.token("Mine", "mine@example.com"), prod.token("Theirs", "theirs@example.com")
    orgs = {o["name"]: o["organisationId"] for o in prod.json("orgs", "list")["items"]}
    url = f"{prod.json('env', 'outputs')['api_url']}/v1/organisations/{orgs['Mine']}/teams"
    status, team = call(url, mine, {"name": "Web"})
    assert status == 201
    assert call(f"{url}/{team['teamId']}", mine) == (200, team)
    assert call(f"{url}/{team['teamId']}", theirs)[0] == 403


def the_lock(prod: Environment) -> None:
    """Somebody died during an apply: the lock names them, and is released after asking."""
    prod.client("s3").put_object(Bucket=prod.bucket, Key=f"{KEY}.tflock", Body=json.dumps(LOCK).encode())
    locked = prod("env", "plan", code=1)[1].splitlines()[-1]
    assert "locked for an apply by thandi@laptop since 2026-03-01T12:00:05Z" in locked
    assert "bbws-access env unlock" in locked
    asked = prod("env", "unlock", code=4)[1]
    assert "thandi@laptop" in asked
    assert prod.json("env", "unlock", "--yes")["lock"]["who"] == "thandi@laptop"
    assert prod.json("env", "unlock")["released"] is False
