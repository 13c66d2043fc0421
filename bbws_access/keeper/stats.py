"""How much is in a table, and where: by entity, by organisation, in the largest items and partitions."""

from __future__ import annotations

import heapq
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from bbws_access.keeper.kinds import entity_name, organisation_of
from bbws_access.store.codec import Attributes

_OVERHEAD: Final = 3
"""Bytes of a list or map, and one for each of its elements; as the DynamoDB guide says of item sizes."""


@dataclass(slots=True)
class Amount:
    items: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        self.items += 1
        self.bytes += size


@dataclass(slots=True)
class Stats:
    """Sizes are of items, as DynamoDB counts them, without what indexes add.

    ``largest`` are size, PK, SK and entity; ``hottest`` are PK, items and bytes of a partition.
    """

    total: Amount = field(default_factory=Amount)
    entities: dict[str, Amount] = field(default_factory=dict)
    organisations: dict[str, Amount] = field(default_factory=dict)
    largest: list[tuple[int, str, str, str]] = field(default_factory=list)
    hottest: list[tuple[str, int, int]] = field(default_factory=list)


def take_stats(pages: Iterator[list[Attributes]], top: int, progress: Callable[[int], None]) -> Stats:
    """Partitions are counted in a temporary file, of which there may be as many as items."""
    found = Stats()
    entities: defaultdict[str, Amount] = defaultdict(Amount)
    organisations: defaultdict[str, Amount] = defaultdict(Amount)
    with closing(sqlite3.connect("")) as base:
        base.execute("CREATE TABLE partitions (pk TEXT PRIMARY KEY, items, bytes) WITHOUT ROWID")
        for page in pages:
            partitions: defaultdict[str, Amount] = defaultdict(Amount)
            for item in page:
                pk, sk, size, entity = item["PK"]["S"], item["SK"]["S"], item_size(item), entity_name(item)
                for amount in (found.total, entities[entity], organisations[organisation_of(pk)], partitions[pk]):
                    amount.add(size)
                entry = (size, pk, sk, entity)
                if len(found.largest) < top:
                    heapq.heappush(found.largest, entry)
                else:
                    heapq.heappushpop(found.largest, entry)
            base.executemany(
                "INSERT INTO partitions VALUES (?, ?, ?) ON CONFLICT (pk) DO UPDATE"
                " SET items = items + excluded.items, bytes = bytes + excluded.bytes",
                [(pk, amount.items, amount.bytes) for pk, amount in partitions.items()],
            )
            progress(len(page))
        query = "SELECT pk, items, bytes FROM partitions ORDER BY bytes DESC, pk LIMIT ?"
        found.hottest = list(base.execute(query, (top,)))
    found.largest.sort(reverse=True)
    found.entities, found.organisations = dict(entities), dict(organisations)
    return found


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes of an item in DynamoDB's own JSON, by the rules of its developer guide ("Item sizes and formats")."""
    return sum(len(name.encode("utf-8", "surrogatepass")) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode("utf-8", "surrogatepass"))
        case "N":
            return _number(content)
        case "B":
            return int(len(content) * 3 // 4 - content.count("="))
        case "BOOL" | "NULL":
            return 1
        case "L":
            return _OVERHEAD + sum(1 + _size(v) for v in content)
        case "M":
            return _OVERHEAD + sum(1 + len(k.encode("utf-8", "surrogatepass")) + _size(v) for k, v in content.items())
        case _:
            return sum(_size({kind[0]: v}) for v in content)


def _number(text: str) -> int:
    """A byte for two significant digits, and one more, or two where it is negative."""
    digits = text.lower().partition("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")
