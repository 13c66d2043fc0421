"""``bbws-access users``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.arguments import UserArgument
from cli.changes import counted, counts, tell
from cli.command import command, noun
from cli.completion import offers
from cli.edits import IfVersionOption, edit
from cli.options import YesOption
from cli.session import Session
from cli.views import ASSIGNMENT_FIELDS, INVITATION_FIELDS, data_of, invitation_data, require_sent

app = noun("Invite people, see who they are and what they hold, take it and give it back.")

_COLUMNS = {"Email": "email", "First name": "firstName", "Last name": "lastName", "Active": "active", "Id": "userId"}
_TEAM_COLUMNS = {
    "Team": "teamName",
    "Team role": "teamRoleName",
    "Since": "joinedAt",
    "Active": "active",
    "Team id": "teamId",
}


@command(
    app,
    "list",
    epilog="""
    bbws-access users list --org Acme
    bbws-access users list --org Acme --columns email,lastName -o csv
    bbws-access users list --org Acme --query "items[?active].email"
    """,
)
def list_users(
    session: Session,
    inactive: Annotated[bool, typer.Option("--inactive", help="Only those who were deactivated.")] = False,
) -> None:
    """List the organisation's members."""
    from bbws_access.services.pages import every

    found = every(lambda page: session.services.users.page(session.actor, session.org_id, page))
    rows = (data_of(user) for user in found if not inactive or not user.active)
    invite = "No members yet. Invite one: bbws-access users invite EMAIL --role NAME"
    session.show.table(rows, _COLUMNS, empty="No member is deactivated." if inactive else invite)


@command(app, "show", epilog="bbws-access users show thandi@example.com --org Acme")
def show(session: Session, user: UserArgument) -> None:
    """Show a member with their roles and teams."""
    from cli import naming

    found = session.services.users.access(session.actor, session.org_id, naming.user(session, user).user_id)
    roles = [role for role in found.roles if role.active]
    teams = [team for team in found.teams if team.active]
    data = data_of(found.user)
    data["roles"] = [data_of(role) for role in roles]
    data["teams"] = [data_of(team) for team in teams]
    if session.show.is_json:
        session.show.json(data)
        return
    data["roleNames"] = [role.role_name for role in roles]
    data["teamNames"] = [
        f"{session.services.teams.load(session.org_id, team.team_id).name} ({team.team_role_name})" for team in teams
    ]
    session.show.record(data, {**_COLUMNS, "Roles": "roleNames", "Teams": "teamNames", "Since": "dateCreated"})


@command(
    app,
    "invite",
    epilog="""
    bbws-access users invite thandi@example.com --org Acme --role ORG_ADMIN
    bbws-access users invite li@example.com --org Acme --role SITE_EDITOR --team Web
    """,
    changes=True,
)
def invite(
    session: Session,
    email: Annotated[str, typer.Argument(help="The address to invite.")],
    role: Annotated[str, typer.Option("--role", help="The role they get, by name or id.", autocompletion=offers.roles)],
    team: Annotated[
        str | None, typer.Option("--team", help="The team they join, by name or id.", autocompletion=offers.teams)
    ] = None,
    message: Annotated[str | None, typer.Option("--message", help="A personal line in the email.")] = None,
) -> None:
    """Invite somebody to the organisation; they get an email with a link."""
    from bbws_access.models.invitation import NewInvitation
    from bbws_access.validation import build
    from cli import naming

    role_id = naming.role(session, role, session.org_id).role_id
    team_id = naming.team(session, team).team_id if team else None
    request = build(NewInvitation, email=email, role_id=role_id, team_id=team_id, message=message)
    session.announce()
    invitation = session.services.invitations.create(session.actor, session.org_id, request)
    session.show.record(invitation_data(invitation), INVITATION_FIELDS)
    require_sent(invitation, "the invitation is kept")
    session.show.done(f"Invited {invitation.email} to {invitation.organisation_name} as {invitation.role_name}.")


@command(app, "update", epilog="bbws-access users update thandi@example.com --last-name Dlamini", changes=True)
def update(
    session: Session,
    user: UserArgument,
    first_name: Annotated[str | None, typer.Option("--first-name", help="Their first name.")] = None,
    last_name: Annotated[str | None, typer.Option("--last-name", help="Their last name.")] = None,
    if_version: IfVersionOption = None,
) -> None:
    """Change a member's name."""
    from bbws_access.models.user import UserChanges
    from cli import naming

    request = edit(UserChanges, if_version, first_name=first_name, last_name=last_name)
    found = naming.user(session, user)
    session.announce()
    changed = session.services.users.update(session.actor, session.org_id, found.user_id, request)
    session.show.record(data_of(changed), _COLUMNS)
    tell(session, f"{changed.email} is now called {changed.first_name} {changed.last_name}.")


@command(
    app,
    "deactivate",
    epilog="""
    bbws-access users deactivate thandi@example.com --dry-run
    bbws-access users deactivate thandi@example.com --yes
    """,
    changes=True,
)
def deactivate(session: Session, user: UserArgument, yes: YesOption = False) -> None:
    """Take a member's access, roles and teams until they are reactivated, and withdraw the invitations they sent.

    The API denies them within five minutes: so long the gateway keeps what it was told of a token.
    """
    from cli import naming

    found = naming.user(session, user)
    session.announce()
    question = f"Deactivate {found.email} in {session.organisation.name}, with all roles, teams and invitations?"
    session.confirm(question, yes=yes)
    gone = session.services.users.deactivate(session.actor, session.org_id, found.user_id)
    session.show.record(data_of(gone) | {"took": counts(session)}, _COLUMNS)
    took = counted(session)
    tell(
        session, f"Deactivated {gone.email}. That took {took or 'nothing else: they held no role and sat in no team'}."
    )


@command(app, "reactivate", epilog="bbws-access users reactivate thandi@example.com", changes=True)
def reactivate(session: Session, user: UserArgument) -> None:
    """Give a member back what their deactivation took, as far as it is there still."""
    from cli import naming

    found = naming.user(session, user)
    session.announce()
    back = session.services.users.reactivate(session.actor, session.org_id, found.user_id)
    session.show.record(data_of(back) | {"returned": counts(session)}, _COLUMNS)
    tell(session, f"Reactivated {back.email}. That gave back {counted(session) or 'no role and no team'}.")


@command(app, "roles", epilog="bbws-access users roles thandi@example.com --org Acme")
def roles(session: Session, user: UserArgument) -> None:
    """List the roles that a member holds; one that rests came with a deactivation."""
    from bbws_access.services.pages import every
    from cli import naming

    found = naming.user(session, user)
    held = every(
        lambda page: session.services.role_assignments.of_user(session.actor, session.org_id, found.user_id, page)
    )
    session.show.table(map(data_of, held), ASSIGNMENT_FIELDS, empty=f"{found.email} holds no role.")


@command(app, "teams", epilog="bbws-access users teams thandi@example.com --org Acme")
def teams(session: Session, user: UserArgument) -> None:
    """List the teams that a member is in."""
    from bbws_access.services.pages import every
    from cli import naming

    found = naming.user(session, user)
    joined = every(lambda page: session.services.members.teams_of(session.actor, session.org_id, found.user_id, page))
    session.show.table(map(data_of, joined), _TEAM_COLUMNS, empty=f"{found.email} is in no team.")


# They register themselves with the noun.
from cli.commands import user_export, user_import, user_offboard  # noqa: E402, F401
