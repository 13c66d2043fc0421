"""Whether an environment is well: its parts asked one by one, each answer one line.

Clients come from whoever asks; a part that cannot be asked needs attention, and the others are still told.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from bbws_access.aws_errors import error_code, translated
from bbws_access.errors import AccessError
from bbws_access.monitoring import ALARMS
from bbws_access.names import Names
from bbws_access.provisioning.running import ALIAS, Running, code_versions, running

Client = Callable[[str], Any]
Deployed = Callable[[], Mapping[str, Running | None]]

INDEXES: Final = 5
_READY: Final = frozenset({"Active", "Inactive"})
_TOLD: Final = 5
_OLDEST_ARCHIVE_DAYS: Final = 2
"""Days after which an archive that grows daily has missed one."""
_PAGES: Final = 20
"""Pages of the archive's listing that are looked through for the newest object: 20,000 objects."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was asked, in which group, whether it is well, and what is to be said of it."""

    group: str
    name: str
    ok: bool
    says: str

    def as_data(self) -> dict[str, Any]:
        return {"group": self.group, "name": self.name, "ok": self.ok, "says": self.says}


AT_A_GLANCE: Final = ("table", "indexes", "dead letters", "alarms")
"""Checks of one or two small requests each."""


def checks(
    client: Client,
    names: Names,
    outputs: Mapping[str, Any],
    now: datetime,
    only: Set[str] | None = None,
    deployed: Deployed | None = None,
) -> Iterator[Check]:
    """Asks everything, or ``only`` what is named, in the order in which it is told. ``outputs`` are Terraform's.

    ``deployed`` has what the functions run, where whoever asks wants to know that as well.
    """
    deployed = deployed or cache(lambda: running(client("lambda"), names))
    asked: Sequence[tuple[str, str, Callable[[], tuple[bool, str]]]] = (
        ("Data", "table", lambda: _table(client("dynamodb"), outputs["dynamodb_table_name"])),
        ("Data", "indexes", lambda: _indexes(client("dynamodb"), outputs["dynamodb_table_name"])),
        ("Data", "backups", lambda: _backups(client("dynamodb"), outputs["dynamodb_table_name"])),
        ("Data", "user pool", lambda: _user_pool(client("cognito-idp"), outputs["user_pool_id"])),
        ("Data", "last archive", lambda: _archive(client, names, outputs, now)),
        ("Code", "functions", lambda: _functions(deployed())),
        ("Code", "live versions", lambda: _versions(deployed())),
        ("Code", "code", lambda: _code(deployed())),
        ("Traffic", "API", lambda: _api(outputs["api_url"])),
        ("Traffic", "dead letters", lambda: _queue(client("sqs"), f"{names.prefix}-sqs-dead-letters")),
        ("Traffic", "alarms", lambda: _alarms(client("cloudwatch"), names.prefix)),
    )
    for group, name, ask in asked:
        if only is not None and name not in only:
            continue
        try:
            with translated(name):
                ok, says = ask()
        except AccessError as error:
            ok, says = False, error.message
        except KeyError as error:
            ok, says = False, f"the outputs lack {error}"
        yield Check(group, name, ok, says)


def _table(dynamodb: Any, name: str) -> tuple[bool, str]:
    table = dynamodb.describe_table(TableName=name)["Table"]
    replicas = [f"{r['RegionName']} {r.get('ReplicaStatus', '?').lower()}" for r in table.get("Replicas", [])]
    well = table["TableStatus"] == "ACTIVE" and all(
        r.get("ReplicaStatus") == "ACTIVE" for r in table.get("Replicas", [])
    )
    also = f"; replica {', '.join(replicas)}" if replicas else ""
    return well, f"{table['TableStatus'].lower()}, about {table.get('ItemCount', 0):,} items{also}"


def _indexes(dynamodb: Any, name: str) -> tuple[bool, str]:
    indexes = dynamodb.describe_table(TableName=name)["Table"].get("GlobalSecondaryIndexes", [])
    idle = [f"{i['IndexName']} {i['IndexStatus'].lower()}" for i in indexes if i["IndexStatus"] != "ACTIVE"]
    well = not idle and len(indexes) == INDEXES
    return well, f"{len(indexes) - len(idle)} of {INDEXES} active" + (f": {', '.join(idle)}" if idle else "")


def _backups(dynamodb: Any, name: str) -> tuple[bool, str]:
    found = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")
    return status == "ENABLED", f"point-in-time recovery {status.lower()}"


