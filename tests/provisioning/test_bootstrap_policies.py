"""What bootstrap gives to CI: roles for one repository and one environment, and what those roles may do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import botocore.session
import pytest

from bbws_access.catalogue import Service
from bbws_access.emulator.process import RunningEmulator
from bbws_access.names import Names
from bbws_access.provisioning.settings import terraform_root
from bbws_access.provisioning.workspace import Workspace, local_backend
from tests.lambdas.iam_policy import Policy
from tests.lambdas.recorder import AwsCall
from tests.provisioning.planned import environment, plan, resources
from tests.provisioning.service_policies import service_policies, tagged

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("plans")]

ACCOUNT: Final = "000000000000"
IAM: Final = f"arn:aws:iam::{ACCOUNT}"
BOUNDARY: Final = f"{IAM}:policy/bbws-access-prod-policy-boundary"
ROLE: Final = f"{IAM}:role/bbws-access-prod-role-team-service"
TABLE: Final = f"arn:aws:dynamodb:af-south-1:{ACCOUNT}:table/bbws-access-prod-ddb-access-management"
ARCHIVE: Final = "arn:aws:s3:::bbws-access-prod-s3-audit-archive"
KEY: Final = f"arn:aws:kms:af-south-1:{ACCOUNT}:key/k"
POOL: Final = f"arn:aws:cognito-idp:af-south-1:{ACCOUNT}:userpool/p"
OURS: Final = tagged("prod")
ASKED: Final = tagged("prod", "aws:RequestTag")
"""The tags of a request that makes or tags something."""


@pytest.fixture(scope="module")
def planned(running: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return bootstrapped("prod", running, tmp_path_factory)


def bootstrapped(env: str, running: RunningEmulator, folders: pytest.TempPathFactory) -> dict[str, Any]:
    """The resources of an environment's bootstrap, as they would be made, by type and name."""
    folder = folders.mktemp("bootstrap")
    work = Workspace(folder / "work", "bootstrap")
    variables = {"environment": env, "region": "af-south-1", "emulated": True, "repository": "example/access"}
    work.prepare(terraform_root(), variables, local_backend())
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    surroundings = environment(folder) | {"AWS_ENDPOINT_URL": running.endpoint} | keys
    found = plan(work.folder, surroundings)["planned_values"]
    return {f"{r['type']}.{r['name']}": r.get("values", {}) for r in resources(found)}


@pytest.fixture(scope="module")
def deploy(planned: dict[str, Any]) -> Policy:
    return Policy(json.loads(planned["aws_iam_role_policy.deploy"]["policy"]))


@pytest.fixture(scope="module")
def planning(planned: dict[str, Any]) -> Policy:
    return Policy(json.loads(planned["aws_iam_role_policy.plan"]["policy"]))


@pytest.fixture(scope="module")
def boundary(planned: dict[str, Any]) -> Policy:
    return Policy(json.loads(planned["aws_iam_policy.boundary"]["policy"]))


@pytest.mark.parametrize("name", ["deploy", "plan"])
def test_a_role_is_for_jobs_of_one_repository_in_one_environment(planned: dict[str, Any], name: str) -> None:
    role = planned[f"aws_iam_role.{name}"]
    assert role["name"] == f"bbws-access-prod-role-{name}"
    assert role["max_session_duration"] == 3600
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    host = "token.actions.githubusercontent.com"
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {"Federated": f"{IAM}:oidc-provider/{host}"}
    assert statement["Condition"] == {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": "repo:example/access:environment:prod"}
    }
    provider = planned["aws_iam_openid_connect_provider.github"]
    assert (provider["url"], provider["client_id_list"]) == (f"https://{host}", ["sts.amazonaws.com"])


def test_a_pull_request_plans_dev_and_does_nothing_else(
    running: RunningEmulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = bootstrapped("dev", running, tmp_path_factory)

    def subjects(role: str) -> Any:
        (statement,) = json.loads(made[f"aws_iam_role.{role}"]["assume_role_policy"])["Statement"]
        return statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]

    in_environment = "repo:example/access:environment:dev"
    assert subjects("deploy") == in_environment
    assert sorted(subjects("plan")) == [in_environment, "repo:example/access:pull_request"]


def test_a_policy_is_no_longer_than_iam_takes(planned: dict[str, Any]) -> None:
    """Without white space: 10,240 characters for the policies in a role, 6,144 for one of its own."""
    for policy, most in {"role_policy.deploy": 10_240, "role_policy.plan": 10_240, "policy.boundary": 6_144}.items():
        assert len(re.sub(r"\s", "", planned[f"aws_iam_{policy}"]["policy"])) <= most, policy


