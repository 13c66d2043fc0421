"""One run of a migration from a table to another: survey, copy, compare until nothing differs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from bbws_access.clock import Clock, parse_iso
from bbws_access.errors import AccessError, ExitCode
from bbws_access.migrations import m0001_legacy_table as rules
from bbws_access.migrations.checkpoints import Checkpoint, Checkpoints, MigrationRecord
from bbws_access.migrations.facts import Facts, settle, wanted_guards
from bbws_access.migrations.gone import Gone
from bbws_access.migrations.lease import Lease
from bbws_access.migrations.legacy_layout import Kind
from bbws_access.migrations.outcomes import Migrated, Quarantined, Tally
from bbws_access.migrations.quarantine import QuarantineFile
from bbws_access.migrations.settle import Planned, Settler, nothing_was
from bbws_access.migrations.shape import raw_token
from bbws_access.migrations.snapshot import Snapshot
from bbws_access.migrations.survey import Survey
from bbws_access.migrations.sweep import PAGE, OnProgress, Phase, Workers
from bbws_access.migrations.tables import Source, Target
from bbws_access.migrations.taken_away import TakenAway
from bbws_access.migrations.wire import Attributes, KeyPair, pair, plain_key
from bbws_access.store.codec import encode

MOST_PASSES: Final = 12
"""Comparisons after which a source that is still written to is left for another time."""


class StillChanging(AccessError):
    """The source is written to faster than it can be followed; all that was read is in the target."""

    exit_code = ExitCode.PARTIAL
    default_code = "SOURCE_CHANGING"

    def __init__(self, source: str, changed: int) -> None:
        super().__init__(
            f"{source} is still being written to: {changed} items differed in the last pass",
            hint="stop what writes to it and run this again: it goes on where it was",
        )


@dataclass
class _Found:
    """What one pass brings home."""

    tally: Tally = field(default_factory=Tally)
    survey: Survey = field(default_factory=Survey)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, other: _Found) -> None:
        self.tally.add(other.tally)
        with self._lock:
            self.survey.merge(other.survey)


Settled = Callable[[list[Planned], Tally], object]
Quarantine = Callable[[Attributes, Quarantined], None]


class TableRun:
    """``check`` is called between pages and raises where the run must end."""

    def __init__(
        self,
        source: Source,
        target: Target,
        record: MigrationRecord,
        workers: int,
        on_progress: OnProgress,
        check: Callable[[], None],
        clock: Clock,
        *,
        with_deletions: bool = False,
    ) -> None:
        self._clock = clock
        self._gone = Gone(target, record.number, source.name, with_deletions=with_deletions)
        self._source = source
        self._target = target
        self._record = record
        self._started: datetime = parse_iso(record.started_at)
        self._workers = Workers(workers)
        self._tell = on_progress
        self._check = check
        self._total = 0
        self._taken_away: Callable[[Migrated], str | Quarantined | None] = nothing_was

    def up(self, checkpoints: Checkpoints, lease: Lease, quarantine: QuarantineFile, *, resumed: bool = False) -> Tally:
        """Returns the counts of the last comparison, which found nothing to do; ``resumed`` where it goes on.

        Raises :class:`StillChanging` and :class:`SourceShrank`; whatever it raises, running it again goes on from
        there.
        """
        quarantine.begin()
        if resumed:
            self.look_for_what_was_taken_away()
        facts = self.facts(self.survey())
        if not self._record.copied:
            self._copy(facts, checkpoints, lease, resumed=resumed)
            self._record = self._record.model_copy(update={"copied": True})
            checkpoints.save(self._record, lease)
            checkpoints.forget(self._record.number, self._record.segments, lease)
        return self._compare_until_equal(facts, quarantine)

    def look_for_what_was_taken_away(self) -> None:
        """From here on what is absent may have been here; asked anew in each pass."""
        self._taken_away = TakenAway(self._target, self._record.number, self._started, self._clock)

    # --- the passes ------------------------------------------------------------------------------

    def survey(self) -> Survey:
        """Everything but events, which are most of a table and which nothing depends on."""
        phase, found, lock = self._phase("survey"), Survey(), threading.Lock()
        but_events: dict[str, Any] = {
            "FilterExpression": "NOT begins_with(SK, :event)",
            "ExpressionAttributeValues": {":event": {"S": "EVENT#"}},
        }

        def work(segment: int) -> None:
            own = Survey()
            for page in self._source.pages(segment, self._record.segments, consistent=False, **but_events):
                self._between_pages()
                for item in page.items:
                    own.look(item, self._started)
                own.items += page.looked_at
                phase.advance(page.looked_at)
            with lock:
                found.merge(own)

        self._workers.run(work, range(self._record.segments))
        self._total = found.items
        return found

    def facts(self, survey: Survey) -> Facts:
        wanted = wanted_guards(survey)
        taken = {key: _holder(guard) for key, guard in self._target.get_many(wanted).items()}
        return settle(survey, taken, self._started)

    def _copy(self, facts: Facts, checkpoints: Checkpoints, lease: Lease, *, resumed: bool) -> None:
        phase = self._phase("copy")
        settler = self.settler(_nowhere)  # what cannot come is found again by the comparison
        number, segments = self._record.number, self._record.segments

        def work(at: Checkpoint) -> None:
            if at.finished:
                phase.advance(at.items)
                return
            start = encode(at.last) if at.last else None
            phase.advance(at.items)
            # Whoever was killed may have written some of the page after their checkpoint: that is looked at first.
            settled: Settled = settler.compare if resumed else settler.copy
            for page in self._source.pages(at.segment, segments, start, Limit=PAGE):
                self._between_pages()
                self._page(page.items, facts, settled, _nowhere, _Found())
                settled = settler.copy
                at.items += page.looked_at
                at.last, at.finished = _resumable(page.items) or at.last, page.last is None
                checkpoints.reached(number, at, lease)
                phase.advance(page.looked_at)

        self._workers.run(work, checkpoints.load(number, segments))

    def compare(self, facts: Facts, settled: Settled, quarantine: Quarantine, name: str) -> _Found:
        """Every item of the source against the target; ``settled`` is what is done with those to be migrated."""
        phase, whole = self._phase(name), _Found()

        def work(segment: int) -> None:
            found = _Found()
            for page in self._source.pages(segment, self._record.segments, Limit=PAGE):
                self._between_pages()
                self._page(page.items, facts, settled, quarantine, found)
                phase.advance(page.looked_at)
            whole.add(found)

        self._workers.run(work, range(self._record.segments))
        return whole

    def _compare_until_equal(self, facts: Facts, quarantine: QuarantineFile) -> Tally:
        """Once suffices for a source at rest. One that was seen to change must be found equal twice on end:

        what is written behind the reader's back in one pass is seen by the next.
        """
        needed, equal, changed = 1, 0, 0
        for turn in range(1, MOST_PASSES + 1):
            self.look_for_what_was_taken_away()
            quarantine.begin()
            began = self._clock.now()
            with self._snapshot() as snapshot:
                settled = partial(self.settler(quarantine.add).compare, snapshot=snapshot)
                found = self.compare(facts, settled, quarantine.add, f"comparison {turn}")
            tally = found.tally
            tally.began = began
            if not tally.written:  # else another comparison follows, and sees what was written
                tally.removed = self._remove_gone(facts, tally, snapshot.stamped)
            now = self.facts(found.survey)
            changed = tally.written + tally.removed
            if changed == 0 and now == facts:
                equal += 1
                if equal == needed:
                    return tally
            else:
                needed, equal = 2, 0
            facts = now
        quarantine.keep()
        raise StillChanging(self._source.name, changed)

    # --- pieces ----------------------------------------------------------------------------------

    def _page(
        self, items: list[Attributes], facts: Facts, settled: Settled, quarantine: Quarantine, found: _Found
    ) -> None:
        planned = []
        for item in items:
            outcome, shaped = rules.migrate(item, facts, self._started)
            if shaped is not None:
                found.survey.note(shaped)
            if isinstance(outcome, Migrated):
                planned.append(Planned(item, outcome))
            else:
                found.tally.count_quarantined(outcome)
                quarantine(item, outcome)
        found.survey.items += len(items)
        settled(planned, found.tally)

    def _snapshot(self) -> Snapshot:
        """Of the target as it is now."""
        found, phase = Snapshot(self._record.number), self._phase("reading the target")

        def work(segment: int) -> None:
            for page in self._target.pages(segment, self._record.segments, Limit=PAGE):
                self._between_pages()
                found.add(page.items)
                phase.advance(page.looked_at)

        try:
            self._workers.run(work, range(self._record.segments))
        except BaseException:
            found.close()
            raise
        return found

    def _remove_gone(self, facts: Facts, tally: Tally, there: int) -> int:
        def wanted() -> set[KeyPair]:
            found: set[KeyPair] = set()

            def note(planned: list[Planned], _tally: Tally) -> None:
                found.update(pair(one.outcome.item) for one in planned if one.outcome.kind != Kind.EVENT)

            self.compare(facts, note, _nowhere, "looking for what has gone")
            return found

        return self._gone.remove(tally, there, wanted, self.settler(_nowhere))

    def settler(self, quarantine: Quarantine) -> Settler:
        return Settler(self._target, self._record.number, rules.guards_of, quarantine, self._taken_away)

    def _phase(self, name: str) -> Phase:
        return Phase(name, self._total, self._target.meter, self._tell)

    def _between_pages(self) -> None:
        self._workers.check()
        self._check()


def _holder(guard: Attributes) -> str:
    for name in ("holder", "organisationId", "invitationId"):
        if name in guard:
            return str(guard[name].get("S", ""))
    return ""


def _resumable(items: list[Attributes]) -> dict[str, str] | None:
    """The last key of a page that may be written down: that of a token is a secret."""
    return next((plain_key(item) for item in reversed(items) if raw_token(item) is None), None)


def _nowhere(_item: Attributes, _outcome: Quarantined) -> None: ...
