"""Accepting an invitation: an account, a profile, a role and a team seat, or nothing.

The account lies outside the table, so the steps are ordered such that a crash after any of them is
finished by the next try, and two tries at once cannot both go on:

1. *Claim*: a conditional write marks the invitation as being accepted by this try, for a minute, and the account of
   its address. What is known of the account is read after it: somebody else may have made it just before.
2. *Account*: created where the address has none; found again where an earlier try made it.
3. *Password*: set where no profile hangs on the account yet, in whatever organisation, so that a member's is never
   changed.
4. *Commit*: one transaction ends the invitation and makes profile, assignment and membership.

A step that fails takes back what this try made; a try that dies leaves a claim that runs out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bbws_access import keys
from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.clock import Clock
from bbws_access.directory import Account, Directory
from bbws_access.errors import AccessError, Conflict, InvalidInput
from bbws_access.ids import Ids
from bbws_access.mail.letters import accepted_letter
from bbws_access.models.invitation import Acceptance, Invitation
from bbws_access.models.kinds import EventType, InvitationStatus
from bbws_access.models.user import User
from bbws_access.services.accounts import give_back_lease, lease_attributes, profiles_of, take_lease, unclaimed
from bbws_access.services.invitation_records import changed, ending, key_of, release_address
from bbws_access.services.invitations import Invitations
from bbws_access.services.role_assignments import held_on_platform
from bbws_access.services.roles import Roles, assigned
from bbws_access.services.stamps import new_stamps
from bbws_access.services.teams import DEFAULT_TEAM_ROLE, Teams, joined
from bbws_access.services.trail import Change, Trail
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import Item, Table
from bbws_access.store.writes import ABSENT, Put, Update, Write
from bbws_access.text import fold_email


@dataclass(frozen=True, slots=True)
class Opened:
    """An invitation as its link finds it; ``new_user`` is whether accepting makes an account."""

    invitation: Invitation
    new_user: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """The new member, and the invitation as it ended."""

    user: User
    invitation: Invitation


class AcceptInvitation:
    """One use case with collaborators of its own."""

    def __init__(
        self,
        table: Table,
        trail: Trail,
        clock: Clock,
        ids: Ids,
        directory: Directory,
        invitations: Invitations,
        roles: Roles,
        teams: Teams,
    ) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._directory = directory
        self._invitations = invitations
        self._roles = roles
        self._teams = teams

    def open(self, token: str, origin: Origin) -> Opened:
        """What a link leads to, before anything is answered; raises as ``Invitations.by_token``."""
        invitation = self._invitations.by_token(token, origin)
        return Opened(invitation, new_user=not self._profiles(self._directory.find(invitation.email)))

    def accept(self, token: str, acceptance: Acceptance | None, origin: Origin) -> Accepted:
        """Makes the holder of ``token`` a member.

        ``acceptance`` is needed for an address without an account. Raises as
        ``Invitations.by_token``; ``InvalidInput`` where it is missing, ``Conflict`` where somebody
        else accepts at the same time, the role or team is gone, or the organisation is deactivated,
        (``ACCOUNT_DEACTIVATED``) where roles of the platform would come back to who was deactivated, and
        (``ACCOUNT_OF_ANOTHER``) where the account was given the address afterwards.
        """
        invitation = self._invitations.by_token(token, origin)
        joinable = self._invitations.stays_open(invitation)
        if acceptance is None and not self._profiles(self._directory.find(invitation.email)):
            raise InvalidInput(
                "a new user gives first name, last name and password",
                details={"fields": dict.fromkeys(("firstName", "lastName", "password"), "needed for a new user")},
            )
        claim = self._claim(invitation)
        made: Account | None = None
        opened: Account | None = None
        try:
            account = self._directory.find(invitation.email)
            profiles = self._profiles(account)
            _require_same_person(invitation, profiles)
            self._require_open(profiles)
            profile = User.from_item(profiles[0]) if profiles else None
            if profile is None and acceptance is not None:
                account = self._open_account(invitation, account, acceptance)
                made = account
            assert account is not None
            if not account.enabled:
                # Of a user who was deactivated everywhere: from now on there is an active profile again.
                opened = account
                self._directory.enable(account)
            user = self._commit(invitation, claim, joinable, account, profile, acceptance, origin)
        except AccessError:
            self._take_back(invitation, claim, made, opened)
            raise
        self._invitations.tell(invitation, accepted_letter(invitation))
        return Accepted(user, self._invitations.load(invitation.organisation_id, invitation.invitation_id))

    def _profiles(self, account: Account | None) -> list[Item]:
        """That of the organisation which the account's tokens name first; none hang on one that a crash left."""
        return [] if account is None else profiles_of(self._table, account.user_id, account.organisation_id)

    def _require_open(self, profiles: list[Item]) -> None:
        """No organisation, by inviting them, gives roles of the platform back to who was deactivated everywhere."""
        if not profiles or any(profile["active"] for profile in profiles):
            return
        user_id, email, org_id = (str(profiles[0][name]) for name in ("userId", "email", "organisationId"))
        if held_on_platform(self._table, user_id):
            raise Conflict(
                "this account was deactivated, and an invitation does not open it again",
                code="ACCOUNT_DEACTIVATED",
                hint=f"bbws-access roles revoke ROLE {email} --org {org_id} --platform",
            )

    def _claim(self, invitation: Invitation) -> str:
        """Takes the invitation, and the account of its address in any organisation, for this try."""
        claim = self._ids.record()
        busy = Conflict("this invitation is being accepted, or was just now", code="INVITATION_CHANGED")
        mine: Condition = Attr("status").eq(InvitationStatus.PENDING)
        mine &= Attr("tokenHash").eq(invitation.token_hash) & unclaimed(self._clock)
        self._table.transact(
            [
                Update(
                    key_of(invitation),
                    assign=lease_attributes(claim, self._clock),
                    condition=mine,
                    otherwise=busy,
                ),
                take_lease(invitation.email, claim, self._clock, busy),
            ]
        )
        return claim

    def _open_account(self, invitation: Invitation, account: Account | None, acceptance: Acceptance) -> Account:
        if account is None or account.organisation_id != invitation.organisation_id:
            if account is not None:
                # Left by a try in another organisation that nobody finished: its tokens must name this one.
                self._directory.delete(account)
            account = self._directory.create(
                invitation.email, invitation.organisation_id, acceptance.first_name, acceptance.last_name
            )
        try:
            self._directory.set_password(account, acceptance.password)
        except AccessError:
            self._directory.delete(account)
            raise
        return account

    def _commit(
        self,
        invitation: Invitation,
        claim: str,
        joinable: Write,
        account: Account,
        profile: User | None,
        acceptance: Acceptance | None,
        origin: Origin,
    ) -> User:
        org_id = invitation.organisation_id
        actor = Actor(account.user_id, invitation.email, ActorKind.SYSTEM, origin=origin)
        names = acceptance or profile
        assert names is not None
        user = User(
            user_id=account.user_id,
            organisation_id=org_id,
            email=invitation.email,
            first_name=names.first_name,
            last_name=names.last_name,
            **new_stamps(actor, self._clock),
        )
        role = self._roles.load(org_id, invitation.role_id)
        assignment = self._roles.new_assignment(actor, user.user_id, role).model_copy(
            update={"assigned_by": invitation.created_by}
        )
        member_exists = Conflict(f"{user.email} is a member already", code="ALREADY_MEMBER")
        guard = keys.user_email_key(org_id, user.email) | {"holder": user.user_id}
        changes = [
            changed("invitation.accept", invitation, after={"userId": user.user_id}),
            _joined(user),
            assigned(assignment, user.email),
        ]
        writes: list[Write] = [
            joinable,
            self._accepting(invitation, claim, actor),
            release_address(invitation),
            give_back_lease(invitation.email, claim, _overtaken()),
            Put(user.to_item(), condition=ABSENT, otherwise=member_exists),
            Put(guard, condition=ABSENT, otherwise=member_exists),
            *self._roles.assignment_writes(assignment, role),
        ]
        if invitation.team_id is not None:
            team = self._teams.load(org_id, invitation.team_id)
            team_role = self._teams.load_role_named(org_id, DEFAULT_TEAM_ROLE)
            member = self._teams.new_member(actor, team, team_role, user.user_id, user.email)
            writes += self._teams.member_writes(member, team_role)
            changes.append(joined(member))
        self._trail.commit(actor, org_id, changes, writes)
        return user

    def _accepting(self, invitation: Invitation, claim: str, actor: Actor) -> Update:
        end = ending(invitation, InvitationStatus.ACCEPTED, actor, self._clock)
        ours = Attr("status").eq(InvitationStatus.PENDING) & Attr("claim").eq(claim)
        return replace(end, condition=ours, otherwise=_overtaken())

    def _take_back(self, invitation: Invitation, claim: str, made: Account | None, opened: Account | None) -> None:
        """Undoes this try's steps, unless another has taken over: then the account is theirs.

        The lease is renewed before the account is touched and given back after, so that no other try
        can be using the account in between. What fails here is finished by the next try.
        """
        ours = Attr("claim").eq(claim)
        invitation_key, account_key = key_of(invitation), keys.account_claim_key(invitation.email)
        renewed = lease_attributes(claim, self._clock)
        try:
            self._table.transact(
                [
                    Update(invitation_key, assign=renewed, condition=ours),
                    Update(account_key, assign=renewed, condition=ours),
                ]
            )
            if made is not None:
                self._directory.delete(made)
            elif opened is not None:
                self._directory.disable(opened)
            self._table.transact(
                [
                    Update(invitation_key, remove=["claim", "claimExpiresAt"], condition=ours),
                    give_back_lease(invitation.email, claim),
                ]
            )
        except AccessError:
            return


def _require_same_person(invitation: Invitation, profiles: list[Item]) -> None:
    """The user pool finds an account by its address, which can be written anew there; a profile keeps its own."""
    if any(fold_email(str(profile["email"])) != invitation.email for profile in profiles):
        raise Conflict(
            "the account of this address was made for another one",
            code="ACCOUNT_OF_ANOTHER",
            hint="give the account its own address back in the user pool",
        )


def _overtaken() -> Conflict:
    return Conflict("this invitation was answered meanwhile", code="INVITATION_CHANGED")


def _joined(user: User) -> Change:
    return Change(
        EventType.USER_MANAGEMENT,
        "user.create",
        "user",
        user.user_id,
        after={"email": user.email, "firstName": user.first_name, "lastName": user.last_name},
    )