def bounded(action: str, boundary: str | None = BOUNDARY, role: str = ROLE) -> AwsCall:
    return AwsCall(f"iam:{action}", role, context=() if boundary is None else (("iam:PermissionsBoundary", boundary),))


NEEDED: Final = [
    bounded("CreateRole"),
    bounded("PutRolePolicy"),
    AwsCall("iam:GetRole", ROLE),
    AwsCall("iam:PassRole", ROLE),
    AwsCall("iam:PassRole", f"{IAM}:role/bbws-access-prod-s3-audit-archive-replication"),
    # A table's first replica makes AWS's own role.
    AwsCall(
        "iam:CreateServiceLinkedRole",
        f"{IAM}:role/aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication",
    ),
    AwsCall("dynamodb:CreateTableReplica", TABLE.replace("af-south-1", "eu-west-1")),
    AwsCall("dynamodb:UpdateItem", TABLE, ("ORG#PLATFORM",)),
    AwsCall("dynamodb:PutItem", TABLE, ("ORG#o#DATE#2026-03-01",)),
    AwsCall("apigateway:PUT", "arn:aws:apigateway:af-south-1::/restapis/abc"),
    AwsCall("apigateway:POST", "arn:aws:apigateway:af-south-1::/restapis"),
    AwsCall("apigateway:PUT", "arn:aws:apigateway:af-south-1::/tags/arn%3Aaws%3Aapigateway"),
    AwsCall("kms:CreateKey", "*", context=ASKED),
    AwsCall("kms:TagResource", KEY, context=ASKED),
    AwsCall("kms:EnableKeyRotation", KEY, context=OURS),
    AwsCall("kms:TagResource", KEY, context=(*OURS, ("aws:RequestTag/CostCenter", "another"))),
    AwsCall("kms:DescribeKey", KEY, context=(("kms:RequestAlias", "alias/aws/dynamodb"),)),
    AwsCall(
        "lambda:GetFunctionConfiguration", f"arn:aws:lambda:af-south-1:{ACCOUNT}:function:bbws-access-prod-lambda-x"
    ),
    AwsCall("logs:PutMetricFilter", f"arn:aws:logs:af-south-1:{ACCOUNT}:log-group:/aws/lambda/bbws-access-prod-team"),
    AwsCall("s3:PutBucketReplication", ARCHIVE),
    AwsCall("s3:PutObject", "arn:aws:s3:::bbws-terraform-state-prod/access-management/terraform.tfstate.tflock"),
    AwsCall("cognito-idp:CreateUserPool", "*", context=ASKED),
    AwsCall("cognito-idp:UpdateUserPool", POOL, context=OURS + ASKED),
    AwsCall("cognito-idp:UpdateUserPoolClient", POOL, context=OURS),
    AwsCall("ses:VerifyEmailIdentity", "*"),
    AwsCall("cloudwatch:DescribeAlarms", "*"),
]
"""What standing prod up and looking at it needs, one of each kind."""


@pytest.mark.parametrize("call", NEEDED, ids=lambda call: call.action)
def test_what_standing_an_environment_up_needs_is_allowed(deploy: Policy, call: AwsCall) -> None:
    assert deploy.allows(call)


