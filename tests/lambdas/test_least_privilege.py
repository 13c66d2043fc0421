"""Least privilege, proven: every call that a function makes is allowed by its own role, and nothing else is."""

from __future__ import annotations

import json
import re
from typing import Final

import pytest

from bbws_access.catalogue import FUNCTIONS, Service
from bbws_access.provisioning.settings import terraform_root
from tests.lambdas.exercise import HAS_AUDIT, NAMES, SENDER, Deployed, deployed, use_everything
from tests.lambdas.iam_policy import Policy
from tests.lambdas.recorder import ACCOUNT, REGION, AwsCall, iam_calls
from tests.provisioning.service_policies import service_policies

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("least-privilege")]

TABLE: Final = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAMES.table}"
AUDIT_KEY: Final = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/audit"
BUCKET: Final = f"arn:aws:s3:::{NAMES.audit_bucket}"

BY_THE_RUNTIME: Final = {
    "logs:CreateLogStream": "the runtime writes what the function prints",
    "logs:PutLogEvents": "the runtime writes what the function prints",
    "xray:PutTraceSegments": "the runtime traces each run",
    "xray:PutTelemetryRecords": "the runtime traces each run",
    "kms:GenerateDataKey": "S3 asks for the function when it encrypts what the function stores",
    "kms:Decrypt": "S3 asks for the function when it decrypts what the function reads",
}
"""Actions that no call of the code names, and why they are allowed."""

REASONS: Final = {
    (
        "audit",
        "s3:GetObject",
        f"{BUCKET}/exports/*",
    ): "an export's link is signed by the role and works as far as it does",
    ("audit", "s3:ListBucket", BUCKET): "S3 asks for it where an object that is looked for is missing",
}
"""What is allowed and unused here, by service, action and resource, and why."""


@pytest.fixture(scope="module")
def at() -> Deployed:
    """All functions, after their work."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        with deployed(monkeypatch) as found:
            use_everything(found)
    return found


@pytest.fixture(scope="module")
def policies(at: Deployed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Policy]:
    """The services' policies as Terraform renders them for the ARNs that were used."""
    return service_policies(
        tmp_path_factory.mktemp("iam"),
        NAMES,
        REGION,
        ACCOUNT,
        audit_key_arn=AUDIT_KEY,
        user_pool_arn=f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{at.pool}",
        sender_arn=f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{SENDER}",
        cursor_key_arn=at.key,
    )


def calls_of(at: Deployed, service: Service) -> set[AwsCall]:
    return {call for f in FUNCTIONS if f.service is service for call in at.recorder.calls.get(f.name, set())}


def test_every_function_was_at_work(at: Deployed) -> None:
    idle = {f.name for f in FUNCTIONS if not at.recorder.calls.get(f.name)}
    assert idle == ({f.name for f in FUNCTIONS if f.service is Service.AUDIT} if not HAS_AUDIT else set())


@pytest.mark.parametrize("service", list(Service))
def test_every_call_is_allowed_by_the_functions_own_role(
    at: Deployed, policies: dict[str, Policy], service: Service
) -> None:
    denied = {call for call in calls_of(at, service) if not policies[service].allows(call)}
    assert denied == set()


@pytest.mark.parametrize("service", [s for s in Service if HAS_AUDIT or s is not Service.AUDIT])
def test_nothing_is_allowed_that_is_not_used(at: Deployed, policies: dict[str, Policy], service: Service) -> None:
    unused = {
        (grant.action, grant.resource)
        for grant in policies[service].unused(calls_of(at, service))
        if (service.value, grant.action, grant.resource) not in REASONS
        and not (grant.action in BY_THE_RUNTIME and (grant.sid in {"WriteLogs", "Trace", "UseTheArchivesKey"}))
    }
    assert unused == set()


def call(action: str, partition: str, *attributes: str, index: str | None = None) -> AwsCall:
    resource = TABLE if index is None else f"{TABLE}/index/{index}"
    return AwsCall(f"dynamodb:{action}", resource, (partition,), attributes)


EVENTS: Final = "ORG#org-1#DATE#2026-03-01"

