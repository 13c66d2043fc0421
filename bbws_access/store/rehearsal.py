"""A table that cannot be written: what is written stays in memory, where later reads find it.

A use case that reads what it wrote, or goes on in a second transaction, therefore takes the very path
that it would take. Conditions are judged as DynamoDB would, so that what would fail fails here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

from bbws_access.errors import AccessError, Refused
from bbws_access.keys import Keys
from bbws_access.store.codec import decode, encode
from bbws_access.store.conditions import holds
from bbws_access.store.journal import Journal, key_of
from bbws_access.store.schema import index_name
from bbws_access.store.table import MAX_TRANSACTION, ConditionFailed, Item, Page, Query, Table
from bbws_access.store.writes import Delete, DeleteTyped, Put, PutTyped, Update, UpdateTyped, Write

_Pair = tuple[str, str]

_KEY_ATTRIBUTES: Final = ("PK", "SK")


class RehearsalTable(Table):
    """Reads ``table``, and over it what was written here; holds no client, so that nothing can reach AWS."""

    def __init__(self, table: Table, journal: Journal) -> None:
        self._inner = table
        self._journal = journal
        self._written: dict[_Pair, Item | None] = {}
        self.name = table.name

    @property
    def client(self) -> NoReturn:
        """Raises :class:`Refused`: what goes past the table cannot be rehearsed."""
        raise Refused("this is a dry run: nothing is done beside the table", code="DRY_RUN")

    def put_new(self, item: Item) -> None:
        """What may get lost is not rehearsed."""

    def get(self, key: Keys) -> Item | None:
        pair = _pair(key)
        if pair in self._written:
            found = self._written[pair]
            return None if found is None else dict(found)
        return self._inner.get(key)

    def get_many(self, keys: Iterable[Keys]) -> list[Item]:
        pairs = list(dict.fromkeys(map(_pair, keys)))
        here = [self._written[pair] for pair in pairs if pair in self._written]
        there = [{"PK": pk, "SK": sk} for pk, sk in pairs if (pk, sk) not in self._written]
        return [dict(item) for item in here if item is not None] + (self._inner.get_many(there) if there else [])

    def query(self, query: Query) -> Page:
        """As the table would answer it; an index is up to date at once."""
        if not self._written:
            return self._inner.query(query)
        prefix = "" if query.index is None else index_name(query.index)
        everything = replace(query, limit=None, start_after=None, filter=None)
        read = (item for item in self._inner.query_all(everything) if _pair(item) not in self._written)
        here = (item for item in self._written.values() if item is not None and _answers(query, prefix, item))
        order = (f"{prefix}SK", *_KEY_ATTRIBUTES)
        items = sorted([*read, *here], key=lambda item: _place(item, order), reverse=query.newest_first)
        if query.start_after is not None:
            after = _place(query.start_after, order)
            items = [i for i in items if (_place(i, order) < after if query.newest_first else _place(i, order) > after)]
        seen = items if query.limit is None else items[: query.limit]
        last = None
        if len(seen) < len(items):
            names = {*_KEY_ATTRIBUTES, f"{prefix}PK", f"{prefix}SK"}
            last = {name: str(seen[-1][name]) for name in names}
        return Page([dict(item) for item in seen if holds(query.filter, item)], last)

    def transact(self, writes: Sequence[Write]) -> None:
        """Notes ``writes`` in the journal; raises as :meth:`Table.transact` would."""
        if len(writes) > MAX_TRANSACTION:
            raise AccessError(f"{len(writes)} writes do not fit into one transaction of {MAX_TRANSACTION}")
        keys = [key_of(write) for write in writes]
        if len({_pair(key) for key in keys}) < len(keys):
            raise AccessError("an item stands in a transaction once")
        there = {_pair(item): item for item in self.get_many(keys)}
        for index, (write, key) in enumerate(zip(writes, keys, strict=True)):
            if isinstance(write, PutTyped | UpdateTyped | DeleteTyped):
                raise Refused("this is a dry run: a whole table's items are not rehearsed", code="DRY_RUN")
            if not holds(write.condition, there.get(_pair(key))):
                raise write.otherwise or ConditionFailed(index)
        for write, key in zip(writes, keys, strict=True):
            if isinstance(write, Put | Update | Delete):
                self._written[_pair(key)] = _after(write, there.get(_pair(key)))
        self._journal.transactions.append(tuple(writes))


def _pair(key: Keys | Item) -> _Pair:
    return str(key["PK"]), str(key["SK"])


def _place(item: Keys | Item, order: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(item[name]) for name in order)


def _answers(query: Query, prefix: str, item: Item) -> bool:
    if item.get(f"{prefix}PK") != query.partition or f"{prefix}SK" not in item:
        return False
    sort = str(item[f"{prefix}SK"])
    if query.begins_with is not None:
        return sort.startswith(query.begins_with)
    return query.between is None or query.between[0] <= sort <= query.between[1]


def _after(write: Put | Update | Delete, before: Item | None) -> Item | None:
    """The item as it is read after the write."""
    match write:
        case Put():
            return decode(encode(write.item))
        case Delete():
            return None
        case Update():
            found: dict[str, Any] = {**(before or key_of(write)), **decode(encode(write.assign))}
            for name, amount in write.add.items():
                found[name] = found.get(name, 0) + amount
            return {name: value for name, value in found.items() if name not in write.remove}
