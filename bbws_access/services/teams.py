"""Teams of an organisation, and the records by which people come into them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.errors import Conflict, NotFound
from bbws_access.ids import Ids
from bbws_access.models.kinds import Capability, EventType
from bbws_access.models.team import NewTeam, Team, TeamChanges, TeamMember, TeamRole
from bbws_access.services.editing import (
    differing,
    edit_of,
    edited,
    rename_writes,
    require_version,
    shown_after,
    shown_before,
)
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.stamps import new_stamps
from bbws_access.services.team_roles import load_team_role
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named, claim_name, holder_of
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Put, Update, Write

DEFAULT_TEAM_ROLE = "MEMBER"
"""The team role that an accepted invitation gives."""


class Teams:
    """Makes, finds and edits teams, and makes the writes of a new membership."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids

    def create(self, actor: Actor, org_id: str, request: NewTeam) -> Team:
        """A team without members. Raises ``NotFound`` for the organisation and ``Conflict`` (``TEAM_EXISTS``)."""
        actor.require("team:create", org_id)
        team = Team(
            team_id=self._ids.record(),
            organisation_id=org_id,
            **request.model_dump(),
            **new_stamps(actor, self._clock),
        )
        after = shown_after({"name": team.name, "description": team.description, "division_id": team.division_id})
        change = Change(EventType.CONFIGURATION, "team.create", "team", team.team_id, after=after)
        unknown = NotFound(f"there is no organisation {org_id!r}", code="ORGANISATION_NOT_FOUND")
        writes: list[Write] = [
            Check(keys.organisation_key(org_id), PRESENT, otherwise=unknown),
            claim_name(org_id, Named.TEAM, team.name, team.team_id),
            Put(team.to_item(), condition=ABSENT),
        ]
        self._trail.commit(actor, org_id, [change], writes)
        return team

    def get(self, actor: Actor, org_id: str, team_id: str) -> Team:
        """Raises :class:`NotFound` (``TEAM_NOT_FOUND``)."""
        actor.require("team:read", org_id, team_id=team_id)
        return self.load(org_id, team_id)

    def find(self, actor: Actor, org_id: str, id_or_name: str) -> Team:
        """By id, or by name whatever its case; raises as :meth:`get`."""
        actor.require_tenant(org_id)
        team_id = id_or_name
        if self._table.get(keys.team_key(org_id, id_or_name)) is None:  # a name may look like another team's id
            team_id = holder_of(self._table, org_id, Named.TEAM, id_or_name) or id_or_name
        return self.get(actor, org_id, team_id)

    def page(self, actor: Actor, org_id: str, page: PageRequest, *, active: bool = True) -> ListPage[Team]:
        """By name."""
        actor.require("team:read", org_id)
        query = Query(keys.by_active(org_id, active), index=1, begins_with=keys.TEAM_PREFIX)
        return fetch_page(self._table, query, page, Team.from_item)

    def update(self, actor: Actor, org_id: str, team_id: str, request: TeamChanges) -> Team:
        """Changes the fields that are given; what is so already is no change.

        A team role gives no say over a team that was deactivated. Raises ``NotFound``, and ``Conflict``:
        ``CONFLICT`` for another version, ``TEAM_EXISTS`` for a taken name.
        """
        actor.require("team:update", org_id, team_id=team_id, capability=Capability.UPDATE_TEAM)
        before = self.load(org_id, team_id)
        if not before.active:
            actor.require("team:update", org_id)
        require_version(before, request.version)
        changes = differing(before, request.changes())
        if not changes:
            return before
        after = edited(before, changes, actor, self._clock)
        change = Change(
            EventType.CONFIGURATION,
            "team.update",
            "team",
            team_id,
            before=shown_before(before, changes),
            after=shown_after(changes),
        )
        writes: list[Write] = [
            edit_of(keys.team_key(org_id, team_id), before, after),
            *rename_writes(org_id, Named.TEAM, before.name, after.name, team_id),
        ]
        self._trail.commit(actor, org_id, [change], writes)
        return self.load(org_id, team_id)  # its counts may have moved meanwhile

    def load(self, org_id: str, team_id: str) -> Team:
        """For services: no question of who asks."""
        item = self._table.get(keys.team_key(org_id, team_id))
        if item is None:
            raise NotFound(f"there is no team {team_id!r}", code="TEAM_NOT_FOUND", hint="bbws-access teams list")
        return Team.from_item(item)

    def load_role_named(self, org_id: str, name: str) -> TeamRole:
        """Raises :class:`NotFound` (``TEAM_ROLE_NOT_FOUND``)."""
        role_id = holder_of(self._table, org_id, Named.TEAM_ROLE, name)
        if role_id is None:
            raise NotFound(f"there is no team role {name!r}", code="TEAM_ROLE_NOT_FOUND")
        return load_team_role(self._table, org_id, role_id)

    def new_member(self, actor: Actor, team: Team, role: TeamRole, user_id: str, email: str) -> TeamMember:
        return TeamMember(
            organisation_id=team.organisation_id,
            team_id=team.team_id,
            user_id=user_id,
            user_email=email,
            team_role_id=role.team_role_id,
            team_role_name=role.name,
            joined_at=iso(self._clock.now()),
            added_by=actor.email,
        )

    def member_writes(self, member: TeamMember, role: TeamRole) -> list[Write]:
        """The membership, the team's counts and the team role's; bound to the team role as it was read."""
        return [*seat_writes(member, role), role_count(role, 1)]


