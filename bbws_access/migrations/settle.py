"""Writing what shall be into a target that others may be writing, too.

Every item that a migration writes carries a stamp, the digest of what was written. So of an item in the
target it can always be said whether it is still as the migration left it, and whether the source has
changed since. Nothing is written over unless it is the migration's own and nobody has touched it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bbws_access.backoff import Backoff
from bbws_access.errors import Busy
from bbws_access.migrations.outcomes import Migrated, Quarantined, Tally
from bbws_access.migrations.snapshot import Snapshot
from bbws_access.migrations.tables import Target, batches
from bbws_access.migrations.wire import Attributes, KeyPair, digest, is_untouched, key_of, pair, size, stamp_of, stamped
from bbws_access.store.table import ConditionFailed
from bbws_access.store.writes import DeleteTyped, PutTyped, UpdateTyped, Write

COMES_AND_GOES: Final = ("claim", "claimExpiresAt", "deactivatedWith", "emailError", "divisionId", "message")
"""Attributes that the services add to an item without changing another one that is there."""

GuardsOf = Callable[[Attributes], Sequence[Attributes]]

TakenAway = Callable[[Migrated], str | Quarantined | None]
"""Why something that is absent in the target must stay so, as a note or for a person; ``None`` where it may come."""


def nothing_was(_outcome: Migrated) -> None:
    """Of a target that this migration has not written to yet."""


class Verdict(Enum):
    """What a planned item and what stands in the target are to each other."""

    ABSENT = auto()
    SAME = auto()
    STALE = auto()  # as the migration left it, but the source has changed since
    MOVED_ON = auto()  # changed on the new platform, the source has not
    MERGED = auto()  # the platform's seed was there first, with the same thing
    FOREIGN = auto()  # somebody else's
    DIVERGED = auto()  # changed on both sides


def judge(planned: Migrated, found: Attributes | None, migration: int) -> Verdict:
    if found is None:
        return Verdict.ABSENT
    content, wrote = digest(found), stamp_of(found, migration)
    if wrote is None:
        if planned.mergeable:
            return Verdict.MERGED
        return Verdict.SAME if content == planned.digest else Verdict.FOREIGN
    if content == planned.digest:
        return Verdict.SAME
    if wrote == planned.digest:
        return Verdict.MOVED_ON
    return Verdict.STALE if wrote == content else Verdict.DIVERGED


_REASONS: Final = {
    Verdict.FOREIGN: "another record stands under its key in the target",
    Verdict.DIVERGED: "it was changed in the source and in the target since it was migrated",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """An item of the source with what shall become of it."""

    source: Attributes
    outcome: Migrated


class Settler:
    """Brings planned items into the target. ``quarantine`` is told what cannot come."""

    def __init__(
        self,
        target: Target,
        migration: int,
        guards_of: GuardsOf,
        quarantine: Callable[[Attributes, Quarantined], None],
        taken_away: TakenAway = nothing_was,
        backoff: Backoff | None = None,
    ) -> None:
        self._target = target
        self._migration = migration
        self._guards_of = guards_of
        self._quarantine = quarantine
        self._taken_away = taken_away
        self._backoff = backoff or Backoff()

    def copy(self, planned: Sequence[Planned], tally: Tally) -> None:
        """For a target that most likely has none of them: written first, looked at where that fails."""
        for batch in self._batches(planned):
            writes = [write for one in batch for write in self._new(one.outcome)]
            try:
                self._transact(writes, batch)
            except ConditionFailed:
                self.compare(batch, tally)
                continue
            tally.written += len(batch)
            for one in batch:
                tally.count_migrated(one.outcome)

    def compare(self, planned: Sequence[Planned], tally: Tally, snapshot: Snapshot | None = None) -> None:
        """For a target that most likely has all of them: looked at first, written where it differs.

        What ``snapshot`` holds just so is not looked at again.
        """
        if snapshot is not None:
            planned = self._counted_by(snapshot, planned, tally)
        there = self._there(planned)
        for batch in self._batches([one for one in planned if not self._counted(one, there, tally)]):
            self._write(batch, there, tally)

    def _counted_by(self, snapshot: Snapshot, planned: Sequence[Planned], tally: Tally) -> list[Planned]:
        """Counts what is as it shall be; returns the others."""
        left = []
        for one, held in zip(planned, snapshot.hold([one.outcome for one in planned]), strict=True):
            if held and not one.outcome.mergeable:
                tally.count_migrated(one.outcome)
            else:
                left.append(one)
        return left

    def pretend(self, planned: Sequence[Planned], tally: Tally) -> list[Planned]:
        """As :meth:`compare`, but writes nothing; returns what would be written."""
        there = self._there(planned)
        differing = [one for one in planned if not self._counted(one, there, tally)]
        tally.written += len(differing)
        for one in differing:
            tally.count_migrated(one.outcome)
        return differing

    def _there(self, planned: Sequence[Planned]) -> dict[KeyPair, Attributes]:
        return self._target.get_many(pair(item) for one in planned for item in (one.outcome.item, *one.outcome.guards))

    def _write(self, batch: list[Planned], there: Mapping[KeyPair, Attributes], tally: Tally) -> None:
        """Those that are still missing together, the others, and what somebody else moved meanwhile, singly."""
        if len(batch) > 1 and all(pair(one.outcome.item) not in there for one in batch):
            try:
                self._transact([write for one in batch for write in self._missing(one, there)], batch)
            except ConditionFailed:
                pass
            else:
                tally.written += len(batch)
                for one in batch:
                    tally.count_migrated(one.outcome)
                return
        for one in batch:
            self._redo(one, tally)

    def _redo(self, one: Planned, tally: Tally) -> None:
        """Reads anew and writes on the condition of what was read, until one of the two holds."""
        for _ in self._backoff.tries():
            there = self._target.get_many(pair(item) for item in (one.outcome.item, *one.outcome.guards))
            if self._counted(one, there, tally):
                return
            try:
                self._transact(self._missing(one, there), [one])
            except ConditionFailed:
                continue
            tally.written += 1
            tally.count_migrated(one.outcome)
            return
        raise Busy("an item of the target changes all the time", hint="run it again: it goes on where it was")

    def _counted(self, one: Planned, there: Mapping[KeyPair, Attributes], tally: Tally) -> bool:
        """Whether nothing is to be written for it; then it is counted."""
        verdict = judge(one.outcome, there.get(pair(one.outcome.item)), self._migration)
        match verdict:
            case Verdict.MERGED:
                tally.count_merged(one.outcome)
                return True
            case Verdict.MOVED_ON:
                tally.moved_on += 1
                tally.count_migrated(one.outcome)
                return True
            case Verdict.FOREIGN | Verdict.DIVERGED:
                return self._left_out(one, _REASONS[verdict], tally)
            case Verdict.ABSENT:
                why = self._taken_away(one.outcome)
                if isinstance(why, Quarantined):
                    return self._left_out(one, why.reason, tally)
                if why is not None:
                    tally.count_taken_away(one.outcome, why)
                    return True
        missing = False
        for guard in one.outcome.guards:
            holder = there.get(pair(guard))
            if holder is None:
                missing = True
            elif holder != guard:
                return self._left_out(one, "its name or address was taken in the target meanwhile", tally)
        if verdict is Verdict.SAME and not missing:
            tally.count_migrated(one.outcome)
            return True
        return False

    def _left_out(self, one: Planned, reason: str, tally: Tally) -> bool:
        outcome = Quarantined(one.outcome.kind, reason)
        self._quarantine(one.source, outcome)
        tally.count_quarantined(outcome)
        return True

    def remove(self, items: Sequence[Attributes]) -> int:
        """Takes items of the target away with their guards, those that are as the migration left them; how many."""
        mine = [item for item in items if is_untouched(item, self._migration)]
        groups = [(item, self._guards_of(item)) for item in mine]
        there = self._target.get_many(pair(guard) for _, guards in groups for guard in guards)
        removals = [[item, *(g for g in guards if there.get(pair(g)) == g)] for item, guards in groups]
        removed = 0
        for batch in batches(removals, lambda group: (len(group), 2 * sum(map(size, group)))):
            removed += self._remove(batch)
        return removed

    def _remove(self, groups: list[list[Attributes]]) -> int:
        try:
            self._target.transact([_delete(item) for group in groups for item in group])
        except ConditionFailed:
            # Somebody has changed one of them: it stays, and the others go.
            return 0 if len(groups) == 1 else sum(self._remove([group]) for group in groups)
        return len(groups)

    # --- writes ----------------------------------------------------------------------------------

    def _batches(self, planned: Sequence[Planned]) -> Iterator[list[Planned]]:
        return batches(planned, lambda one: (1 + len(one.outcome.guards), one.outcome.size))

    def _transact(self, writes: Sequence[Write], planned: Sequence[Planned]) -> None:
        outcomes = [one.outcome for one in planned]
        self._target.transact(writes, sum(o.write_units for o in outcomes), sum(o.index_units for o in outcomes))

    def _new(self, outcome: Migrated) -> list[Write]:
        return [
            PutTyped(stamped(outcome.item, self._migration, outcome.digest)),
            *(PutTyped(guard) for guard in outcome.guards),
        ]

    def _missing(self, one: Planned, there: Mapping[KeyPair, Attributes]) -> list[Write]:
        outcome = one.outcome
        before = there.get(pair(outcome.item))
        new = stamped(outcome.item, self._migration, outcome.digest)
        writes: list[Write] = []
        if before is None:
            writes.append(PutTyped(new))
        elif digest(before) != outcome.digest:
            writes.append(UpdateTyped(before, new, without=COMES_AND_GOES))
            kept = {pair(g) for g in outcome.guards}
            old = [g for g in self._guards_of(before) if pair(g) not in kept]
            held = self._target.get_many(pair(g) for g in old)
            writes += [_delete(g) for g in old if held.get(pair(g)) == g]
        writes += [PutTyped(guard) for guard in outcome.guards if pair(guard) not in there]
        return writes


def _delete(item: Attributes) -> DeleteTyped:
    return DeleteTyped(key_of(pair(item)), expected=item, without=COMES_AND_GOES)
