"""Runs migrations up and down: one operator at a time, recorded in the table and in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.errors import Conflict, InvalidInput, Refused
from bbws_access.ids import Ids
from bbws_access.keys import PLATFORM
from bbws_access.migrations.checkpoints import Checkpoints, MigrationRecord, State
from bbws_access.migrations.in_place import InPlace, InPlaceRun, require_all
from bbws_access.migrations.lease import LEASE_SECONDS, Lease
from bbws_access.migrations.outcomes import Tally
from bbws_access.migrations.plan import Plan, make_plan, plan_in_place
from bbws_access.migrations.quarantine import QuarantineFile
from bbws_access.migrations.rate import TokenBucket
from bbws_access.migrations.registry import MIGRATIONS, FromTable, Migration
from bbws_access.migrations.sweep import OnProgress
from bbws_access.migrations.table_run import TableRun
from bbws_access.migrations.tables import PatientTable, Source, Target, patiently
from bbws_access.migrations.way_back import look_back, take_back
from bbws_access.models.kinds import EventType
from bbws_access.services.trail import Change, Trail
from bbws_access.store.writes import Put, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_WORKERS: Final = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """``source`` is the old table's name; ``max_units`` are write capacity units a second, indexes included.

    ``with_deletions`` lets much that has gone from the source go from the target, too.
    """

    source: str
    workers: int = 4
    max_units: float | None = None
    lease_seconds: float = LEASE_SECONDS
    with_deletions: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """One migration that was applied or taken back, with the counts of its last comparison."""

    record: MigrationRecord
    tally: Tally
    removed: int = 0


def _quietly(_progress: Any) -> None: ...


class Migrator:
    """``migrations`` are those of the registry, unless a test has its own."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        trail: Trail,
        clock: Clock,
        ids: Ids,
        settings: Settings,
        on_progress: OnProgress = _quietly,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        if not 1 <= settings.workers <= MOST_WORKERS:
            raise InvalidInput(f"workers are between 1 and {MOST_WORKERS}")
        self._client = client
        self._table = PatientTable(client, table)
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._tell = on_progress
        self._migrations = migrations
        self._checkpoints = Checkpoints(self._table)
        rate = TokenBucket(settings.max_units) if settings.max_units else None
        self._target = Target(client, table, rate)

    # --- what is there ---------------------------------------------------------------------------

    def history(self) -> list[MigrationRecord]:
        """Every migration there is, applied or not, in their order."""
        found = {record.number: record for record in self._checkpoints.records()}
        return [found.get(m.number) or self._pending(m) for m in self._migrations]

    def outstanding(self, to: int | None, *, again: bool = False) -> list[Migration]:
        """What :meth:`up` would apply. Raises ``InvalidInput`` for a number that there is not."""
        self._require_number(to)
        states = {record.number: record.state for record in self.history()}
        wanted = [m for m in self._migrations if to is None or m.number <= to]
        return [m for m in wanted if again or states[m.number] is not State.DONE]

    def applied_after(self, to: int) -> list[Migration]:
        """What :meth:`down` would take back, the last one first."""
        self._require_number(to)
        begun = {r.number for r in self.history() if r.state not in (State.PENDING, State.REVERTED)}
        return [m for m in reversed(self._migrations) if m.number > to and m.number in begun]

    def plan(self, migration: Migration) -> Plan:
        """What applying it would do; with a client that cannot write this works just the same."""
        record = self._checkpoints.record(migration.number) or self._pending(migration)
        plan = Plan(migration.number, migration.title, record.source, record.target)
        if isinstance(migration, InPlace):
            in_place = InPlaceRun(self._target, record, self._settings.workers, self._tell, _unbound)
            return plan_in_place(in_place, migration.up, plan, self._settings.max_units)
        source = self._source(record)
        self._target.require()
        run = TableRun(source, self._target, record, self._settings.workers, self._tell, _unbound, self._clock)
        if record.state is not State.PENDING:
            run.look_for_what_was_taken_away()
        return make_plan(run, plan, self._settings.max_units, lambda _item, _outcome: None)

    def plan_back(self, migration: Migration) -> int:
        """How many items :meth:`down` would remove, or change back; raises as it does."""
        if isinstance(migration, InPlace):
            record = self._checkpoints.record(migration.number) or self._pending(migration)
            in_place = InPlaceRun(self._target, record, self._settings.workers, self._tell, _unbound)
            tally = in_place.plan(migration.way_back(), lambda _entity, _changed: None)
            require_all(tally)
            return tally.written
        return look_back(self._target, migration.number)

    # --- up and down -----------------------------------------------------------------------------

    def up(self, actor: Actor, migration: Migration, quarantine: QuarantineFile) -> Done:
        """Applies one migration, or goes on where it was.

        Raises ``Conflict`` (``MIGRATION_RUNNING``) while another operator migrates, ``NotFound`` without
        the source, ``StillChanging``. It is recorded as done only after source and target were compared.
        """
        actor.require("*:*", PLATFORM)
        with self._lease(actor) as lease:
            record, resumed = self._begun(actor, migration, lease)
            tally = self._applied(migration, record, lease, quarantine, resumed=resumed)
            quarantine.keep()
            record = record.model_copy(
                update={
                    "state": State.DONE,
                    "copied": True,
                    "compared_at": iso(tally.began) if tally.began else None,
                    "finished_at": iso(self._clock.now()),
                    "finished_by": actor.email,
                    "items": tally.source.total(),
                    "quarantined": tally.quarantined.total(),
                    "merged": tally.merged.total(),
                    "entities": tally.rows(),
                }
            )
            self._finish(actor, record, "table.migrate", lease)
            return Done(record, tally)

    def down(self, actor: Actor, migration: Migration) -> Done:
        """Takes one migration back. Raises ``Refused`` where there is no way back, or where it would lose something."""
        actor.require("*:*", PLATFORM)
        with self._lease(actor) as lease:
            self._target.may_write = lease.check
            record = self._checkpoints.record(migration.number)
            if record is None:
                raise Conflict(f"migration {migration.number} was not applied")
            change_back = migration.way_back() if isinstance(migration, InPlace) else None
            if record.state is not State.REVERTING:
                # Checkpoints of the way there say nothing about the way back.
                self._checkpoints.forget(record.number, record.segments, lease)
            record = record.model_copy(update={"state": State.REVERTING})
            tally, removed = Tally(), 0
            if change_back is not None:
                self._checkpoints.save(record, lease)
                run = InPlaceRun(self._target, record, self._settings.workers, self._tell, lease.check)
                tally = run.apply(change_back, self._checkpoints, lease)
                require_all(tally)
            else:
                removed = self._taken_back(record, lease)
            record = record.model_copy(
                update={"state": State.REVERTED, "finished_at": iso(self._clock.now()), "finished_by": actor.email}
            )
            self._finish(actor, record, "table.migrate.down", lease)
            return Done(record, tally, removed)

    # --- pieces ----------------------------------------------------------------------------------

    def _lease(self, actor: Actor) -> Lease:
        return Lease(self._table, self._clock, self._ids.record(), actor.email, self._settings.lease_seconds)

    def _begun(self, actor: Actor, migration: Migration, lease: Lease) -> tuple[MigrationRecord, bool]:
        """As it was begun by whoever began it: what is written must not depend on who goes on. And whether one does."""
        self._target.may_write = lease.check
        record = self._checkpoints.record(migration.number)
        resumed = record is not None and record.state is not State.REVERTED
        if record is None or record.state is State.REVERTED:
            record = self._pending(migration).model_copy(update={"started_by": actor.email})
        if record.state is State.REVERTING:
            raise Conflict(
                f"migration {record.number} is on its way back, which was interrupted",
                code="MIGRATION_REVERTING",
                hint=f"bbws-access table migrate --to {record.number - 1}",
            )
        self._same_source(record, migration)
        record = record.model_copy(update={"state": State.RUNNING})
        self._checkpoints.save(record, lease)
        return record, resumed

    def _same_source(self, record: MigrationRecord, migration: Migration) -> None:
        if isinstance(migration, FromTable) and record.source != self._settings.source:
            raise Refused(
                f"migration {record.number} was begun from {record.source}, not from {self._settings.source}",
                hint=f"name it with --from {record.source}",
            )

    def _applied(
        self, migration: Migration, record: MigrationRecord, lease: Lease, quarantine: QuarantineFile, *, resumed: bool
    ) -> Tally:
        if isinstance(migration, InPlace):
            run = InPlaceRun(self._target, record, self._settings.workers, self._tell, lease.check)
            return run.apply(migration.up, self._checkpoints, lease, quarantine.add, quarantine.begin)
        table_run = TableRun(
            self._source(record),
            self._target,
            record,
            self._settings.workers,
            self._tell,
            lease.check,
            self._clock,
            with_deletions=self._settings.with_deletions,
        )
        return table_run.up(self._checkpoints, lease, quarantine, resumed=resumed)

    def _taken_back(self, record: MigrationRecord, lease: Lease) -> int:
        def save_then(progress: Any) -> None:
            lease.check()
            self._tell(progress)

        removed = take_back(self._target, record.number, save_then, lambda: self._checkpoints.save(record, lease))
        self._checkpoints.forget(record.number, record.segments, lease)
        return removed

    def _finish(self, actor: Actor, record: MigrationRecord, action: str, lease: Lease) -> None:
        """The record and its event in one transaction, of whoever holds the lease."""
        after = {
            "source": record.source,
            "items": record.items,
            "quarantined": record.quarantined,
            "merged": record.merged,
        }
        change = Change(EventType.CONFIGURATION, action, "migration", str(record.number), after=after)
        writes: list[Write] = [lease.fence(), Put(record.to_item())]
        patiently(lambda: self._trail.commit(actor, PLATFORM, [change], writes))

    def _source(self, record: MigrationRecord) -> Source:
        source = Source(self._client, record.source)
        source.require()
        return source

    def _pending(self, migration: Migration) -> MigrationRecord:
        table = self._table.name
        return MigrationRecord(
            number=migration.number,
            title=migration.title,
            state=State.PENDING,
            source=table if isinstance(migration, InPlace) else self._settings.source,
            target=table,
            segments=self._settings.workers,
            started_at=iso(self._clock.now()),
            started_by="",
        )

    def _require_number(self, to: int | None) -> None:
        last = self._migrations[-1].number if self._migrations else 0
        if to is not None and not 0 <= to <= last:
            raise InvalidInput(f"there is no migration {to}: they end at {last}", hint="bbws-access table history")


def _unbound() -> None:
    """A dry run holds no lease."""
