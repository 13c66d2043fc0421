"""Invitations: made, sent again, found by their token, withdrawn, declined. Accepting has a module of its own.

The token exists in the email's link and nowhere else; the table holds its SHA-256.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from bbws_access import keys
from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.clock import Clock, iso
from bbws_access.errors import AccessError, Conflict, NotFound
from bbws_access.ids import Ids, token_hash
from bbws_access.mail import Mail, Mailer
from bbws_access.mail.letters import declined_letter, invitation_letter
from bbws_access.models.invitation import Invitation, NewInvitation
from bbws_access.models.kinds import EmailStatus, InvitationStatus
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import Role
from bbws_access.models.team import Team
from bbws_access.services.boundary import require_seat
from bbws_access.services.editing import edited
from bbws_access.services.invitation_records import (
    MAX_RESENDS,
    VALID_FOR,
    changed,
    claim_address,
    created,
    duplicate,
    ending,
    has_expired,
    key_of,
    record_writes,
    release_address,
    renewal,
    require_pending,
)
from bbws_access.services.invitation_tokens import InvitationTokens
from bbws_access.services.limits import Limits
from bbws_access.services.organisations import Organisations
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.roles import Roles
from bbws_access.services.stamps import new_stamps
from bbws_access.services.teams import DEFAULT_TEAM_ROLE, Teams
from bbws_access.services.trail import Change, Trail
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import Item, Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Update, Write
from bbws_access.text import fold_email

PER_MINUTE: Final = 10
"""Invitations of one organisation; an operator's are not counted."""

_UNCOUNTED: Final = Origin()

LinkMaker = Callable[[str], str]
"""From a token to the link that goes into the email."""