FORBIDDEN: Final = [
    bounded("CreateRole", boundary=None),
    bounded("CreateRole", boundary=f"{IAM}:policy/another"),
    bounded("PutRolePolicy", boundary=None),
    bounded("CreateRole", role=f"{IAM}:role/admin"),
    bounded("PutRolePolicy", role=f"{IAM}:role/bbws-access-prod-role-deploy"),
    bounded("PutRolePolicy", role=f"{IAM}:role/bbws-access-prod-role-plan"),
    bounded("PutRolePermissionsBoundary", boundary=f"{IAM}:policy/another"),
    AwsCall("iam:DeleteRolePermissionsBoundary", ROLE),
    AwsCall("iam:AttachRolePolicy", ROLE),
    AwsCall("iam:CreatePolicyVersion", BOUNDARY),
    AwsCall("iam:SetDefaultPolicyVersion", BOUNDARY),
    AwsCall("iam:DeletePolicy", BOUNDARY),
    AwsCall("iam:PassRole", f"{IAM}:role/admin"),
    AwsCall("iam:CreateUser", f"{IAM}:user/x"),
    AwsCall("iam:UpdateAssumeRolePolicy", f"{IAM}:role/bbws-access-prod-role-deploy"),
    AwsCall("iam:UpdateAssumeRolePolicy", f"{IAM}:role/bbws-access-prod-role-plan"),
    AwsCall("sts:AssumeRole", f"{IAM}:role/admin"),
    AwsCall("s3:DeleteBucket", "arn:aws:s3:::bbws-terraform-state-prod"),
    AwsCall("s3:GetObject", "arn:aws:s3:::bbws-terraform-state-prod/bootstrap/terraform.tfstate"),
    AwsCall("s3:DeleteObjectVersion", f"{ARCHIVE}/archive/o/2026/03/2026-03-01.json.gz"),
    AwsCall("s3:BypassGovernanceRetention", f"{ARCHIVE}-replica/archive/o/2026/03/2026-03-01.json.gz"),
    AwsCall("dynamodb:UpdateItem", TABLE, ("ORG#o#DATE#2026-03-01",)),
    AwsCall("dynamodb:DeleteItem", TABLE, ("ORG#o#DATE#2026-03-01",)),
    # The other ways to delete and to change an item.
    AwsCall("dynamodb:BatchWriteItem", TABLE, ("ORG#o#DATE#2026-03-01",)),
    AwsCall("dynamodb:PartiQLDelete", TABLE, ("ORG#o#DATE#2026-03-01",)),
    AwsCall("dynamodb:PartiQLUpdate", TABLE, ("ORG#o#DATE#2026-03-01",)),
    AwsCall("dynamodb:DeleteTable", f"arn:aws:dynamodb:af-south-1:{ACCOUNT}:table/somebody-elses"),
    AwsCall("dynamodb:DeleteTable", f"arn:aws:dynamodb:af-south-1:{ACCOUNT}:table/bbws-terraform-locks-prod"),
    AwsCall("lambda:ListFunctions", "*"),
    AwsCall("apigateway:PATCH", "arn:aws:apigateway:af-south-1::/account"),
    # Without the tags nothing is made that could not be told from others' afterwards.
    AwsCall("kms:CreateKey", "*"),
    AwsCall("kms:CreateKey", "*", context=tagged("sit", "aws:RequestTag")),
    AwsCall("cognito-idp:CreateUserPool", "*"),
    AwsCall("cognito-idp:CreateUserPool", "*", context=ASKED[:-1]),
    # Its own: users and keys do not go with a merge, and no key becomes another's.
    AwsCall("kms:ScheduleKeyDeletion", KEY, context=OURS),
    AwsCall("kms:DisableKey", KEY, context=OURS),
    AwsCall("kms:DisableKeyRotation", KEY, context=OURS),
    AwsCall("kms:Decrypt", KEY, context=OURS),
    AwsCall("kms:PutKeyPolicy", KEY, context=OURS),
    AwsCall("kms:CreateGrant", KEY, context=OURS),
    AwsCall("kms:TagResource", KEY, context=OURS + tagged("sit", "aws:RequestTag")),
    AwsCall("cognito-idp:DeleteUserPool", POOL, context=OURS),
    AwsCall("cognito-idp:AdminGetUser", POOL, context=OURS),
    AwsCall("cognito-idp:TagResource", POOL, context=OURS + tagged("sit", "aws:RequestTag")),
]


@pytest.mark.parametrize("call", FORBIDDEN, ids=lambda call: call.action)
def test_what_would_widen_it_or_harm_the_trail_is_not(deploy: Policy, call: AwsCall) -> None:
    assert not deploy.allows(call)


def operations(service: str) -> list[str]:
    """All that an AWS service can be asked, as IAM's actions."""
    model = botocore.session.get_session().get_service_model(service)
    return [f"{service}:{name}" for name in model.operation_names]


OTHERS: Final = {
    "without tags": (),
    "of another project": (("aws:ResourceTag/Project", "Payroll"),),
    "of another environment": tagged("sit"),
    "of another component": (*OURS[:1], ("aws:ResourceTag/Component", "billing"), *OURS[2:]),
}


