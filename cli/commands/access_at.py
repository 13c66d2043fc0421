"""``bbws-access access at``: what somebody held at a moment that is past."""

from __future__ import annotations

from typing import Annotated

import typer

from bbws_access.errors import ExitCode
from bbws_access.wording import number_of
from cli.access_view import show_held
from cli.arguments import UserArgument
from cli.audit_question import ZoneOption, zone_of
from cli.command import command
from cli.session import Session
from cli.views import data_of


def register(app: typer.Typer) -> None:
    """Adds this module's verb to the noun ``access``."""
    command(
        app,
        "at",
        epilog="""
        bbws-access access at thandi@example.com --time 2h --org Acme
        bbws-access access at thandi@example.com --time 2026-03-01T09:30:00Z --org Acme -o json
        """,
    )(at)


def at(
    session: Session,
    user: UserArgument,
    time: Annotated[str, typer.Option("--time", help="The moment: 30m, 2h, 7d ago, or an ISO 8601 time.")],
    zone: ZoneOption = None,
) -> None:
    """Show what a member held at a moment, rebuilt from the audit trail; exits 3 where the trail has gaps."""
    from cli import naming
    from cli.moments import parse_moment
    from cli.progress import working

    moment = parse_moment(time, session.world.clock.now(), "--time", zone_of(zone))
    found = naming.user(session, user)
    with working("Reading the trail"):
        past = session.services.past_access.at(session.actor, session.org_id, found.user_id, moment)
    if session.show.is_json:
        session.show.json(data_of(past))
    else:
        show_held(session, past.held, f"in {session.organisation.name} at {past.at}")
        session.show.note(f"From what is held now and {number_of(past.undone, 'event')} since.")
    for doubt in past.doubts:
        session.show.note(f"Not certain: {doubt}.", always=True)
    if past.doubts:
        raise typer.Exit(ExitCode.FOUND)
