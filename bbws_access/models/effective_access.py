"""What somebody may do in an organisation, and where each right comes from."""

from __future__ import annotations

from enum import StrEnum

from bbws_access.models.base import ApiModel


class Reach(StrEnum):
    """How far what a source gives reaches."""

    PLATFORM = "PLATFORM"
    """Every organisation."""
    ORGANISATION = "ORGANISATION"
    """The whole of the organisation."""
    TEAM = "TEAM"
    """The teams that the user sits in: a role of that scope."""
    SEAT = "SEAT"
    """The one team: what its team role can do there."""


class Grant(ApiModel):
    """One role that was assigned, or one seat in a team.

    ``source_id`` and ``name`` are the role's or the team role's; ``yields`` are grants, or of a seat capabilities,
    sorted. ``rests`` is why it yields nothing: ``TAKEN``, ``INACTIVE`` or ``GONE``. ``given_at`` is ISO 8601.
    """

    reach: Reach
    source_id: str
    name: str
    team_id: str | None = None
    team_name: str | None = None
    given_by: str
    given_at: str
    yields: tuple[str, ...] = ()
    rests: str | None = None

    @property
    def where(self) -> str:
        """In words."""
        if self.reach is Reach.SEAT:
            return f"{self.name} in team {self.team_name or self.team_id}"
        reach = {Reach.PLATFORM: "platform role", Reach.ORGANISATION: "role", Reach.TEAM: "role, in their teams"}
        return f"{self.name} ({reach[self.reach]})"


class EffectiveAccess(ApiModel):
    """``denied`` is the authorizer's reason for letting nobody in, such as ``USER_INACTIVE``; then nothing counts."""

    user_id: str
    email: str
    organisation_id: str
    denied: str | None = None
    grants: tuple[Grant, ...] = ()


class Answer(ApiModel):
    """Whether somebody may; ``through`` is what says so, ``nearest`` what would, each in words."""

    allowed: bool
    permission: str
    through: tuple[Grant, ...] = ()
    nearest: tuple[str, ...] = ()


class Step(ApiModel):
    """One step of a decision; ``passed`` is whether the request went on from there."""

    name: str
    passed: bool
    says: str


class Explanation(ApiModel):
    """``code`` is the authorizer's verdict, ``ALLOWED`` or a denial's; ``needs`` the permission that was missing."""

    allowed: bool
    code: str
    function: str | None = None
    steps: tuple[Step, ...] = ()
    through: tuple[Grant, ...] = ()
    needs: str | None = None


class Holder(ApiModel):
    """Somebody who holds a permission; ``through`` in words."""

    user_id: str
    email: str | None
    through: str
    given_by: str
    given_at: str
