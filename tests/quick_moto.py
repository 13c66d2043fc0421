"""What moto spends most of a test's time on, done with less.

It copies the whole table for each write of a transaction, to be able to undo it: what is written to would do. It looks
for each type that an attribute's value might have under every name that the type might have. It makes an RSA key for
each key of KMS, also for those that need none. It asks seven times what a value is before it takes it for a text,
weighs the whole item for each attribute that it adds, and orders the table by such values for each query of an index.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core import serialize
from moto.dynamodb import models
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.kms import utils as kms


class _Undo:
    """What one transaction may have to bring back: the table once, sharing the items that it does not write to."""

    def __init__(self, writes: list[dict[str, Any]]) -> None:
        written = [write.get("Key") or write.get("Item") or {} for each in writes for write in each.values()]
        self._written = {(key["PK"]["S"], key["SK"]["S"]) for key in written}
        self._copies: dict[int, models.Table] = {}

    def copy(self, table: models.Table) -> models.Table:
        if id(table) not in self._copies:
            self._copies[id(table)] = self._copy(table)
        return self._copies[id(table)]

    def _copy(self, table: models.Table) -> models.Table:
        kept = copy.copy(table)
        kept.items = defaultdict(dict, {pk: dict(row) for pk, row in table.items.items()})
        for row in kept.items.values():
            for sk, item in row.items():
                if (item.hash_key.value, sk.value) in self._written:
                    row[sk] = copy.deepcopy(item)
        if table.stream_shard is not None:
            kept.stream_shard = copy.copy(table.stream_shard)
            kept.stream_shard.table = kept
            kept.stream_shard.items = list(table.stream_shard.items)
        return kept


_TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"})
"""The members of an attribute's value, of which it has one."""


_HEAVIEST = 405_000
"""Bytes of an item, as moto counts them."""


@contextmanager
def quick_moto() -> Iterator[None]:
    """Meanwhile moto is as quick as it can be."""
    cast_value: Any = DynamoType.cast_value.fget  # type: ignore[attr-defined]
    pick, generate = serialize.AttributePicker.__call__, kms.rsa.generate_private_key

    def quick_pick(self: serialize.AttributePicker, context: serialize.AttributePickerContext) -> Any:
        value = context.obj
        if type(value) is dict and len(value) == 1 and value.keys() <= _TYPES:
            return value.get(context.key)
        return pick(self, context)

    def quick_value(self: DynamoType) -> Any:
        return self.value if self.type == "S" else cast_value(self)

    def quick_order(self: models.Table) -> list[Item]:
        found = (item for row in self.items.values() for item in row.values())
        return sorted(found, key=lambda item: (item.hash_key.value, item.range_key.value))

    with pytest.MonkeyPatch.context() as patched, _cheap_transactions():
        patched.setattr(DynamoType, "cast_value", property(quick_value))
        patched.setattr(models.Table, "all_items", quick_order)
        patched.setattr(LimitedSizeDict, "__setitem__", _weighed)
        patched.setattr(serialize.AttributePicker, "__call__", quick_pick)
        patched.setattr(kms, "rsa", SimpleNamespace(generate_private_key=cache(generate)))
        yield


def _weighed(self: LimitedSizeDict, name: str, value: Any) -> None:
    """Adds up what was ever added, and weighs what is there only when that becomes too much."""
    self.added = getattr(self, "added", 0) + _bytes(name) + _bytes(value)
    if self.added > _HEAVIEST:
        self.added = sum(_bytes(part) for part in [*self.keys(), *self.values(), name, value])
        if self.added > _HEAVIEST:
            raise ItemSizeTooLarge
    dict.__setitem__(self, name, value)


def _bytes(part: Any) -> int:
    return part.size() if isinstance(part, DynamoType) else len(str(part).encode())


@contextmanager
def _cheap_transactions() -> Iterator[None]:
    """Transactions copy no more than they need."""
    transact = models.DynamoDBBackend.transact_write_items
    under_way: list[_Undo] = []

    def deepcopy(found: Any, *more: Any) -> Any:
        if under_way and isinstance(found, models.Table):
            return under_way[-1].copy(found)
        return copy.deepcopy(found, *more)

    def noted(self: models.DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        under_way.append(_Undo(transact_items))
        try:
            transact(self, transact_items)
        finally:
            under_way.pop()

    before = models.copy
    models.copy = SimpleNamespace(deepcopy=deepcopy)  # type: ignore[assignment]
    models.DynamoDBBackend.transact_write_items = noted  # type: ignore[method-assign]
    try:
        yield
    finally:
        models.copy = before
        models.DynamoDBBackend.transact_write_items = transact  # type: ignore[method-assign]
