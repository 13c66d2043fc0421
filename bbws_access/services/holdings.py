"""What a user has in an organisation, taken away and given back piece by piece.

A piece is what must change together: a membership with the counts of its team, an assignment with the
count of its role. Pieces fit into transactions in any number and order, and one that was done is not
found again, so that whoever is interrupted goes on by looking anew.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock
from bbws_access.errors import Conflict
from bbws_access.keys import Keys
from bbws_access.models.invitation import Invitation
from bbws_access.models.kinds import EventType, InvitationStatus
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User
from bbws_access.services.boundary import require_seat
from bbws_access.services.invitation_records import changed, ending, is_open, release_address
from bbws_access.services.teams import seat_of
from bbws_access.services.trail import Change
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import MAX_TRANSACTION, Item, Query, Table
from bbws_access.store.writes import Update, Write

_RESERVED: Final = 3
"""Writes of a transaction that are not of pieces: the chain's head, the profile and its event."""

_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Count:
    """A number that several pieces of one transaction may move; the condition is about its record."""

    key: Keys
    amount: int
    condition: Condition
    name: str = "userCount"


@dataclass(frozen=True, slots=True)
class Piece:
    """``last_lead_of`` is the team that would be left without a lead."""

    change: Change
    writes: Sequence[Write]
    counts: Sequence[Count] = ()
    last_lead_of: Team | None = None


@dataclass(slots=True)
class Batch:
    """Pieces that fit into one transaction, with room for the profile."""

    pieces: list[Piece] = field(default_factory=list)

    @property
    def changes(self) -> list[Change]:
        return [piece.change for piece in self.pieces]

    @property
    def writes(self) -> list[Write]:
        """With one write for each count, however many pieces move it: an item may stand in a transaction once."""
        moved: dict[_Pair, list[Count]] = {}
        for piece in self.pieces:
            for count in piece.counts:
                moved.setdefault((count.key["PK"], count.key["SK"]), []).append(count)
        counts: list[Write] = [
            Update(same[0].key, add={same[0].name: sum(c.amount for c in same)}, condition=same[0].condition)
            for same in moved.values()
        ]
        return [*(write for piece in self.pieces for write in piece.writes), *counts]

    @property
    def fits(self) -> bool:
        return len(self.writes) + len(self.pieces) + _RESERVED <= MAX_TRANSACTION


def first_batch(pieces: Iterable[Piece]) -> Batch:
    """As many of ``pieces`` as one transaction takes, from the first on."""
    batch = Batch()
    for piece in pieces:
        batch.pieces.append(piece)
        if not batch.fits:
            batch.pieces.pop()
            break
    return batch


