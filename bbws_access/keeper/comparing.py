"""Two tables against each other: what is in one and not in the other, and what is otherwise there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bbws_access.keeper.kinds import entity_name
from bbws_access.keeper.lines import key_of, line_of, read_line, sort_key
from bbws_access.keeper.sorting import Sorter
from bbws_access.store.scan import Scan

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHOWN: Final = 100


@dataclass(slots=True)
class EntityDifference:
    """Of one entity: items that only one of the tables has, or that differ."""

    first: int = 0
    second: int = 0
    only_first: int = 0
    only_second: int = 0
    different: int = 0


@dataclass(slots=True)
class Comparison:
    """``shown`` holds the first hundred keys, each with ``only_first``, ``only_second`` or ``different``."""

    entities: dict[str, EntityDifference] = field(default_factory=dict)
    shown: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return not any(e.only_first or e.only_second or e.different for e in self.entities.values())


def compare(client: DynamoDBClient, first: str, second: str, progress: Callable[[int], None]) -> Comparison:
    """In constant memory; a table that is written to meanwhile differs by that as well."""
    found = Comparison()
    with Sorter() as a, Sorter() as b:
        counts = [_read(client, table, sorter, progress) for table, sorter in ((first, a), (second, b))]
        for name in sorted({*counts[0], *counts[1]}):
            found.entities[name] = EntityDifference(first=counts[0][name], second=counts[1][name])
        for what, line in _differences(a.lines(), b.lines()):
            item = read_line(line)
            entity = found.entities[entity_name(item)]
            setattr(entity, what, getattr(entity, what) + 1)
            if len(found.shown) < SHOWN:
                found.shown.append((what, *key_of(item)))
    return found


def _read(client: DynamoDBClient, table: str, sorter: Sorter, progress: Callable[[int], None]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for page in Scan(client, table).pages():
        for item in page:
            counts[entity_name(item)] += 1
            sorter.add(line_of(item))
        progress(len(page))
    return counts


def _differences(a: Iterator[bytes], b: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    mine, theirs = next(a, None), next(b, None)
    while mine is not None or theirs is not None:
        if mine == theirs:
            mine, theirs = next(a, None), next(b, None)
            continue
        own, other = _place(mine), _place(theirs)
        if other is None or (own is not None and own < other):
            yield "only_first", mine or b""
            mine = next(a, None)
        elif own is None or other < own:
            yield "only_second", theirs or b""
            theirs = next(b, None)
        else:
            yield "different", mine or b""
            mine, theirs = next(a, None), next(b, None)


def _place(line: bytes | None) -> bytes | None:
    return None if line is None else sort_key(read_line(line))
