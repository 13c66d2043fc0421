"""How records are shown where more than one command shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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


def invitation_data(invitation: Invitation) -> dict[str, Any]:
    """An invitation without anything of its token."""
    from bbws_access.models.invitation import InvitationView

    return InvitationView.model_validate(invitation, from_attributes=True).model_dump(mode="json", by_alias=True)
