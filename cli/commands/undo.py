"""``bbws-access undo``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.audit_question import PlatformOption, owner
from cli.command import command
from cli.options import YesOption
from cli.session import Session
from cli.views import data_of

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

_FIELDS = {"Event": "eventId", "Action": "action", "By": "by", "At": "at", "Result": "says"}


@command(
    app,
    "undo",
    epilog="""
    bbws-access undo 01KA2V9W3ZJ6X8Y0M1N2P3Q4R5 --org Acme --dry-run
    bbws-access undo 01KA2V9W3ZJ6X8Y0M1N2P3Q4R5 --org Acme --yes
    """,
    changes=True,
)
def undo(
    session: Session,
    event_id: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id, as audit query shows it.")],
    platform: PlatformOption = False,
    yes: YesOption = False,
) -> None:
    """Take one audited change back, if nothing has changed since; the trail says what was undone."""
    org_id = owner(session, platform)
    inverse = session.services.undo.look(session.actor, org_id, event_id)
    session.announce()
    if not session.dry_run:
        session.confirm(f"Undo {inverse.action} by {inverse.by} at {inverse.at}? Then {inverse.says}.", yes=yes)
    done = session.services.undo.take(session.actor, org_id, event_id)
    session.show.record(data_of(done), _FIELDS)
    session.show.done(f"Undone: {done.says}.")
