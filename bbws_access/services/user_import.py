"""Many people at once: who is no member is invited, a member is given the role and the seat.

Rows are looked up a chunk at a time and written as many at a time as a transaction takes, so that a row costs
little more than one request to the table: the one that notes what became of its email. What a row needs is decided
by what is in the table when it is dealt with, so that whoever is interrupted goes on by looking anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.errors import AccessError, Conflict
from bbws_access.models.invitation import Invitation, NewInvitation
from bbws_access.models.kinds import EmailStatus
from bbws_access.models.role import Role
from bbws_access.models.team import NewMember, Team, TeamRole
from bbws_access.models.user import User
from bbws_access.services.holdings import Batch, Count, Piece
from bbws_access.services.import_rows import ImportRows, Judged, Names, Need, Numbered, chunks
from bbws_access.services.invitation_records import claim_address, created, record_writes
from bbws_access.services.invitations import Invitations
from bbws_access.services.members import Members
from bbws_access.services.organisations import INACTIVE, Organisations
from bbws_access.services.role_assignments import RoleAssignments, assigned
from bbws_access.services.teams import Teams, joined, seat_writes
from bbws_access.services.trail import Trail
from bbws_access.store.conditions import Attr
from bbws_access.store.writes import PRESENT, Check, Write


class Outcome(StrEnum):
    """What became of a row."""

    INVITED = "invited"
    SENT_AGAIN = "sent again"
    ASSIGNED = "assigned"
    ALREADY = "already so"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Done:
    """``about`` is the id of the invitation or the user; ``cause`` why a row failed."""

    numbered: Numbered
    outcome: Outcome
    about: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class _Draft:
    """What can be written together with others."""

    pieces: list[Piece]
    invitation: Invitation | None = None
    token: str = field(default="", repr=False)


_Waiting = tuple[Judged, _Draft | None]


class UserImport:
    """One import into one organisation, by an operator: the limits of invitations are for users."""

    def __init__(
        self,
        rows: ImportRows,
        trail: Trail,
        organisations: Organisations,
        invitations: Invitations,
        role_assignments: RoleAssignments,
        teams: Teams,
        members: Members,
    ) -> None:
        self._rows = rows
        self._trail = trail
        self._organisations = organisations
        self._invitations = invitations
        self._role_assignments = role_assignments
        self._teams = teams
        self._members = members

    def write(
        self, actor: Actor, names: Names, rows: Iterable[Numbered], pace: Callable[[], None] = lambda: None
    ) -> Iterator[Done]:
        """Does what each row needs, in their order. ``pace`` is called before each email and waits as long as it must.

        A row that fails keeps nobody from the others. Raises ``Conflict`` (``ORGANISATION_INACTIVE``) before the
        first one that would come into an organisation which was deactivated meanwhile.
        """
        for chunk in chunks(rows):
            still_open = self._organisations.stays_active(names.organisation.organisation_id)
            batch, waiting = Batch(), list[_Waiting]()
            for judged in self._rows.judge_chunk(names, chunk):
                draft = self._draft(actor, names, judged)
                pieces = [] if draft is None else draft.pieces
                if not Batch([*batch.pieces, *pieces]).fits:
                    yield from self._commit(actor, names, batch, still_open, waiting, pace)
                    batch, waiting = Batch(), []
                batch.pieces += pieces
                waiting.append((judged, draft))
            yield from self._commit(actor, names, batch, still_open, waiting, pace)

    def _draft(self, actor: Actor, names: Names, judged: Judged) -> _Draft | None:
        """What can be written together with others; ``None`` for what is done by itself, or not at all."""
        role, team, user = judged.role, judged.team, judged.user
        if judged.problem or role is None:
            return None
        if judged.need is Need.INVITE and judged.pending is None:
            invitation, token = self._invitations.draft(actor, names.organisation, role, team, _request(judged))
            piece = Piece(created(invitation), [*record_writes(invitation), claim_address(invitation)])
            return _Draft([piece], invitation, token)
        if judged.need is not Need.ASSIGN or user is None or (judged.lacks_seat and names.seat.leads):
            return None
        pieces = [self._assigning(actor, role, user)] if judged.lacks_role else []
        if judged.lacks_seat and team is not None:
            pieces.append(self._seating(actor, names.seat, team, user))
        pieces[0] = replace(pieces[0], writes=[*pieces[0].writes, _still_active(user)])
        return _Draft(pieces)

    def _assigning(self, actor: Actor, role: Role, user: User) -> Piece:
        assignment = self._role_assignments.new_assignment(actor, user.user_id, role)
        put, _ = self._role_assignments.assignment_writes(assignment, role)
        unchanged = Attr("active").eq(True) & Attr("version").eq(role.version)
        role_key = keys.role_key(role.organisation_id, role.role_id)
        return Piece(assigned(assignment, user.email), [put], [Count(role_key, 1, unchanged)])

    def _seating(self, actor: Actor, seat: TeamRole, team: Team, user: User) -> Piece:
        member = self._teams.new_member(actor, team, seat, user.user_id, user.email)
        membership, _ = seat_writes(member, seat)
        team_key = keys.team_key(team.organisation_id, team.team_id)
        seat_key = keys.team_role_key(seat.organisation_id, seat.team_role_id)
        active = Attr("active").eq(True)
        counts = [
            Count(team_key, 1, active, "memberCount"),
            Count(seat_key, 1, active & Attr("version").eq(seat.version)),
        ]
        return Piece(joined(member), [membership], counts)

    def _commit(
        self,
        actor: Actor,
        names: Names,
        batch: Batch,
        still_open: Write,
        waiting: Sequence[_Waiting],
        pace: Callable[[], None],
    ) -> Iterator[Done]:
        together = bool(batch.pieces)
        if together:
            try:
                org_id = names.organisation.organisation_id
                self._trail.commit(actor, org_id, batch.changes, [still_open, *batch.writes])
            except Conflict as lost:
                if lost.code == INACTIVE:
                    raise
                # Somebody else was first with one of them: each is done by itself, and says so itself.
                together = False
        for judged, draft in waiting:
            try:
                if draft is not None and together:
                    yield self._finished(judged, draft, pace)
                else:
                    yield self._alone(actor, names, judged, pace)
            except AccessError as error:
                if error.code == INACTIVE:
                    raise
                yield Done(judged.numbered, Outcome.FAILED, cause=error.message)

    def _finished(self, judged: Judged, draft: _Draft, pace: Callable[[], None]) -> Done:
        if draft.invitation is None:
            return Done(judged.numbered, Outcome.ASSIGNED, "" if judged.user is None else judged.user.user_id)
        pace()
        return _mailed(judged, self._invitations.mail(draft.invitation, draft.token), Outcome.INVITED)

    def _alone(self, actor: Actor, names: Names, judged: Judged, pace: Callable[[], None]) -> Done:
        """The way that a single command takes."""
        org_id, role, team, user = names.organisation.organisation_id, judged.role, judged.team, judged.user
        if judged.problem or role is None:
            return Done(judged.numbered, Outcome.FAILED, cause=judged.problem)
        match judged.need:
            case Need.INVITE:
                pace()
                made = self._invitations.create(actor, org_id, _request(judged))
                return _mailed(judged, made, Outcome.INVITED)
            case Need.SEND_AGAIN if judged.pending is not None:
                pace()
                made = self._invitations.resend(actor, org_id, judged.pending.invitation_id)
                return _mailed(judged, made, Outcome.SENT_AGAIN)
            case Need.ASSIGN if user is not None:
                if judged.lacks_role:
                    self._role_assignments.assign(actor, org_id, user.user_id, role.role_id)
                if judged.lacks_seat and team is not None:
                    request = NewMember(user_id=user.user_id, team_role_id=names.seat.team_role_id)
                    self._members.add(actor, org_id, team.team_id, request)
                return Done(judged.numbered, Outcome.ASSIGNED, user.user_id)
        about = "" if judged.pending is None else judged.pending.invitation_id
        return Done(judged.numbered, Outcome.ALREADY, about if user is None else user.user_id)


def _mailed(judged: Judged, invitation: Invitation, outcome: Outcome) -> Done:
    if invitation.email_status is EmailStatus.SENT:
        return Done(judged.numbered, outcome, invitation.invitation_id)
    cause = f"the invitation is there, but its email could not be sent: {invitation.email_error}"
    return Done(judged.numbered, Outcome.FAILED, invitation.invitation_id, cause)


def _request(judged: Judged) -> NewInvitation:
    row, role, team = judged.numbered.row, judged.role, judged.team
    assert role is not None
    team_id = None if team is None else team.team_id
    return NewInvitation(email=row.email, role_id=role.role_id, team_id=team_id, message=row.message)


def _still_active(user: User) -> Check:
    inactive = Conflict(f"user {user.email} is not active", code="USER_INACTIVE")
    return Check(
        keys.user_key(user.organisation_id, user.user_id), PRESENT & Attr("active").eq(True), otherwise=inactive
    )