class Invitations:
    """From an address to a pending invitation, and its end without a member."""

    def __init__(
        self,
        table: Table,
        trail: Trail,
        clock: Clock,
        ids: Ids,
        mailer: Mailer,
        link_to: LinkMaker,
        organisations: Organisations,
        roles: Roles,
        teams: Teams,
        limits: Limits,
    ) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._mailer = mailer
        self._link_to = link_to
        self._organisations = organisations
        self._roles = roles
        self._teams = teams
        self._limits = limits
        self._tokens = InvitationTokens(table, limits)

    def create(self, actor: Actor, org_id: str, request: NewInvitation) -> Invitation:
        """Records the invitation, then sends its email; a mail that fails is noted and can be resent.

        Raises ``NotFound``, ``Denied`` beyond the privilege boundary, ``TooManyRequests``, and
        ``Conflict``: ``DUPLICATE_INVITATION``, ``ALREADY_MEMBER``, ``ORGANISATION_INACTIVE``, and
        ``ROLE_CHANGED`` or ``TEAM_INACTIVE`` where nobody could accept it.
        """
        actor.require("invitation:create", org_id)
        organisation = self._organisations.load_active(org_id)
        role, team = self._offered(actor, org_id, request.role_id, request.team_id, request.email)
        if actor.kind is ActorKind.USER:
            self._limits.take(f"INVITE#{org_id}", PER_MINUTE, "invitations of an organisation")
        invitation, token = self.draft(actor, organisation, role, team, request)
        changes, writes = self._pending(actor, invitation)
        self._trail.commit(actor, org_id, changes, writes)
        return self.mail(invitation, token)

    def _offered(
        self, actor: Actor, org_id: str, role_id: str, team_id: str | None, email: str
    ) -> tuple[Role, Team | None]:
        """The role and the team that the actor may offer and ``email`` could accept, with the seat that comes of it.

        Nobody is sent a link to what an acceptance would be refused for.
        """
        role = self._roles.load(org_id, role_id)
        actor.require_holding(role.permissions, org_id)
        if not role.active:
            raise Conflict(f"role {role.name} is not active", code="ROLE_CHANGED", hint="bbws-access roles list")
        if team_id is None:
            return role, None
        team = self._teams.load(org_id, team_id)
        seat = self._teams.load_role_named(org_id, DEFAULT_TEAM_ROLE)
        invitee = actor.id if email == fold_email(actor.email) else ""  # whoever spans organisations may join one
        require_seat(actor, org_id, team_id, seat.capabilities, invitee)
        if not team.active:
            raise Conflict(f"team {team.name} is not active", code="TEAM_INACTIVE", hint="bbws-access teams list")
        if not seat.active:
            raise Conflict(
                f"team role {seat.name} is not active", code="ROLE_CHANGED", hint="bbws-access team-roles list"
            )
        return role, team

    def draft(
        self, actor: Actor, organisation: Organisation, role: Role, team: Team | None, request: NewInvitation
    ) -> tuple[Invitation, str]:
        """A new invitation with its token, not written yet."""
        token = self._ids.token()
        invitation = Invitation(
            invitation_id=self._ids.record(),
            organisation_id=organisation.organisation_id,
            organisation_name=organisation.name,
            email=request.email,
            role_id=role.role_id,
            role_name=role.name,
            team_id=team.team_id if team else None,
            team_name=team.name if team else None,
            message=request.message,
            expires_at=iso(self._clock.now() + VALID_FOR),
            token_hash=token_hash(token),
            inviter_email=actor.email,
            **new_stamps(actor, self._clock),
        )
        return invitation, token

    def _pending(self, actor: Actor, invitation: Invitation) -> tuple[list[Change], list[Write]]:
        """The writes of a new pending invitation; one of the same address that ran out makes room."""
        org_id, email = invitation.organisation_id, invitation.email
        changes, writes = [created(invitation)], record_writes(invitation)
        free: Condition = ABSENT
        holder = self._table.get(keys.pending_invitation_key(org_id, email))
        if holder is not None:
            earlier = self.load(org_id, str(holder["invitationId"]))
            if not has_expired(earlier, self._clock):
                raise duplicate(email)
            changes.insert(0, changed("invitation.expire", earlier))
            writes.append(ending(earlier, InvitationStatus.EXPIRED, actor, self._clock))
            free = Attr("invitationId").eq(earlier.invitation_id)
        writes.append(claim_address(invitation, free=free))
        return changes, writes

    def mail(self, invitation: Invitation, token: str) -> Invitation:
        """Sends the email of an invitation that is written, and notes what became of it."""
        try:
            self._mailer.send(invitation_letter(invitation, self._link_to(token)))
            outcome: dict[str, str] = {"emailStatus": EmailStatus.SENT}
        except AccessError as error:
            outcome = {"emailStatus": EmailStatus.FAILED, "emailError": error.message}
        sent_for = Attr("tokenHash").eq(invitation.token_hash)
        with suppress(Conflict):  # resent meanwhile: the later letter's outcome counts
            self._table.write(Update(key_of(invitation), assign=outcome, condition=sent_for))
        return invitation.model_copy(
            update={"email_status": outcome["emailStatus"], "email_error": outcome.get("emailError")}
        )

    def load(self, org_id: str, invitation_id: str) -> Invitation:
        """For services: no question of who asks. Raises :class:`NotFound`."""
        item = self._table.get(keys.invitation_key(org_id, invitation_id))
        if item is None:
            raise NotFound(
                f"there is no invitation {invitation_id!r}",
                code="INVITATION_NOT_FOUND",
                hint="bbws-access invitations list",
            )
        return Invitation.from_item(item)

    def get(self, actor: Actor, org_id: str, invitation_id: str) -> Invitation:
        """One invitation; one that ran out is marked so first."""
        actor.require("invitation:read", org_id)
        return self._expire_if_due(self.load(org_id, invitation_id))

    def page(
        self, actor: Actor, org_id: str, page: PageRequest, status: InvitationStatus | None = None
    ) -> ListPage[Invitation]:
        """By id, or with ``status`` by expiry.

        One that ran out is shown as expired, and is not among the pending ones; whoever opens it marks it so, and
        only then it is among the expired ones.
        """
        actor.require("invitation:read", org_id)
        if status is None:
            query = Query(keys.owner(org_id), begins_with=keys.INVITATION_PREFIX)
        else:
            open_still = keys.expiring_after(iso(self._clock.now())) if status is InvitationStatus.PENDING else None
            query = Query(keys.invitations_by_status(org_id, status), index=1, between=open_still)
            if open_still is not None and (page.start_after or {}).get("GSI1SK", "~") < open_still[0]:
                page = PageRequest(page.size)  # all before it has run out, and DynamoDB takes no position out of range
        return fetch_page(self._table, query, page, self._as_it_is_now)

    def of_email(self, actor: Actor, org_id: str, email: str) -> list[Invitation]:
        """Every invitation that an address got to the organisation, the oldest first."""
        actor.require("invitation:read", org_id)
        query = Query(keys.by_email(fold_email(email)), index=2, begins_with=f"{keys.ORGANISATION_PREFIX}{org_id}#")
        items = (i for i in self._table.query_all(query) if i["SK"].startswith(keys.INVITATION_PREFIX))
        return [Invitation.from_item(item) for item in items]

    def by_token(self, token: str, origin: Origin = _UNCOUNTED) -> Invitation:
        """The pending invitation that a token opens.

        Raises ``NotFound`` for a token that opens nothing, ``AlreadyUsed`` for one that was accepted or
        declined, ``Gone`` for one that ran out or was revoked, and ``TooManyRequests``.
        """
        return require_pending(self._expire_if_due(self._tokens.find(token, origin)))

    def resend(self, actor: Actor, org_id: str, invitation_id: str) -> Invitation:
        """Sends a pending invitation again, with a new link that is valid for seven days anew.

        The earlier link stops working. Raises ``NotFound``, ``Denied`` beyond the privilege boundary,
        ``AlreadyUsed`` and ``Gone`` for one that has ended, and ``Conflict``: ``RESEND_LIMIT``,
        ``ORGANISATION_INACTIVE``, ``INVITATION_CHANGED`` where it is being answered, and what :meth:`create`
        raises where nobody could accept it.
        """
        actor.require("invitation:resend", org_id)
        self._organisations.load_active(org_id)
        invitation = require_pending(self._expire_if_due(self.load(org_id, invitation_id)))
        self._offered(actor, org_id, invitation.role_id, invitation.team_id, invitation.email)
        if invitation.resend_count >= MAX_RESENDS:
            raise Conflict(
                f"this invitation was sent again {MAX_RESENDS} times already",
                code="RESEND_LIMIT",
                hint="revoke it and invite anew",
            )
        token = self._ids.token()
        new = {
            "token_hash": token_hash(token),
            "expires_at": iso(self._clock.now() + VALID_FOR),
            "resend_count": invitation.resend_count + 1,
        }
        renewed = edited(invitation, new, actor, self._clock)
        change = changed("invitation.resend", invitation, after={"resendCount": renewed.resend_count})
        self._trail.commit(actor, org_id, [change], renewal(invitation, renewed, self._clock))
        return self.mail(renewed, token)

    def revoke(self, actor: Actor, org_id: str, invitation_id: str) -> Invitation:
        """Withdraws a pending invitation; its address may be invited again. Raises as :meth:`resend`."""
        actor.require("invitation:revoke", org_id)
        invitation = require_pending(self._expire_if_due(self.load(org_id, invitation_id)))
        self._end(actor, invitation, InvitationStatus.REVOKED, "invitation.revoke")
        return self.load(org_id, invitation_id)

    def stays_open(self, invitation: Invitation) -> Check:
        """The write that keeps anybody from joining an organisation that was deactivated meanwhile.

        Raises ``Conflict`` (``ORGANISATION_INACTIVE``) where it is so already.
        """
        return self._organisations.stays_active(invitation.organisation_id)

    def decline(self, token: str, origin: Origin) -> Invitation:
        """Ends the invitation and tells the inviter; raises as :meth:`by_token`."""
        invitation = self.by_token(token, origin)
        actor = Actor(invitation.email, invitation.email, ActorKind.SYSTEM, origin=origin)
        self._end(actor, invitation, InvitationStatus.DECLINED, "invitation.decline")
        self.tell(invitation, declined_letter(invitation))
        return self.load(invitation.organisation_id, invitation.invitation_id)

    def tell(self, invitation: Invitation, letter: Mail) -> None:
        """A letter to the inviter about the answer: its failure must not undo what has happened, and is noted."""
        try:
            self._mailer.send(letter)
        except AccessError:
            failed = {"answerEmailStatus": EmailStatus.FAILED}
            with suppress(AccessError):
                self._table.write(Update(key_of(invitation), assign=failed, condition=PRESENT))

    def _end(self, actor: Actor, invitation: Invitation, status: InvitationStatus, action: str) -> None:
        writes: list[Write] = [ending(invitation, status, actor, self._clock), release_address(invitation)]
        self._trail.commit(actor, invitation.organisation_id, [changed(action, invitation)], writes)

    def _as_it_is_now(self, item: Item) -> Invitation:
        found = Invitation.from_item(item)
        if not has_expired(found, self._clock):
            return found
        return found.model_copy(update={"status": InvitationStatus.EXPIRED, "active": False})

    def _expire_if_due(self, invitation: Invitation) -> Invitation:
        if not has_expired(invitation, self._clock):
            return invitation
        actor = Actor("system:expiry", "expiry@system", ActorKind.SYSTEM)
        with suppress(Conflict):  # somebody else marked it first; what they wrote is read below
            self._end(actor, invitation, InvitationStatus.EXPIRED, "invitation.expire")
        return self.load(invitation.organisation_id, invitation.invitation_id)
