"""A migration that changes items where they are, each on the condition of what was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bbws_access.backoff import Backoff
from bbws_access.errors import Busy
from bbws_access.keys import MIGRATIONS
from bbws_access.migrations.checkpoints import Checkpoint, Checkpoints, MigrationRecord
from bbws_access.migrations.lease import Lease
from bbws_access.migrations.outcomes import Tally
from bbws_access.migrations.sweep import PAGE, OnProgress, Phase, Workers
from bbws_access.migrations.tables import Target
from bbws_access.migrations.wire import Attributes, digest, pair
from bbws_access.store.codec import encode
from bbws_access.store.table import ConditionFailed
from bbws_access.store.writes import PutTyped

Change = Callable[[Attributes], Attributes]
"""From an item to the item that shall stand in its place, under the same key; of one that is so already, itself."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """``up`` and ``down`` are pure. Without a ``down`` there is no way back."""

    number: int
    title: str
    up: Change
    down: Change | None = None


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

    def apply(self, change: Change, checkpoints: Checkpoints, lease: Lease) -> Tally:
        """Returns the counts of the last pass. What was killed goes on at its checkpoints."""
        number, segments = self._record.number, self._record.segments
        self._pass(change, "change", checkpoints.load(number, segments), checkpoints, lease)
        checkpoints.forget(number, segments, lease)
        while True:
            tally = self._pass(change, "comparison", [Checkpoint(n) for n in range(segments)])
            if not tally.written:
                return tally

    def plan(self, change: Change) -> Tally:
        """What would be written, by a target that may be such that it cannot be written."""
        return self._pass(change, "plan", [Checkpoint(n) for n in range(self._record.segments)], dry=True)

    def _pass(
        self,
        change: Change,
        name: str,
        begin_at: list[Checkpoint],
        checkpoints: Checkpoints | None = None,
        lease: Lease | None = None,
        *,
        dry: bool = False,
    ) -> Tally:
        whole = Tally()
        phase = Phase(name, 0, self._target.meter, self._tell)

        def work(at: Checkpoint) -> None:
            if at.finished:
                return
            start = encode(at.last) if at.last else None
            for page in self._target.pages(at.segment, self._record.segments, start, Limit=PAGE):
                self._workers.check()
                self._check()
                tally = Tally()
                for item in page.items:
                    if pair(item)[0] != MIGRATIONS:
                        self._one(item, change, tally, dry=dry)
                whole.add(tally)
                if checkpoints is not None and lease is not None:
                    at.items += page.looked_at
                    at.finished = page.last is None
                    at.last = {name: value["S"] for name, value in page.last.items()} if page.last else at.last
                    checkpoints.reached(self._record.number, at, lease)
                phase.advance(page.looked_at)

        self._workers.run(work, begin_at)
        return whole

    def _one(self, item: Attributes, change: Change, tally: Tally, *, dry: bool) -> None:
        kind = pair(item)[1].partition("#")[0]
        tally.source[kind] += 1
        tally.migrated[kind] += 1
        for _ in self._backoff.tries():
            changed = change(item)
            if digest(changed) == digest(item):
                return
            if dry:
                tally.written += 1
                return
            try:
                self._target.transact([PutTyped(changed, expected=item, without=_added_by(changed, item))])
            except ConditionFailed:
                found = self._target.get_many([pair(item)]).get(pair(item))
                if found is None:
                    return
                item = found
                continue
            tally.written += 1
            return
        raise Busy("an item changes all the time", hint="run it again: it goes on where it was")


def _added_by(changed: Attributes, item: Attributes) -> list[str]:
    """Attributes that this change adds, which a writer may have added meanwhile."""
    return sorted(changed.keys() - item.keys())
