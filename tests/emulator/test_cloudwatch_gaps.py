"""The emulator's alarms, asked for as Terraform's provider asks: over the Query protocol."""

from __future__ import annotations

import urllib.parse
import urllib.request
from typing import Any
from xml.etree import ElementTree

import pytest

from bbws_access.emulator.process import RunningEmulator
from tests.emulator.conftest import client_for

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

TOPIC = "arn:aws:sns:eu-west-1:000000000000:critical"
SPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"


def ask(running: RunningEmulator, action: str, **params: str) -> ElementTree.Element:
    form = urllib.parse.urlencode({"Action": action, "Version": "2010-08-01", **params}).encode()
    credential = "Credential=test/20260301/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"AWS4-HMAC-SHA256 {credential}",
    }
    request = urllib.request.Request(running.endpoint, data=form, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return ElementTree.fromstring(response.read())


def described(running: RunningEmulator, name: str) -> tuple[ElementTree.Element, dict[str, Any]]:
    """The alarm over both protocols."""
    answer = ask(running, "DescribeAlarms", **{"AlarmNames.member.1": name})
    (member,) = answer.findall(f"{SPACE}DescribeAlarmsResult/{SPACE}MetricAlarms/{SPACE}member")
    (alarm,) = client_for(running, "cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return member, alarm


def test_an_alarm_is_described_whole(running: RunningEmulator) -> None:
    ask(
        running,
        "PutMetricAlarm",
        **{
            "AlarmName": "slow",
            "AlarmDescription": "p95 > 100 & rising",
            "Namespace": "AWS/Lambda",
            "MetricName": "Duration",
            "ExtendedStatistic": "p95",
            "Period": "60",
            "EvaluationPeriods": "3",
            "Threshold": "100",
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "ActionsEnabled": "true",
            "AlarmActions.member.1": TOPIC,
            "OKActions.member.1": TOPIC,
            "Dimensions.member.1.Name": "FunctionName",
            "Dimensions.member.1.Value": "authorize",
        },
    )
    member, alarm = described(running, "slow")
    assert member.findtext(f"{SPACE}AlarmDescription") == alarm["AlarmDescription"] == "p95 > 100 & rising"
    assert member.findtext(f"{SPACE}AlarmActions/{SPACE}member") == alarm["AlarmActions"][0] == TOPIC
    assert member.findtext(f"{SPACE}ActionsEnabled") == "true"
    assert member.findtext(f"{SPACE}Dimensions/{SPACE}member/{SPACE}Value") == "authorize"
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["ExtendedStatistic"]) == (60, 3, "p95")
    assert alarm["TreatMissingData"] == member.findtext(f"{SPACE}TreatMissingData") == "notBreaching"


def test_an_alarm_on_an_expression_keeps_its_metrics(running: RunningEmulator) -> None:
    ask(
        running,
        "PutMetricAlarm",
        **{
            "AlarmName": "throttled",
            "EvaluationPeriods": "1",
            "Threshold": "0",
            "ComparisonOperator": "GreaterThanThreshold",
            "Metrics.member.1.Id": "all",
            "Metrics.member.1.Expression": "SUM(METRICS())",
            "Metrics.member.1.ReturnData": "true",
            "Metrics.member.2.Id": "m0",
            "Metrics.member.2.ReturnData": "false",
            "Metrics.member.2.MetricStat.Metric.Namespace": "AWS/DynamoDB",
            "Metrics.member.2.MetricStat.Metric.MetricName": "ThrottledRequests",
            "Metrics.member.2.MetricStat.Period": "60",
            "Metrics.member.2.MetricStat.Stat": "Sum",
        },
    )
    member, alarm = described(running, "throttled")
    assert [m["Id"] for m in alarm["Metrics"]] == ["all", "m0"]
    assert alarm["Metrics"][1]["MetricStat"]["Period"] == 60
    assert len(member.findall(f"{SPACE}Metrics/{SPACE}member")) == 2
    assert member.find(f"{SPACE}MetricName") is None


def test_no_such_alarm(running: RunningEmulator) -> None:
    answer = ask(running, "DescribeAlarms", **{"AlarmNames.member.1": "nothing"})
    assert answer.findall(f"{SPACE}DescribeAlarmsResult/{SPACE}MetricAlarms/{SPACE}member") == []
