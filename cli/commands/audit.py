"""``bbws-access audit``."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.models.kinds import EventType, FileFormat
from cli.command import command, noun
from cli.progress import counted
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.models.audit_questions import AuditQuestion

app = noun("Query and export the audit trail.")

_COLUMNS = {
    "Time": "timestamp",
    "Action": "action",
    "By": "userEmail",
    "Outcome": "outcome",
    "On": "resourceType",
    "Id": "resourceId",
}


TypeOption = Annotated[EventType | None, typer.Option("--type", case_sensitive=False, help="Only events of this type.")]
UserOption = Annotated[str | None, typer.Option("--user", help="Only what this member did, by email or id.")]
SinceOption = Annotated[str | None, typer.Option("--since", help="From here on: 30m, 2h, 7d, or an ISO 8601 time.")]
UntilOption = Annotated[str | None, typer.Option("--until", help="Up to here, not included.")]
PlatformOption = Annotated[bool, typer.Option("--platform", help="The platform's own trail instead.")]


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
    user: UserOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many events.")] = 100,
    platform: PlatformOption = False,
) -> None:
    """Show what happened in an organisation, the newest first."""
    from bbws_access.export.formats import event_data

    question = _question(session, event_type, user, since, until, platform, newest_first=True)
    events = session.services.audit.events(session.actor, question)
    found = list(islice(events, limit + 1))
    more = len(found) > limit
    rows = [event_data(event) for event in found[:limit]]
    session.show.table(rows, _COLUMNS, empty="No events in this range.", more_available=more)
    if more:
        session.show.note(f"There are more than {limit} events: raise --limit, or use audit export.")


@command(
    app,
    "export",
    epilog="""
    bbws-access audit export --org Acme --format csv --to audit.csv
    bbws-access audit export --org Acme --format jsonl --to s3
    """,
)
def export(
    session: Session,
    to: Annotated[str, typer.Option("--to", help="A file, or s3 for the audit bucket.")],
    export_format: Annotated[
        FileFormat, typer.Option("--format", case_sensitive=False, help="File format.")
    ] = FileFormat.CSV,
    event_type: TypeOption = None,
    user: UserOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    platform: PlatformOption = False,
) -> None:
    """Export the trail of an organisation, the oldest event first. The export itself is recorded in it."""
    question = _question(session, event_type, user, since, until, platform, newest_first=False)
    session.announce()
    if to == "s3":
        data = _to_bucket(session, question, export_format)
    else:
        data = _to_file(session, question, Path(to), export_format)
    fields = {"Events": "count", "To": "to", "Bytes": "bytes", "SHA-256": "sha256"}
    session.show.record(data, fields | ({"Link": "url"} if "url" in data else {}))


def _to_file(session: Session, question: AuditQuestion, target: Path, chosen: FileFormat) -> dict[str, Any]:
    from bbws_access.export.files import Written, write_file

    audit, actor = session.services.audit, session.actor

    def record(done: Written) -> None:
        audit.record_export(actor, question.organisation_id, str(target), chosen, done.count, done.sha256)

    with counted("Exporting", audit.rows(actor, question)) as watched:
        written = write_file(watched, target, chosen, record)
    return {"to": str(target), "count": written.count, "bytes": written.size, "sha256": written.sha256}


def _to_bucket(session: Session, question: AuditQuestion, chosen: FileFormat) -> dict[str, Any]:
    done = session.services.audit.export(session.actor, question, chosen)
    return {"to": done.location, "count": done.count, "bytes": done.size, "sha256": done.sha256, "url": done.url}


def _owner(session: Session, platform: bool) -> str:
    from bbws_access.keys import PLATFORM

    return PLATFORM if platform else session.org_id


def _question(
    session: Session,
    event_type: EventType | None,
    user: str | None,
    since: str | None,
    until: str | None,
    platform: bool,
    *,
    newest_first: bool,
) -> AuditQuestion:
    from bbws_access.clock import SystemClock
    from bbws_access.models.audit_questions import AuditQuestion
    from cli.moments import parse_moment

    now = SystemClock().now()
    return AuditQuestion(
        organisation_id=_owner(session, platform),
        since=parse_moment(since, now, "--since") if since else None,
        until=parse_moment(until, now, "--until") if until else None,
        user_id=session.services.users.find(session.actor, session.org_id, user).user_id if user else None,
        types=frozenset({event_type} if event_type else ()),
        newest_first=newest_first,
    )
