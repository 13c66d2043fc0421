"""The records of an invitation: what they say when it changes its state, and the writes that make it so."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso, parse_iso
from bbws_access.errors import AlreadyUsed, Conflict, Gone
from bbws_access.models.invitation import Invitation, InvitationToken
from bbws_access.models.kinds import EmailStatus, EventType, InvitationStatus
from bbws_access.services.stamps import changed_stamps
from bbws_access.services.trail import Change
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.writes import ABSENT, Check, Delete, Put, Update, Write

VALID_FOR: Final = timedelta(days=7)
TOKEN_KEPT_FOR: Final = timedelta(hours=24)
"""How long after expiry a token's record stays, so that a late click reads "expired"."""

MAX_RESENDS: Final = 3


def key_of(invitation: Invitation) -> keys.Keys:
    return keys.invitation_key(invitation.organisation_id, invitation.invitation_id)


def token_record(invitation: Invitation) -> InvitationToken:
    expires = parse_iso(invitation.expires_at)
    return InvitationToken(
        token_hash=invitation.token_hash,
        invitation_id=invitation.invitation_id,
        organisation_id=invitation.organisation_id,
        expires_at=invitation.expires_at,
        ttl=int((expires + TOKEN_KEPT_FOR).timestamp()),
    )


def has_expired(invitation: Invitation, clock: Clock) -> bool:
    """Whether it is still called pending, and is not any more."""
    return invitation.status is InvitationStatus.PENDING and invitation.expires_at <= iso(clock.now())


def is_open(invitation: Invitation, clock: Clock) -> bool:
    """Whether it can be answered, and nobody is accepting it right now."""
    claimed = invitation.claim is not None and str(invitation.claim_expires_at) >= iso(clock.now())
    return invitation.status is InvitationStatus.PENDING and not has_expired(invitation, clock) and not claimed


def require_pending(invitation: Invitation) -> Invitation:
    """Raises :class:`AlreadyUsed` for one that was answered, :class:`Gone` for one that ran out or was withdrawn."""
    match invitation.status:
        case InvitationStatus.PENDING:
            return invitation
        case InvitationStatus.ACCEPTED | InvitationStatus.DECLINED:
            raise AlreadyUsed(f"this invitation was {invitation.status.lower()} already")
        case InvitationStatus.EXPIRED:
            raise Gone("this invitation has expired", code="INVITATION_EXPIRED", hint=_another(invitation))
        case InvitationStatus.REVOKED:
            raise Gone("this invitation was withdrawn", code="INVITATION_REVOKED", hint=_another(invitation))


def _another(invitation: Invitation) -> str:
    return f"bbws-access users invite {shlex.quote(invitation.email)} --role {invitation.role_name}"


def created(invitation: Invitation) -> Change:
    """The event of a new one."""
    after = {"role": invitation.role_name}
    if invitation.team_name is not None:
        after["team"] = invitation.team_name
    return changed("invitation.create", invitation, after=after)


def record_writes(invitation: Invitation) -> list[Write]:
    """A new invitation and its token, for an address that is no member's."""
    org_id, email = invitation.organisation_id, invitation.email
    member = Conflict(f"{email} is a member already", code="ALREADY_MEMBER")
    return [
        Check(keys.user_email_key(org_id, email), ABSENT, otherwise=member),
        Put(invitation.to_item(), condition=ABSENT),
        Put(token_record(invitation).to_item(), condition=ABSENT),
    ]


def claim_address(invitation: Invitation, *, free: Condition = ABSENT) -> Put:
    """Makes it the one pending invitation of its address; fails where the address is not ``free``."""
    guard = keys.pending_invitation_key(invitation.organisation_id, invitation.email)
    return Put(
        guard | {"invitationId": invitation.invitation_id}, condition=free, otherwise=duplicate(invitation.email)
    )


def duplicate(email: str) -> Conflict:
    """The refusal of a second pending invitation."""
    return Conflict(
        f"{email} has a pending invitation already", code="DUPLICATE_INVITATION", hint="bbws-access invitations list"
    )


def ending(invitation: Invitation, status: InvitationStatus, actor: Actor, clock: Clock) -> Update:
    """The write that takes a pending invitation to a final state; with its index key."""
    ended = invitation.model_copy(update={"status": status})
    return Update(
        key_of(invitation),
        assign={
            "status": status,
            "active": False,
            "version": invitation.version + 1,
            "GSI1PK": ended.keys()["GSI1PK"],
            **changed_stamps(actor, clock),
        },
        remove=["claim", "claimExpiresAt"],
        condition=_untouched(invitation, clock),
        otherwise=_busy(),
    )


def renewal(before: Invitation, after: Invitation, clock: Clock) -> list[Write]:
    """The writes that give a pending invitation another token and expiry; the token that it had opens nothing."""
    update = Update(
        key_of(before),
        assign={
            "tokenHash": after.token_hash,
            "expiresAt": after.expires_at,
            "resendCount": after.resend_count,
            "emailStatus": EmailStatus.QUEUED,
            "version": after.version,
            "dateLastUpdated": after.date_last_updated,
            "lastUpdatedBy": after.last_updated_by,
            "GSI1SK": after.keys()["GSI1SK"],
        },
        remove=["claim", "claimExpiresAt", "emailError"],
        condition=_untouched(before, clock) & Attr("version").eq(before.version),
        otherwise=_busy(),
    )
    return [
        update,
        Put(token_record(after).to_item(), condition=ABSENT),
        Delete(keys.invitation_token_key(before.token_hash)),
    ]


def release_address(invitation: Invitation) -> Delete:
    """The address may be invited again."""
    return Delete(
        keys.pending_invitation_key(invitation.organisation_id, invitation.email),
        condition=ABSENT | Attr("invitationId").eq(invitation.invitation_id),
    )


def changed(action: str, invitation: Invitation, after: dict[str, Any] | None = None) -> Change:
    """The event of an invitation."""
    return Change(
        EventType.INVITATION,
        action,
        "invitation",
        invitation.invitation_id,
        after=after,
        more={"email": invitation.email},
    )


def _untouched(invitation: Invitation, clock: Clock) -> Condition:
    """Pending, under the token that was read, and nobody is accepting it right now."""
    unclaimed: Condition = Attr("claim").not_exists() | Attr("claimExpiresAt").lt(iso(clock.now()))
    pending: Condition = Attr("status").eq(InvitationStatus.PENDING)
    return pending & Attr("tokenHash").eq(invitation.token_hash) & unclaimed


def _busy() -> Conflict:
    return Conflict("this invitation is being answered, or was just now", code="INVITATION_CHANGED")
