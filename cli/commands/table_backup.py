"""``bbws-access table backup``, ``table restore`` and ``table pitr``."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.errors import AccessError, ExitCode, InvalidInput, NotFound, PartlyDone
from bbws_access.wording import number_of
from cli.command import command
from cli.commands.table_verify import TableOption, WorkersOption, chosen_table
from cli.environment_rehearsal import tell_steps
from cli.operations import failures_told
from cli.options import DryRunOption
from cli.progress import counting, working
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.keeper.places import Address
    from bbws_access.keeper.restore import Outcome

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Adds this module's verbs to the noun ``table``."""
    command(
        app,
        "backup",
        epilog="""
        bbws-access table backup --to table.jsonl.gz
        bbws-access table backup --env prod --to s3://my-backups/access/2026-03-01.jsonl.gz
        """,
    )(backup)
    command(
        app,
        "restore",
        epilog="""
        bbws-access table restore --from table.jsonl.gz --into drill
        bbws-access table restore --env dev --from s3://my-backups/access/2026-03-01.jsonl.gz
        bbws-access table restore --from table.jsonl.gz --merge
        """,
    )(restore)
    command(
        app,
        "pitr",
        epilog="""
        bbws-access table pitr --env prod --at 2h
        bbws-access table pitr --env prod --at 2026-03-01T09:30:00Z --into access-before-noon
        """,
    )(pitr)


