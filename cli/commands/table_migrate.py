"""``bbws-access table migrate`` and ``bbws-access table history``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bbws_access.errors import ExitCode
from cli.command import command
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.migrations.outcomes import Tally
    from bbws_access.migrations.plan import Plan
    from bbws_access.migrations.registry import Migration
    from bbws_access.migrations.runner import Done, Migrator, Settings

_ENTITIES: Final = {
    "Entity": "entity",
    "Source": "source",
    "Migrated": "migrated",
    "Merged": "merged",
    "Quarantined": "quarantined",
}
_HISTORY: Final = {
    "No": "number",
    "Migration": "title",
    "State": "state",
    "Items": "items",
    "Quarantined": "quarantined",
    "Merged": "merged",
    "Started": "startedAt",
    "Finished": "finishedAt",
    "By": "finishedBy",
    "From": "source",
}


_AGAIN: Final = "bbws-access table migrate --again"
_SHOWN: Final = 10
"""Reasons, of which there may be as many as items."""


def register(app: typer.Typer) -> None:
    """Adds this module's verbs to the noun ``table``."""
    command(
        app,
        "migrate",
        epilog="""
        bbws-access table migrate --dry-run
        bbws-access table migrate --max-wcu 500 --workers 8
        bbws-access table migrate --to 0 --dry-run
        """,
    )(migrate)
    command(app, "history", epilog="bbws-access table history --output json")(history)


