"""What bootstrap gives to CI: a role for one repository and one environment, and what that role may do."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from bbws_access.catalogue import Service
from bbws_access.emulator.process import RunningEmulator
from bbws_access.names import Names
from bbws_access.provisioning.settings import terraform_root
from bbws_access.provisioning.workspace import Workspace, local_backend
from tests.lambdas.iam_policy import Policy
from tests.lambdas.recorder import AwsCall
from tests.provisioning.planned import environment, plan, resources
from tests.provisioning.service_policies import service_policies

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("plans")]

ACCOUNT: Final = "000000000000"
IAM: Final = f"arn:aws:iam::{ACCOUNT}"
BOUNDARY: Final = f"{IAM}:policy/bbws-access-prod-policy-boundary"
ROLE: Final = f"{IAM}:role/bbws-access-prod-role-team-service"
TABLE: Final = f"arn:aws:dynamodb:af-south-1:{ACCOUNT}:table/bbws-access-prod-ddb-access-management"
ARCHIVE: Final = "arn:aws:s3:::bbws-access-prod-s3-audit-archive"


@pytest.fixture(scope="module")
def planned(running: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The resources of prod's bootstrap, as they would be made, by type and name."""
    folder = tmp_path_factory.mktemp("bootstrap")
    work = Workspace(folder / "work", "bootstrap")
    variables = {"environment": "prod", "region": "af-south-1", "emulated": True, "repository": "example/access"}
    work.prepare(terraform_root(), variables, local_backend())
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    surroundings = environment(folder) | {"AWS_ENDPOINT_URL": running.endpoint} | keys
    found = plan(work.folder, surroundings)["planned_values"]
    return {f"{r['type']}.{r['name']}": r.get("values", {}) for r in resources(found)}


@pytest.fixture(scope="module")
def deploy(planned: dict[str, Any]) -> Policy:
    return Policy(json.loads(planned["aws_iam_role_policy.deploy"]["policy"]))


@pytest.fixture(scope="module")
def boundary(planned: dict[str, Any]) -> Policy:
    return Policy(json.loads(planned["aws_iam_policy.boundary"]["policy"]))


def test_the_role_is_for_jobs_of_one_repository_in_one_environment(planned: dict[str, Any]) -> None:
    role = planned["aws_iam_role.deploy"]
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
    AwsCall("kms:EnableKeyRotation", f"arn:aws:kms:af-south-1:{ACCOUNT}:key/k"),
    AwsCall(
        "lambda:GetFunctionConfiguration", f"arn:aws:lambda:af-south-1:{ACCOUNT}:function:bbws-access-prod-lambda-x"
    ),
    AwsCall("logs:PutMetricFilter", f"arn:aws:logs:af-south-1:{ACCOUNT}:log-group:/aws/lambda/bbws-access-prod-team"),
    AwsCall("s3:PutBucketReplication", ARCHIVE),
    AwsCall("s3:PutObject", "arn:aws:s3:::bbws-terraform-state-prod/access-management/terraform.tfstate.tflock"),
    AwsCall("cognito-idp:UpdateUserPoolClient", f"arn:aws:cognito-idp:af-south-1:{ACCOUNT}:userpool/p"),
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
    bounded("PutRolePermissionsBoundary", boundary=f"{IAM}:policy/another"),
    AwsCall("iam:DeleteRolePermissionsBoundary", ROLE),
    AwsCall("iam:AttachRolePolicy", ROLE),
    AwsCall("iam:CreatePolicyVersion", BOUNDARY),
    AwsCall("iam:SetDefaultPolicyVersion", BOUNDARY),
    AwsCall("iam:DeletePolicy", BOUNDARY),
    AwsCall("iam:PassRole", f"{IAM}:role/admin"),
    AwsCall("iam:CreateUser", f"{IAM}:user/x"),
    AwsCall("iam:UpdateAssumeRolePolicy", f"{IAM}:role/bbws-access-prod-role-deploy"),
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
    AwsCall("kms:Decrypt", f"arn:aws:kms:af-south-1:{ACCOUNT}:key/k"),
]


@pytest.mark.parametrize("call", FORBIDDEN, ids=lambda call: call.action)
def test_what_would_widen_it_or_harm_the_trail_is_not(deploy: Policy, call: AwsCall) -> None:
    assert not deploy.allows(call)


@pytest.mark.parametrize(
    "call",
    [
        AwsCall("iam:CreateRole", ROLE),
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
        assert {g for g in granted if not boundary.allows(AwsCall(g.action, g.resource))} == set(), service
