"""``bbws-access audit report``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.errors import InvalidInput
from cli.command import command
from cli.operations import failures_told
from cli.options import OverwriteOption
from cli.progress import counted, working
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.report.data import ReportData


def register(app: typer.Typer) -> None:
    """Adds the verb to the noun's commands."""
    command(
        app,
        "report",
        epilog="""
        bbws-access audit report --org Acme --since 30d --html report.html
        bbws-access audit report --org Acme --from 2026-03-01 --to 2026-03-31 --html march.html
        """,
    )(report)


def report(
    session: Session,
    html: Annotated[Path, typer.Option("--html", help="The file to write.", dir_okay=False)],
    begin: Annotated[
        str | None, typer.Option("--from", help="From this day (UTC) or ISO 8601 time on; as far as the table reaches.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="To the end of this day (UTC), or up to this time; now.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Instead of --from: 2h, 30d.")] = None,
    archive: Annotated[bool, typer.Option("--archive", help="Verify every archived object of the range too.")] = False,
    platform: Annotated[bool, typer.Option("--platform", help="The platform's own trail instead.")] = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Write one page to read and print: activity, denials, privileged changes, exports, retention.

    The trail is verified on the way, and the page says with what result. The page is complete in itself and needs
    no network. That it was made is recorded in the trail.
    """
    from bbws_access.extras import needed
    from bbws_access.keys import PLATFORM
    from bbws_access.models.audit_questions import AuditQuestion
    from bbws_access.report.page import report_page
    from bbws_access.whole_file import draft_of

    needed("pygal", "report", "the report")
    session.may_replace(html, overwrite=overwrite)
    first, last = _range(begin, end, since)
    name, org_id = ("The platform", PLATFORM) if platform else (session.organisation.name, session.org_id)
    actor, reports = session.actor, session.services.audit_reports
    session.announce()
    asked = reports.question(actor, AuditQuestion(org_id, since=first, until=last))
    with failures_told(session, "audit.report", "audit", org_id, org_id):
        with working("Verifying"):
            verification = reports.verified(actor, asked, session.services.audit_verify, archive=archive)
        with counted("Reading", reports.rows(actor, asked)) as rows:
            data = reports.made_from(actor, name, asked, rows, verification)
        with draft_of(html, option="--html") as draft:
            draft.out.write(report_page(data).encode())
            size, sha256 = draft.sealed()
            reports.record(actor, data, str(html), sha256)
    session.show.record(
        _told(data) | {"to": str(html), "bytes": size, "sha256": sha256},
        {
            "Events": "count",
            "Denied": "denied",
            "Findings": "findings",
            "To": "to",
            "Bytes": "bytes",
            "SHA-256": "sha256",
        },
    )


def _told(data: ReportData) -> dict[str, object]:
    from bbws_access.clock import iso

    return {
        "from": iso(data.subject.since),
        "until": iso(data.subject.until),
        "count": data.total,
        "denied": data.outcome("denied"),
        "findings": None if data.verification is None else data.verification.total,
    }


def _range(begin: str | None, end: str | None, since: str | None) -> tuple[datetime | None, datetime | None]:
    from bbws_access.clock import SystemClock
    from cli.moments import parse_begin, parse_end

    if begin is not None and since is not None:
        raise InvalidInput("--from and --since say the same: give one of them", hint="bbws-access audit report --help")
    now, option = SystemClock().now(), "--from" if since is None else "--since"
    chosen = since if begin is None else begin
    first = None if chosen is None else parse_begin(chosen, now, option)
    return first, None if end is None else parse_end(end, now, "--to")
