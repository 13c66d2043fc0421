"""Reading the whole table: consistent, in parallel segments, page by page in constant memory.

Pages come in DynamoDB's own JSON, ``{"PK": {"S": "…"}}``, with binary values as base64: botocore's parsing
of a page costs more than everything else together, and neither a backup nor a check needs it.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from bbws_access.aws_errors import THROTTLING, error_code, translate, translated
from bbws_access.backoff import Backoff
from bbws_access.errors import Busy
from bbws_access.store.codec import Attributes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEGMENT_BYTES: Final = 128 * 1024 * 1024
"""Of the table, for each segment: below that a second reader costs more than it saves."""

MOST_SEGMENTS: Final = 8
"""Connections that boto3 keeps open are 10."""

Pages = Iterator[list[Attributes]]

_PATIENCE: Final = Backoff(attempts=30, first=0.05, longest=5.0)
_STOP_LOOKS: Final = 0.1
"""Seconds after which a reader that waits for room looks whether anybody still listens."""

_here = threading.local()


class Scan:
    """One reading of a table. Throttling is waited out; raises this project's errors."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, segments: int | None = None, backoff: Backoff | None = None
    ) -> None:
        self._client = client
        self._table = table
        self._segments = segments
        self._backoff = backoff or _PATIENCE

    def items(self) -> Iterator[Attributes]:
        for page in self.pages():
            yield from page

    def pages(self) -> Pages:
        """Pages of all segments as they come in; at most two for each segment are held at a time.

        Raises ``NotFound`` for a table that does not exist and :class:`Busy` when throttling does not end.
        """
        segments = self._segments or segments_for(self._client, self._table)
        found: queue.Queue[list[Attributes] | BaseException | None] = queue.Queue(maxsize=segments)
        stop = threading.Event()
        readers = [
            threading.Thread(target=self._read, args=(n, segments, found, stop), daemon=True) for n in range(segments)
        ]
        for reader in readers:
            reader.start()
        try:
            running = segments
            while running:
                page = found.get()
                if page is None:
                    running -= 1
                elif isinstance(page, BaseException):
                    raise page
                else:
                    yield page
        finally:
            stop.set()
            for reader in readers:
                reader.join()

    def _read(self, segment: int, segments: int, found: queue.Queue[Any], stop: threading.Event) -> None:
        outcome: BaseException | None = None
        try:
            request: dict[str, Any] = {"TableName": self._table, "ConsistentRead": True}
            if segments > 1:
                request |= {"Segment": segment, "TotalSegments": segments}
            while not stop.is_set():
                page = self._page(request)
                if page["Items"] and not _offer(found, page["Items"], stop):
                    return
                last = page.get("LastEvaluatedKey")
                if not last:
                    break
                request["ExclusiveStartKey"] = last
        except BaseException as error:  # noqa: BLE001 - raised again where the pages are consumed
            outcome = error
        _offer(found, outcome, stop)

    def _page(self, request: dict[str, Any]) -> dict[str, Any]:
        for _ in self._backoff.tries():
            try:
                return _raw_scan(self._client, request)
            except ClientError as error:
                if error_code(error) not in THROTTLING:
                    raise translate(error, f"table {self._table}") from error
            except BotoCoreError as error:
                raise translate(error, f"table {self._table}") from error
        raise Busy(f"table {self._table} is throttled", hint="try again in a minute")


def segments_for(client: DynamoDBClient, table: str) -> int:
    """As many as the table's size is worth; DynamoDB updates what it says of that every six hours."""
    with translated(f"table {table}"):
        size = client.describe_table(TableName=table)["Table"].get("TableSizeBytes", 0)
    return max(1, min(MOST_SEGMENTS, 1 + size // SEGMENT_BYTES))


def _offer(found: queue.Queue[Any], what: Any, stop: threading.Event) -> bool:
    """Waits for room, unless nobody listens any more."""
    while not stop.is_set():
        try:
            found.put(what, timeout=_STOP_LOOKS)
        except queue.Full:
            continue
        return True
    return False


def _raw_scan(client: DynamoDBClient, request: dict[str, Any]) -> dict[str, Any]:
    # First, because others may take the items out as well; a second time changes nothing.
    client.meta.events.register_first("before-parse.dynamodb.Scan", _keep_raw, unique_id="bbws-access-raw-scan")
    _here.raw = True
    try:
        return dict(client.scan(**request))
    finally:
        _here.raw = False


def _keep_raw(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Takes the items out of an answer before botocore parses it; other callers' answers are left alone."""
    if not getattr(_here, "raw", False) or response_dict["status_code"] != 200:
        return
    try:
        answer = json.loads(response_dict["body"])
        customized_response_dict["Items"] = answer.pop("Items")
    except (ValueError, KeyError, AttributeError):
        return  # the parser knows what to say of it
    response_dict["body"] = json.dumps(answer).encode()
