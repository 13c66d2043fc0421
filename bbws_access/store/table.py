"""The table."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from bbws_access.aws_errors import error_code, translate, translated
from bbws_access.backoff import Backoff
from bbws_access.errors import AccessError, Busy, Conflict
from bbws_access.keys import Keys
from bbws_access.store.codec import decode, encode
from bbws_access.store.conditions import Attr, Condition, Placeholders
from bbws_access.store.schema import index_name
from bbws_access.store.writes import Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

MAX_TRANSACTION: Final = 100
"""Writes in one transaction; the limit of DynamoDB's TransactWriteItems."""

MAX_BATCH_GET: Final = 100
"""Keys in one request; the limit of DynamoDB's BatchGetItem."""

MAX_PARTITION_KEY: Final = 2048
MAX_SORT_KEY: Final = 1024
"""Bytes of a key's two parts, of the table and of its indexes; DynamoDB refuses to be asked for longer ones."""

BATCHES_AT_ONCE: Final = 4
"""Requests of one read that are under way at a time; a client keeps ten connections."""

_RETRIED_REASONS: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class ConditionFailed(Conflict):
    """A condition that carried no error of its own did not hold; ``index`` is its place among the writes."""

    def __init__(self, index: int) -> None:
        super().__init__("somebody else changed this at the same time", hint="look at it again and retry")
        self.index = index


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the table or to an index (1 to 5; ``None`` is the table itself).

    ``start_after`` is the position a previous :class:`Page` ended at.
    """

    partition: str
    index: int | None = None
    begins_with: str | None = None
    between: tuple[str, str] | None = None
    newest_first: bool = False
    limit: int | None = None
    start_after: Keys | None = None
    filter: Condition | None = None

    def request(self) -> dict[str, Any]:
        prefix = "" if self.index is None else index_name(self.index)
        condition = Attr(f"{prefix}PK").eq(self.partition)
        if self.begins_with is not None:
            condition &= Attr(f"{prefix}SK").begins_with(self.begins_with)
        elif self.between is not None:
            condition &= Attr(f"{prefix}SK").between(*self.between)
        placeholders = Placeholders()
        request: dict[str, Any] = {
            "KeyConditionExpression": condition.expression(placeholders),
            "ScanIndexForward": not self.newest_first,
        }
        if self.filter is not None:
            request["FilterExpression"] = self.filter.expression(placeholders)
        request |= placeholders.request()
        if prefix:
            request["IndexName"] = prefix
        else:
            request["ConsistentRead"] = True
        if self.limit is not None:
            request["Limit"] = self.limit
        if self.start_after is not None:
            request["ExclusiveStartKey"] = encode(self.start_after)
        return request


@dataclass(frozen=True, slots=True)
class Page:
    """Items, and where to go on; ``last`` is ``None`` at the end."""

    items: list[Item]
    last: Keys | None


class Table:
    """The single table, through a DynamoDB client that was handed in.

    Reads of the table are strongly consistent, those of an index cannot be. Nothing has a key that is
    longer than DynamoDB takes, or no text at all, and so nothing is found under it. AWS's errors are raised
    as the project's; conflicts and throttling are retried with backoff first.
    """

    def __init__(self, client: DynamoDBClient, name: str, backoff: Backoff | None = None) -> None:
        self._client = client
        self.name = name
        self._backoff = backoff or Backoff()

    @property
    def client(self) -> DynamoDBClient:
        """For work on the table as a whole, below its items."""
        return self._client

    def get(self, key: Keys) -> Item | None:
        if not _can_be(key["PK"], key["SK"]):
            return None
        with translated(f"table {self.name}"):
            found = self._client.get_item(TableName=self.name, Key=encode(key), ConsistentRead=True).get("Item")
        return decode(found) if found is not None else None

    def get_many(self, keys: Iterable[Keys]) -> list[Item]:
        """The items of ``keys`` that exist, in no order; of each only ``PK`` and ``SK`` are looked at.

        Raises :class:`Busy` when throttling does not end.
        """
        asked = dict.fromkeys((k["PK"], k["SK"]) for k in keys)
        wanted = [encode({"PK": pk, "SK": sk}) for pk, sk in asked if _can_be(pk, sk)]
        batches = [wanted[start : start + MAX_BATCH_GET] for start in range(0, len(wanted), MAX_BATCH_GET)]
        if len(batches) < 2:
            return self._get_batch(wanted) if wanted else []
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(len(batches), BATCHES_AT_ONCE)) as pool:
            return [item for found in pool.map(self._get_batch, batches) for item in found]

    def _get_batch(self, wanted: list[dict[str, Any]]) -> list[Item]:
        found: list[Item] = []
        for _ in self._backoff.tries():
            with translated(f"table {self.name}"):
                answer = self._client.batch_get_item(RequestItems={self.name: {"Keys": wanted, "ConsistentRead": True}})
            found.extend(decode(item) for item in answer["Responses"].get(self.name, []))
            unprocessed: Mapping[str, Any] = answer.get("UnprocessedKeys", {})
            wanted = list(unprocessed.get(self.name, {}).get("Keys", []))
            if not wanted:
                return found
        raise Busy(f"table {self.name} is throttled", hint="try again in a minute")

    def query(self, query: Query) -> Page:
        """One page; as many items as DynamoDB gives at once, at most ``query.limit``."""
        if not _can_be(query.partition, query.begins_with or ""):
            return Page([], None)
        with translated(f"table {self.name}"):
            answer = self._client.query(TableName=self.name, **query.request())
        last = answer.get("LastEvaluatedKey")
        return Page([decode(item) for item in answer["Items"]], decode(last) if last else None)

    def query_all(self, query: Query) -> Iterator[Item]:
        """Every page, one after the other."""
        while True:
            page = self.query(query)
            yield from page.items
            if page.last is None:
                return
            query = replace(query, start_after=page.last)

    def put_new(self, item: Item) -> None:
        """One plain put of an item whose key nothing has yet; tried as often as the client tries, no more.

        For what may get lost and must not wait; raises :class:`Conflict` where the key is taken.
        """
        unused = "attribute_not_exists(PK)"
        try:
            self._client.put_item(TableName=self.name, Item=encode(item), ConditionExpression=unused)
        except self._client.exceptions.ConditionalCheckFailedException as taken:
            raise ConditionFailed(0) from taken
        except (BotoCoreError, ClientError) as error:
            raise translate(error, f"table {self.name}") from error

    def write(self, write: Write) -> None:
        """One conditional write; see :meth:`transact`."""
        self.transact([write])

    def transact(self, writes: Sequence[Write]) -> None:
        """All of ``writes`` or none.

        Raises the ``otherwise`` of the first write whose condition did not hold, or
        :class:`ConditionFailed` where it has none; :class:`Busy` when the table stays contended.
        Retries carry one idempotency token, so that a lost answer cannot write twice.
        """
        if len(writes) > MAX_TRANSACTION:
            raise AccessError(f"{len(writes)} writes do not fit into one transaction of {MAX_TRANSACTION}")
        requests: Any = [_with_table(write, self.name) for write in writes]
        token = str(uuid.uuid4())
        for _ in self._backoff.tries():
            try:
                self._client.transact_write_items(TransactItems=requests, ClientRequestToken=token)
                return
            except self._client.exceptions.TransactionCanceledException as canceled:
                _raise_for_condition(canceled, writes)
            except ClientError as error:
                if error_code(error) != "TransactionInProgressException":
                    raise translate(error, f"table {self.name}") from error
            except BotoCoreError as error:
                raise translate(error, f"table {self.name}") from error
        raise Busy("the table stayed contended through every retry", hint="try again in a moment")


def _can_be(partition: str, sort: str) -> bool:
    """Whether an item may have such a key."""
    if partition.isascii() and sort.isascii():
        return len(partition) <= MAX_PARTITION_KEY and len(sort) <= MAX_SORT_KEY
    try:
        return len(partition.encode()) <= MAX_PARTITION_KEY and len(sort.encode()) <= MAX_SORT_KEY
    except UnicodeEncodeError:  # half of a character, as a terminal's bytes can leave one
        return False


def _with_table(write: Write, table: str) -> dict[str, Any]:
    ((kind, request),) = write.request().items()
    return {kind: {"TableName": table, **request}}


def _raise_for_condition(canceled: ClientError, writes: Sequence[Write]) -> None:
    """Returns only where a retry can help."""
    response: Mapping[str, Any] = canceled.response
    reasons = [str(r.get("Code", "None")) for r in response.get("CancellationReasons", [])]
    for index, (reason, write) in enumerate(zip(reasons, writes, strict=False)):
        if reason == "ConditionalCheckFailed":
            raise (write.otherwise or ConditionFailed(index)) from canceled
    if not _RETRIED_REASONS.intersection(reasons):
        raise translate(canceled, "the transaction") from canceled
