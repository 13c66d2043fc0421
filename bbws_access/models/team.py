"""Teams, the roles inside them, and their members."""

from __future__ import annotations

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import Audited, Record
from bbws_access.models.kinds import Capability


class TeamRole(Audited):
    """A bundle of capabilities. A member whose role can manage members leads the team."""

    team_role_id: str
    organisation_id: str
    name: str
    display_name: str
    description: str = ""
    capabilities: frozenset[Capability]
    sort_order: int = 100
    is_default: bool = False
    user_count: int = 0

    @property
    def leads(self) -> bool:
        return Capability.MANAGE_MEMBERS in self.capabilities

    def keys(self) -> Keys:
        return keys.team_role(self.organisation_id, self.team_role_id, self.active, self.name)


class Team(Audited):
    """``member_count`` and ``lead_count`` are exact: every change of a member moves them in its transaction."""

    team_id: str
    organisation_id: str
    name: str
    description: str = ""
    division_id: str | None = None
    member_count: int = 0
    lead_count: int = 0
    site_count: int = 0

    def keys(self) -> Keys:
        return keys.team(self.organisation_id, self.team_id, self.active, self.name, self.division_id)


class TeamMember(Record):
    """That a user sits in a team, and in which team role."""

    organisation_id: str
    team_id: str
    user_id: str
    user_email: str
    team_role_id: str
    team_role_name: str
    joined_at: str
    added_by: str
    active: bool = True
    version: int = 1

    def keys(self) -> Keys:
        return keys.member(self.organisation_id, self.team_id, self.user_id, self.team_role_id)
