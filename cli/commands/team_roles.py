"""``bbws-access team-roles``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.models.kinds import Capability
from bbws_access.wording import number_of
from cli.arguments import TeamRoleArgument
from cli.changes import tell
from cli.command import command, noun
from cli.edits import IfVersionOption, edit
from cli.impact import foretell
from cli.options import YesOption
from cli.session import Session
from cli.views import EDITED_FIELDS, data_of

if TYPE_CHECKING:
    from bbws_access.models.team import TeamRoleChanges

app = noun("What members may do inside their teams.")

_COLUMNS = {
    "Name": "name",
    "Members": "userCount",
    "Order": "sortOrder",
    "Capabilities": "capabilities",
    "Id": "teamRoleId",
}
_FIELDS = {
    "Name": "name",
    "Called": "displayName",
    "Description": "description",
    "Order": "sortOrder",
    "Members": "userCount",
    "Capabilities": "capabilities",
    "Default": "isDefault",
    "Id": "teamRoleId",
    **EDITED_FIELDS,
}

DisplayNameOption = Annotated[str | None, typer.Option("--display-name", help="What people see.")]
DescriptionOption = Annotated[str | None, typer.Option("--description", help="What it is for; 500 at most.")]
SortOrderOption = Annotated[int | None, typer.Option("--sort-order", help="Its place in lists, 1 to 999.")]


@command(app, "list", epilog="bbws-access team-roles list --org Acme")
def list_team_roles(
    session: Session,
    inactive: Annotated[bool, typer.Option("--inactive", help="Those that were deactivated instead.")] = False,
) -> None:
    """List the organisation's team roles."""
    from bbws_access.services.pages import every

    org_id = session.org_id
    found = every(lambda page: session.services.team_roles.page(session.actor, org_id, page, active=not inactive))
    rows = sorted(map(data_of, found), key=lambda r: r["sortOrder"])
    session.show.table(rows, _COLUMNS, empty="No team role was deactivated." if inactive else "No team roles.")


@command(app, "show", epilog="bbws-access team-roles show TEAM_LEAD --org Acme")
def show(session: Session, team_role: TeamRoleArgument) -> None:
    """Show a team role."""
    from cli import naming

    session.show.record(data_of(naming.team_role(session, team_role)), _FIELDS)


@command(
    app,
    "create",
    epilog="bbws-access team-roles create GUEST --capability CAN_VIEW_SITES --org Acme",
    changes=True,
)
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="In capitals, as TEAM_LEAD; unique in the organisation.")],
    capability: Annotated[
        list[Capability], typer.Option("--capability", case_sensitive=False, help="May be repeated.")
    ],
    display_name: DisplayNameOption = None,
    description: DescriptionOption = None,
    sort_order: SortOrderOption = None,
) -> None:
    """Create a team role of the organisation."""
    from bbws_access.models.team import NewTeamRole
    from bbws_access.validation import build

    more = {"description": description, "sort_order": sort_order}
    request = build(
        NewTeamRole,
        name=name,
        display_name=name.replace("_", " ").title() if display_name is None else display_name,
        capabilities=frozenset(capability),
        **{option: value for option, value in more.items() if value is not None},
    )
    org_id = session.org_id
    session.announce()
    made = session.services.team_roles.create(session.actor, org_id, request)
    session.show.record(data_of(made), _FIELDS)
    tell(session, f"Created team role {made.name} in {session.organisation.name}.")


@command(
    app,
    "update",
    epilog="bbws-access team-roles update GUEST --capability CAN_VIEW_SITES --capability CAN_VIEW_MEMBERS",
    changes=True,
)
def update(
    session: Session,
    team_role: TeamRoleArgument,
    name: Annotated[str | None, typer.Option("--name", help="A new name, while nobody has it.")] = None,
    display_name: DisplayNameOption = None,
    description: DescriptionOption = None,
    capability: Annotated[
        list[Capability] | None,
        typer.Option("--capability", case_sensitive=False, help="All that it gives; may be repeated."),
    ] = None,
    sort_order: SortOrderOption = None,
    yes: YesOption = False,
    if_version: IfVersionOption = None,
) -> None:
    """Change a team role; --capability replaces all that it gives."""
    from bbws_access.models.team import TeamRoleChanges

    request = edit(
        TeamRoleChanges,
        if_version,
        name=name,
        display_name=display_name,
        description=description,
        capabilities=frozenset(capability) if capability else None,
        sort_order=sort_order,
    )
    _change(session, team_role, request, "Changed team role {}.", yes=yes)


@command(app, "deactivate", epilog="bbws-access team-roles deactivate GUEST --yes", changes=True)
def deactivate(session: Session, team_role: TeamRoleArgument, yes: YesOption = False) -> None:
    """Take a team role out of use; refused while a member has it."""
    from bbws_access.models.team import TeamRoleChanges

    question = "Deactivate team role {}? Nobody can be given it then."
    done = "Deactivated team role {}; nobody had it."
    _change(session, team_role, TeamRoleChanges(active=False), done, question=question, yes=yes)


@command(app, "reactivate", epilog="bbws-access team-roles reactivate GUEST", changes=True)
def reactivate(session: Session, team_role: TeamRoleArgument) -> None:
    """Bring a team role back into use."""
    from bbws_access.models.team import TeamRoleChanges

    _change(session, team_role, TeamRoleChanges(active=True), "Reactivated team role {}.")


def _change(
    session: Session, name: str, request: TeamRoleChanges, done: str, *, question: str | None = None, yes: bool = False
) -> None:
    """Asks ``question``, or where members would lose something, about that."""
    from cli import naming

    found = naming.team_role(session, name)
    session.announce()
    foretell(
        session,
        lambda services: services.team_roles.update(session.actor, session.org_id, found.team_role_id, request),
    )
    lost = sorted(found.capabilities - request.capabilities) if request.capabilities is not None else []
    if lost and found.user_count:
        question = f"Take {', '.join(lost)} from the {number_of(found.user_count, 'member')} who are {{}}?"
    if question is not None:
        session.confirm(question.format(found.name), yes=yes)
    changed = session.services.team_roles.update(session.actor, session.org_id, found.team_role_id, request)
    session.show.record(data_of(changed), _FIELDS)
    tell(session, done.format(changed.name))
