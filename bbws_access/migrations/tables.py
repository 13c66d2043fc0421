"""The two tables of a migration, read and written in typed form; throttling is waited out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bbws_access.aws_errors import translated
from bbws_access.backoff import Backoff
from bbws_access.errors import Busy, NotFound
from bbws_access.keys import Keys
from bbws_access.migrations.rate import TokenBucket
from bbws_access.migrations.wire import Attributes, KeyPair, key_of, pair
from bbws_access.store.quick_parse import parse_quickly
from bbws_access.store.table import MAX_BATCH_GET, MAX_TRANSACTION, Item, Page, Query, Table
from bbws_access.store.writes import Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

MAX_REQUEST_BYTES: Final = 3_500_000
"""Of items in one transaction: DynamoDB takes 4 MB, and names of conditions count as well."""

_PATIENT: Final = Backoff(attempts=20, first=0.05, longest=5.0)


def patiently(call: Callable[[], T], backoff: Backoff = _PATIENT) -> T:
    """What ``call`` returns, once the table is not throttled any more; raises ``Busy`` where that does not end."""
    for _ in backoff.tries():
        try:
            return call()
        except Busy as busy:
            last = busy
    raise last


class PatientTable(Table):
    """For the migrations' own records: a run of hours must not end because one small write was throttled."""

    def get(self, key: Keys) -> Item | None:
        return patiently(lambda: Table.get(self, key))

    def get_many(self, keys: Iterable[Keys]) -> list[Item]:
        wanted = list(keys)
        return patiently(lambda: Table.get_many(self, wanted))

    def query(self, query: Query) -> Page:
        return patiently(lambda: Table.query(self, query))

    def transact(self, writes: Sequence[Write]) -> None:
        patiently(lambda: Table.transact(self, writes))


@dataclass
class Meter:
    """What was consumed, by estimate; added to by all workers."""

    write_units: int = 0
    index_units: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, table: int, indexes: int) -> None:
        with self._lock:
            self.write_units += table
            self.index_units += indexes


@dataclass(frozen=True, slots=True)
class ScanPage:
    """``items`` passed the filter, ``looked_at`` were read for it; ``last`` is ``None`` at the end."""

    items: list[Attributes]
    count: int
    looked_at: int
    last: Attributes | None


class Source:
    """A table that is only read."""

    def __init__(self, client: DynamoDBClient, name: str, backoff: Backoff = _PATIENT) -> None:
        self._client = parse_quickly(client)
        self.name = name
        self._backoff = backoff

    def require(self) -> None:
        """Raises :class:`NotFound` where there is no such table."""
        try:
            self._patiently(lambda: self._client.describe_table(TableName=self.name))
        except NotFound:
            raise NotFound(f"there is no table {self.name} to migrate from", hint="name it with --from TABLE") from None

    def pages(
        self,
        segment: int,
        segments: int,
        start_after: Attributes | None = None,
        *,
        consistent: bool = True,
        **more: Any,
    ) -> Iterator[ScanPage]:
        """One segment of ``segments``; ``more`` goes into the request."""
        request: dict[str, Any] = {"TableName": self.name, "ConsistentRead": consistent, **more}
        request |= {"Segment": segment, "TotalSegments": segments}
        while True:
            if start_after is not None:
                request["ExclusiveStartKey"] = start_after
            answer = self._patiently(lambda: self._client.scan(**request))
            start_after = answer.get("LastEvaluatedKey")
            items: Any = answer.get("Items", [])
            yield ScanPage(items, int(answer["Count"]), int(answer["ScannedCount"]), start_after)
            if start_after is None:
                return

    def get_many(self, wanted: Iterable[KeyPair]) -> dict[KeyPair, Attributes]:
        """The items that exist, read consistently."""
        found: dict[KeyPair, Attributes] = {}
        keys = list(dict.fromkeys(wanted))
        for start in range(0, len(keys), MAX_BATCH_GET):
            found |= self._get_batch([key_of(k) for k in keys[start : start + MAX_BATCH_GET]])
        return found

    def _get_batch(self, rest: Any) -> dict[KeyPair, Attributes]:
        found: dict[KeyPair, Attributes] = {}
        for _ in self._backoff.tries():
            request: Any = {self.name: {"Keys": rest, "ConsistentRead": True}}
            answer: Any = self._patiently(partial(self._client.batch_get_item, RequestItems=request))
            found.update((pair(item), item) for item in answer["Responses"].get(self.name, []))
            rest = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if not rest:
                return found
        raise Busy(f"table {self.name} is throttled", hint="run it again: it goes on where it was")

    def _patiently(self, call: Callable[[], T]) -> T:
        def translating() -> T:
            with translated(f"table {self.name}"):
                return call()

        return patiently(translating, self._backoff)


class Target(Source):
    """A table that is written, at no more than ``rate`` capacity units a second.

    ``may_write`` is called before each write and raises where this run must write no more.
    """

    def __init__(
        self, client: DynamoDBClient, name: str, rate: TokenBucket | None = None, backoff: Backoff = _PATIENT
    ) -> None:
        super().__init__(client, name, backoff)
        self._table = Table(client, name)
        self._rate = rate or TokenBucket.unlimited()
        self.meter = Meter()
        self.may_write: Callable[[], None] = _always

    def query(self, query: Query) -> Iterator[Item]:
        """Every item, decoded; throttling is waited out page by page."""
        page = self._patiently(lambda: self._table.query(query))
        yield from page.items
        while page.last is not None:
            following = replace(query, start_after=page.last)
            page = self._patiently(partial(self._table.query, following))
            yield from page.items

    def transact(self, writes: Sequence[Write], table_units: int = 0, index_units: int = 0) -> None:
        """All or none; raises as ``Table.transact``. The units are what it is going to consume.

        A try whose answer was lost may have been carried out: the next one's conditions then say so.
        """
        self._rate.take(table_units + index_units)

        def attempt() -> None:
            self.may_write()
            self._table.transact(writes)

        self._patiently(attempt)
        self.meter.count(table_units, index_units)


def _always() -> None: ...


def batches(things: Iterable[T], extent: Callable[[T], tuple[int, int]]) -> Iterator[list[T]]:
    """Things whose writes fit into one transaction; ``extent`` says how many writes and bytes each has."""
    batch: list[T] = []
    writes = bytes_ = 0
    for thing in things:
        more_writes, more_bytes = extent(thing)
        if batch and (writes + more_writes > MAX_TRANSACTION or bytes_ + more_bytes > MAX_REQUEST_BYTES):
            yield batch
            batch, writes, bytes_ = [], 0, 0
        batch.append(thing)
        writes += more_writes
        bytes_ += more_bytes
    if batch:
        yield batch
