"""Functions of the invitation service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bbws_access.models.invitation import (
    Acceptance,
    Answered,
    Invitation,
    InvitationView,
    InvitedView,
    NewInvitation,
    Revocation,
)
from bbws_access.models.kinds import EmailStatus, InvitationStatus
from bbws_access.services.acceptance import Opened
from bbws_access.services.pages import ListPage
from lambdas import invitation_page
from lambdas.api import endpoint
from lambdas.call import Answer, Call, Page
from lambdas.logs import logger

PAGE_RESOURCE: Final = "/invite/{token}"


def _create_invitation(call: Call) -> Answer:
    invitation = call.services.invitations.create(call.actor, call.path("orgId"), call.body(NewInvitation))
    _note_email(invitation)
    return call.created(_view(invitation), _path(invitation))


def _list_invitations(call: Call) -> Answer:
    found = call.services.invitations.page(
        call.actor, call.path("orgId"), call.page(), call.choice("status", InvitationStatus)
    )
    return call.listed(ListPage([_view(i) for i in found.items], found.last), _path)


def _get_invitation(call: Call) -> Answer:
    invitation = call.services.invitations.get(call.actor, call.path("orgId"), call.path("invitationId"))
    return call.shown(_view(invitation), _path(invitation))


def _resend_invitation(call: Call) -> Answer:
    invitation = call.services.invitations.resend(call.actor, call.path("orgId"), call.path("invitationId"))
    _note_email(invitation)
    return call.shown(_view(invitation), _path(invitation))


def _revoke_invitation(call: Call) -> Answer:
    actor = call.actor
    call.body(Revocation)
    invitation = call.services.invitations.revoke(actor, call.path("orgId"), call.path("invitationId"))
    logger.info("invitation revoked", extra={"invitation": invitation.invitation_id})
    return call.shown(_view(invitation), _path(invitation))


def _get_invitation_by_token(call: Call) -> Answer:
    token = call.path("token")
    opened = call.services.accept_invitation.open(token, call.origin)
    return call.shown(_invited_view(opened), f"/v1/invitations/{token}")


def _invitation_page(call: Call) -> Page:
    opened = call.services.accept_invitation.open(call.path("token"), call.origin)
    return invitation_page.invitation(_invited_view(opened))


def _accept_invitation(call: Call) -> Answer:
    acceptance = call.optional_body(Acceptance)
    accepted = call.services.accept_invitation.accept(call.path("token"), acceptance, call.origin)
    logger.info("invitation accepted", extra={"invitation": accepted.invitation.invitation_id})
    return _answered(accepted.invitation, accepted.user.user_id)


def _decline_invitation(call: Call) -> Answer:
    invitation = call.services.invitations.decline(call.path("token"), call.origin)
    logger.info("invitation declined", extra={"invitation": invitation.invitation_id})
    return _answered(invitation)


def _view(invitation: Invitation) -> InvitationView:
    return InvitationView.model_validate(invitation, from_attributes=True)


def _invited_view(opened: Opened) -> InvitedView:
    return InvitedView.model_validate({**opened.invitation.model_dump(), "new_user": opened.new_user})


def _answered(invitation: Invitation, user_id: str | None = None) -> Answer:
    if invitation.answer_email_status is EmailStatus.FAILED:
        logger.error(
            "invitation email failed", extra={"invitation": invitation.invitation_id, "reason": "to the inviter"}
        )
    told = Answered(
        email=invitation.email,
        organisation_name=invitation.organisation_name,
        status=invitation.status,
        user_id=user_id,
    )
    return Answer(200, told.model_dump(mode="json", by_alias=True, exclude_none=True))


def _path(invitation: Invitation | InvitationView) -> str:
    return f"/v1/organisations/{invitation.organisation_id}/invitations/{invitation.invitation_id}"


def _note_email(invitation: Invitation) -> None:
    """What the monitoring counts: emails sent, and those that could not be."""
    if invitation.email_status is EmailStatus.FAILED:
        extra = {"invitation": invitation.invitation_id, "reason": invitation.email_error}
        logger.error("invitation email failed", extra=extra)
    else:
        logger.info("invitation sent", extra={"invitation": invitation.invitation_id})


create_invitation = endpoint(_create_invitation)
list_invitations = endpoint(_list_invitations)
get_invitation = endpoint(_get_invitation)
resend_invitation = endpoint(_resend_invitation)
revoke_invitation = endpoint(_revoke_invitation)
accept_invitation = endpoint(_accept_invitation)
decline_invitation = endpoint(_decline_invitation)

_by_token = endpoint(_get_invitation_by_token)
_page = endpoint(_invitation_page, invitation_page.problem)


def get_invitation_by_token(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """For programs as JSON; under its other route, which the email's link leads to, for people as a page."""
    return (_page if event.get("resource") == PAGE_RESOURCE else _by_token)(event, context)