class Holdings:
    """Reads what a user has, and makes the pieces."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def to_take(self, user: User, mark: str) -> list[Piece]:
        """Seats and roles that the user still has; seats of leads first, so that they go with the profile."""
        members = [item for item in self._members(user) if item["active"]]
        found = self._read_teams(user.organisation_id, members)
        seats = sorted((self._leaving(item, found, mark) for item in members), key=lambda p: not _of_lead(p))
        roles = [self._unassigning(item, mark) for item in self._assignments(user) if item["active"]]
        return [*seats, *roles]

    def to_withdraw(self, actor: Actor, user: User) -> Iterator[Piece]:
        """Pending invitations to them, should there be one, and by them: nobody comes in on the word of who left.

        One that is being accepted at this moment is left to that.
        """
        org_id = user.organisation_id
        guard = self._table.get(keys.pending_invitation_key(org_id, user.email))
        wanted = [] if guard is None else [keys.invitation_key(org_id, str(guard["invitationId"]))]
        by_them = Attr("inviterEmail").eq(user.email)
        query = Query(keys.invitations_by_status(org_id, InvitationStatus.PENDING), index=1, filter=by_them)
        wanted += self._table.query_all(query)
        for invitation in map(Invitation.from_item, self._table.get_many(wanted)):
            if is_open(invitation, self._clock):
                end = ending(invitation, InvitationStatus.REVOKED, actor, self._clock)
                # Answered meanwhile, it is looked at anew, and is no reason to stop.
                writes: list[Write] = [replace(end, otherwise=None), release_address(invitation)]
                yield Piece(changed("invitation.revoke", invitation), writes)

    def to_return(self, actor: Actor, user: User, mark: str) -> list[Piece]:
        """What a deactivation took. What cannot come back, because its role or team has gone, stays away.

        Raises ``Denied`` beyond the actor's privilege boundary.
        """
        members = [item for item in self._members(user) if item.get("deactivatedWith") == mark]
        found = self._read_teams(user.organisation_id, members)
        assignments = [item for item in self._assignments(user) if item.get("deactivatedWith") == mark]
        role_keys = [keys.role_key(user.organisation_id, item["roleId"]) for item in assignments]
        roles = {role.role_id: role for role in map(Role.from_item, self._table.get_many(role_keys))}
        return [
            *(self._assigning(actor, item, roles.get(item["roleId"])) for item in assignments),
            *(self._rejoining(actor, item, found) for item in members),
        ]

    def to_forget(self, user: User, mark: str) -> list[Piece]:
        """What a deactivation took, so that no reactivation gives it back."""
        rest = Attr("deactivatedWith").eq(mark)
        seats = [(item, TeamMember.from_item(item)) for item in self._members(user) if _rests(item, mark)]
        held = [(item, RoleAssignment.from_item(item)) for item in self._assignments(user) if _rests(item, mark)]
        return [
            *(
                Piece(
                    _membership("team.member.omit", member),
                    [
                        Update(
                            _key(item),
                            assign={"version": member.version + 1},
                            remove=["deactivatedWith"],
                            condition=rest & Attr("version").eq(member.version),
                        )
                    ],
                )
                for item, member in seats
            ),
            *(
                Piece(
                    _assignment("role.omit", assignment),
                    [Update(_key(item), remove=["deactivatedWith"], condition=rest)],
                )
                for item, assignment in held
            ),
        ]

    # --- reading ---------------------------------------------------------------------------------

    def _assignments(self, user: User) -> list[Item]:
        partition = keys.assignments_of_user(user.organisation_id, user.user_id)
        return list(self._table.query_all(Query(partition, begins_with=keys.ROLE_PREFIX)))

    def _members(self, user: User) -> list[Item]:
        """Found through an index, then read anew and consistently."""
        prefix = f"{keys.ORGANISATION_PREFIX}{user.organisation_id}#{keys.TEAM_PREFIX}"
        seen = self._table.query_all(Query(keys.everything_of_user(user.user_id), index=3, begins_with=prefix))
        return sorted(self._table.get_many(seen), key=lambda item: str(item["PK"]))

    def _read_teams(self, org_id: str, members: Iterable[Item]) -> dict[_Pair, Item]:
        members = list(members)
        wanted = [keys.team_key(org_id, m["teamId"]) for m in members]
        wanted += [keys.team_role_key(org_id, m["teamRoleId"]) for m in members]
        return {(item["PK"], item["SK"]): item for item in self._table.get_many(wanted)}

    # --- taking ----------------------------------------------------------------------------------

    def _leaving(self, item: Item, found: dict[_Pair, Item], mark: str) -> Piece:
        member, team, role = _seat(item, found)
        condition: Condition = Attr("memberCount").gte(1)
        counts = {"memberCount": -1}
        if role.leads:
            counts["leadCount"] = -1
            condition &= Attr("leadCount").gt(1)
        return Piece(
            _membership("team.member.remove", member),
            [
                Update(
                    _key(item),
                    assign={"active": False, "deactivatedWith": mark, "version": member.version + 1},
                    condition=Attr("active").eq(True) & Attr("version").eq(member.version),
                ),
                Update(
                    keys.team_key(team.organisation_id, team.team_id),
                    add=counts,
                    condition=condition,
                    otherwise=last_lead([team]) if role.leads else None,
                ),
            ],
            [Count(_key(role.keys()), -1, Attr("version").eq(role.version))],
            last_lead_of=team if role.leads and team.lead_count <= 1 else None,
        )

    def _unassigning(self, item: Item, mark: str) -> Piece:
        assignment = RoleAssignment.from_item(item)
        return Piece(
            _assignment("role.revoke", assignment),
            [Update(_key(item), assign={"active": False, "deactivatedWith": mark}, condition=Attr("active").eq(True))],
            [Count(keys.role_key(assignment.organisation_id, assignment.role_id), -1, Attr("userCount").gte(1))],
        )

    # --- giving back -----------------------------------------------------------------------------

    def _rejoining(self, actor: Actor, item: Item, found: dict[_Pair, Item]) -> Piece:
        member, team, role = _seat(item, found)
        member = member.model_copy(update={"team_role_name": role.name})
        back = team.active and role.active
        update = Update(
            _key(item),
            # A team role that nobody has may be renamed, and so it was nobody's while this rested.
            assign={"active": back, "version": member.version + 1, "teamRoleName": role.name},
            remove=["deactivatedWith"],
            condition=Attr("deactivatedWith").eq(item["deactivatedWith"]) & Attr("version").eq(member.version),
        )
        if not back:
            return Piece(_membership("team.member.omit", member), [update])
        require_seat(actor, member.organisation_id, member.team_id, role.capabilities, member.user_id)
        counts = {"memberCount": 1, "leadCount": 1} if role.leads else {"memberCount": 1}
        seat = Update(keys.team_key(team.organisation_id, team.team_id), add=counts, condition=Attr("active").eq(True))
        unchanged = Attr("active").eq(True) & Attr("version").eq(role.version)
        return Piece(_membership("team.member.add", member), [update, seat], [Count(_key(role.keys()), 1, unchanged)])

    def _assigning(self, actor: Actor, item: Item, role: Role | None) -> Piece:
        assignment = RoleAssignment.from_item(item)
        back = role is not None and role.active
        update = Update(
            _key(item),
            assign={"active": back} if role is None else {"active": back, "roleName": role.name},
            remove=["deactivatedWith"],
            condition=Attr("deactivatedWith").eq(item["deactivatedWith"]),
        )
        if role is None or not role.active:
            return Piece(_assignment("role.omit", assignment), [update])
        actor.require_holding(role.permissions, role.organisation_id)
        unchanged = Attr("active").eq(True) & Attr("version").eq(role.version)
        return Piece(_assignment("role.assign", assignment), [update], [Count(_key(role.keys()), 1, unchanged)])


def last_lead(teams: Sequence[Team]) -> Conflict:
    """The refusal to leave teams without a lead."""
    names, first = ", ".join(team.name for team in teams), shlex.quote(teams[0].name)
    return Conflict(
        f"no lead would be left in: {names}",
        code="LAST_LEAD",
        hint=f"make somebody else a lead there first; bbws-access teams members update {first} USER --role TEAM_LEAD",
        details={"teams": [{"teamId": team.team_id, "name": team.name} for team in teams]},
    )


def _seat(item: Item, found: dict[_Pair, Item]) -> tuple[TeamMember, Team, TeamRole]:
    member = TeamMember.from_item(item)
    team_key = keys.team_key(member.organisation_id, member.team_id)
    role_key = keys.team_role_key(member.organisation_id, member.team_role_id)
    team = Team.from_item(found[team_key["PK"], team_key["SK"]])
    return member, team, TeamRole.from_item(found[role_key["PK"], role_key["SK"]])


def _rests(item: Item, mark: str) -> bool:
    return item.get("deactivatedWith") == mark


def _of_lead(piece: Piece) -> bool:
    return any(isinstance(write, Update) and "leadCount" in write.add for write in piece.writes)


def _key(item: Item | Keys) -> Keys:
    return {"PK": str(item["PK"]), "SK": str(item["SK"])}


def _membership(action: str, member: TeamMember) -> Change:
    return Change(EventType.TEAM_MEMBERSHIP, action, "team", member.team_id, **_side(action, seat_of(member)))


def _assignment(action: str, assignment: RoleAssignment) -> Change:
    held: dict[str, Any] = {"roleId": assignment.role_id, "roleName": assignment.role_name}
    return Change(EventType.ROLE_CHANGE, action, "user", assignment.user_id, **_side(action, held))


def _side(action: str, what: dict[str, Any]) -> dict[str, Any]:
    return {"after": what} if action.endswith((".add", ".assign")) else {"before": what}