def backup(
    session: Session,
    to: Annotated[str, typer.Option("--to", help="A file, or s3://BUCKET/KEY.")],
    table: TableOption = None,
    workers: WorkersOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Copy the table to a file or an object, with a manifest of counts and digests beside it.

    The backup is recorded in the platform's trail. It holds personal data: keep it as you keep the table.
    """
    from bbws_access.clock import SystemClock
    from bbws_access.keeper.backup import back_up
    from bbws_access.keeper.places import Address, outgoing, parse_place
    from bbws_access.keeper.recording import record_backup

    place = parse_place(to)
    session = session.in_rehearsal() if dry_run else session
    session.announce()
    source = chosen_table(session, table)
    if dry_run:
        tell_steps(session, f"copy table {source.name} to {place}, with its manifest", "record that in the trail")
        return
    target: AbstractContextManager[Path] = (
        outgoing(session.client("s3"), place) if isinstance(place, Address) else nullcontext(place)
    )
    with failures_told(session, "table.backup", "table", source.name):
        with target as path, counting("Backing up items") as counter:
            made = back_up(source.client, source.name, path, SystemClock(), counter.add, segments=workers)
        manifest = made.manifest
        record_backup(session.services.trail, session.actor, str(place), manifest)
    data = {"to": str(place), **manifest.model_dump(by_alias=True)}
    fields = {"Items": "items", "To": "to", "Bytes": "size", "SHA-256": "sha256", "Of table": "table"}
    session.show.record(data, fields)


def restore(
    session: Session,
    source: Annotated[str, typer.Option("--from", help="A file, or s3://BUCKET/KEY, that table backup made.")],
    into: Annotated[
        str | None, typer.Option("--into", help="A table, made where it is missing; else the environment's own.")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Into a table in use: add what it lacks, replace what is older.")
    ] = False,
    with_assignments: Annotated[
        bool,
        typer.Option("--with-assignments", help="With --merge: also role assignments, which may have been revoked."),
    ] = False,
    workers: WorkersOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Bring a backup into a new or an empty table; exits 3 where something is left for a person.

    The backup is checked from end to end before anything is written. Nothing in the table is deleted or
    overwritten by something older. A restore that was interrupted goes on when it is run again.
    """
    from bbws_access.keeper.archive import open_archive
    from bbws_access.keeper.places import parse_place
    from bbws_access.keeper.recording import record_restore
    from bbws_access.keeper.restore import Restorer
    from bbws_access.keeper.tables import describe, ensure, valid_name

    if with_assignments and not merge:
        raise InvalidInput("--with-assignments goes with --merge: without it all is restored")
    place = parse_place(source)
    session = session.in_rehearsal() if dry_run else session
    own = session.world.table if dry_run else session.services.table
    target = valid_name(into) if into else own.name
    session.announce()
    if into is None and describe(own.client, target) is None:
        raise NotFound(f"table {target} does not exist", hint=f"bbws-access env up {session.env}")
    # A table that is half restored must not get an event of its own: the next try would find it in use.
    own_trail_is_whole = into is not None or merge
    told = failures_told(session, "table.restore", "table", target) if own_trail_is_whole else nullcontext()
    with told, _fetched(session, place) as path:
        with counting("Checking items") as counter:
            archive = open_archive(path, counter.add)
        items = archive.manifest.items
        what = "Merge" if merge else "Restore"
        which = f"{items} items of {archive.manifest.table} of {archive.manifest.created_at}"
        if dry_run:
            _tell_restore(session, own.client, target, f"{what.lower()} {which}")
            return
        session.confirm(
            f"{what} {which} into {target}?",
            yes=yes or (into is not None and not merge),
        )
        made = into is not None and ensure(own.client, target)
        restorer = Restorer(own.client, target, segments=workers)
        with counting("Restoring items", items) as counter:
            if merge:
                outcome = restorer.merge(archive, counter.add, with_assignments=with_assignments)
            else:
                outcome = restorer.restore(archive, counter.add)
    # Before the platform's trail goes on: it has to go on behind what the archive holds.
    behind = None if own_trail_is_whole else _trail_from_archive(session)
    record_restore(
        session.services.trail, session.actor, str(place), archive.manifest, target, dict(outcome.counts), merge=merge
    )
    try:
        _show(session, target, outcome, made=made)
    finally:
        if behind is not None:
            raise behind


def _trail_from_archive(session: Session) -> AccessError | None:
    """A backup is older than the archive: what that alone still holds of the trail comes back too."""
    with working("Bringing back what only the archive holds"):
        report = session.services.archive_recovery.recover(session.actor)
    if written := sum(one.written for one in report.recovered):
        session.show.note(f"{number_of(written, 'event')} of the trail came back from the archive.")
    if not report.failures:
        return None
    first = report.failures[0]
    words = f"the table is restored; not all that only the archive holds is back in it: {first.error.message}"
    return PartlyDone(words, code=first.error.code, hint="bbws-access audit restore --missing")


def _tell_restore(session: Session, client: Any, target: str, what: str) -> None:
    from bbws_access.keeper.tables import describe

    made = [f"make table {target}"] if describe(client, target) is None else []
    tell_steps(session, *made, f"{what} into {target}", "record that in the trail")


def _fetched(session: Session, place: Path | Address) -> AbstractContextManager[Path]:
    from bbws_access.keeper.places import incoming

    return nullcontext(place) if isinstance(place, Path) else incoming(session.client("s3"), place)


def _show(session: Session, target: str, outcome: Outcome, *, made: bool) -> None:
    from bbws_access.keeper.restore import Fate

    data: dict[str, Any] = {
        "table": target,
        "created": made,
        **{str(fate): outcome.counts[fate] for fate in Fate},
        "attention": [{"fate": str(fate), "PK": pk, "SK": sk} for fate, pk, sk in outcome.shown],
    }
    fields = {"Table": "table", **{str(fate).capitalize(): str(fate) for fate in Fate}}
    session.show.record(data, fields)
    if made:
        session.show.note(f"{target} is new: TTL, point-in-time recovery and tags are not set on it.")
    if outcome.complete:
        return
    if not session.show.is_json:
        session.show.table(data["attention"], {"Left as it is": "fate", "PK": "PK", "SK": "SK"}, empty="")
    if outcome.counts[Fate.WITHHELD]:
        session.show.note("Role assignments were withheld: they may have been revoked since. --with-assignments adds.")
    raise typer.Exit(ExitCode.FOUND)


def pitr(
    session: Session,
    at: Annotated[str, typer.Option("--at", help="The moment: 30m, 2h, 7d ago, or an ISO 8601 time.")],
    into: Annotated[str | None, typer.Option("--into", help="Name of the new table.")] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Restore the table as it was at a moment into a new table, and compare the two; exits 3 where they differ.

    The live table is not touched. AWS takes minutes to hours; interrupting this leaves AWS at it.
    """
    from dataclasses import asdict

    from bbws_access.clock import SystemClock, iso
    from bbws_access.keeper.comparing import compare
    from bbws_access.keeper.recording import record_pitr
    from bbws_access.keeper.tables import restorable, restore_to_moment, wait_until_active
    from cli.moments import parse_moment

    moment = parse_moment(at, SystemClock().now(), "--at")
    session = session.in_rehearsal() if dry_run else session
    own = session.world.table if dry_run else session.services.table
    target = into or f"{own.name}-{moment.strftime('%Y%m%d-%H%M%S')}"
    session.announce()
    earliest, latest = restorable(own.client, own.name)
    if not earliest <= moment <= latest:
        raise InvalidInput(
            f"--at {iso(moment)} is out of reach: from {iso(earliest)} to {iso(latest)} the table can be restored"
        )
    if dry_run:
        tell_steps(session, f"restore {own.name} as of {iso(moment)} into {target}", "record that in the trail")
        return
    with failures_told(session, "table.pitr", "table", own.name):
        restore_to_moment(own.client, own.name, target, moment)
        record_pitr(session.services.trail, session.actor, own.name, target, iso(moment))
    session.show.note(f"AWS restores {own.name} as of {iso(moment)} into {target}.")
    with counting("AWS restores, seconds") as counter:
        wait_until_active(own.client, target, counter.set)
    with counting("Comparing items") as counter:
        found = compare(own.client, own.name, target, counter.add)
    data: dict[str, Any] = {
        "table": target,
        "at": iso(moment),
        "same": found.same,
        "entities": [{"entity": name, **asdict(entity)} for name, entity in found.entities.items()],
        "differences": [{"what": what, "PK": pk, "SK": sk} for what, pk, sk in found.shown],
    }
    if session.show.is_json:
        session.show.json(data)
    else:
        columns = {
            "Entity": "entity",
            "Live": "first",
            "Restored": "second",
            "Only live": "only_first",
            "Only restored": "only_second",
            "Different": "different",
        }
        session.show.table(data["entities"], columns, empty="Both tables are empty.")
    session.show.note(
        f"Nothing was switched. To bring lost items back: bbws-access table backup --table {target} --to FILE, "
        "then bbws-access table restore --merge --from FILE. To go back altogether: docs/table.md says how."
    )
    if not found.same:
        raise typer.Exit(ExitCode.FOUND)
