"""``env status``: an environment that is well, and each way in which it is not."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import boto3
import pytest

from bbws_access import monitoring
from bbws_access.catalogue import FUNCTIONS
from bbws_access.names import Names
from bbws_access.provisioning.health import Check, checks
from bbws_access.provisioning.running import Running
from bbws_access.provisioning.settings import terraform_root
from bbws_access.store.schema import table_definition
from tests.provisioning.functions import aws_in_memory, deploy

pytestmark = pytest.mark.slow

__all__ = ["aws_in_memory"]

NAMES: Final = Names("dev")
ALARMS: Final = sorted(f"{NAMES.prefix}-alarm-{name}" for name in monitoring.ALARMS)
NOW: Final = datetime.now(UTC)
RUNNING: Final = {f.name: Running("1", "a" * 64, "Active") for f in FUNCTIONS}
REGION: Final = "eu-west-1"


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def alarm(name: str) -> None:
    client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="BBWS/AccessManagement",
        MetricName="x",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )


class Door(BaseHTTPRequestHandler):
    """An API that asks for a token, unless it was told to be open."""

    answer = 401

    def do_GET(self) -> None:
        self.send_response(type(self).answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def look(aws_in_memory: None, api: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, Check]]:
    """What is said of an environment that is well, until the test does something to it."""
    monkeypatch.setattr(Door, "answer", 401)
    dynamodb = client("dynamodb")
    dynamodb.create_table(**table_definition(NAMES.table))
    dynamodb.update_continuous_backups(
        TableName=NAMES.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    client("s3").create_bucket(Bucket=NAMES.audit_bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    client("s3").put_object(Bucket=NAMES.audit_bucket, Key="archive/o/2026/03/2026-03-01.json.gz", Body=b"x")
    client("sqs").create_queue(QueueName=f"{NAMES.prefix}-sqs-dead-letters")
    for name in ALARMS:
        alarm(name)
    outputs = {
        "dynamodb_table_name": NAMES.table,
        "user_pool_id": client("cognito-idp").create_user_pool(PoolName="p")["UserPool"]["Id"],
        "audit_bucket_name": NAMES.audit_bucket,
        "api_url": api,
    }
    return lambda: {check.name: check for check in checks(client, NAMES, outputs, NOW, deployed=lambda: RUNNING)}


def code() -> dict[str, Check]:
    """What is said of the functions."""
    return {check.name: check for check in checks(client, NAMES, {}, NOW, {"functions", "live versions", "code"})}


def attention(found: dict[str, Check]) -> dict[str, str]:
    """What needs it, and what is said of it."""
    return {name: check.says for name, check in found.items() if not check.ok}


Look = Callable[[], dict[str, Check]]


def test_a_healthy_environment(look: Look) -> None:
    found = look()
    assert attention(found) == {}
    assert found["functions"].says == "43 of 43 there"
    assert found["live versions"].says == "version 1 of 43"
    assert found["code"].says.endswith(" in 43")
    assert found["indexes"].says == "5 of 5 active"
    assert found["alarms"].says == "none of 13 in ALARM"
    assert found["dead letters"].says == "empty"


def test_functions_that_are_missing_behind_or_without_their_alias(aws_in_memory: None) -> None:
    deploy("dev", b"one")
    assert attention(code()) == {}
    one, two, *_ = (NAMES.function(f) for f in FUNCTIONS)
    deploy("dev", b"one", {FUNCTIONS[2].name: b"two", FUNCTIONS[3].name: b"two"})
    assert [part.split(" in ")[1] for part in attention(code())["code"].split(", ")] == ["41", "2"]
    client("lambda").delete_function(FunctionName=one)
    client("lambda").delete_alias(FunctionName=two, Name="live")
    missing = f"{FUNCTIONS[0].name}, {FUNCTIONS[1].name}"
    assert attention(code())["functions"] == f"41 of 43 there; missing, or without the alias live: {missing}"


def test_functions_that_lambda_does_not_run(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNNING, FUNCTIONS[0].name, Running("2", "a" * 64, "Failed"))
    monkeypatch.setitem(RUNNING, FUNCTIONS[1].name, Running("2", "a" * 64, "Inactive"))
    assert attention(look()) == {"functions": f"42 of 43 there; not ready: {FUNCTIONS[0].name} failed"}


def test_alarms_that_ring_are_mute_or_are_gone(look: Look) -> None:
    watch = client("cloudwatch")
    watch.set_alarm_state(AlarmName=ALARMS[0], StateValue="ALARM", StateReason="a test")
    assert attention(look()) == {"alarms": f"1 of 13 in ALARM: {ALARMS[0]}"}
    watch.set_alarm_state(AlarmName=ALARMS[0], StateValue="OK", StateReason="a test")
    watch.disable_alarm_actions(AlarmNames=[ALARMS[1]])
    assert attention(look()) == {"alarms": f"none of 13 in ALARM; muted: {ALARMS[1]}"}
    watch.enable_alarm_actions(AlarmNames=[ALARMS[1]])
    watch.delete_alarms(AlarmNames=ALARMS[2:4])
    # Those of somebody else, whose names begin alike, are not counted for ours.
    alarm(f"{NAMES.prefix}x-alarm-1")
    alarm(f"{NAMES.prefix}-2-alarm-1")
    assert attention(look()) == {"alarms": "none of 11 in ALARM; missing: authorizer-errors, authorizer-latency"}
    alarm(f"{NAMES.prefix}-alarm-of-our-own")
    assert attention(look())["alarms"].startswith("none of 12 in ALARM; missing: authorizer-errors")


def test_the_alarms_that_ought_to_be_are_terraforms() -> None:
    """Of the sources; the plans of dev, sit and prod are held against it too, in test_environments.py."""
    text = (terraform_root() / "modules" / "monitoring" / "alarms.tf").read_text(encoding="utf-8")
    by_name = re.findall(r'alarm_name += "\$\{var\.prefix\}-alarm-([a-z-]+)"', text)
    by_key = re.findall(r"^    ([a-z-]+) += \{ (?:metric|service) =", text, re.MULTILINE)
    assert sorted([*by_name, *by_key]) == sorted(monitoring.ALARMS)


def test_events_that_wait_in_the_queue(look: Look) -> None:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=f"{NAMES.prefix}-sqs-dead-letters")["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="{}")
    sqs.receive_message(QueueUrl=url)  # one that somebody has in hand is not processed either
    assert attention(look()) == {"dead letters": "3 events that nobody could process"}


def test_an_archive_that_has_stopped(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.NOW", NOW + timedelta(days=4, hours=1))
    (says,) = attention(look()).values()
    assert says.endswith(", 4 days ago")


def test_an_archive_that_never_began(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    client("s3").delete_object(Bucket=NAMES.audit_bucket, Key="archive/o/2026/03/2026-03-01.json.gz")
    assert look()["last archive"] == Check("Data", "last archive", True, "nothing archived yet")
    monkeypatch.setattr(f"{__name__}.NOW", NOW + timedelta(days=4, hours=1))
    assert attention(look()) == {"last archive": "nothing, and the table is 4 days old"}
    monkeypatch.setattr(f"{__name__}.NAMES", Names("local"))
    assert look()["last archive"].ok


def test_a_table_without_its_parts(look: Look) -> None:
    dynamodb = client("dynamodb")
    dynamodb.update_continuous_backups(
        TableName=NAMES.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    dynamodb.update_table(TableName=NAMES.table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "GSI3"}}])
    assert attention(look()) == {"indexes": "4 of 5 active", "backups": "point-in-time recovery disabled"}
    dynamodb.delete_table(TableName=NAMES.table)
    assert attention(look()).keys() == {"table", "indexes", "backups"}


def test_a_door_that_stands_open(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Door, "answer", 200)
    assert attention(look()) == {"API": "it answers 200 without a token"}
    monkeypatch.setattr(Door, "answer", 500)
    assert attention(look()) == {"API": "it answers 500 without a token"}


def test_what_cannot_be_asked_needs_attention_and_the_rest_is_told(look: Look) -> None:
    client("s3").delete_object(Bucket=NAMES.audit_bucket, Key="archive/o/2026/03/2026-03-01.json.gz")
    client("s3").delete_bucket(Bucket=NAMES.audit_bucket)
    found = look()
    assert attention(found).keys() == {"last archive"}
    assert len(found) == 11
