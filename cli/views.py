"""How records are shown where more than one command shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bbws_access.errors import PartlyDone

if TYPE_CHECKING:
    from pydantic import BaseModel

    from bbws_access.models.invitation import Invitation

INVITATION_FIELDS: Final = {
    "Email": "email",
    "Organisation": "organisationName",
    "Role": "roleName",
    "Team": "teamName",
    "Status": "status",
    "Expires": "expiresAt",
    "Mail": "emailStatus",
    "Id": "invitationId",
}

ASSIGNMENT_FIELDS: Final = {
    "Role": "roleName",
    "Scope": "scope",
    "Active": "active",
    "Since": "assignedAt",
    "By": "assignedBy",
    "Role id": "roleId",
}

EVENT_COLUMNS: Final = {
    "Time": "timestamp",
    "Action": "action",
    "By": "userEmail",
    "Outcome": "outcome",
    "On": "resourceType",
    "Id": "resourceId",
}
"""What a line says of an event, in this order, unless other columns are asked for."""

EDITED_FIELDS: Final = {
    "Active": "active",
    "Version": "version",
    "Created": "dateCreated",
    "By": "createdBy",
    "Changed": "dateLastUpdated",
    "Changed by": "lastUpdatedBy",
}
"""Of every record that people edit; the last lines of its view."""


def data_of(record: BaseModel) -> dict[str, Any]:
    """A record under the API's names."""
    return record.model_dump(mode="json", by_alias=True)


def invitation_data(invitation: Invitation) -> dict[str, Any]:
    """An invitation without anything of its token."""
    from bbws_access.models.invitation import InvitationView

    return data_of(InvitationView.model_validate(invitation, from_attributes=True))


def require_sent(invitation: Invitation, kept: str) -> None:
    """Raises :class:`PartlyDone` where its email could not be sent; ``kept`` says what was done all the same.

    Whoever was invited knows of nothing then, and a script must not take it for done.
    """
    from bbws_access.models.kinds import EmailStatus

    if invitation.email_status is EmailStatus.FAILED:
        raise PartlyDone(
            f"{kept}, but its email could not be sent: {invitation.email_error}",
            hint=f"bbws-access invitations resend {invitation.invitation_id}",
        )
