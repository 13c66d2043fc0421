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
from tests.provisioning.designed import EXPECTED
from tests.provisioning.provider_log import LOGGED, asked, lacking
from tests.provisioning.service_policies import tagged

pytestmark = [
    pytest.mark.heavy,
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
COUNTS = {
    "lambda_function": 43,
    "lambda_alias": 43,
    "cloudwatch_metric_alarm": 13,
    "cloudwatch_log_metric_filter": 24,
    "cloudwatch_log_group": 8,
    "cloudwatch_dashboard": 1,
    "sns_topic": 3,
}
REGIONS = {"dev": "eu-west-1", "sit": "eu-west-1", "prod": "af-south-1"}


@dataclass(frozen=True)
class Environment:
    """The command line in an environment, whose AWS is an emulator."""

    name: str
    deployed: Deployed
    endpoint: str
    log: Path | None = None
    """Where Terraform writes what it asks, where it does."""

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
            **({} if self.log is None else LOGGED | {"TF_LOG_PATH": str(self.log)}),
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
        made = env.json("env", "bootstrap", *REPOSITORY, *env.yes)
        for role in ("deploy", "plan"):
            assert made[f"{role}Role"] == f"arn:aws:iam::000000000000:role/bbws-access-{name}-role-{role}"
        up_as_ci_does(env, tmp_path)
        nothing_is_left_to_change(env, tmp_path)
        smoke(env)
        nothing_is_left_of_it(env)


def test_prod_by_its_guide_and_back(tmp_path: Path) -> None:
    with environment("prod", tmp_path) as prod:
        assert "env bootstrap" in prod("env", "up", *prod.yes, code=1)[1]
        assert "--confirm prod" in prod("env", "bootstrap", *REPOSITORY, "--yes", code=4)[1]
        follow_the_guide(prod, tmp_path)
        again = prod("env", "bootstrap", *REPOSITORY, *prod.yes)[1]
        assert f"{prod.bucket} is there already" in again
        assert "nothing to do" in again
        nothing_is_left_to_change(prod, tmp_path)
        smoke(prod)
        the_lock(prod)
        assert "--allow-data-loss" in prod("env", "down", "--erase", *prod.yes, code=4)[1]
        nothing_is_left_of_it(prod)


def up_as_ci_does(env: Environment, folder: Path) -> None:
    """The plan is shown on one machine and approved; another applies exactly it."""
    digest = env.json("env", "plan", "--no-lock")["digest"]
    other = replace(env, deployed=Deployed(folder / "another machine"))
    refused = other("env", "up", *env.yes, "--approved", "0" * 64, code=4)[1]
    assert "is not the one that was approved" in refused
    logged = replace(other, log=folder / "up.log")
    logged("env", "up", *env.yes, "--approved", digest)
    its_role_may_do_what_was_done(env, "deploy", folder / "up.log")
    # Whoever did not stand it up learns of it from the state.
    env("orgs", "list")  # which needs the table alone
    assert f"bbws-access env outputs {env.name}" in env("auth", "token", "--user", "nobody@example.com", code=1)[1]
    assert env.json("env", "outputs") == other.json("env", "outputs")
    env("orgs", "list")


def follow_the_guide(prod: Environment, folder: Path) -> None:
    """Every command of the guide, in its order, answered as one does who means it."""
    for command in commands((ROOT / "docs" / "environments.md").read_text(encoding="utf-8")):
        words = shlex.split(command)[1:]
        by = replace(prod, log=folder / "up.log") if words[1] == "up" else prod
        by(*words, *(prod.yes if words[1] in {"bootstrap", "up"} else ()))
    its_role_may_do_what_was_done(prod, "deploy", folder / "up.log")


def its_role_may_do_what_was_done(env: Environment, name: str, log: Path) -> None:
    """Everything that Terraform has asked is in the policy of CI's role."""
    role = f"bbws-access-{env.name}-role-{name}"
    found = env.client("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    assert lacking(Policy(found), asked(log)) == set()


def nothing_is_left_to_change(env: Environment, folder: Path) -> None:
    """As CI looks: without taking the lock."""
    looking = replace(env, log=folder / "look.log")
    assert looking.json("env", "plan", "--no-lock", "--detailed-exitcode")["pending"] is False
    assert looking.json("env", "drift", "--no-lock")["drifted"] is False
    its_role_may_do_what_was_done(env, "plan", folder / "look.log")
    assert env.json("env", "status")["healthy"] is True
    it_stands_as_designed(env)
    its_roles_are_within_the_boundary(env)


def it_stands_as_designed(env: Environment) -> None:
    """The settings of the environment, from the applied state."""
    state = json.loads(env.client("s3").get_object(Bucket=env.bucket, Key=KEY)["Body"].read())
    expected, prefix = EXPECTED[env.name], f"bbws-access-{env.name}"
    dr, region = expected["dr"], expected["region"]

    def of(kind: str) -> list[dict[str, Any]]:
        found = [r for r in state["resources"] if r["mode"] == "managed" and r["type"] == kind]
        return [i["attributes"] for r in found for i in r["instances"]]

    (table,) = of("aws_dynamodb_table")
    assert table["arn"] == f"arn:aws:dynamodb:{region}:000000000000:table/{prefix}-ddb-access-management"
    assert table["deletion_protection_enabled"] is expected["protected"]
    assert table["point_in_time_recovery"][0]["enabled"] is True
    assert [(r["region_name"], r["point_in_time_recovery"]) for r in table["replica"]] == [(r, True) for r in dr]
    (pool,) = of("aws_cognito_user_pool")
    assert pool["deletion_protection"] == ("ACTIVE" if expected["protected"] else "INACTIVE")
    (throttle,) = of("aws_api_gateway_method_settings")[0]["settings"]
    assert (throttle["throttling_rate_limit"], throttle["throttling_burst_limit"]) == (
        expected["rate"],
        expected["burst"],
    )
    concurrency = [(c["function_name"], c["qualifier"]) for c in of("aws_lambda_provisioned_concurrency_config")]
    assert concurrency == [(f"{prefix}-lambda-authorizer-authorize", "live")] * len(dr)
    archive = f"{prefix}-s3-audit-archive"
    buckets = {b["bucket"] for b in of("aws_s3_bucket")}
    assert buckets == {archive, f"{prefix}-s3-code"} | {f"{archive}-replica" for _ in dr}
    copies = [(r["rule"][0]["destination"][0]["bucket"]) for r in of("aws_s3_bucket_replication_configuration")]
    assert copies == [f"arn:aws:s3:::{archive}-replica" for _ in dr]
    policies = {p["bucket"]: json.loads(p["policy"])["Statement"] for p in of("aws_s3_bucket_policy")}
    assert policies.keys() == buckets
    assert all("OnlyOverTls" in {s["Sid"] for s in statements} for statements in policies.values())
    (locked,) = [s for s in policies[archive] if s["Sid"] == "ArchiveOnlyLocked"]
    assert locked["Condition"] == {"StringNotEquals": {"s3:object-lock-mode": expected["lock"]}}
    ages = {
        rule["id"]: ([t["days"] for t in rule["transition"]], rule["expiration"][0]["days"])
        for found in of("aws_s3_bucket_lifecycle_configuration")
        for rule in found["rule"]
    }
    assert ages == {"archive": ([90], 2555), "exports": ([], 30)}
    assert all(key["enable_key_rotation"] for key in of("aws_kms_key"))
    assert len(of("aws_kms_key")) == 3 + len(dr)
    queue = f"arn:aws:sqs:{region}:000000000000:{prefix}-sqs-dead-letters"
    aside = {c["function_name"]: c["destination_config"][0] for c in of("aws_lambda_function_event_invoke_config")}
    assert aside.keys() == {f"{prefix}-lambda-audit-archive-expired", f"{prefix}-lambda-role-seed-defaults"}
    assert {d["on_failure"][0]["destination"] for d in aside.values()} == {queue}
    counts = {kind: len(of(f"aws_{kind}")) for kind in COUNTS}
    assert counts == COUNTS
    kept = {g["name"]: g["retention_in_days"] for g in of("aws_cloudwatch_log_group")}
    assert {days for name, days in kept.items() if not name.endswith("-audit")} == {30}
    assert kept[f"/aws/lambda/{prefix}-audit"] == 90


def its_roles_are_within_the_boundary(env: Environment) -> None:
    """Each has it, and none is promised more than it lets through: that would fail on AWS alone."""
    iam = env.client("iam")
    limit = f"arn:aws:iam::000000000000:policy/bbws-access-{env.name}-policy-boundary"
    version = iam.get_policy(PolicyArn=limit)["Policy"]["DefaultVersionId"]
    boundary = Policy(iam.get_policy_version(PolicyArn=limit, VersionId=version)["PolicyVersion"]["Document"])
    roles = [r for r in iam.list_roles()["Roles"] if r["RoleName"].startswith(f"bbws-access-{env.name}-")]
    own = [r["RoleName"] for r in roles if not r["RoleName"].endswith(("-role-deploy", "-role-plan"))]
    assert len(own) == (7 if env.name == "prod" else 6)
    for name in own:
        assert iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == limit
        policies = set(iam.list_role_policies(RoleName=name)["PolicyNames"])
        service = name.removeprefix(f"bbws-access-{env.name}-role-").removesuffix("-service")
        # Lambda sends with the role of the function whose event failed, and two services have such functions.
        assert ("dead-letters" in policies) is (service in {"audit", "role"}), name
        for policy in policies:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            granted = {g for s in Policy(document).statements if s.allow for g in s.grants()}
            assert policy != "dead-letters" or {g.action for g in granted} == {"sqs:SendMessage"}
            lost = {g for g in granted if not boundary.allows(AwsCall(g.action, g.resource, context=tagged(env.name)))}
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
    for verb in ("plan", "drift"):  # whoever does not take it does not pass it over
        assert "locked for an apply by thandi@laptop" in prod("env", verb, "--no-lock", code=1)[1]
    asked = prod("env", "unlock", code=4)[1]
    assert "thandi@laptop" in asked
    assert prod.json("env", "unlock", "--yes")["lock"]["who"] == "thandi@laptop"
    assert prod.json("env", "unlock")["released"] is False
