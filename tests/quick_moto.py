"""What moto spends most of a test's time on, done with less.

It copies the whole table for each write of a transaction, to be able to undo it: what is written to would do. It looks
for each type that an attribute's value might have under every name that the type might have. It makes an RSA key for
each key of KMS, also for those that need none.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core import serialize
from moto.dynamodb import models
from moto.kms import utils as kms


class _Undo:
    """What one transaction may have to bring back: the table once, sharing the items that it does not write to."""

    def __init__(self, writes: list[dict[str, Any]]) -> None:
        written = [write.get("Key") or write.get("Item") or {} for each in writes for write in each.values()]
        self._written = {(key["PK"]["S"], key["SK"]["S"]) for key in written}
        self._copies: dict[int, models.Table] = {}

    def copy(self, table: models.Table) -> models.Table:
        if id(table) not in self._copies:
            rows = ((pk, sk, item) for pk, row in table.items.items() for sk, item in row.items())
            shared: dict[int, Any] = {
                id(item): item for pk, sk, item in rows if (pk.value, sk.value) not in self._written
            }
            if table.stream_shard is not None:
                shared |= {id(record): record for record in table.stream_shard.items}
            self._copies[id(table)] = copy.deepcopy(table, shared)
        return self._copies[id(table)]


_TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"})
"""The members of an attribute's value, of which it has one."""


@contextmanager
def quick_moto() -> Iterator[None]:
    """Meanwhile moto is as quick as it can be."""
    pick, generate = serialize.AttributePicker.__call__, kms.rsa.generate_private_key

    def quick_pick(self: serialize.AttributePicker, context: serialize.AttributePickerContext) -> Any:
        value = context.obj
        if type(value) is dict and len(value) == 1 and value.keys() <= _TYPES:
            return value.get(context.key)
        return pick(self, context)

    with pytest.MonkeyPatch.context() as patched, _cheap_transactions():
        patched.setattr(serialize.AttributePicker, "__call__", quick_pick)
        patched.setattr(kms, "rsa", SimpleNamespace(generate_private_key=cache(generate)))
        yield


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
