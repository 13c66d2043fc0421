"""``bbws-access users``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.command import command, noun
from cli.session import Session

app = noun("Invite people and see who they are and what they hold.")

_COLUMNS = {"Email": "email", "First name": "firstName", "Last name": "lastName", "Active": "active", "Id": "userId"}


@command(
    app,
    "invite",
    epilog="""
    bbws-access users invite thandi@example.com --org Acme --role ORG_ADMIN
    bbws-access users invite li@example.com --org Acme --role SITE_EDITOR --team Web
    """,
)
def invite(
    session: Session,
    email: Annotated[str, typer.Argument(help="The address to invite.")],
    role: Annotated[str, typer.Option("--role", help="The role they get, by name or id.")],
    team: Annotated[str | None, typer.Option("--team", help="The team they join, by name or id.")] = None,
    message: Annotated[str | None, typer.Option("--message", help="A personal line in the email.")] = None,
) -> None:
    """Invite somebody to the organisation; they get an email with a link."""
    from bbws_access.models.invitation import NewInvitation
    from bbws_access.models.kinds import EmailStatus
    from bbws_access.validation import build

    services, actor = session.services, session.actor
    role_id = services.roles.find(actor, session.org_id, role).role_id
    team_id = services.teams.find(actor, session.org_id, team).team_id if team else None
    request = build(NewInvitation, email=email, role_id=role_id, team_id=team_id, message=message)
    session.announce()
    invitation = services.invitations.create(actor, session.org_id, request)
    from cli.views import INVITATION_FIELDS, invitation_data

    session.show.record(invitation_data(invitation), INVITATION_FIELDS)
    if invitation.email_status is EmailStatus.FAILED:
        session.show.note(f"The invitation is kept, but its email could not be sent: {invitation.email_error}")


@command(app, "list", epilog="bbws-access users list --org Acme -o json")
def list_users(session: Session) -> None:
    """List the organisation's members."""
    from bbws_access.services.pages import every

    found = every(lambda page: session.services.users.page(session.actor, session.org_id, page))
    rows = (user.model_dump(mode="json", by_alias=True) for user in found)
    session.show.table(rows, _COLUMNS, empty="No members yet. Invite one: bbws-access users invite EMAIL --role NAME")


@command(app, "show", epilog="bbws-access users show thandi@example.com --org Acme")
def show(session: Session, user: Annotated[str, typer.Argument(help="By email or id.")]) -> None:
    """Show a member with their roles and teams."""
    found = session.services.users.access(session.actor, session.org_id, user)
    roles = [role for role in found.roles if role.active]
    teams = [team for team in found.teams if team.active]
    data: dict[str, Any] = found.user.model_dump(mode="json", by_alias=True)
    data["roles"] = [role.model_dump(mode="json", by_alias=True) for role in roles]
    data["teams"] = [team.model_dump(mode="json", by_alias=True) for team in teams]
    if session.show.is_json:
        session.show.json(data)
        return
    data["roleNames"] = [role.role_name for role in roles]
    data["teamNames"] = [
        f"{session.services.teams.load(session.org_id, team.team_id).name} ({team.team_role_name})" for team in teams
    ]
    session.show.record(data, {**_COLUMNS, "Roles": "roleNames", "Teams": "teamNames", "Since": "dateCreated"})
