"""``bbws-access audit``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.models.kinds import FileFormat
from bbws_access.wording import number_of
from cli.audit_question import (
    ActionOption,
    ExportUntilOption,
    OutcomeOption,
    PlatformOption,
    ResourceOption,
    SinceOption,
    TypeOption,
    UntilOption,
    UserOption,
    ZoneOption,
    question,
    zone_of,
)
from cli.command import command, noun
from cli.commands import audit_archive, audit_evidence, audit_reading, audit_report
from cli.operations import failures_told
from cli.options import OverwriteOption
from cli.progress import counted
from cli.session import Session
from cli.views import EVENT_COLUMNS

if TYPE_CHECKING:
    from bbws_access.models.audit_questions import AuditQuestion

app = noun("Query and export the audit trail.")


@command(
    app,
    "query",
    epilog="""
    bbws-access audit query --org Acme --since 2h
    bbws-access audit query --org Acme --type ROLE_CHANGE -o json
    """,
)
def query(
    session: Session,
    event_type: TypeOption = None,
    outcome: OutcomeOption = None,
    user: UserOption = None,
    action: ActionOption = None,
    resource: ResourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    zone: ZoneOption = None,
    oldest: Annotated[bool, typer.Option("--oldest-first", help="The oldest first.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many events.")] = 100,
    platform: PlatformOption = False,
) -> None:
    """Show what happened in an organisation, the newest first."""
    asked = question(
        session,
        platform,
        newest_first=not oldest,
        event_type=event_type,
        outcome=outcome,
        user=user,
        action=action,
        resource=resource,
        since=since,
        until=until,
        zone=zone,
    )
    audit, actor = session.services.audit, session.actor
    _say_archive(session, asked)
    found = list(islice(audit.rows(actor, asked), limit + 1))
    more = len(found) > limit
    rows: list[Mapping[str, Any]] = [_in_zone(row, zone) for row in found[:limit]]
    columns = EVENT_COLUMNS if zone is None else EVENT_COLUMNS | {"Time": "localTime"}
    session.show.table(rows, columns, empty="No events in this range.", more_available=more)
    if more:
        session.show.note(f"There are more events than --limit {limit}: raise it, or use audit export.")


def _say_archive(session: Session, asked: AuditQuestion) -> None:
    if days := session.services.audit.archived_days(session.actor, asked):
        session.show.note(f"Reading {number_of(days, 'day')} from the archive too.")


def _in_zone(row: Mapping[str, Any], zone: str | None) -> Mapping[str, Any]:
    where = zone_of(zone)
    if where is None:
        return row
    from bbws_access.clock import parse_iso

    local = parse_iso(row["timestamp"]).astimezone(where)
    return {**row, "localTime": local.isoformat(timespec="milliseconds")}


@command(
    app,
    "export",
    epilog="""
    bbws-access audit export --org Acme --format csv --to audit.csv
    bbws-access audit export --org Acme --format jsonl --to s3
    """,
    changes=True,
)
def export(
    session: Session,
    to: Annotated[str, typer.Option("--to", help="A file, or s3 for the audit bucket.")],
    export_format: Annotated[
        FileFormat, typer.Option("--format", case_sensitive=False, help="File format.")
    ] = FileFormat.CSV,
    event_type: TypeOption = None,
    outcome: OutcomeOption = None,
    user: UserOption = None,
    action: ActionOption = None,
    since: SinceOption = None,
    until: ExportUntilOption = None,
    platform: PlatformOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Export the trail of an organisation, the oldest event first. The export itself is recorded in it."""
    if to != "s3":
        session.may_replace(Path(to), overwrite=overwrite)
    asked = question(
        session,
        platform,
        newest_first=False,
        event_type=event_type,
        outcome=outcome,
        user=user,
        action=action,
        since=since,
        until=until,
    )
    session.announce()
    _say_archive(session, asked)
    with failures_told(session, "audit.export", "audit", asked.organisation_id, asked.organisation_id):
        if to == "s3":
            data = _to_bucket(session, asked, export_format)
        else:
            data = _to_file(session, asked, Path(to), export_format)
    fields = {"Events": "count", "To": "to", "Bytes": "bytes", "SHA-256": "sha256"}
    session.show.record(data, fields | ({"Link": "url"} if "url" in data else {}))


def _to_file(session: Session, question: AuditQuestion, target: Path, chosen: FileFormat) -> dict[str, Any]:
    from bbws_access.export.files import Written, write_file
    from bbws_access.whole_file import digest_name, write_digest

    audit, actor = session.services.audit, session.actor

    def record(done: Written) -> None:
        audit.record_export(actor, question.organisation_id, str(target), chosen, done.count, done.sha256)
        if not session.dry_run:
            digest_name(target).unlink(missing_ok=True)

    with counted("Exporting", audit.rows(actor, question)) as watched, _place_of(session, target) as place:
        written = write_file(watched, place, chosen, record)
    if not session.dry_run:
        write_digest(target, written.sha256)
    return {"to": str(target), "count": written.count, "bytes": written.size, "sha256": written.sha256}


@contextmanager
def _place_of(session: Session, target: Path) -> Iterator[Path]:
    """Where the file is written: in a dry run somewhere that goes away, for its count and its digest."""
    if not session.dry_run:
        yield target
        return
    with TemporaryDirectory(prefix="bbws-access-") as folder:
        place = Path(folder) / "export"
        yield place
        session.journal.beside.append(f"write {target}: {place.stat().st_size} bytes")


def _to_bucket(session: Session, question: AuditQuestion, chosen: FileFormat) -> dict[str, Any]:
    done = session.services.audit.export(
        session.actor, question, chosen, watched=lambda rows: counted("Exporting", rows)
    )
    return {"to": done.location, "count": done.count, "bytes": done.size, "sha256": done.sha256, "url": done.url}


audit_archive.register(app)
audit_reading.register(app)
audit_report.register(app)
audit_evidence.register(app)
