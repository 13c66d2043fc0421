"""``bbws-access audit verify``, ``archive`` and ``restore``: the trail's long life."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.errors import ExitCode, InvalidInput, NotFound
from bbws_access.wording import number_of
from cli.audit_question import PlatformOption, owner
from cli.command import command
from cli.options import OverwriteOption
from cli.progress import working
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.models.audit_findings import Verification
    from bbws_access.services.archive import ArchiveFailure

_FINDINGS = {"What": "kind", "Where": "place", "Day": "date", "Event": "sequence", "Why": "message", "Object": "key"}
_PARTS = {"Organisation": "organisationId", "Day": "date", "Part": "part", "Events": "count", "SHA-256": "sha256"}

_MISSING = {"Organisation": "organisationId", "Parts": "parts", "Events": "written", "Forked": "forked"}

_ANCHOR = re.compile(r"(?:([\w-]{1,80}):)?([1-9][0-9]{0,17}):([0-9a-fA-F]{64})", re.ASCII)
"""With the organisation's id before it, as the functions' log has it."""

FromDay = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day, of UTC: 2026-01-31.")]
ToDay = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, included.")]


def register(app: typer.Typer) -> None:
    """Adds this module's verbs to the noun ``audit``."""
    command(
        app,
        "verify",
        epilog="""
        bbws-access audit verify --org Acme
        bbws-access audit verify --org Acme --archive --from 2026-01-01
        bbws-access audit verify --org Acme --anchor "$LAST_SEQUENCE:$LAST_HASH"
        """,
    )(verify)
    command(
        app,
        "archive",
        epilog="""
        bbws-access audit archive
        bbws-access audit archive --org Acme --catch-up
        bbws-access audit archive --dry-run
        """,
        changes=True,
    )(archive)
    command(
        app,
        "restore",
        epilog="""
        bbws-access audit restore --org Acme --day 2026-01-31 --to day.jsonl
        bbws-access audit restore --org Acme --day 2026-01-31 --into-table
        bbws-access audit restore --missing
        """,
        changes=True,
    )(restore)


def verify(
    session: Session,
    from_day: FromDay = None,
    to_day: ToDay = None,
    archive: Annotated[
        bool, typer.Option("--archive", help="Read every archived object too, with its lock and versions.")
    ] = False,
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            "--anchor",
            metavar="SEQUENCE:HASH",
            help="An event's hash that is known from an earlier check, a bundle or a log; may be repeated.",
        ),
    ] = None,
    platform: PlatformOption = False,
) -> None:
    """Check that the trail says what it said: hashes, gaps, and the archive. Exit 3 when something is wrong."""
    org_id = _verified_owner(session, platform, archive)
    first, last = parse_day(from_day, "--from"), parse_day(to_day, "--to")
    anchors = _anchors(org_id, anchor or [])
    with working("Verifying"):
        found = session.services.audit_verify.verify(
            session.actor, org_id, first, last, archive=archive, anchors=anchors
        )
    if session.show.is_json:
        session.show.json(found.model_dump(mode="json", by_alias=True, exclude_none=True) | {"sound": found.sound})
    else:
        _show(session, found)
    if not found.sound:
        raise typer.Exit(ExitCode.FOUND)


def _verified_owner(session: Session, platform: bool, archive: bool) -> str:
    """An organisation of which the table knows nothing any more is still in the bucket: its id is taken as it is."""
    try:
        return owner(session, platform)
    except NotFound:
        if archive and session.org_name is not None and session.org_name.startswith("org-"):
            return session.org_name
        raise


def _anchors(org_id: str, words: list[str]) -> dict[int, str]:
    """Raises :class:`InvalidInput` for one that is none or of another organisation, and for two of one event."""
    found: dict[int, str] = {}
    for word in words:
        parsed = _ANCHOR.fullmatch(word)
        if parsed is None:
            raise InvalidInput(
                f"--anchor {word[:80]!r} is not SEQUENCE:HASH",
                hint="give the last event's number and hash (64 digits), as audit verify and audit evidence end with",
            )
        if parsed[1] not in {None, org_id}:
            raise InvalidInput(f"--anchor {word[:80]!r} is of another organisation than {org_id}")
        sequence, digest = int(parsed[2]), parsed[3].lower()
        if found.setdefault(sequence, digest) != digest:
            raise InvalidInput(f"--anchor gives event {sequence} two hashes")
    return found


def _show(session: Session, found: Verification) -> None:
    looked_at = f"{found.chained} chained of {found.events} events in {number_of(found.days, 'day')}"
    if found.archive:
        looked_at += f", {found.objects} archived objects"
    if found.cold:
        looked_at += f" ({found.cold} of them in Glacier, by the checksums that S3 keeps)"
    if found.sound:
        session.show.done(f"Sound: {looked_at}; the last is event {found.last_sequence}, hash {found.last_hash}.")
        return
    rows = [finding.model_dump(mode="json", by_alias=True) for finding in found.findings]
    session.show.table(rows, _FINDINGS, empty="")
    first = found.findings[0]
    where = f" on {first.date}" if first.date else ""
    session.show.note(f"{number_of(len(rows), 'finding')} in {looked_at}. The first{where}: {first.message}.")


