"""A migration that changes items where they are, each on the condition of what was read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bbws_access.backoff import Backoff
from bbws_access.errors import Busy, Refused
from bbws_access.keeper.kinds import entity_name
from bbws_access.keys import MIGRATIONS
from bbws_access.migrations.checkpoints import Checkpoint, Checkpoints, MigrationRecord
from bbws_access.migrations.lease import Lease
from bbws_access.migrations.outcomes import Quarantined, Tally
from bbws_access.migrations.sweep import PAGE, OnProgress, Phase, Workers
from bbws_access.migrations.tables import Target, batches
from bbws_access.migrations.wire import Attributes, digest, index_count, pair, size, write_units
from bbws_access.store.codec import encode
from bbws_access.store.table import ConditionFailed
from bbws_access.store.writes import UpdateTyped

_REASONS: Final = 5
"""In an error."""

Change = Callable[[Attributes], Attributes]
"""From an item to the item that shall stand in its place, under the same key; of one that is so already, itself.

Raises :class:`Unfit` for an item that a person must look at: it stays as it is.
"""


class Unfit(Exception):
    """Why an item cannot be migrated; the reason holds no secret."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """``up`` and ``down`` are pure. Without a ``down`` there is no way back."""

    number: int
    title: str
    up: Change
    down: Change | None = None

    def way_back(self) -> Change:
        """Raises :class:`Refused` where there is none."""
        if self.down is None:
            raise Refused(f"there is no way back from migration {self.number}, {self.title}")
        return self.down


def require_all(tally: Tally) -> None:
    """Of a way back, which leaves nothing out; raises :class:`Refused`."""
    left = tally.quarantined.total()
    if left:
        reasons = "; ".join(f"{count} x {reason}" for reason, count in tally.reasons.most_common(_REASONS))
        raise Refused(f"{left} items cannot be taken back: {reasons}", hint="mend them, and run this again")


@dataclass(frozen=True, slots=True)
class Changed:
    """An item as it was read, and as it shall be."""

    before: Attributes
    after: Attributes

    @property
    def write_units(self) -> int:
        """Capacity units of the write in a transaction, which takes twice as much; the larger of the two counts."""
        return 2 * write_units(max(size(self.before), size(self.after)))

    @property
    def index_units(self) -> int:
        return write_units(max(size(self.before), size(self.after))) * self.index_writes

    @property
    def index_writes(self) -> int:
        return max(index_count(self.before), index_count(self.after))


Quarantine = Callable[[Attributes, Quarantined], None]


def nowhere(_item: Attributes, _outcome: Quarantined) -> None:
    """What is left out in this pass is found again by the next."""


class InPlaceRun:
    """Goes through the table until a whole pass finds nothing to change."""

    def __init__(
        self,
        target: Target,
        record: MigrationRecord,
        workers: int,
        on_progress: OnProgress,
        check: Callable[[], None],
        backoff: Backoff | None = None,
    ) -> None:
        self._target = target
        self._record = record
        self._workers = Workers(workers)
        self._tell = on_progress
        self._check = check
        self._backoff = backoff or Backoff()

    def apply(
        self,
        change: Change,
        checkpoints: Checkpoints,
        lease: Lease,
        quarantine: Quarantine = nowhere,
        begin: Callable[[], None] = lambda: None,
    ) -> Tally:
        """Returns the counts of the last pass, which changed nothing. What was killed goes on at its checkpoints.

        ``begin`` is called before each comparison, which tells ``quarantine`` of all that is left out.
        """
        number, segments = self._record.number, self._record.segments

        def reached(at: Checkpoint) -> None:
            checkpoints.reached(number, at, lease)

        begin()  # whatever stops the file from being written stops the migration
        self._pass("change", self._writing(change, nowhere), checkpoints.load(number, segments), reached)
        checkpoints.forget(number, segments, lease)
        while True:
            begin()
            tally = self._pass("comparison", self._writing(change, quarantine), self._from_the_beginning())
            if not tally.written:
                return tally

    def plan(self, change: Change, note: Callable[[str, Changed], None]) -> Tally:
        """What would be written, by a target that may be such that it cannot be; ``note`` is told of each by entity."""
        lock = threading.Lock()

        def looked_at(items: Sequence[Attributes], tally: Tally) -> None:
            for item, changed in self._changed(items, change, nowhere, tally):
                tally.written += 1
                with lock:
                    note(entity_name(item), changed)

        return self._pass("plan", looked_at, self._from_the_beginning())

    def _from_the_beginning(self) -> list[Checkpoint]:
        return [Checkpoint(n) for n in range(self._record.segments)]

    def _pass(
        self,
        name: str,
        done_with: Callable[[Sequence[Attributes], Tally], None],
        begin_at: list[Checkpoint],
        reached: Callable[[Checkpoint], None] | None = None,
    ) -> Tally:
        whole, phase = Tally(), Phase(name, 0, self._target.meter, self._tell)

        def work(at: Checkpoint) -> None:
            if at.finished:
                return
            start = encode(at.last) if at.last else None
            for page in self._target.pages(at.segment, self._record.segments, start, Limit=PAGE):
                self._workers.check()
                self._check()
                tally = Tally()
                done_with([item for item in page.items if pair(item)[0] != MIGRATIONS], tally)
                whole.add(tally)
                if reached is not None:
                    at.items += page.looked_at
                    at.finished = page.last is None
                    at.last = {name: value["S"] for name, value in page.last.items()} if page.last else at.last
                    reached(at)
                phase.advance(page.looked_at)

        self._workers.run(work, begin_at)
        return whole

    def _changed(
        self, items: Sequence[Attributes], change: Change, quarantine: Quarantine, tally: Tally
    ) -> list[tuple[Attributes, Changed]]:
        """Counts every item; those that are not as they shall be."""
        found = []
        for item in items:
            try:
                after = change(item)
            except Unfit as unfit:
                outcome = Quarantined(entity_name(item), str(unfit))
                tally.count_quarantined(outcome)
                quarantine(item, outcome)
                continue
            tally.source[entity_name(item)] += 1
            tally.migrated[entity_name(item)] += 1
            if digest(after) != digest(item):
                found.append((item, Changed(item, after)))
        return found

    def _writing(self, change: Change, quarantine: Quarantine) -> Callable[[Sequence[Attributes], Tally], None]:
        def write(items: Sequence[Attributes], tally: Tally) -> None:
            changed = [one for _, one in self._changed(items, change, quarantine, tally)]
            for batch in batches(changed, lambda one: (1, size(one.before) + size(one.after))):
                try:
                    self._transact(batch)
                except ConditionFailed:
                    for one in batch:
                        self._redo(one, change)
                tally.written += len(batch)

        return write

    def _redo(self, one: Changed, change: Change) -> None:
        """Reads anew and writes on the condition of what was read, until nobody came between.

        What has become unfit meanwhile is left to the next pass, which counts it.
        """
        for _ in self._backoff.tries():
            key = pair(one.before)
            found = self._target.get_many([key]).get(key)
            if found is None:
                return
            try:
                one = Changed(found, change(found))
            except Unfit:
                return
            if digest(one.after) == digest(found):
                return
            try:
                self._transact([one])
            except ConditionFailed:
                continue
            return
        raise Busy("an item changes all the time", hint="run it again: it goes on where it was")

    def _transact(self, batch: Sequence[Changed]) -> None:
        writes = [UpdateTyped(one.before, one.after) for one in batch]
        self._target.transact(writes, sum(one.write_units for one in batch), sum(one.index_units for one in batch))
