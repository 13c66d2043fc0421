"""Bringing a backup into a table: a new one, an empty one, or on request one that is in use.

Backup and table are walked side by side in the order of their keys, so that what is there already is
known before anything is written. Every write is conditional on what was found; nothing is deleted. A
restore that was killed goes on when it is run again: what it had written is there, and the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bbws_access.errors import Refused
from bbws_access.keeper import kinds
from bbws_access.keeper.archive import Archive
from bbws_access.keeper.guards import guard_of
from bbws_access.keeper.kinds import kind_of
from bbws_access.keeper.lines import key_of, line_of, read_line, sort_key
from bbws_access.keeper.loading import Loader
from bbws_access.keeper.records import holder_key, load
from bbws_access.keeper.sorting import Sorter
from bbws_access.keys import Keys
from bbws_access.store.codec import Attributes, decode_raw
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.scan import Scan
from bbws_access.store.table import MAX_BATCH_GET, Item, Table
from bbws_access.store.writes import ABSENT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHOWN: Final = 1000
"""Of what needs a person: so many are kept by key, all are counted."""

_COUNTS: Final = ("memberCount", "leadCount", "userCount")
"""They follow from other records, and stay what they are in the table."""


class Fate(StrEnum):
    """What becomes of an item of the backup."""

    RESTORED = "restored"
    """It was not in the table."""
    UPDATED = "updated"
    """The table had an older one."""
    IDENTICAL = "identical"
    NEWER = "newer"
    """The table has a newer one, which stays."""
    CONFLICT = "conflict"
    """Which is newer cannot be told, or it changed meanwhile: the table's stays."""
    WITHHELD = "withheld"
    """A role assignment that the table does not have: it may have been revoked since."""
    RELEASED = "released"
    """The guard of a name or an address that its holder has given up since: others may have it."""


@dataclass(slots=True)
class Outcome:
    """How many of each, and the keys of those that a person should look at."""

    counts: Counter[Fate] = field(default_factory=Counter)
    shown: list[tuple[Fate, str, str]] = field(default_factory=list)

    def add(self, fate: Fate, item: Attributes) -> None:
        self.counts[fate] += 1
        if fate in {Fate.CONFLICT, Fate.WITHHELD} and len(self.shown) < SHOWN:
            self.shown.append((fate, *key_of(item)))

    def take_back(self, lost: list[tuple[Attributes, str]]) -> None:
        """Somebody else was first with these: theirs stays."""
        for item, fate in lost:
            self.counts[Fate(fate)] -= 1
            self.add(Fate.CONFLICT, item)

    @property
    def complete(self) -> bool:
        """Whether nothing is left for a person."""
        return not self.counts[Fate.CONFLICT] and not self.counts[Fate.WITHHELD]


class _Pair(NamedTuple):
    """The same key on both sides; ``there`` is ``None`` where the table has no such item."""

    line: bytes
    item: Attributes
    there: bytes | None


class Restorer:
    """Writes checked backups into one table."""

    def __init__(self, client: DynamoDBClient, table: str, *, segments: int | None = None) -> None:
        self._client = client
        self._table = table
        self._segments = segments

    def restore(self, archive: Archive, progress: Callable[[int], None]) -> Outcome:
        """Into a table that is empty, or holds nothing but what an earlier try wrote.

        Raises :class:`Refused` (``TABLE_NOT_EMPTY``) where there is anything else in it, before anything is
        written, and what reading and writing a table raise.
        """
        with Sorter() as sorter:
            self._read_table(sorter)
            foreign = sum(1 for _ in _foreign(archive, sorter))
            if foreign:
                raise Refused(
                    f"table {self._table} is not empty: {foreign} of its items are not those of the backup",
                    code="TABLE_NOT_EMPTY",
                    hint="restore into a new table with --into, or add what is missing with --merge",
                )
            return self._write(archive, sorter, progress, lambda pair: (Fate.RESTORED, pair.item, ABSENT))

    def merge(self, archive: Archive, progress: Callable[[int], None], *, with_assignments: bool = False) -> Outcome:
        """Into a table in use: adds what it lacks, and replaces what is older there.

        What is newer is told by ``version``, then by ``dateLastUpdated``. Role assignments that the table does not
        have are withheld unless asked for: revoking one deletes it, and nothing must bring it back unseen.
        """

        with Sorter() as sorter, Sorter() as guards:

            def fate(pair: _Pair) -> _Verdict | None:
                if pair.there is None and _guards(pair.item) is not None:
                    guards.add(pair.line)  # once its holder is there it shows who has the name
                    return None
                return _merged(pair, with_assignments=with_assignments)

            self._read_table(sorter)
            outcome = self._write(archive, sorter, progress, fate)
            self._put_guards(guards.lines(), outcome)
            return outcome

    def _read_table(self, sorter: Sorter) -> None:
        for page in Scan(self._client, self._table, segments=self._segments).pages():
            for item in page:
                sorter.add(line_of(item))

    def _write(
        self,
        archive: Archive,
        sorter: Sorter,
        progress: Callable[[int], None],
        fate: Callable[[_Pair], _Verdict | None],
    ) -> Outcome:
        outcome = Outcome()
        loader = Loader(self._client, self._table)
        for pair in _side_by_side(archive, sorter):
            verdict = (Fate.IDENTICAL, pair.item, None) if pair.line == pair.there else fate(pair)
            progress(1)
            if verdict is None:
                continue
            what, item, condition = verdict
            outcome.add(what, item)
            if condition is not None:
                loader.put(item, len(pair.line), condition, what)
            outcome.take_back(loader.lost())
        outcome.take_back(loader.finish())
        return outcome

    def _put_guards(self, lines: Iterator[bytes], outcome: Outcome) -> None:
        """Those whose holder still has the name: a merge must not take from others what was given up."""
        table, loader = Table(self._client, self._table), Loader(self._client, self._table)
        while some := list(islice(lines, MAX_BATCH_GET)):
            guards = [read_line(line) for line in some]
            wanted = [_holder_of(guard) for guard in guards]
            holders = {(item["PK"], item["SK"]): item for item in table.get_many(wanted)}
            for line, guard, holder in zip(some, guards, wanted, strict=True):
                if _is_held(guard, holders.get((holder["PK"], holder["SK"]))):
                    outcome.add(Fate.RESTORED, guard)
                    loader.put(guard, len(line), ABSENT, Fate.RESTORED)
                else:
                    outcome.add(Fate.RELEASED, guard)
            outcome.take_back(loader.lost())
        outcome.take_back(loader.finish())


