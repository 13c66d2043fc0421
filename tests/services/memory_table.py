"""A table in memory for one writer, for tests that read thousands of events hundreds of times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from bbws_access.keys import Keys
from bbws_access.store.codec import decode, encode
from bbws_access.store.table import Item, Page, Query
from bbws_access.store.writes import Check, Delete, Put, Update, Write


class MemoryTable:
    """Knows puts, updates, gets and queries of the table itself. Conditions are not looked at."""

    name = "memory"

    def __init__(self) -> None:
        self.partitions: dict[str, dict[str, Item]] = {}

    def copy(self) -> MemoryTable:
        """What an item holds may be replaced in the copy, not changed."""
        twin = MemoryTable()
        twin.partitions = {pk: {sk: dict(item) for sk, item in items.items()} for pk, items in self.partitions.items()}
        return twin

    def get(self, key: Keys) -> Item | None:
        found = self.partitions.get(key["PK"], {}).get(key["SK"])
        return dict(found) if found is not None else None

    def query_all(self, query: Query) -> Iterator[Item]:
        if query.index is not None:
            yield from self.query(query).items
            return
        partition = self.partitions.get(query.partition, {})
        low, high = query.between or (query.begins_with or "", (query.begins_with or "") + "\U0010ffff")
        names = sorted(partition)
        for name in names[bisect_left(names, low) :]:
            if name > high:
                return
            # The only filter that is asked of the table itself is: not marked yet.
            if query.filter is None or "ttl" not in partition[name]:
                yield dict(partition[name])

    def query(self, query: Query) -> Page:
        """The first of a partition, of the table or of an index."""
        if query.index is None:
            return Page(list(self.query_all(query))[: query.limit], None)
        names = f"GSI{query.index}PK", f"GSI{query.index}SK"
        found = [i for p in self.partitions.values() for i in p.values() if i.get(names[0]) == query.partition]
        return Page(sorted(found, key=lambda item: str(item[names[1]]))[: query.limit], None)

    def write(self, write: Write) -> None:
        self.transact([write])

    def transact(self, writes: Sequence[Write]) -> None:
        for write in writes:
            match write:
                case Put(item):
                    stored = decode(encode(item))
                    self.partitions.setdefault(stored["PK"], {})[stored["SK"]] = stored
                case Update(key, assign, _, remove):
                    item: dict[str, Any] = self.partitions.setdefault(key["PK"], {}).setdefault(key["SK"], dict(key))
                    item.update(decode(encode(assign)))
                    for name in remove:
                        item.pop(name, None)
                case Delete(key):
                    self.partitions[key["PK"]].pop(key["SK"], None)
                case Check():
                    pass
