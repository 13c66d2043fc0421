"""What was written through a table, or would have been: what a command says of itself comes from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bbws_access.keys import EVENT_PREFIX, Keys
from bbws_access.store.codec import decode
from bbws_access.store.table import Item, Page, Query, Table
from bbws_access.store.writes import Check, Delete, DeleteTyped, Put, PutTyped, Update, UpdateTyped, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(slots=True)
class Journal:
    """Transactions in their order, and, in words, effects outside the table."""

    transactions: list[Sequence[Write]] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    @property
    def events(self) -> list[Mapping[str, Any]]:
        """The audit events of the changes: each says what it was before and is after."""
        puts = (write for writes in self.transactions for write in writes if isinstance(write, Put))
        return [put.item for put in puts if str(put.item["SK"]).startswith(EVENT_PREFIX)]


class JournalledTable(Table):
    """A table whose transactions are noted once they are written."""

    def __init__(self, table: Table, journal: Journal) -> None:
        self._inner = table
        self._journal = journal
        self.name = table.name

    @property
    def client(self) -> DynamoDBClient:
        return self._inner.client

    def put_new(self, item: Item) -> None:
        self._inner.put_new(item)

    def get(self, key: Keys) -> Item | None:
        return self._inner.get(key)

    def get_many(self, keys: Iterable[Keys]) -> list[Item]:
        return self._inner.get_many(keys)

    def query(self, query: Query) -> Page:
        return self._inner.query(query)

    def transact(self, writes: Sequence[Write]) -> None:
        self._inner.transact(writes)
        self._journal.transactions.append(tuple(writes))


def key_of(write: Write) -> Keys:
    """Of the item that is written, or looked at."""
    found: Mapping[str, Any]
    match write:
        case PutTyped():
            found = decode({name: write.item[name] for name in ("PK", "SK")})
        case UpdateTyped():
            found = decode({name: write.before[name] for name in ("PK", "SK")})
        case DeleteTyped():
            found = decode(write.key)
        case Put():
            found = write.item
        case _:
            found = write.key
    return {"PK": str(found["PK"]), "SK": str(found["SK"])}


def write_data(write: Write) -> dict[str, Any] | None:
    """The write as plain data; ``None`` for a check, which writes nothing."""
    key = key_of(write)
    match write:
        case Put():
            return {"put": key, "attributes": {n: v for n, v in write.item.items() if n not in key}}
        case Update():
            parts = {"set": dict(write.assign), "add": dict(write.add), "remove": list(write.remove)}
            return {"update": key, **{name: part for name, part in parts.items() if part}}
        case Delete():
            return {"delete": key}
        case Check():
            return None
        case PutTyped():
            return {"put": key}
        case UpdateTyped():
            return {"update": key}
        case DeleteTyped():
            return {"delete": key}
