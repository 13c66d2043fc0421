"""What stands after an apply: counted and named, in the state and as AWS itself tells it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Final

import pytest

from bbws_access.catalogue import ENDPOINTS, FUNCTIONS, PAGES, Guard, Service
from bbws_access.monitoring import FILTERS, LOG_GROUPS, NAMESPACE, general_errors
from bbws_access.names import Names
from tests.e2e.conftest import Deployed

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]

NAMES: Final = Names("local")
OURS: Final = NAMESPACE
LATENCY: Final = ("AWS/Lambda", "Duration", "p95")

# What is measured, over which seconds, how often on end, and the number that is too many.
CRITICAL: Final = {
    "authorizer-errors": ((OURS, "AuthorizerGeneralErrors", "Sum"), 60, 1, 10),
    "authorizer-latency": (LATENCY, 60, 3, 100),
    "dynamodb-throttling": (("AWS/DynamoDB", "ThrottledRequests", "Sum"), 60, 1, 0),
    "invitation-failures": ((OURS, "InvitationEmailFailures", "Sum"), 60, 1, 5),
    "audit-archive-failures": ((OURS, "AuditArchiveFailures", "Sum"), 3600, 1, 0),
    "dlq-messages": (("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"), 60, 1, 0),
}
WARNING: Final = {
    "lambda-concurrency": (("AWS/Lambda", "ConcurrentExecutions", "Maximum"), 60, 1, 800),
    "permission-service-errors": ((OURS, "PermissionGeneralErrors", "Sum"), 60, 1, 5),
    "team-service-errors": ((OURS, "TeamGeneralErrors", "Sum"), 60, 1, 5),
    "role-service-errors": ((OURS, "RoleGeneralErrors", "Sum"), 60, 1, 5),
    "audit-service-errors": ((OURS, "AuditGeneralErrors", "Sum"), 60, 1, 3),
    "permission-service-latency": (LATENCY, 60, 3, 500),
    "invitation-service-latency": (LATENCY, 60, 3, 1000),
}

# Widgets in their order, with what each shows: metrics of ours, or of AWS.
WIDGETS: Final = {
    "Authorizer latency (ms)": {"Duration"},
    "Authorizer invocations and errors": {"Invocations", "AuthorizerGeneralErrors"},
    "Authorizer decisions": {"AuthorizationDenied", "TokenValidationFailures", "PermissionDenied", "OrgAccessDenied"},
    "Errors by service": {general_errors(service) for service in Service},
    "Invocations by service": set(Service),
    "Invitations": {"InvitationsSent", "InvitationsAccepted", "DuplicateInvitations"},
    "Invitation emails that failed": {"InvitationEmailFailures"},
    "Invitation latency (ms)": {"Duration"},
    "Audit events captured": {"AuditEventsCaptured"},
    "Audit archive failures": {"AuditArchiveFailures"},
    "Audit exports": {"AuditExports"},
    "DynamoDB capacity": {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"},
    "DynamoDB throttles": {"ThrottledRequests"},
    "DynamoDB latency (ms)": {"SuccessfulRequestLatency"},
    "Lambda concurrency": {"ConcurrentExecutions"},
    "Events that could not be processed": {"ApproximateNumberOfMessagesVisible", "DLQMessages"},
}


@pytest.fixture(scope="module")
def state(deployed: Deployed) -> list[dict[str, Any]]:
    """Every resource instance of the state, with its type."""
    found = json.loads((deployed.state_dir / "local" / "terraform" / "terraform.tfstate").read_text())
    return [
        {"type": r["type"], **instance}
        for r in found["resources"]
        if r["mode"] == "managed"
        for instance in r["instances"]
    ]


def attributes(state: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [r["attributes"] for r in state if r["type"] == kind]


def test_the_parts_are_as_many_as_the_contract_says(state: list[dict[str, Any]]) -> None:
    counts = Counter(r["type"] for r in state)
    assert counts["aws_dynamodb_table"] == 1
    assert counts["aws_iam_role"] == len(Service) == 6
    assert counts["aws_lambda_function"] == counts["aws_lambda_alias"] == len(FUNCTIONS) == 43
    assert counts["aws_cloudwatch_metric_alarm"] == len(CRITICAL | WARNING) == 13
    assert counts["aws_cloudwatch_log_metric_filter"] == len(FILTERS) == 24
    assert counts["aws_cloudwatch_log_group"] == len(LOG_GROUPS) == 8
    assert counts["aws_sns_topic"] == 3
    assert counts["aws_cloudwatch_dashboard"] == 1


def test_names(state: list[dict[str, Any]]) -> None:
    def named(kind: str, attribute: str = "name") -> set[str]:
        return {str(found[attribute]) for found in attributes(state, kind)}

    assert named("aws_dynamodb_table") == {"bbws-access-local-ddb-access-management"}
    assert named("aws_lambda_function", "function_name") == {NAMES.function(f) for f in FUNCTIONS}
    assert named("aws_iam_role") == {f"bbws-access-local-role-{service}-service" for service in Service}
    assert named("aws_api_gateway_rest_api") == {"bbws-access-local-apigw"}
    assert named("aws_api_gateway_stage", "stage_name") == {"local"}
    assert "bbws-access-local-s3-audit-archive" in named("aws_s3_bucket", "bucket")
    assert named("aws_sns_topic") == {f"bbws-access-local-sns-{kind}" for kind in ("critical", "warning", "dlq")}
    assert named("aws_cloudwatch_dashboard", "dashboard_name") == {"bbws-access-local-dashboard"}
    assert {f["name"] for f in attributes(state, "aws_cloudwatch_log_metric_filter")} == {f.name for f in FILTERS}
    spaces = {f["metric_transformation"][0]["namespace"] for f in attributes(state, "aws_cloudwatch_log_metric_filter")}
    assert spaces == {NAMESPACE} == {"BBWS/AccessManagement"}


def test_log_groups_and_how_long_they_keep(state: list[dict[str, Any]]) -> None:
    kept = {group["name"]: group["retention_in_days"] for group in attributes(state, "aws_cloudwatch_log_group")}
    services = {f"/aws/lambda/bbws-access-local-{s}": 90 if s is Service.AUDIT else 30 for s in Service}
    assert kept == services | {"/aws/apigateway/bbws-access-local": 30, "/aws/lambda/bbws-access-local-dlq": 30}


def test_everything_is_tagged(state: list[dict[str, Any]]) -> None:
    wanted = {
        "Project": "BBWS",
        "Component": "access-management",
        "Environment": "local",
        "ManagedBy": "Terraform",
        "CostCenter": "BBWS-ACCESS",
    }
    taggable = [r for r in state if r["attributes"].get("tags_all") is not None]
    assert len(taggable) > 60
    assert [r["type"] for r in taggable if not wanted.items() <= r["attributes"]["tags_all"].items()] == []


def test_the_table_as_it_stands(deployed: Deployed) -> None:
    table = deployed.client("dynamodb").describe_table(TableName=NAMES.table)["Table"]
    assert sorted(i["IndexName"] for i in table["GlobalSecondaryIndexes"]) == [f"GSI{n}" for n in range(1, 6)]
    assert {i["Projection"]["ProjectionType"] for i in table["GlobalSecondaryIndexes"]} == {"ALL"}
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    ttl = deployed.client("dynamodb").describe_time_to_live(TableName=NAMES.table)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_forty_endpoints_behind_one_authorizer(deployed: Deployed) -> None:
    gateway = deployed.client("apigateway")
    api = deployed.outputs()["api_gateway_id"]
    (authorizer,) = gateway.get_authorizers(restApiId=api)["items"]
    assert (authorizer["type"], authorizer["authorizerResultTtlInSeconds"]) == ("TOKEN", 300)
    methods = {
        (resource["path"], method): gateway.get_method(restApiId=api, resourceId=resource["id"], httpMethod=method)
        for page in gateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
        for resource in page["items"]
        for method in resource.get("resourceMethods", {})
        if method != "OPTIONS"
    }
    pages = {(page.path, page.method) for page in PAGES}
    endpoints = {place: method for place, method in methods.items() if place not in pages}
    assert set(endpoints) == {(f.path, f.method) for f in ENDPOINTS}
    assert len(endpoints) == 40
    public = {place for place, method in endpoints.items() if method["authorizationType"] == "NONE"}
    assert public == {(f.path, f.method) for f in ENDPOINTS if f.guard is Guard.PUBLIC}
    assert len(public) == 3
    guarded = [method for place, method in endpoints.items() if place not in public]
    assert {(m["authorizationType"], m["authorizerId"]) for m in guarded} == {("CUSTOM", authorizer["id"])}
    settings = gateway.get_stage(restApiId=api, stageName="local")["methodSettings"]["*/*"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (100, 50)


def watched(alarm: dict[str, Any]) -> tuple[tuple[str, str, str], int, int, float]:
    """What an alarm, on one metric or on several alike, measures, and when it is too many."""
    queried = [q["MetricStat"] for q in alarm.get("Metrics", []) if "MetricStat" in q]
    if not queried:
        statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        measured = {(alarm["Namespace"], alarm["MetricName"], statistic, alarm["Period"])}
    else:
        measured = {(q["Metric"]["Namespace"], q["Metric"]["MetricName"], q["Stat"], q["Period"]) for q in queried}
    ((namespace, metric, statistic, period),) = measured
    return (namespace, metric, statistic), period, alarm["EvaluationPeriods"], alarm["Threshold"]


def dimensions(alarm: dict[str, Any], name: str) -> set[str]:
    asked = [q["MetricStat"]["Metric"] for q in alarm.get("Metrics", []) if "MetricStat" in q] or [alarm]
    return {d["Value"] for one in asked for d in one["Dimensions"] if d["Name"] == name}


def test_alarms_with_what_they_measure_and_whom_they_tell(deployed: Deployed) -> None:
    found = {
        alarm["AlarmName"].removeprefix("bbws-access-local-alarm-"): alarm
        for page in deployed.client("cloudwatch").get_paginator("describe_alarms").paginate()
        for alarm in page["MetricAlarms"]
    }
    assert {name: watched(alarm) for name, alarm in found.items()} == CRITICAL | WARNING
    for name, alarm in found.items():
        topic = "dlq" if name == "dlq-messages" else "critical" if name in CRITICAL else "warning"
        assert [a.rpartition("-sns-")[2] for a in alarm["AlarmActions"]] == [topic], name
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    of = {s: {NAMES.function(f) for f in FUNCTIONS if f.service is s} for s in Service}
    assert dimensions(found["authorizer-latency"], "FunctionName") == of[Service.AUTHORIZER]
    assert dimensions(found["permission-service-latency"], "FunctionName") == of[Service.PERMISSION]
    assert dimensions(found["invitation-service-latency"], "FunctionName") == of[Service.INVITATION]
    assert dimensions(found["dynamodb-throttling"], "TableName") == {NAMES.table}
    assert dimensions(found["dlq-messages"], "QueueName") == {"bbws-access-local-sqs-dead-letters"}


def test_the_dashboard_shows_what_the_contract_says(state: list[dict[str, Any]]) -> None:
    (dashboard,) = attributes(state, "aws_cloudwatch_dashboard")
    widgets = json.loads(dashboard["dashboard_body"])["widgets"]
    assert len(widgets) == 16
    shown = {
        w["properties"]["title"]: {
            m[0].get("label") if isinstance(m[0], dict) else m[1] for m in w["properties"]["metrics"]
        }
        for w in widgets
    }
    assert list(shown.items()) == list(WIDGETS.items())
    assert {w["properties"]["region"] for w in widgets} == {"eu-west-1"}
    places = {(w["x"], w["y"]) for w in widgets}
    assert len(places) == 16


def test_functions_as_they_stand(state: list[dict[str, Any]]) -> None:
    functions = {f["function_name"]: f for f in attributes(state, "aws_lambda_function")}
    aliases = {a["function_name"]: a for a in attributes(state, "aws_lambda_alias")}
    for function in FUNCTIONS:
        found = functions[NAMES.function(function)]
        audit, authorizer = function.service is Service.AUDIT, function.service is Service.AUTHORIZER
        expected = (1024, 300) if audit else (512, 10) if authorizer else (512, 30)
        assert (found["memory_size"], found["timeout"]) == expected, function.name
        assert (found["runtime"], found["architectures"]) == ("python3.12", ["arm64"])
        assert found["role"].endswith(f":role/{NAMES.role(function.service)}")
        assert found["tracing_config"][0]["mode"] == "Active"
        (logging,) = found["logging_config"]
        assert (logging["log_group"], logging["log_format"]) == (NAMES.log_group(function.service), "JSON")
        alias = aliases[NAMES.function(function)]
        assert (alias["name"], alias["function_version"]) == ("live", found["version"])


def test_every_bucket_is_private_encrypted_and_reached_over_tls_alone(state: list[dict[str, Any]]) -> None:
    buckets = {b["bucket"] for b in attributes(state, "aws_s3_bucket")}
    policies = {p["bucket"]: json.loads(p["policy"])["Statement"] for p in attributes(state, "aws_s3_bucket_policy")}
    assert policies.keys() == buckets == {"bbws-access-local-s3-audit-archive", "bbws-access-local-s3-code"}
    for bucket, statements in policies.items():
        (tls,) = [s for s in statements if s["Sid"] == "OnlyOverTls"]
        assert (tls["Effect"], tls["Action"], tls["Principal"]) == ("Deny", "s3:*", "*")
        assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert set(tls["Resource"]) == {f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"}
    closed = attributes(state, "aws_s3_bucket_public_access_block")
    assert {b["bucket"] for b in closed} == buckets
    doors = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    assert all(b[door] for b in closed for door in doors)


def test_the_archive_is_versioned_encrypted_with_its_key_and_takes_nothing_unlocked(
    state: list[dict[str, Any]],
) -> None:
    name = NAMES.audit_bucket
    (bucket,) = [b for b in attributes(state, "aws_s3_bucket") if b["bucket"] == name]
    assert bucket["object_lock_enabled"] is True
    (versioning,) = attributes(state, "aws_s3_bucket_versioning")
    assert (versioning["bucket"], versioning["versioning_configuration"][0]["status"]) == (name, "Enabled")
    (encryption,) = attributes(state, "aws_s3_bucket_server_side_encryption_configuration")
    ((default,),) = [rule["apply_server_side_encryption_by_default"] for rule in encryption["rule"]]
    keys = {k["arn"] for k in attributes(state, "aws_kms_key") if k["description"] == f"Audit archive {name}"}
    assert (default["sse_algorithm"], {default["kms_master_key_id"]}) == ("aws:kms", keys)
    (policy,) = [p["policy"] for p in attributes(state, "aws_s3_bucket_policy") if p["bucket"] == name]
    (locked,) = [s for s in json.loads(policy)["Statement"] if s["Sid"] == "ArchiveOnlyLocked"]
    assert (locked["Effect"], locked["Action"]) == ("Deny", "s3:PutObject")
    assert locked["Resource"] == f"arn:aws:s3:::{name}/archive/*"
    assert locked["Condition"] == {"StringNotEquals": {"s3:object-lock-mode": "GOVERNANCE"}}


def test_every_metric_that_an_alarm_or_a_widget_reads_is_made_by_a_filter(state: list[dict[str, Any]]) -> None:
    (dashboard,) = attributes(state, "aws_cloudwatch_dashboard")
    shown = set(re.findall(rf'"{NAMESPACE}","(\w+)"', dashboard["dashboard_body"]))
    read = {a["metric_name"] for a in attributes(state, "aws_cloudwatch_metric_alarm") if a["namespace"] == NAMESPACE}
    names = {f.name for f in FILTERS}
    assert shown
    assert read
    assert shown | read <= names


def test_outputs(deployed: Deployed) -> None:
    outputs = deployed.outputs()
    assert outputs["dynamodb_table_name"] == NAMES.table
    assert outputs["audit_bucket_name"] == NAMES.audit_bucket
    for service in Service:
        assert outputs[f"{service}_service_role_arn"].endswith(f":role/{NAMES.role(service)}")
        assert outputs[f"{service}_log_group_name"] == NAMES.log_group(service)
    assert all(outputs[name] for name in ("api_gateway_id", "api_url", "authorizer_id", "user_pool_id"))