def archive(
    session: Session,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Look for late events in every day, however long ago.")
    ] = False,
) -> None:
    """Archive every finished day that is not archived yet: of one organisation with --org, else of all."""
    session.announce()
    orgs = [session.org_id] if session.has_org else None
    with working("Archiving"):
        report = session.services.archive.run(session.actor, orgs, catch_up=catch_up)
    rows = [part.model_dump(mode="json", by_alias=True, exclude={"marked"}) for part in report.parts]
    session.show.table(rows, _PARTS, empty="Nothing to archive: every finished day is in the archive.")
    _tell_failures(session, report.failures, partly=bool(report.parts))


def _tell_failures(session: Session, failures: list[ArchiveFailure], *, partly: bool) -> None:
    for failure in failures:
        session.show.note(f"{failure.org_id} {failure.day}".strip() + f": {failure.error.message}", always=True)
        if failure.error.hint:
            session.show.note(f"  try: {failure.error.hint}", always=True)
    if failures:
        partly = partly or all(failure.error.exit_code is ExitCode.PARTIAL for failure in failures)
        raise typer.Exit(ExitCode.PARTIAL if partly else ExitCode.FAILED)


def restore(
    session: Session,
    day: Annotated[str | None, typer.Option("--day", help="The day, of UTC: 2026-01-31.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="A file for the events, one a line as JSON.")] = None,
    into_table: Annotated[bool, typer.Option("--into-table", help="Back into the table, for seven days.")] = False,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing",
            help="All that the archive holds and the table lacks since it was restored to an earlier moment:"
            " of one organisation with --org, else of all.",
        ),
    ] = False,
    platform: PlatformOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Bring an archived day back; the trail records it. One in Glacier is asked for first, which takes 3 to 5 hours."""
    from bbws_access.services.archive_restore import THAW_HOURS

    if missing == (day is not None):
        raise InvalidInput("say what: --day DAY or --missing", hint="bbws-access audit restore --help")
    if missing:
        if to is not None or into_table:
            raise InvalidInput("--missing goes into the table: --to and --into-table are for a --day")
        _restore_missing(session, [owner(session, platform)] if platform or session.has_org else None)
        return
    if (to is None) == (not into_table):
        raise InvalidInput("say where to: --to FILE or --into-table", hint="bbws-access audit restore --help")
    if to is not None:
        session.may_replace(to, overwrite=overwrite)
    org_id, wanted = owner(session, platform), str(parse_day(day, "--day"))
    session.announce()
    service = session.services.archive_restore
    state = service.look(session.actor, org_id, wanted)
    if not state.readable:
        if state.cold:
            service.thaw(session.actor, org_id, wanted)
        session.show.note(f"{wanted} is in Glacier and was asked for: repeat this in {THAW_HOURS}.")
        raise typer.Exit(ExitCode.PARTIAL)
    if to is not None and session.dry_run:
        found = sum(1 for _ in service.events(session.actor, org_id, wanted))
        session.journal.beside.append(f"write {to}: {found} events")
        return
    if to is not None:
        written = _to_file(session, org_id, wanted, to)
    else:
        written, there = service.into_table(session.actor, org_id, wanted)
        if there:
            session.show.note(f"{there} events were in the table already.")
    session.show.record(
        {"organisationId": org_id, "date": wanted, "written": written, "to": str(to) if to else "table"},
        {"Day": "date", "Events": "written", "To": "to"},
    )


def _restore_missing(session: Session, org_ids: list[str] | None) -> None:
    session.announce()
    with working("Bringing back what only the archive holds"):
        report = session.services.archive_recovery.recover(session.actor, org_ids)
    found = report.recovered
    rows = [
        {"organisationId": one.org_id, "parts": one.parts, "written": one.written, "forked": one.forked}
        for one in found
    ]
    empty = "" if report.failures else "Nothing is missing: the table knows of all that is in the archive."
    session.show.table(rows, _MISSING, empty=empty)
    for one in found:
        if one.forked:
            session.show.note(
                f"{one.org_id}: its trail had gone on before this, so numbers stand twice in its chain;"
                " audit verify will say so from now on.",
                always=True,
            )
    _tell_failures(session, report.failures, partly=bool(found))


def _to_file(session: Session, org_id: str, day: str, target: Path) -> int:
    from bbws_access.services.archive_objects import event_line
    from bbws_access.whole_file import digest_name, draft_of, write_digest

    services, count = session.services, 0
    with draft_of(target) as draft:
        for event in services.archive_restore.events(session.actor, org_id, day):
            draft.out.write(f"{event_line(event)}\n".encode())
            count += 1
        _, sha256 = draft.sealed()
        services.audit.record_export(session.actor, org_id, str(target), "jsonl", count, sha256)
        digest_name(target).unlink(missing_ok=True)
    write_digest(target, sha256)
    return count


def parse_day(text: str | None, option: str) -> Any:
    """A ``date``, or ``None`` for ``None``; raises :class:`InvalidInput` that names ``option``."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{option} {text!r} is not a day", hint="give it as 2026-01-31") from None
