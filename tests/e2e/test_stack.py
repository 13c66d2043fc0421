"""What stands after an apply: counted and named, in the state and as AWS itself tells it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Final

import pytest

from bbws_access.catalogue import ENDPOINTS, FUNCTIONS, PAGES, Guard, Service
from bbws_access.monitoring import FILTERS, LOG_GROUPS, NAMESPACE
from bbws_access.names import Names
from tests.e2e.conftest import Deployed

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]

NAMES: Final = Names("local")
CRITICAL: Final = {
    "authorizer-errors": 10,
    "authorizer-latency": 100,
    "dynamodb-throttling": 0,
    "invitation-failures": 5,
    "audit-archive-failures": 0,
    "dlq-messages": 0,
}
WARNING: Final = {
    "lambda-concurrency": 800,
    "permission-service-errors": 5,
    "team-service-errors": 5,
    "role-service-errors": 5,
    "audit-service-errors": 3,
    "permission-service-latency": 500,
    "invitation-service-latency": 1000,
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
    (dashboard,) = attributes(state, "aws_cloudwatch_dashboard")
    assert len(json.loads(dashboard["dashboard_body"])["widgets"]) == 16


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


def test_alarms_with_their_thresholds_and_topics(deployed: Deployed) -> None:
    found = {
        alarm["AlarmName"].removeprefix("bbws-access-local-alarm-"): alarm
        for page in deployed.client("cloudwatch").get_paginator("describe_alarms").paginate()
        for alarm in page["MetricAlarms"]
    }
    assert {name: alarm["Threshold"] for name, alarm in found.items()} == CRITICAL | WARNING
    for name, alarm in found.items():
        topic = "dlq" if name == "dlq-messages" else "critical" if name in CRITICAL else "warning"
        assert [a.rpartition("-sns-")[2] for a in alarm["AlarmActions"]] == [topic], name
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert found["audit-archive-failures"]["Period"] == 3600
    assert found["authorizer-latency"]["EvaluationPeriods"] == 3
    assert found["authorizer-latency"]["ExtendedStatistic"] == "p95"


def test_every_metric_that_an_alarm_or_a_widget_reads_is_made_by_a_filter(state: list[dict[str, Any]]) -> None:
    (dashboard,) = attributes(state, "aws_cloudwatch_dashboard")
    shown = set(re.findall(rf'"{NAMESPACE}","(\w+)"', dashboard["dashboard_body"]))
    watched = {
        a["metric_name"] for a in attributes(state, "aws_cloudwatch_metric_alarm") if a["namespace"] == NAMESPACE
    }
    names = {f.name for f in FILTERS}
    assert shown
    assert watched
    assert shown | watched <= names


def test_outputs(deployed: Deployed) -> None:
    outputs = deployed.outputs()
    assert outputs["dynamodb_table_name"] == NAMES.table
    assert outputs["audit_bucket_name"] == NAMES.audit_bucket
    for service in Service:
        assert outputs[f"{service}_service_role_arn"].endswith(f":role/{NAMES.role(service)}")
        assert outputs[f"{service}_log_group_name"] == NAMES.log_group(service)
    assert all(outputs[name] for name in ("api_gateway_id", "api_url", "authorizer_id", "user_pool_id"))
