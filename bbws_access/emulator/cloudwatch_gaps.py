"""What ministack's CloudWatch lacks for our stack. This file goes away on the day that it lacks nothing.

* Alarms over the Query protocol, which Terraform's provider speaks: ministack describes them without their
  actions, dimensions and periods there, which Terraform would set again on every run.
* Alarms on an expression: their ``Metrics`` are not kept, whatever the protocol.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

Response = tuple[int, Any, bytes]
Handler = Callable[..., Response]

_MEMBER: Final = re.compile(r"\.member\.(\d+)")
_NUMBERS: Final = frozenset({"Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"})
_FLAGS: Final = frozenset({"ActionsEnabled", "ReturnData"})
_OF_ONE_METRIC: Final = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit")
"""What an alarm on an expression does not have."""


def install() -> None:
    """Puts what is lacking in front of ministack's own handlers, once."""
    if getattr(cloudwatch._put_metric_alarm, "keeps_metrics", False):
        return
    put: Handler = cloudwatch._put_metric_alarm
    describe: Handler = cloudwatch._describe_alarms

    def put_metric_alarm(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Response:
        if is_cbor or is_json:
            response = put(params, data, is_cbor, is_json)
        else:
            data = nested(params)
            response = put({}, data, False, True)
            response = _xml("PutMetricAlarm", "") if response[0] == 200 else put(params, {}, False)
        _complete(data)
        return response

    def describe_alarms(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Response:
        if is_cbor or is_json:
            return describe(params, data, is_cbor, is_json)
        asked = nested(params)
        if "MaxRecords" in asked:
            asked["MaxRecords"] = int(asked["MaxRecords"])
        status, _, body = describe({}, asked, False, True)
        if status != 200:
            return describe(params, {}, False)
        return _xml("DescribeAlarms", as_xml(json.loads(body)))

    put_metric_alarm.keeps_metrics = True  # type: ignore[attr-defined]
    cloudwatch._put_metric_alarm = put_metric_alarm
    cloudwatch._describe_alarms = describe_alarms


def nested(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a Query request as what they stand for: ``A.member.1.B=c`` is ``{"A": [{"B": "c"}]}``."""
    tree: dict[str, Any] = {}
    for name, value in params.items():
        *path, last = _MEMBER.sub(r".#\1", name).split(".")
        place = tree
        for step in path:
            place = place.setdefault(step, {})
        place[last] = _typed(last, value[0] if isinstance(value, list) else value)
    found: dict[str, Any] = _with_lists(tree)
    return found


def _typed(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return float(value) if name == "Threshold" else int(value)
    return value == "true" if name in _FLAGS else value


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.startswith("#") for key in value):
        return [_with_lists(value[key]) for key in sorted(value, key=lambda key: int(key[1:]))]
    return {key: _with_lists(inner) for key, inner in value.items()}


def as_xml(value: Any) -> str:
    """A description as the Query protocol writes it; what is ``None`` is left out."""
    if isinstance(value, list):
        return "".join(f"<member>{as_xml(item)}</member>" for item in value)
    if isinstance(value, dict):
        return "".join(
            f"<{name}>{_moment(inner) if name.endswith('Timestamp') else as_xml(inner)}</{name}>"
            for name, inner in value.items()
            if inner is not None
        )
    return ("true" if value else "false") if isinstance(value, bool) else escape(str(value))


def _moment(value: Any) -> str:
    return datetime.fromtimestamp(value, UTC).isoformat() if isinstance(value, int | float) else escape(str(value))


def _complete(data: Mapping[str, Any]) -> None:
    """Adds to a stored alarm what was asked of it and left out."""
    alarm = cloudwatch._alarms.get(data.get("AlarmName", ""))
    if alarm is None:
        return
    if data.get("ExtendedStatistic"):
        alarm["Statistic"] = None
    if data.get("Metrics"):
        alarm["Metrics"] = data["Metrics"]
        for name in _OF_ONE_METRIC:
            alarm[name] = None


def _xml(action: str, inner: str) -> Response:
    response: Response = cloudwatch._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")
    return response