_Verdict = tuple[Fate, Attributes, Condition | None]
"""The fate of an item, the item to write, and the condition under which; ``None`` where nothing is written."""


def _side_by_side(archive: Archive, sorter: Sorter) -> Iterator[_Pair]:
    """Each item of the backup with the table's of the same key."""
    there = sorter.lines()
    line = next(there, None)
    for own, item in archive.items():
        place = sort_key(item).removesuffix(b"}}\n")  # how every line of this key begins
        while line is not None and line < own and not line.startswith(place):
            line = next(there, None)
        if line is not None and line.startswith(place):
            yield _Pair(own, item, line)
            line = next(there, None)
        else:
            yield _Pair(own, item, None)


def _foreign(archive: Archive, sorter: Sorter) -> Iterator[bytes]:
    """Lines of the table that the backup does not hold."""
    own = (line for line, _ in archive.items())
    mine = next(own, None)
    for line in sorter.lines():
        while mine is not None and mine < line:
            mine = next(own, None)
        if mine != line:
            yield line


def _merged(pair: _Pair, *, with_assignments: bool) -> _Verdict:
    item = pair.item
    kind = kind_of(*key_of(item))
    if pair.there is None:
        if kind is kinds.ASSIGNMENT and not with_assignments:
            return Fate.WITHHELD, item, None
        return Fate.RESTORED, item, ABSENT
    there = read_line(pair.there)
    if _without_counts(item) == _without_counts(there):
        return Fate.IDENTICAL, item, None
    mine, theirs = decode_raw(item), decode_raw(there)
    by = _told_apart_by(mine, theirs)
    if by is None:
        return Fate.CONFLICT, item, None
    if mine[by] < theirs[by]:
        return Fate.NEWER, item, None
    kept: Attributes = {name: there[name] for name in _COUNTS if name in there and name in item}
    unmoved: Condition = Attr(by).eq(theirs[by])
    for name in kept:
        unmoved &= Attr(name).eq(theirs[name])
    return Fate.UPDATED, {**item, **kept}, unmoved


def _guards(item: Attributes) -> str | None:
    """The attribute in which a guard names its holder; ``None`` for what is no guard."""
    kind = kind_of(*key_of(item))
    return kind.holder if kind is not None else None


def _holder_of(guard: Attributes) -> Keys:
    pk, sk = key_of(guard)
    named = guard.get(_guards(guard) or "", {}).get("S", "")
    return holder_key({"PK": pk, "SK": sk}, str(named))


def _is_held(guard: Attributes, holder: Item | None) -> bool:
    """Whether its holder has the name; one that cannot be read may have."""
    if holder is None:
        return False
    record = load(holder)
    if record is None:
        return True
    wanted = guard_of(record)
    return wanted is not None and (wanted.key["PK"], wanted.key["SK"]) == key_of(guard)


def _without_counts(item: Attributes) -> Attributes:
    return {name: value for name, value in item.items() if name not in _COUNTS}


def _told_apart_by(mine: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """The attribute that says which of the two is newer; a chain's head moves by its sequence."""
    for name, kind in (("version", int), ("dateLastUpdated", str), ("sequence", int)):
        a, b = mine.get(name), theirs.get(name)
        if isinstance(a, kind) and isinstance(b, kind) and a != b:
            return name
    return None
