"""``bbws-access access impact``: who would gain and who would lose what, before anything changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.errors import ExitCode
from bbws_access.models.kinds import Capability
from cli.arguments import RoleArgument, TeamRoleArgument
from cli.command import command, noun
from cli.impact import impact_of, told
from cli.role_permissions import GrantsAdded, GrantsGiven, GrantsRemoved, wanted
from cli.session import Session
from cli.views import data_of

if TYPE_CHECKING:
    from bbws_access.bootstrap import Services

app = noun("Who would gain and who would lose what, before a role changes.")

DetailedOption = Annotated[
    bool, typer.Option("--detailed-exitcode", help="Exit 3 where somebody gains or loses something.")
]
_COLUMNS = {"User": "email", "Change": "change", "What": "what", "User id": "userId"}
_WORDS = {"gains": "gains", "loses": "loses", "opens": "may call", "closes": "may no longer call"}


@command(
    app,
    "role",
    epilog="""
    bbws-access access impact role SITE_EDITOR --add site:publish --org Acme
    bbws-access access impact role SITE_EDITOR site:read site:update --org Acme --detailed-exitcode
    """,
)
def role(
    session: Session,
    role: RoleArgument,
    permissions: GrantsGiven = None,
    add: GrantsAdded = None,
    remove: GrantsRemoved = None,
    detailed_exitcode: DetailedOption = False,
) -> None:
    """Say who would gain and lose what if the role allowed something else; changes nothing."""
    from bbws_access.models.role import RolePermissions
    from bbws_access.validation import build
    from cli import naming

    found = naming.role(session, role, session.org_id)
    grants = wanted(found.permissions, permissions, add, remove, look=f"bbws-access roles show {found.name}")
    request = build(RolePermissions, permissions=grants)
    _show(
        session,
        lambda services: services.roles.set_permissions(session.actor, session.org_id, found.role_id, request),
        detailed_exitcode,
    )


@command(
    app,
    "team-role",
    epilog="""
    bbws-access access impact team-role MEMBER --add CAN_MANAGE_MEMBERS --org Acme
    bbws-access access impact team-role MEMBER --remove CAN_VIEW_SITES --org Acme -o json
    """,
)
def team_role(
    session: Session,
    team_role: TeamRoleArgument,
    capabilities: Annotated[
        list[Capability] | None,
        typer.Argument(metavar="[CAPABILITY]...", help="All that it gives from now on.", show_default=False),
    ] = None,
    add: Annotated[
        list[Capability] | None,
        typer.Option(
            "--add", metavar="CAPABILITY", case_sensitive=False, help="One more; may be repeated.", show_default=False
        ),
    ] = None,
    remove: Annotated[
        list[Capability] | None,
        typer.Option(
            "--remove",
            metavar="CAPABILITY",
            case_sensitive=False,
            help="One less; may be repeated.",
            show_default=False,
        ),
    ] = None,
    detailed_exitcode: DetailedOption = False,
) -> None:
    """Say who would gain and lose what if the team role gave something else; changes nothing."""
    from bbws_access.models.team import TeamRoleChanges
    from bbws_access.validation import build
    from cli import naming

    found = naming.team_role(session, team_role)
    look = f"bbws-access team-roles show {found.name}"
    given = wanted(frozenset(found.capabilities), capabilities, add, remove, what="capabilities", look=look)
    request = build(TeamRoleChanges, capabilities=given)
    _show(
        session,
        lambda services: services.team_roles.update(session.actor, session.org_id, found.team_role_id, request),
        detailed_exitcode,
    )


def _show(session: Session, act: Callable[[Services], object], detailed_exitcode: bool) -> None:
    from cli.progress import working

    with working("Reading what people may do"):
        impact = impact_of(session, act)
    if session.show.is_json:
        session.show.json(data_of(impact))
    else:
        rows = [
            {"email": shift.email, "userId": shift.user_id, "change": _WORDS[side], "what": what}
            for shift in impact.shifts
            for side in _WORDS
            for what in getattr(shift, side)
        ]
        session.show.table(rows, _COLUMNS, empty="Nobody gains or loses anything by this.")
        if rows:
            session.show.note(told(impact))
    if impact.shifts and detailed_exitcode:
        raise typer.Exit(ExitCode.FOUND)
