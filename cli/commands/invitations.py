"""``bbws-access invitations``."""

from __future__ import annotations

from typing import Annotated

import typer

from bbws_access.models.kinds import InvitationStatus
from cli.changes import tell
from cli.command import command, noun
from cli.options import YesOption
from cli.session import Session
from cli.views import INVITATION_FIELDS, invitation_data, require_sent

app = noun("See, send again, withdraw, accept and decline invitations.")

_COLUMNS = {
    "Email": "email",
    "Role": "roleName",
    "Team": "teamName",
    "Status": "status",
    "Mail": "emailStatus",
    "Expires": "expiresAt",
    "Id": "invitationId",
}
_FIELDS = {**INVITATION_FIELDS, "Sent again": "resendCount", "Invited by": "inviterEmail", "Message": "message"}

InvitationArgument = Annotated[
    str, typer.Argument(help="By id, or by email: the one that is pending.", show_default=False)
]
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

    found = every(lambda page: session.services.invitations.page(session.actor, session.org_id, page, status))
    session.show.table(
        map(invitation_data, found), _COLUMNS, empty=f"No invitation is {status}." if status else "No invitations."
    )


@command(app, "show", epilog="bbws-access invitations show li@example.com --org Acme")
def show(session: Session, invitation: InvitationArgument) -> None:
    """Show an invitation."""
    from cli import naming

    session.show.record(invitation_data(naming.invitation(session, invitation)), _FIELDS)


@command(app, "resend", epilog="bbws-access invitations resend li@example.com --org Acme", changes=True)
def resend(session: Session, invitation: InvitationArgument) -> None:
    """Send a pending invitation again, with a new link; the one that they have stops working."""
    from cli import naming

    found = naming.invitation(session, invitation)
    session.announce()
    sent = session.services.invitations.resend(session.actor, session.org_id, found.invitation_id)
    session.show.record(invitation_data(sent), _FIELDS)
    require_sent(sent, "the new link is valid")
    tell(session, f"Sent {sent.email} a new link, valid until {sent.expires_at}; the earlier one opens nothing.")


@command(app, "revoke", epilog="bbws-access invitations revoke li@example.com --org Acme --yes", changes=True)
def revoke(session: Session, invitation: InvitationArgument, yes: YesOption = False) -> None:
    """Withdraw a pending invitation; its address may be invited again."""
    from cli import naming

    found = naming.invitation(session, invitation)
    session.announce()
    session.confirm(f"Withdraw the invitation of {found.email} to {found.organisation_name}?", yes=yes)
    revoked = session.services.invitations.revoke(session.actor, session.org_id, found.invitation_id)
    session.show.record(invitation_data(revoked), _FIELDS)
    tell(session, f"Withdrew the invitation of {revoked.email}; its link opens nothing.")


@command(
    app,
    "accept",
    epilog="""
    bbws-access invitations accept LINK --first-name Thandi --last-name Nkosi
    BBWS_ACCESS_PASSWORD=… bbws-access invitations accept TOKEN --first-name Thandi --last-name Nkosi
    """,
    changes=True,
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
    session.show.done(f"{accepted.user.email} is a member of {accepted.invitation.organisation_name} now.")


@command(app, "decline", epilog="bbws-access invitations decline LINK", changes=True)
def decline(session: Session, token: TokenArgument) -> None:
    """Decline an invitation; the inviter gets an email."""
    session.announce()
    declined = session.services.invitations.decline(_token(token), session.actor.origin)
    session.show.record(invitation_data(declined), INVITATION_FIELDS)
    session.show.done(f"Declined; {declined.inviter_email} is told.")


def _token(token_or_link: str) -> str:
    """The last part of a link's path, or the token itself."""
    return token_or_link.strip().partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
