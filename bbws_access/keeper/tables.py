"""Tables as a whole: made, looked at, restored to a moment."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from bbws_access.aws_errors import error_code, translate, translated
from bbws_access.errors import AccessError, Busy, Conflict, InvalidInput, NotFound
from bbws_access.store.schema import table_definition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_POLL: Final = 5.0
"""Seconds between two looks at a table that is being made; a restore takes minutes to hours."""

_APPEARS_WITHIN: Final = 60.0
"""Seconds in which a table that is being made may not be seen yet: looking at it is eventually consistent."""

_REFUSED: Final = {
    "TableAlreadyExistsException": "there is a table of this name already",
    "InvalidRestoreTimeException": "the table cannot be restored to this moment",
    "PointInTimeRecoveryUnavailableException": "point-in-time recovery is not enabled",
    "TableNotFoundException": "there is no such table",
}


def valid_name(name: str) -> str:
    """Raises :class:`InvalidInput`."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name of a table", hint="3 to 255 letters, digits, '_', '.' and '-'")
    return name


def describe(client: DynamoDBClient, name: str) -> dict[str, Any] | None:
    """``None`` where there is no such table."""
    try:
        return dict(client.describe_table(TableName=name)["Table"])
    except client.exceptions.ResourceNotFoundException:
        return None
    except (ClientError, BotoCoreError) as error:
        raise translate(error, f"table {name}") from error


def ensure(client: DynamoDBClient, name: str) -> bool:
    """Makes the table where it is missing, with the platform's keys and indexes; whether it did."""
    if describe(client, valid_name(name)) is not None:
        return False
    with translated(f"table {name}"), suppress(client.exceptions.ResourceInUseException):
        client.create_table(**table_definition(name))  # in use: an earlier try of this call, whose answer was lost
    wait_until_active(client, name, lambda _: None)
    return True


def restore_to_moment(client: DynamoDBClient, source: str, target: str, moment: datetime) -> None:
    """Starts AWS's own restore of ``source``, as it was at ``moment``, into a new table.

    Raises ``NotFound`` and :class:`Conflict` for what AWS refuses, in words.
    """
    try:
        client.restore_table_to_point_in_time(
            SourceTableName=source, TargetTableName=valid_name(target), RestoreDateTime=moment
        )
    except ClientError as error:
        code = error_code(error)
        if code == "TableNotFoundException":
            raise NotFound(f"table {source} does not exist", hint="bbws-access env up") from error
        if code in _REFUSED:
            detail = str(error.response.get("Error", {}).get("Message", ""))
            raise Conflict(f"{_REFUSED[code]}: {detail}", code="PITR_REFUSED") from error
        raise translate(error, f"table {source}") from error
    except BotoCoreError as error:
        raise translate(error, f"table {source}") from error


def restorable(client: DynamoDBClient, name: str) -> tuple[datetime, datetime]:
    """From when to when the table can be restored. Raises :class:`Conflict` where it cannot be at all."""
    with translated(f"table {name}"):
        found = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery: Any = found.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        raise Conflict(
            f"point-in-time recovery of table {name} is not enabled", code="PITR_REFUSED", hint="bbws-access env up"
        )
    return recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"]


def wait_until_active(
    client: DynamoDBClient,
    name: str,
    progress: Callable[[float], None],
    *,
    longest: float = 24 * 3600.0,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Until the table and its indexes are; ``progress`` is told the seconds that it took so far.

    Raises :class:`AccessError` where the table does not appear, or goes away, and :class:`Busy` after
    ``longest`` seconds; AWS goes on all the same.
    """
    began = monotonic()
    wait = 0.1
    while True:
        found = describe(client, name)
        took = monotonic() - began
        if found is None and took > _APPEARS_WITHIN:
            raise AccessError(f"table {name} is not there: AWS could not make it", code="PITR_FAILED")
        if found is not None and _is_active(found):
            return
        progress(took)
        if took > longest:
            raise Busy(f"table {name} is still being made", hint="look again later: aws dynamodb describe-table")
        sleep(wait)
        wait = min(_POLL, wait * 2)


def _is_active(table: dict[str, Any]) -> bool:
    indexes = [index.get("IndexStatus", "ACTIVE") for index in table.get("GlobalSecondaryIndexes", [])]
    return {table["TableStatus"], *indexes} == {"ACTIVE"}