def _user_pool(cognito: Any, pool: str) -> tuple[bool, str]:
    cognito.describe_user_pool(UserPoolId=pool)
    return True, pool


def _archive(client: Client, names: Names, outputs: Mapping[str, Any], now: datetime) -> tuple[bool, str]:
    newest: datetime | None = None
    listing = client("s3").get_paginator("list_objects_v2")
    for number, page in enumerate(listing.paginate(Bucket=outputs["audit_bucket_name"], Prefix="archive/")):
        if number == _PAGES:
            break
        times = [found["LastModified"] for found in page.get("Contents", [])]
        newest = max([*times, newest] if newest else times, default=None)
    if newest is None:
        table = client("dynamodb").describe_table(TableName=outputs["dynamodb_table_name"])["Table"]
        age = (now - table["CreationDateTime"].astimezone(UTC)).days
        # What seeds a table leaves events in it. On the own machine, which sleeps at night, nobody waits for them.
        if names.env != "local" and age > _OLDEST_ARCHIVE_DAYS:
            return False, f"nothing, and the table is {age} days old"
        return True, "nothing archived yet"
    days = (now - newest.astimezone(UTC)).days
    told = newest.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return days <= _OLDEST_ARCHIVE_DAYS, told if days <= _OLDEST_ARCHIVE_DAYS else f"{told}, {days} days ago"


def _functions(found: Mapping[str, Running | None]) -> tuple[bool, str]:
    missing = [name for name, one in found.items() if one is None]
    idle = [f"{name} {one.state.lower()}" for name, one in found.items() if one and one.state not in _READY]
    told = f"{len(found) - len(missing) - len(idle)} of {len(found)} there"
    told += f"; missing, or without the alias {ALIAS}: {_some(missing)}" if missing else ""
    told += f"; not ready: {_some(idle)}" if idle else ""
    return not missing and not idle, told


def _versions(found: Mapping[str, Running | None]) -> tuple[bool, str]:
    counts = Counter(one.version for one in found.values() if one is not None)
    told = ", ".join(f"version {v} of {n}" for v, n in sorted(counts.items(), key=lambda item: -item[1])[:_TOLD])
    return bool(counts), told or "none"


def _code(found: Mapping[str, Running | None]) -> tuple[bool, str]:
    """All functions are one package: where some have another, a deployment came to no end."""
    counts = code_versions(found).most_common()
    told = ", ".join(f"{code[:12]} in {number}" for code, number in counts[:_TOLD])
    return len(counts) == 1, told or "none"


def _api(url: str) -> tuple[bool, str]:
    """Without a token every door must be closed: anything but a 401 is a failure."""
    try:
        with urllib.request.urlopen(f"{url}/v1/platform/permissions", timeout=30) as answer:  # noqa: S310 - our own
            return False, f"it answers {answer.status} without a token"
    except urllib.error.HTTPError as error:
        return (
            error.code == 401,
            "asks for a token" if error.code == 401 else f"it answers {error.code} without a token",
        )
    except OSError:
        return False, "it does not answer"


def _queue(sqs: Any, name: str) -> tuple[bool, str]:
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.ClientError as error:
        if "NonExistentQueue" in error_code(error) or "QueueDoesNotExist" in error_code(error):
            return True, "no queue here"
        raise
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
    depth = sum(int(found.get(attribute, 0)) for attribute in wanted)
    return depth == 0, "empty" if depth == 0 else f"{depth} events that nobody could process"


def _alarms(cloudwatch: Any, prefix: str) -> tuple[bool, str]:
    """Silence counts for nothing where an alarm is gone, or was told to tell nobody."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{prefix}-alarm-")
    alarms = [alarm for page in pages for alarm in page.get("MetricAlarms", [])]
    ringing = sorted(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM")
    muted = sorted(alarm["AlarmName"] for alarm in alarms if not alarm.get("ActionsEnabled", True))
    told = (
        f"{len(ringing)} of {len(alarms)} in ALARM: {_some(ringing)}" if ringing else f"none of {len(alarms)} in ALARM"
    )
    told += f"; muted: {_some(muted)}" if muted else ""
    there = {alarm["AlarmName"] for alarm in alarms}
    missing = sorted(name for name in ALARMS if f"{prefix}-alarm-{name}" not in there)
    told += f"; missing: {_some(missing)}" if missing else ""
    return not ringing and not muted and not missing, told


def _some(names: Sequence[str]) -> str:
    more = len(names) - _TOLD
    return ", ".join(names[:_TOLD]) + (f" and {more} more" if more > 0 else "")