def seat_writes(member: TeamMember, role: TeamRole) -> list[Write]:
    """The membership, new or of somebody who was removed, and the team's counts.

    Nobody comes into a team that is not active, but a lead: it keeps one too, and its last one may have to leave.
    """
    key = keys.member_key(member.organisation_id, member.team_id, member.user_id)
    return [
        Update(
            key,
            assign={name: value for name, value in member.to_item().items() if name not in {*key, "version"}},
            add={"version": 1},
            remove=["deactivatedWith"],
            condition=ABSENT | Attr("active").eq(False),
            otherwise=Conflict(
                f"{member.user_email} is in this team already",
                code="ALREADY_MEMBER",
                hint=f"bbws-access users teams {shlex.quote(member.user_email)}",
            ),
        ),
        Update(
            keys.team_key(member.organisation_id, member.team_id),
            add={"memberCount": 1, "leadCount": 1} if role.leads else {"memberCount": 1},
            condition=PRESENT if role.leads else Attr("active").eq(True),
            otherwise=Conflict(
                "the team is not active", code="TEAM_INACTIVE", hint=f"bbws-access teams reactivate {member.team_id}"
            ),
        ),
    ]


def role_count(role: TeamRole, amount: int) -> Update:
    """One more, or one less, who is in a team role.

    Who comes in is bound to the role as it was read. For who leaves that is not needed: what a role
    that somebody is in says about leading does not change.
    """
    key = keys.team_role_key(role.organisation_id, role.team_role_id)
    if amount < 0:
        return Update(key, add={"userCount": amount}, condition=Attr("userCount").gte(-amount))
    return Update(
        key,
        add={"userCount": amount},
        condition=Attr("active").eq(True) & Attr("version").eq(role.version),
        otherwise=Conflict(
            f"team role {role.name} is not active, or changed meanwhile",
            code="ROLE_CHANGED",
            hint=f"bbws-access team-roles show {role.name}",
        ),
    )


def joined(member: TeamMember, more: Mapping[str, Any] | None = None) -> Change:
    """The event of a new membership, whoever makes it."""
    return Change(
        EventType.TEAM_MEMBERSHIP,
        "team.member.add",
        "team",
        member.team_id,
        after=seat_of(member),
        more=more or {},
    )


def seat_of(member: TeamMember) -> dict[str, Any]:
    """A membership in the words of the trail: names change, and the id says which team role was meant."""
    return {
        "userId": member.user_id,
        "email": member.user_email,
        "teamRole": member.team_role_name,
        "teamRoleId": member.team_role_id,
    }