@pytest.mark.parametrize("tags", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize(("service", "resource"), [("kms", KEY), ("cognito-idp", POOL)], ids=["key", "user pool"])
def test_nobody_elses_key_or_user_pool_is_touched(
    deploy: Policy, planning: Policy, service: str, resource: str, tags: tuple[tuple[str, str], ...]
) -> None:
    """Whatever the service can be asked, with our tags in the request and without."""
    calls = [AwsCall(op, resource, context=tags + asked) for op in operations(service) for asked in ((), ASKED)]
    assert len(calls) > 100
    found = {
        (call.action, bool(dict(call.context).keys() & dict(ASKED).keys())) for call in calls if deploy.allows(call)
    }
    making = {("kms:CreateKey", True), ("kms:TagResource", True), ("cognito-idp:CreateUserPool", True)}
    # What makes a key knows none yet; what tags a new one cannot be told from what tags one without tags.
    assert found <= (making if not tags else {("cognito-idp:CreateUserPool", True)})
    assert not [call for call in calls if planning.allows(call)]


def test_what_a_key_without_tags_could_suffer_at_worst(deploy: Policy) -> None:
    """It is given our tags first: then it is looked at, described, enabled, made to rotate; not opened, not lost."""
    worst = {op.removeprefix("kms:") for op in operations("kms") if deploy.allows(AwsCall(op, KEY, context=OURS))}
    looking = {"DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"}
    assert worst - looking == {"EnableKey", "EnableKeyRotation", "TagResource", "UpdateKeyDescription"}


LOOKED_AT: Final = [
    AwsCall("s3:GetObject", "arn:aws:s3:::bbws-terraform-state-prod/access-management/terraform.tfstate"),
    AwsCall("s3:GetObject", "arn:aws:s3:::bbws-terraform-state-prod/access-management/terraform.tfstate.tflock"),
    AwsCall("s3:ListBucket", "arn:aws:s3:::bbws-terraform-state-prod"),
    AwsCall("s3:GetBucketPolicy", ARCHIVE),
    AwsCall("s3:ListBucket", ARCHIVE),
    AwsCall("s3:GetObject", "arn:aws:s3:::bbws-access-prod-s3-code/functions/x.zip"),
    AwsCall("dynamodb:DescribeTable", TABLE.replace("af-south-1", "eu-west-1")),
    AwsCall(
        "lambda:GetFunctionConfiguration", f"arn:aws:lambda:af-south-1:{ACCOUNT}:function:bbws-access-prod-lambda-x"
    ),
    AwsCall("apigateway:GET", "arn:aws:apigateway:af-south-1::/restapis/abc/stages/prod"),
    AwsCall("iam:GetRolePolicy", ROLE),
    AwsCall("kms:GetKeyRotationStatus", KEY, context=OURS),
    AwsCall("kms:DescribeKey", KEY, context=(("kms:RequestAlias", "alias/aws/dynamodb"),)),
    AwsCall("cognito-idp:DescribeUserPool", POOL, context=OURS),
    AwsCall("cloudwatch:DescribeAlarms", "*"),
]
"""What planning, looking for drift and asking for the health need, one of each kind."""


@pytest.mark.parametrize("call", LOOKED_AT, ids=lambda call: call.action)
def test_what_a_plan_looks_at_is_shown_to_it(planning: Policy, call: AwsCall) -> None:
    assert planning.allows(call)


KEPT_FROM_A_PLAN: Final = [
    AwsCall("dynamodb:GetItem", TABLE, ("ORG#o",)),
    AwsCall("dynamodb:Query", TABLE, ("ORG#o",)),
    AwsCall("dynamodb:Scan", TABLE),
    AwsCall("dynamodb:ExportTableToPointInTime", TABLE),
    AwsCall("dynamodb:GetRecords", f"{TABLE}/stream/s"),
    AwsCall("s3:GetObject", f"{ARCHIVE}/archive/o/2026/03/2026-03-01.json.gz"),
    AwsCall("s3:GetObject", f"{ARCHIVE}/exports/o/2026-03-01/x.csv"),
    AwsCall("s3:GetObject", "arn:aws:s3:::bbws-terraform-state-prod/bootstrap/terraform.tfstate"),
    AwsCall("s3:GetObject", "arn:aws:s3:::bbws-terraform-state-sit/access-management/terraform.tfstate"),
    AwsCall("logs:GetLogEvents", f"arn:aws:logs:af-south-1:{ACCOUNT}:log-group:/aws/lambda/bbws-access-prod-team:*"),
    AwsCall("logs:FilterLogEvents", f"arn:aws:logs:af-south-1:{ACCOUNT}:log-group:/aws/lambda/bbws-access-prod-team"),
    AwsCall("sqs:ReceiveMessage", f"arn:aws:sqs:af-south-1:{ACCOUNT}:bbws-access-prod-sqs-dead-letters"),
    AwsCall("kms:Decrypt", KEY, context=OURS),
    AwsCall("cognito-idp:ListUsers", POOL, context=OURS),
    AwsCall("cognito-idp:AdminGetUser", POOL, context=OURS),
    AwsCall("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:af-south-1:{ACCOUNT}:secret:x"),
    AwsCall("ssm:GetParameter", f"arn:aws:ssm:af-south-1:{ACCOUNT}:parameter/x"),
    AwsCall("sts:AssumeRole", f"{IAM}:role/bbws-access-prod-role-deploy"),
    AwsCall("iam:GetRole", f"{IAM}:role/admin"),
]
"""What nothing has to be known of to plan: records, the archive, logs, users, and secrets of any kind."""


@pytest.mark.parametrize("call", KEPT_FROM_A_PLAN, ids=lambda call: f"{call.action} {call.resource[-12:]}")
def test_what_is_in_it_is_kept_from_a_plan(planning: Policy, call: AwsCall) -> None:
    assert not planning.allows(call)


READING: Final = re.compile(r"(apigateway:GET|[a-z0-9-]+:(Describe|Get|List)[A-Za-z]*\*?)$")
SERVICES: Final = [
    *("apigateway", "cloudwatch", "cognito-idp", "dynamodb", "events", "iam", "kms", "lambda", "logs"),
    *("s3", "ses", "sns", "sqs", "sts"),
]


def named(planning: Policy) -> Iterator[str]:
    """Something for each resource that the policy names."""
    for statement in planning.statements:
        for resource in statement.resources:
            yield resource.replace("*", "x")


def test_a_plan_writes_nothing(planning: Policy) -> None:
    """No action of the policy sounds of writing, and nothing that AWS's own models know to write is allowed."""
    assert all(statement.allow for statement in planning.statements)
    actions = {action for statement in planning.statements for action in statement.actions}
    assert [action for action in actions if not READING.match(action)] == []
    assert {action.partition(":")[0] for action in actions} == set(SERVICES)
    anything = {*named(planning), "*", KEY, POOL, TABLE, ROLE, ARCHIVE}
    known = {op for service in SERVICES for op in operations(service)}
    writing = {op for op in known if not re.match(r"[a-z0-9-]+:(Describe|Get|Head|List)", op)}
    assert len(writing) > 500
    assert not {op for op in writing for it in anything if planning.allows(AwsCall(op, it, context=OURS + ASKED))}
    verbs = [AwsCall(f"apigateway:{verb}", "arn:aws:apigateway:af-south-1::/restapis/abc") for verb in HTTP_WRITES]
    assert not [call for call in verbs if planning.allows(call)]


HTTP_WRITES: Final = ("DELETE", "PATCH", "POST", "PUT")


@pytest.mark.parametrize(
    "call",
    [
        AwsCall("iam:CreateRole", ROLE),
        # Else CI could make a role, in its name a function, and with it use what is not the stack's.
        AwsCall("kms:Decrypt", KEY),
        AwsCall("kms:Decrypt", KEY, context=tagged("sit")),
        AwsCall("cognito-idp:AdminDeleteUser", POOL),
        AwsCall("cognito-idp:AdminSetUserPassword", POOL, context=tagged("sit")),
        AwsCall("sts:AssumeRole", f"{IAM}:role/admin"),
        AwsCall("dynamodb:DeleteTable", TABLE),
        AwsCall("dynamodb:Scan", TABLE),
        AwsCall("s3:DeleteObject", f"{ARCHIVE}/archive/x"),
        AwsCall("s3:GetObject", "arn:aws:s3:::bbws-terraform-state-prod/access-management/terraform.tfstate"),
        AwsCall("s3:GetObject", "arn:aws:s3:::somebody-elses/x"),
        AwsCall("lambda:UpdateFunctionCode", f"arn:aws:lambda:af-south-1:{ACCOUNT}:function:bbws-access-prod-lambda-x"),
    ],
    ids=lambda call: call.action,
)
def test_what_no_role_of_the_stack_may_do_whatever_its_policy_says(boundary: Policy, call: AwsCall) -> None:
    assert not boundary.allows(call)


def test_no_service_is_promised_more_than_the_boundary_lets_through(
    boundary: Policy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It would fail on AWS alone: an emulator asks no policy."""
    here = f"af-south-1:{ACCOUNT}"
    found = service_policies(
        tmp_path_factory.mktemp("iam"),
        Names("prod"),
        "af-south-1",
        ACCOUNT,
        audit_key_arn=f"arn:aws:kms:{here}:key/audit",
        user_pool_arn=f"arn:aws:cognito-idp:{here}:userpool/p",
        sender_arn=f"arn:aws:ses:{here}:identity/no-reply@bbws.example",
        cursor_key_arn=f"arn:aws:kms:{here}:key/cursors",
    )
    assert found.keys() == set(Service)
    for service, policy in found.items():
        granted = {grant for s in policy.statements if s.allow for grant in s.grants()}
        lost = {g for g in granted if not boundary.allows(AwsCall(g.action, g.resource, context=OURS))}
        assert lost == set(), service
