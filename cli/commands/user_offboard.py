"""``bbws-access users offboard``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bbws_access.wording import number_of
from cli.arguments import UserArgument
from cli.changes import tell
from cli.command import command
from cli.commands.users import app
from cli.completion import offers
from cli.options import YesOption
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.models.user import User
    from bbws_access.services.offboarding import Departure

_FIELDS: Final = {
    "Email": "email",
    "Handed over": "handedOver",
    "To": "to",
    "Roles taken": "roles",
    "Teams left": "teams",
    "Of the platform": "platformRoles",
    "Still active in": "elsewhere",
}


@command(
    app,
    "offboard",
    epilog="""
    bbws-access users offboard thandi@example.com --dry-run
    bbws-access users offboard thandi@example.com --hand-over-to li@example.com --yes
    """,
    changes=True,
)
def offboard(
    session: Session,
    user: UserArgument,
    heir: Annotated[
        str | None,
        typer.Option(
            "--hand-over-to",
            metavar="USER",
            help="Who leads the teams whose last lead they are.",
            show_default=False,
            autocompletion=offers.users,
        ),
    ] = None,
    yes: YesOption = False,
) -> None:
    """Take everything that a member has, for good: access, roles, seats, invitations; no reactivation returns them."""
    from cli import naming

    found = naming.user(session, user)
    to = None if heir is None else naming.user(session, heir)
    work = session.services.offboarding
    departure = work.look(session.actor, session.org_id, found.user_id)
    session.announce()
    session.confirm(f"Offboard {found.email} from {session.organisation.name}? {_said(departure, to)}", yes=yes)
    work.take(session.actor, departure, to)
    data = _data(departure, to)
    session.show.record(data, {title: key for title, key in _FIELDS.items() if data[key]})
    tell(session, f"Offboarded {found.email}. {_left(departure)}")


def _data(departure: Departure, heir: User | None) -> dict[str, Any]:
    return {
        "userId": departure.user.user_id,
        "email": departure.user.email,
        "handedOver": [led.team.name for led in departure.led],
        "to": heir.email if heir is not None and departure.led else None,
        "roles": sorted(role.role_name for role in departure.roles),
        "teams": list(departure.teams),
        "platformRoles": sorted(role.role_name for role in departure.platform_roles),
        "elsewhere": list(departure.elsewhere),
    }


def _said(departure: Departure, heir: User | None) -> str:
    parts = [f"{number_of(len(departure.roles), 'role')} and {number_of(len(departure.teams), 'team seat')} are taken."]
    if departure.led and heir is not None:
        parts.append(f"{heir.email} becomes lead of {', '.join(led.team.name for led in departure.led)}.")
    return " ".join(parts)


def _left(departure: Departure) -> str:
    """What an offboarding does not touch."""
    if departure.elsewhere:
        kept = f"Their account, and roles of the platform, stay: they are active in {', '.join(departure.elsewhere)}."
    else:
        kept = "Their account is disabled."
    return f"{kept} What is left: the profile, deactivated, what they made for others, and the audit trail."