FOREIGN: Final = [
    ("team", call("UpdateItem", EVENTS, "PK", "SK", "details")),
    ("team", call("DeleteItem", EVENTS)),
    ("invitation", call("DeleteItem", EVENTS)),
    ("audit", call("UpdateItem", EVENTS, "PK", "SK", "details", "ttl")),
    ("audit", call("DeleteItem", EVENTS)),
    ("authorizer", call("DeleteItem", "ORG#org-1")),
    ("authorizer", call("PutItem", "ORG#org-1")),
    ("permission", call("GetItem", "INVTOKEN#abc")),
    ("permission", call("Query", "USER#u-1", index="GSI3")),
    ("permission", call("PutItem", "PERM#site:read")),
    ("role", call("PutItem", "PLATFORM")),
    ("role", call("UpdateItem", "PLATFORM")),
    ("team", call("GetItem", "INVTOKEN#abc")),
    ("team", call("BatchGetItem", "PLATFORM")),
    ("invitation", call("PutItem", "PLATFORM")),
    ("audit", call("Query", "EMAIL#ada@acme.test", index="GSI2")),
    ("team", AwsCall("s3:GetObject", f"{BUCKET}/archive/org-1/2026/03/2026-03-01.json.gz")),
    ("audit", AwsCall("s3:DeleteObject", f"{BUCKET}/archive/org-1/2026/03/2026-03-01.json.gz")),
    ("audit", AwsCall("s3:BypassGovernanceRetention", f"{BUCKET}/archive/org-1/2026/03/2026-03-01.json.gz")),
    ("role", AwsCall("ses:SendEmail", f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{SENDER}")),
    ("invitation", AwsCall("ses:SendEmail", f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/ceo@bbws.example")),
    ("authorizer", AwsCall("kms:Decrypt", AUDIT_KEY)),
]


@pytest.mark.parametrize(("service", "foreign"), FOREIGN, ids=lambda v: v if isinstance(v, str) else v.action)
def test_a_foreign_call_is_denied(policies: dict[str, Policy], service: str, foreign: AwsCall) -> None:
    assert not policies[service].allows(foreign)


@pytest.mark.parametrize("service", list(Service))
def test_nobody_scans_and_no_key_is_no_key(policies: dict[str, Policy], service: Service) -> None:
    for action in ("Scan", "PartiQLSelect", "BatchWriteItem", "DeleteTable", "UpdateTable"):
        assert not policies[service].allows(AwsCall(f"dynamodb:{action}", TABLE))
        assert not policies[service].allows(AwsCall(f"dynamodb:{action}", f"{TABLE}/index/GSI1"))


def test_the_trail_can_be_added_to_and_expire(policies: dict[str, Policy]) -> None:
    for service in ("permission", "role", "team", "invitation", "audit"):
        assert policies[service].allows(call("PutItem", EVENTS)), service
    assert policies["audit"].allows(call("UpdateItem", EVENTS, "PK", "SK", "ttl"))


def test_the_alarm_on_throttling_watches_every_operation_that_the_functions_use(at: Deployed) -> None:
    text = (terraform_root() / "modules" / "monitoring" / "alarms.tf").read_text()
    watched = re.search(r"table_operations = (\[.*\])", text)
    assert watched is not None
    assert set(json.loads(watched[1])) == at.recorder.table_operations
    assert len(at.recorder.table_operations) <= 10, "an alarm takes ten metrics"


def test_a_transaction_is_asked_for_item_by_item() -> None:
    key = {"PK": {"S": "ORG#1"}, "SK": {"S": "METADATA"}}
    entries = [
        {"Put": {"TableName": "t", "Item": {**key, "name": {"S": "x"}}}},
        {"Update": {"TableName": "t", "Key": key, "ExpressionAttributeNames": {"#s0": "count"}}},
        {"Delete": {"TableName": "t", "Key": {**key, "PK": {"S": "RATE#1"}}}},
        {"ConditionCheck": {"TableName": "t", "Key": key}},
    ]
    found = list(iam_calls("dynamodb", "TransactWriteItems", {"TransactItems": entries}))
    assert [c.action.partition(":")[2] for c in found] == ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"]
    assert found[2].leading_keys == ("RATE#1",)
    assert found[1].attributes == ("PK", "SK", "count")
