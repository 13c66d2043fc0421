"""Teams, the roles inside them, and their members."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema, model_validator

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import ApiModel, Audited, Record, Request
from bbws_access.models.changes import Changes, Version
from bbws_access.models.kinds import Capability
from bbws_access.models.plain_text import ONE_LINE
from bbws_access.models.role import Description, DisplayName, RoleName
from bbws_access.models.wording import saying
from bbws_access.text import fold_name

_FOLDED_BYTES: Final = 800
"""Compatibility forms can make a name many times longer, and it is part of a key, which has its limit."""


def _fits_a_key(name: str) -> str:
    if len(fold_name(name).encode()) > _FOLDED_BYTES:
        raise ValueError("is too long, once its letters are in their plain form")
    return name


TeamName = Annotated[str, StringConstraints(min_length=2, max_length=100), ONE_LINE, AfterValidator(_fits_a_key)]
DivisionId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100),
    saying("is not up to 100 letters, digits, dots, hyphens and underscores that begin with a letter or a digit"),
]
"""It stands in the middle of a key, so that it must not look like more of one."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
SortOrder = Annotated[int, Field(ge=1, le=999)]

Capabilities = Annotated[frozenset[Capability], PlainSerializer(sorted, return_type=list[Capability], when_used="json")]
"""Of a record; always written in the same order."""

SomeCapabilities = Annotated[frozenset[Annotated[Capability, Field(strict=False)]], Field(min_length=1, strict=False)]


class NewTeam(Request):
    """Limits are those of the API's contract."""

    name: TeamName
    description: Description = ""
    division_id: DivisionId | None = None


class TeamChanges(Changes):
    """Limits are those of a new one; ``divisionId`` may be ``null``, which takes the team out of its division."""

    clearable = frozenset({"division_id"})

    name: TeamName | None = None
    description: Description | None = None
    division_id: DivisionId | None = None
    active: bool | None = None


class NewTeamRole(Request):
    """Limits are those of the API's contract."""

    name: RoleName
    display_name: DisplayName
    description: Description = ""
    capabilities: SomeCapabilities
    sort_order: SortOrder = 100


class TeamRoleChanges(Changes):
    """Limits are those of a new one."""

    name: RoleName | None = None
    display_name: DisplayName | None = None
    description: Description | None = None
    capabilities: SomeCapabilities | None = None
    sort_order: SortOrder | None = None
    active: bool | None = None


class NewMember(Request):
    """Who comes into the team, and in which team role."""

    user_id: Id
    team_role_id: Id


def _only_false(active: bool) -> bool:
    if active:
        raise ValueError("is false or left out; who was removed comes back by being added again")
    return active


class MemberChanges(Changes):
    """Another team role, or the end of the membership."""

    team_role_id: Id | None = None
    active: (
        Annotated[bool, AfterValidator(_only_false), WithJsonSchema({"type": "boolean", "enum": [False]})] | None
    ) = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if self.team_role_id is not None and self.active is not None:
            raise ValueError("a member is either removed or given another team role")
        return self


class Transfer(Request):
    """Where a member goes; in the same team role, unless another is named."""

    team_id: Id
    team_role_id: Id | None = None
    version: Version | None = None


class TeamRole(Audited):
    """A bundle of capabilities. A member whose role can manage members leads the team."""

    team_role_id: str
    organisation_id: str
    name: str
    display_name: str
    description: str = ""
    capabilities: Capabilities
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
    """That a user sits in a team, and in which team role.

    Who was removed stays recorded with ``active=False``, and counts for nothing.
    """

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


class UserTeam(ApiModel):
    """A team as one of its members sees it; ``active`` is the team's."""

    organisation_id: str
    team_id: str
    team_name: str
    team_role_id: str
    team_role_name: str
    joined_at: str
    active: bool
