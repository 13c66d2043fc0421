"""``bbws-access invitations``."""

from __future__ import annotations

from typing import Annotated

import typer

from bbws_access.models.kinds import InvitationStatus
from cli.command import command, noun
from cli.session import Session

app = noun("See, accept and decline invitations.")

_COLUMNS = {
    "Email": "email",
    "Role": "roleName",
    "Team": "teamName",
    "Status": "status",
    "Mail": "emailStatus",
    "Expires": "expiresAt",
    "Id": "invitationId",
}
TokenArgument = Annotated[str, typer.Argument(help="The token, or the whole link from the email.", show_default=False)]


@command(app, "list", epilog="bbws-access invitations list --org Acme --status PENDING")
def list_invitations(
    session: Session,
    status: Annotated[
        InvitationStatus | None, typer.Option("--status", case_sensitive=False, help="Only these.")
    ] = None,
) -> None:
    """List the organisation's invitations."""
    from bbws_access.services.pages import every
    from cli.views import invitation_data

    found = every(lambda page: session.services.invitations.page(session.actor, session.org_id, page, status))
    session.show.table((invitation_data(i) for i in found), _COLUMNS, empty="No invitations.")


@command(
    app,
    "accept",
    epilog="""
    bbws-access invitations accept LINK --first-name Thandi --last-name Nkosi
    BBWS_ACCESS_PASSWORD=… bbws-access invitations accept TOKEN --first-name Thandi --last-name Nkosi
    """,
)
def accept(
    session: Session,
    token: TokenArgument,
    first_name: Annotated[str | None, typer.Option("--first-name", help="Of a new user.")] = None,
    last_name: Annotated[str | None, typer.Option("--last-name", help="Of a new user.")] = None,
) -> None:
    """Accept an invitation. A new user's password is asked for, or read from BBWS_ACCESS_PASSWORD."""
    from bbws_access.models.invitation import Acceptance
    from bbws_access.validation import build

    names = first_name is not None or last_name is not None
    acceptance = (
        build(Acceptance, first_name=first_name, last_name=last_name, password=session.password()) if names else None
    )
    session.announce()
    accepted = session.services.accept_invitation.accept(_token(token), acceptance, session.actor.origin)
    data = accepted.user.model_dump(mode="json", by_alias=True)
    data["organisationName"] = accepted.invitation.organisation_name
    data["roleName"] = accepted.invitation.role_name
    data["teamName"] = accepted.invitation.team_name
    fields = {
        "Email": "email",
        "Organisation": "organisationName",
        "Role": "roleName",
        "Team": "teamName",
        "User id": "userId",
    }
    session.show.record(data, fields)


@command(app, "decline", epilog="bbws-access invitations decline LINK")
def decline(session: Session, token: TokenArgument) -> None:
    """Decline an invitation; the inviter gets an email."""
    from cli.views import INVITATION_FIELDS, invitation_data

    session.announce()
    declined = session.services.invitations.decline(_token(token), session.actor.origin)
    session.show.record(invitation_data(declined), INVITATION_FIELDS)


def _token(token_or_link: str) -> str:
    """The last part of a link's path, or the token itself."""
    return token_or_link.strip().partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
