"""Writing many items, each under its condition, in transactions as large as DynamoDB takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from bbws_access.aws_errors import THROTTLING, error_code, translate
from bbws_access.backoff import Backoff
from bbws_access.errors import Busy
from bbws_access.store.codec import Attributes, to_request
from bbws_access.store.conditions import Condition, condition_request
from bbws_access.store.table import MAX_TRANSACTION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_BYTES: Final = 3_500_000
"""Of a transaction; DynamoDB takes 4 MB, and an item is smaller than its JSON."""

_PATIENCE: Final = Backoff(attempts=30, first=0.05, longest=5.0)
_LOST: Final = "ConditionalCheckFailed"
_AGAIN: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
)


class _Put(NamedTuple):
    item: Attributes
    what: str
    request: dict[str, Any]


class Loader:
    """Collects items, writes them when there are enough, and remembers those whose condition did not hold."""

    def __init__(self, client: DynamoDBClient, table: str, backoff: Backoff | None = None) -> None:
        self._client = client
        self._table = table
        self._backoff = backoff or _PATIENCE
        self._held: list[_Put] = []
        self._size = 0
        self._lost: list[tuple[Attributes, str]] = []

    def put(self, item: Attributes, size: int, condition: Condition, what: str = "") -> None:
        """``item`` in DynamoDB's own JSON, of about ``size`` bytes; ``what`` is for whoever hears that it lost."""
        if self._held and (len(self._held) == MAX_TRANSACTION or self._size + size > MOST_BYTES):
            self._write()
        request = {"TableName": self._table, "Item": to_request(item), **condition_request(condition)}
        self._held.append(_Put(item, what, request))
        self._size += size

    def lost(self) -> list[tuple[Attributes, str]]:
        """Items that were not written since the last call, because another is there by now."""
        found, self._lost = self._lost, []
        return found

    def finish(self) -> list[tuple[Attributes, str]]:
        """Writes the rest; as :meth:`lost`. Raises :class:`Busy` when throttling does not end."""
        self._write()
        return self.lost()

    def _write(self) -> None:
        """One transaction; those of it that lose are taken out, and the others tried again."""
        puts, self._held, self._size = self._held, [], 0
        for _ in self._backoff.tries():
            if not puts:
                return
            losing = self._tried(puts)
            while losing:
                for index in losing:
                    if not self._is_there(puts[index].item):
                        self._lost.append((puts[index].item, puts[index].what))
                puts = [put for index, put in enumerate(puts) if index not in losing]
                if not puts:
                    return
                losing = self._tried(puts)
            if losing is None:
                return
        raise Busy(f"table {self._table} is throttled", hint="run this again: it goes on where it was")

    def _tried(self, puts: list[_Put]) -> set[int] | None:
        """``None`` where all were written, the places of those that lost, none where trying again may help."""
        requests: Any = [{"Put": put.request} for put in puts]
        try:
            self._client.transact_write_items(TransactItems=requests)
        except self._client.exceptions.TransactionCanceledException as canceled:
            reasons = [str(r.get("Code", "None")) for r in canceled.response.get("CancellationReasons", [])]
            lost = {index for index, reason in enumerate(reasons) if reason == _LOST}
            if not lost and not _AGAIN.intersection(reasons):
                raise translate(canceled, f"table {self._table}") from canceled
            return lost
        except ClientError as error:
            if error_code(error) not in THROTTLING:
                raise translate(error, f"table {self._table}") from error
            return set()
        except BotoCoreError as error:
            raise translate(error, f"table {self._table}") from error
        return None

    def _is_there(self, item: Attributes) -> bool:
        """Whether just this item is in the table: a try whose answer was lost has written it."""
        request = to_request(item)
        key = {"PK": request["PK"], "SK": request["SK"]}
        for _ in self._backoff.tries():
            try:
                found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
            except ClientError as error:
                if error_code(error) not in THROTTLING:
                    raise translate(error, f"table {self._table}") from error
                continue
            return found is not None and _same(found, request)
        raise Busy(f"table {self._table} is throttled", hint="run this again: it goes on where it was")


def _same(found: Any, wanted: Any) -> bool:
    return bool(_comparable(found) == _comparable(wanted))


def _comparable(value: Any) -> Any:
    match value:
        case {"SS": content} | {"NS": content} | {"BS": content}:
            return sorted(bytes(v) if not isinstance(v, str) else v for v in content)
        case dict():
            return {k: _comparable(v) for k, v in value.items()}
        case list():
            return [_comparable(v) for v in value]
        case _:
            return value
