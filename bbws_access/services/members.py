"""The members of teams: added, given another team role, removed, transferred, and counted exactly.

A membership, the counts of its team and the count of its team role move in one transaction. That a
team keeps its last lead, whether it is active or not, is a condition on the team's count in that
transaction, so that of two leads who leave at once one stays.
"""

from __future__ import annotations

from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.errors import Conflict, InvalidInput, NotFound
from bbws_access.models.kinds import Capability, EventType
from bbws_access.models.team import MemberChanges, NewMember, Team, TeamMember, TeamRole, Transfer, UserTeam
from bbws_access.models.user import User
from bbws_access.services.boundary import require_seat
from bbws_access.services.holdings import last_lead
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.team_roles import TeamRoles
from bbws_access.services.teams import Teams, joined, role_count, seat_of, seat_writes
from bbws_access.services.trail import Change, Trail
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Query, Table
from bbws_access.store.writes import PRESENT, Check, Update, Write


class Members:
    """Who was removed stays recorded as inactive, is no member to anybody, and can be added again."""

    def __init__(self, table: Table, trail: Trail, teams: Teams, team_roles: TeamRoles) -> None:
        self._table = table
        self._trail = trail
        self._teams = teams
        self._team_roles = team_roles

    def add(self, actor: Actor, org_id: str, team_id: str, request: NewMember) -> TeamMember:
        """Puts an active user of the organisation into an active team, or as a lead into one that is not.

        Raises ``NotFound`` for team, team role or user, ``Denied`` (``PRIVILEGE_BOUNDARY``), and
        ``Conflict``: ``ALREADY_MEMBER``, ``TEAM_INACTIVE``, ``USER_INACTIVE``, ``ROLE_CHANGED``.
        """
        actor.require("team:member:add", org_id, team_id=team_id, capability=Capability.MANAGE_MEMBERS)
        team = self._teams.load(org_id, team_id)
        role = self._team_roles.load(org_id, request.team_role_id)
        require_seat(actor, org_id, team_id, role.capabilities, request.user_id)
        user = self._user(org_id, request.user_id)
        member = self._teams.new_member(actor, team, role, user.user_id, user.email)
        writes = [*self._teams.member_writes(member, role), _still_active(user.organisation_id, user.user_id)]
        self._trail.commit(actor, org_id, [joined(member)], writes)
        return self._recorded(org_id, team_id, user.user_id)

    def page(self, actor: Actor, org_id: str, team_id: str, page: PageRequest) -> ListPage[TeamMember]:
        """By user id. Raises ``NotFound`` for the team."""
        actor.require("team:member:read", org_id, team_id=team_id, capability=Capability.VIEW_MEMBERS)
        self._teams.load(org_id, team_id)
        query = Query(
            keys.members_of_team(org_id, team_id), begins_with=keys.MEMBER_PREFIX, filter=Attr("active").eq(True)
        )
        return fetch_page(self._table, query, page, TeamMember.from_item)

    def get(self, actor: Actor, org_id: str, team_id: str, user_id: str) -> TeamMember:
        """Raises :class:`NotFound` (``MEMBER_NOT_FOUND``), also for who was removed."""
        actor.require("team:member:read", org_id, team_id=team_id, capability=Capability.VIEW_MEMBERS)
        return self._member(org_id, team_id, user_id)

    def update(self, actor: Actor, org_id: str, team_id: str, user_id: str, request: MemberChanges) -> TeamMember:
        """Gives a member another team role, or removes them, and returns the membership as it is then.

        Raises ``NotFound``, ``Denied`` (``PRIVILEGE_BOUNDARY``), and ``Conflict``: ``LAST_LEAD``, where
        the team would be left without a lead; ``ROLE_CHANGED``; ``CONFLICT`` for another version.
        """
        actor.require("team:member:remove", org_id, team_id=team_id, capability=Capability.MANAGE_MEMBERS)
        member = self._member(org_id, team_id, user_id)
        _require_seen(member, request.version)
        if request.active is False:
            self._remove(actor, member)
        elif request.team_role_id is not None and request.team_role_id != member.team_role_id:
            self._give(actor, member, self._team_roles.load(org_id, request.team_role_id))
        else:
            return member
        return self._recorded(org_id, team_id, user_id)

    def transfer(self, actor: Actor, org_id: str, team_id: str, user_id: str, request: Transfer) -> TeamMember:
        """Moves a member into another team in one transaction, and returns the membership there.

        Raises as :meth:`add` for the team that they come into and as :meth:`update` for the one they leave.
        """
        actor.require("org:user:manage", org_id)
        if request.team_id == team_id:
            problem = "is the team that the member is in already"
            raise InvalidInput(f"teamId {problem}", details={"fields": {"teamId": problem}})
        member = self._member(org_id, team_id, user_id)
        _require_seen(member, request.version)
        team, target = self._teams.load(org_id, team_id), self._teams.load(org_id, request.team_id)
        old = new = self._team_roles.load(org_id, member.team_role_id)
        counts: list[Write] = []
        if request.team_role_id not in {None, old.team_role_id}:
            new = self._team_roles.load(org_id, str(request.team_role_id))
            counts = [role_count(old, -1), role_count(new, 1)]
        if new is not old or user_id == actor.id:
            require_seat(actor, org_id, target.team_id, new.capabilities, user_id)
        moved = self._teams.new_member(actor, target, new, member.user_id, member.user_email)
        writes = [
            *_leaving(member, team, old),
            *seat_writes(moved, new),
            *counts,
            _still_active(org_id, user_id),
        ]
        way = {"transfer": {"from": team.team_id, "to": target.team_id}}
        self._trail.commit(actor, org_id, [_left(member, way), joined(moved, way)], writes)
        return self._recorded(org_id, target.team_id, user_id)

    def teams_of(self, actor: Actor, org_id: str, user_id: str, page: PageRequest) -> ListPage[UserTeam]:
        """The teams that a user is in; one's own are open to oneself. Raises ``NotFound`` for the user."""
        actor.require_tenant(org_id)
        if actor.id != user_id:
            actor.require("user:read", org_id)
        self._user(org_id, user_id)
        query = Query(
            keys.everything_of_user(user_id),
            index=3,
            begins_with=keys.members_of_team(org_id, ""),
            filter=Attr("active").eq(True),
        )
        found = fetch_page(self._table, query, page, TeamMember.from_item)
        teams = self._table.get_many(keys.team_key(org_id, member.team_id) for member in found.items)
        named = {team.team_id: team for team in map(Team.from_item, teams)}
        return ListPage([_seen(member, named[member.team_id]) for member in found.items], found.last)

    # --- changing --------------------------------------------------------------------------------

    def _remove(self, actor: Actor, member: TeamMember) -> None:
        team = self._teams.load(member.organisation_id, member.team_id)
        role = self._team_roles.load(member.organisation_id, member.team_role_id)
        writes = [*_leaving(member, team, role), role_count(role, -1)]
        self._trail.commit(actor, member.organisation_id, [_left(member)], writes)

    def _give(self, actor: Actor, member: TeamMember, new: TeamRole) -> None:
        org_id, team_id = member.organisation_id, member.team_id
        require_seat(actor, org_id, team_id, new.capabilities, member.user_id)
        old = self._team_roles.load(org_id, member.team_role_id)
        given = {"team_role_id": new.team_role_id, "team_role_name": new.name, "version": member.version + 1}
        before, after = member.to_item(), member.model_copy(update=given).to_item()
        writes: list[Write] = [
            _edit(member, {name: value for name, value in after.items() if before.get(name) != value}),
            role_count(old, -1),
            role_count(new, 1),
        ]
        if old.leads is not new.leads:
            team = self._teams.load(org_id, team_id)
            writes.append(_team_count(team, {"leadCount": 1 if new.leads else -1}))
        change = Change(
            EventType.TEAM_MEMBERSHIP,
            "team.member.update",
            "team",
            team_id,
            before={"teamRole": old.name, "teamRoleId": old.team_role_id},
            after={"teamRole": new.name, "teamRoleId": new.team_role_id},
            more={"userId": member.user_id, "email": member.user_email},
        )
        self._trail.commit(actor, org_id, [change], writes)

    # --- reading ---------------------------------------------------------------------------------

    def _member(self, org_id: str, team_id: str, user_id: str) -> TeamMember:
        item = self._table.get(keys.member_key(org_id, team_id, user_id))
        if item is None or not item["active"]:
            hint = f"bbws-access teams members list {team_id}"
            raise NotFound(f"there is no member {user_id!r} in this team", code="MEMBER_NOT_FOUND", hint=hint)
        return TeamMember.from_item(item)

    def _recorded(self, org_id: str, team_id: str, user_id: str) -> TeamMember:
        """What was just written, with the version that it got."""
        item = self._table.get(keys.member_key(org_id, team_id, user_id))
        assert item is not None
        return TeamMember.from_item(item)

    def _user(self, org_id: str, user_id: str) -> User:
        item = self._table.get(keys.user_key(org_id, user_id))
        if item is None:
            raise NotFound(f"there is no user {user_id!r} in this organisation", code="USER_NOT_FOUND")
        return User.from_item(item)


