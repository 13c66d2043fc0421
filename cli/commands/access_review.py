"""``bbws-access access review``: who holds what, and who still needs it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bbws_access.errors import InvalidInput
from bbws_access.wording import number_of
from cli.command import command
from cli.operations import failures_told
from cli.options import OverwriteOption
from cli.progress import counted, counting
from cli.session import Session
from cli.views import data_of

if TYPE_CHECKING:
    from bbws_access.models.access_review import AccessReview, ReviewedUser

_COLUMNS: Final = {
    "User": "email",
    "Status": "status",
    "Holds": "holds",
    "Privileged": "privileged",
    "Unused": "unused",
    "Last active": "lastActivity",
    "User id": "userId",
}
_CELLS: Final = (
    "email", "name", "status", "lastActivity", "grant", "givenBy", "givenAt", "use", "privileged", "idle", "userId",
)  # fmt: skip
_FILE: Final = {"Users": "users", "To": "to", "Bytes": "bytes", "SHA-256": "sha256"}


def register(app: typer.Typer) -> None:
    """Adds this module's verb to the noun ``access``."""
    command(
        app,
        "review",
        epilog="""
        bbws-access access review --org Acme
        bbws-access access review --org Acme --html review.html
        bbws-access access review --org Acme --csv review.csv --days 30
        """,
    )(review)


def review(
    session: Session,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write it as one page to read and print.", show_default=False)
    ] = None,
    as_csv: Annotated[
        Path | None, typer.Option("--csv", help="Write it as a table, a row for each grant.", show_default=False)
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=2557, help="Grants unused for so long are told of.")] = 90,
    overwrite: OverwriteOption = False,
) -> None:
    """Review everybody's roles, seats, privileged rights and what they did with them.

    A file that is written is recorded in the trail: who took a copy of who holds what.
    """
    if html is not None and as_csv is not None:
        raise InvalidInput("--html and --csv: give one of them", hint="bbws-access access review --help")
    reviews, actor, organisation = session.services.access_reviews, session.actor, session.organisation
    target = html or as_csv
    if target is not None:
        session.may_replace(target, overwrite=overwrite)
        session.announce()
    with failures_told(session, "access.review", "organisation", organisation.organisation_id, session.org_id):
        with (
            counted("Reading the trail", reviews.rows(actor, organisation.organisation_id, days)) as rows,
            counting("Reading people") as counter,
        ):
            found = reviews.review(actor, organisation, rows, days, lambda: counter.add(1))
        if target is not None:
            _write(session, found, target, "html" if html is not None else "csv")
            return
    if session.show.is_json:
        session.show.json(data_of(found))
        return
    rows_shown = [_row(user) for user in found.users]
    session.show.table(rows_shown, _COLUMNS, empty=f"{found.organisation} has no members.")
    if found.trail_since is not None:
        session.show.note(f"The trail begins at {found.trail_since}: what was not used before that, it cannot tell.")
    if found.invitations:
        session.show.note(f"{number_of(len(found.invitations), 'invitation')} pending: bbws-access invitations list")


def _row(user: ReviewedUser) -> dict[str, Any]:
    return {
        "email": user.email,
        "status": "active" if user.active else "deactivated",
        "holds": ", ".join(grant.where for grant in user.grants),
        "privileged": ", ".join(user.privileged),
        "unused": ", ".join(grant.where for grant in user.unused),
        "lastActivity": user.last_activity,
        "userId": user.user_id,
    }


def _write(session: Session, found: AccessReview, target: Path, file_format: str) -> None:
    from bbws_access.report.review_page import review_page
    from bbws_access.whole_file import draft_of

    text = review_page(found) if file_format == "html" else _csv(found)
    with draft_of(target, option=f"--{file_format}") as draft:
        draft.out.write(text.encode())
        size, sha256 = draft.sealed()
        session.services.access_reviews.record(session.actor, found, str(target), file_format, sha256)
    told = {"users": len(found.users), "to": str(target), "bytes": size, "sha256": sha256}
    session.show.record(told, _FILE)


def _csv(found: AccessReview) -> str:
    """A row for each grant, and one for whoever holds nothing; no cell is run as a formula by a spreadsheet."""
    from bbws_access.export.formats import csv_cell

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_CELLS)
    for user in found.users:
        about = _row(user) | {"name": user.name}
        for grant in user.grants or (None,):
            given = {} if grant is None else data_of(grant) | {"grant": grant.where}
            cells = about | {name: given.get(name) for name in ("grant", "givenBy", "givenAt", "use")}
            cells |= {name: " ".join(given.get(name) or ()) for name in ("privileged", "idle")}
            writer.writerow([csv_cell(cells.get(name)) for name in _CELLS])
    return text.getvalue()