def migrate(
    session: Session,
    to: Annotated[int | None, typer.Option("--to", min=0, help="Migrate up, or back, to this number.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would change and cost.")] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, max=32, help="How many segments are read at once.")] = 4,
    max_wcu: Annotated[
        float | None, typer.Option("--max-wcu", min=1, help="Write capacity units a second, indexes included.")
    ] = None,
    source: Annotated[str | None, typer.Option("--from", help="The old table; else that of the environment.")] = None,
    quarantine: Annotated[
        Path | None, typer.Option("--quarantine", help="File for what cannot be migrated; else in the tool's state.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Bring over what has changed in the source since.")] = False,
    with_deletions: Annotated[
        bool, typer.Option("--with-deletions", help="Also where much was deleted from the source since it was copied.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring the table to the newest layout, from the old platform's table; what was killed goes on where it was."""
    from bbws_access.migrations.runner import Settings
    from cli.migration_progress import MigrationProgress

    settings = Settings(source or _old_table(session), workers, max_wcu, with_deletions=with_deletions)
    with MigrationProgress() as progress:
        migrator = _migrator(session, settings, dry_run=dry_run, tell=progress)
        back = [] if to is None else migrator.applied_after(to)
        wanted = [] if back else migrator.outstanding(to, again=again)
        if dry_run:
            ways_back = [(migration, migrator.plan_back(migration)) for migration in back]
            plans = [migrator.plan(migration) for migration in wanted]
    if dry_run and back:
        _show_ways_back(session, ways_back)
        return
    if dry_run:
        _show_plans(session, plans)
        return
    if not back and not wanted:
        _show_nothing(session, migrator)
        return
    session.announce()
    if back:
        session.confirm(f"Take back migration {', '.join(str(m.number) for m in back)}?", yes=yes)
    elif with_deletions:
        session.confirm(f"Take out again all that is not in {settings.source} any more?", yes=yes)
    with MigrationProgress() as progress:
        done = _run(session, _migrator(session, settings, tell=progress), back, wanted, quarantine)
    _show_done(session, done)


def history(session: Session) -> None:
    """Show which migrations were applied, when, by whom, and what came of them."""
    from bbws_access.migrations.runner import Settings

    migrator = _migrator(session, Settings(_old_table(session)), dry_run=True)
    rows = [record.model_dump(mode="json", by_alias=True, exclude_none=True) for record in migrator.history()]
    for row in rows:
        if row["state"] == "PENDING":
            del row["startedAt"], row["startedBy"]
    session.show.table(rows, _HISTORY, empty="There are no migrations.")


def _old_table(session: Session) -> str:
    from bbws_access.migrations.legacy_layout import LEGACY_TABLE

    return LEGACY_TABLE.format(env=session.env)


def _migrator(session: Session, settings: Settings, *, dry_run: bool = False, tell: Any = None) -> Migrator:
    from bbws_access.clock import SystemClock
    from bbws_access.ids import RandomIds
    from bbws_access.migrations.runner import Migrator
    from bbws_access.names import Names
    from bbws_access.services.trail import Trail
    from bbws_access.store.readonly import forbid_writes
    from bbws_access.store.table import Table

    client = session.client("dynamodb", bulk=True)
    if dry_run:
        client = forbid_writes(client)
    table, clock, ids = Names(session.env).table, SystemClock(), RandomIds()
    trail = Trail(Table(client, table), clock, ids)
    more = {} if tell is None else {"on_progress": tell.show}
    return Migrator(client, table, trail, clock, ids, settings, **more)


def _run(
    session: Session, migrator: Migrator, back: list[Migration], wanted: list[Migration], chosen: Path | None
) -> list[tuple[Done, Path | None]]:
    from bbws_access.migrations.quarantine import QuarantineFile

    done: list[tuple[Done, Path | None]] = [(migrator.down(session.actor, migration), None) for migration in back]
    for migration in wanted:
        number = f"{migration.number:04d}"
        path = chosen or session.env_dir / f"migration-{number}.quarantine.jsonl"
        if chosen is not None and len(wanted) > 1:  # each has a file of its own
            path = chosen.with_name(f"{chosen.stem}-{number}{chosen.suffix}")
        done.append((migrator.up(session.actor, migration, QuarantineFile(path)), path))
    return done


def _show_done(session: Session, done: list[tuple[Done, Path | None]]) -> None:
    quarantined = sum(one.record.quarantined for one, path in done if path is not None)
    if session.show.is_json:
        session.show.json({"migrations": [_data(one, path) for one, path in done]})
    else:
        for one, path in done:
            _show_one(session, one, path)
    if quarantined:
        raise typer.Exit(ExitCode.FOUND)


def _data(one: Done, path: Path | None) -> dict[str, Any]:
    record = one.record
    found: dict[str, Any] = {"number": record.number, "title": record.title, "state": record.state}
    if path is None:
        return found | {"removed": one.removed}
    return found | {
        "source": record.source,
        "items": record.items,
        "quarantined": record.quarantined,
        "merged": record.merged,
        "entities": record.entities,
        "notes": dict(one.tally.notes),
        "reasons": dict(one.tally.reasons),
        "quarantineFile": str(path) if record.quarantined else None,
    }


def _show_one(session: Session, one: Done, path: Path | None) -> None:
    show, record = session.show, one.record
    if path is None:
        show.done(
            f"Migration {record.number} was taken back: {one.removed} items were removed; its source is as it was."
        )
        return
    show.table(record.entities, _ENTITIES, empty="The source is empty.")
    _show_notes(session, one.tally)
    migrated = one.tally.migrated.total()
    show.done(
        f"Migration {record.number} is done: {record.items} items of {record.source} = {migrated} migrated"
        f" + {record.merged} merged + {record.quarantined} in quarantine, compared item by item."
    )
    if record.compared_at is not None:
        show.note(
            f"What was written to {record.source} before {record.compared_at} is here; what comes later: {_AGAIN}"
        )
    if record.quarantined:
        _show_reasons(session, one.tally)
        show.note(f"{record.quarantined} items could not be migrated. They are in {path}, each with its reason.")
        show.note(f"It may hold tokens that still work. Mend them in the source, then: {_AGAIN}")


def _show_notes(session: Session, tally: Tally) -> None:
    for note, count in sorted(tally.notes.items()):
        session.show.note(f"{count} x {note}")


def _show_reasons(session: Session, tally: Tally) -> None:
    """The most frequent ones; many name an id of their own."""
    for reason, count in tally.reasons.most_common(_SHOWN):
        session.show.note(f"{count} x {reason}")
    if len(tally.reasons) > _SHOWN:
        session.show.note(f"… and {len(tally.reasons) - _SHOWN} other reasons; -o json has them all")


def _show_nothing(session: Session, migrator: Migrator) -> None:
    if session.show.is_json:
        session.show.json({"migrations": []})
        return
    applied = [record for record in migrator.history() if record.state == "DONE"]
    session.show.done(f"Nothing to do: the table is at migration {applied[-1].number if applied else 0}.")
    left = sum(record.quarantined for record in applied)
    if left:
        session.show.note(f"{left} items were left in quarantine; once they are mended: {_AGAIN}")


def _show_plans(session: Session, plans: list[Plan]) -> None:
    from cli.migration_progress import duration

    show = session.show
    if show.is_json:
        show.json({"migrations": [_plan_data(plan) for plan in plans], "written": 0})
        return
    if not plans:
        show.done("Nothing to do.")
    for plan in plans:
        rows = [row | {"write": plan.would_write[row["entity"]]} for row in plan.tally.rows()]
        show.table(rows, _ENTITIES | {"To write": "write"}, empty="The source is empty.")
        for kind, examples in sorted(plan.examples.items()):
            for example in examples:
                show.note(f"{kind}:")
                for name, change in example.items():
                    show.note(f"  {name}: {_side(change['before'])} → {_side(change['after'])}")
        _show_notes(session, plan.tally)
        _show_reasons(session, plan.tally)
        show.done(
            f"Migration {plan.number}, {plan.title}, would write {plan.would_write.total()} items: "
            f"{plan.write_units:,} WCU, {plan.index_writes:,} index writes of {plan.index_units:,} WCU, "
            f"about {duration(plan.seconds)}. Nothing was written."
        )


def _show_ways_back(session: Session, ways_back: list[tuple[Migration, int]]) -> None:
    if session.show.is_json:
        rows = [{"number": m.number, "title": m.title, "wouldTakeBack": items} for m, items in ways_back]
        session.show.json({"migrations": rows, "written": 0})
        return
    for migration, items in ways_back:
        session.show.done(
            f"Migration {migration.number}, {migration.title}, can be taken back: {items} items. Nothing was written."
        )


def _side(value: str | None) -> str:
    return "—" if value is None else value


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {
        "number": plan.number,
        "title": plan.title,
        "source": plan.source,
        "entities": plan.tally.rows(),
        "wouldWrite": dict(plan.would_write),
        "writeCapacityUnits": plan.write_units,
        "indexWrites": plan.index_writes,
        "indexCapacityUnits": plan.index_units,
        "seconds": round(plan.seconds, 1),
        "notes": dict(plan.tally.notes),
        "reasons": dict(plan.tally.reasons),
        "examples": dict(plan.examples),
    }