def _require_seen(member: TeamMember, seen: int | None) -> None:
    if seen is not None and seen != member.version:
        raise Conflict(f"this is at version {member.version} by now", hint="look at it again and retry")


def _still_active(org_id: str, user_id: str) -> Check:
    return Check(
        keys.user_key(org_id, user_id),
        PRESENT & Attr("active").eq(True),
        otherwise=Conflict("the user is not active", code="USER_INACTIVE"),
    )


def _leaving(member: TeamMember, team: Team, role: TeamRole) -> list[Write]:
    """The end of a membership, and the team's counts; its keys stay, and who reads it looks at ``active``."""
    counts = {"memberCount": -1, "leadCount": -1} if role.leads else {"memberCount": -1}
    return [_edit(member, {"active": False, "version": member.version + 1}), _team_count(team, counts)]


def _edit(member: TeamMember, assign: dict[str, Any]) -> Update:
    return Update(
        keys.member_key(member.organisation_id, member.team_id, member.user_id),
        assign=assign,
        condition=Attr("active").eq(True) & Attr("version").eq(member.version),
    )


def _team_count(team: Team, counts: dict[str, int]) -> Update:
    """The last lead stays: that there is another is a condition of every change that takes one."""
    key = keys.team_key(team.organisation_id, team.team_id)
    if counts.get("leadCount", 0) < 0:
        return Update(key, add=counts, condition=Attr("leadCount").gt(1), otherwise=last_lead([team]))
    return Update(key, add=counts, condition=Attr("memberCount").gte(1))


def _left(member: TeamMember, more: dict[str, Any] | None = None) -> Change:
    before = seat_of(member)
    return Change(
        EventType.TEAM_MEMBERSHIP, "team.member.remove", "team", member.team_id, before=before, more=more or {}
    )


def _seen(member: TeamMember, team: Team) -> UserTeam:
    return UserTeam(
        organisation_id=member.organisation_id,
        team_id=member.team_id,
        team_name=team.name,
        team_role_id=member.team_role_id,
        team_role_name=member.team_role_name,
        joined_at=member.joined_at,
        active=team.active,
    )
