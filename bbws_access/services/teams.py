"""Teams of an organisation and how people come into them."""

from __future__ import annotations

from boto3.dynamodb.conditions import Attr

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.errors import Conflict, NotFound
from bbws_access.models.kinds import EventType
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.services.trail import Change
from bbws_access.services.uniqueness import Named, holder_of
from bbws_access.store.table import Table
from bbws_access.store.writes import ABSENT, Put, Update, Write

DEFAULT_TEAM_ROLE = "MEMBER"
"""The team role that an accepted invitation gives."""


class Teams:
    """Finds teams and team roles, and makes the writes of a membership."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def find(self, actor: Actor, org_id: str, id_or_name: str) -> Team:
        """By id, or by name whatever its case. Raises :class:`NotFound` (``TEAM_NOT_FOUND``)."""
        team_id = holder_of(self._table, org_id, Named.TEAM, id_or_name) or id_or_name
        actor.require("team:read", org_id, team_id=team_id)
        return self.load(org_id, team_id)

    def load(self, org_id: str, team_id: str) -> Team:
        """For services: no question of who asks."""
        item = self._table.get(keys.team_key(org_id, team_id))
        if item is None:
            raise NotFound(f"there is no team {team_id!r}", code="TEAM_NOT_FOUND")
        return Team.from_item(item)

    def load_role_named(self, org_id: str, name: str) -> TeamRole:
        """Raises :class:`NotFound` (``TEAM_ROLE_NOT_FOUND``)."""
        role_id = holder_of(self._table, org_id, Named.TEAM_ROLE, name)
        item = self._table.get(keys.team_role_key(org_id, role_id)) if role_id else None
        if item is None:
            raise NotFound(f"there is no team role {name!r}", code="TEAM_ROLE_NOT_FOUND")
        return TeamRole.from_item(item)

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
        counts = {"memberCount": 1, "leadCount": 1} if role.leads else {"memberCount": 1}
        return [
            Put(
                member.to_item(),
                condition=ABSENT,
                otherwise=Conflict("the user is in this team already", code="ALREADY_MEMBER"),
            ),
            Update(
                keys.team_key(member.organisation_id, member.team_id),
                add=counts,
                condition=Attr("active").eq(True),
                otherwise=Conflict("the team is not active", code="TEAM_INACTIVE"),
            ),
            Update(
                keys.team_role_key(role.organisation_id, role.team_role_id),
                add={"userCount": 1},
                condition=Attr("active").eq(True) & Attr("version").eq(role.version),
                otherwise=Conflict(f"team role {role.name} is not active, or changed meanwhile", code="ROLE_CHANGED"),
            ),
        ]


def joined(member: TeamMember) -> Change:
    """The event of a new membership, whoever makes it."""
    return Change(
        EventType.TEAM_MEMBERSHIP,
        "team.member.add",
        "team",
        member.team_id,
        after={"userId": member.user_id, "email": member.user_email, "teamRole": member.team_role_name},
    )
