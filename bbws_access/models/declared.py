"""What a file of declared state may say. Names of fields and their limits are those of the API."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from bbws_access.models.base import Request
from bbws_access.models.role import NewRole, RoleName
from bbws_access.models.team import NewTeam, NewTeamRole
from bbws_access.text import fold_email

UserAddress = Annotated[str, StringConstraints(min_length=3, max_length=320), AfterValidator(fold_email)]
"""Of somebody who is a member: whether it is an address was checked when they were invited."""


class DeclaredRole(NewRole):
    """``renamed_from`` is what the role was called before; it says nothing once the role has its new name."""

    renamed_from: RoleName | None = None


class DeclaredTeamRole(NewTeamRole):
    """See :class:`DeclaredRole`."""

    renamed_from: RoleName | None = None


class DeclaredMember(Request):
    """Somebody in a team; ``team_role`` is a name."""

    user: UserAddress
    team_role: RoleName


class DeclaredTeam(NewTeam):
    """A team without ``members`` says nothing about who is in it.

    ``renamed_from`` may be a name that nobody could give any more.
    """

    renamed_from: Annotated[str, StringConstraints(min_length=2, max_length=100)] | None = None
    members: Annotated[tuple[DeclaredMember, ...], Field(strict=False)] | None = None


class DeclaredAssignments(Request):
    """The roles that somebody holds in the organisation, by name."""

    user: UserAddress
    roles: Annotated[tuple[RoleName, ...], Field(strict=False)]


class DeclaredState(Request):
    """An organisation. What a file leaves out it says nothing about, and nothing of it is changed or removed.

    ``organisation`` is its name or id: with it the file is refused for any other.
    """

    organisation: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    team_roles: Annotated[tuple[DeclaredTeamRole, ...], Field(strict=False)] | None = None
    roles: Annotated[tuple[DeclaredRole, ...], Field(strict=False)] | None = None
    teams: Annotated[tuple[DeclaredTeam, ...], Field(strict=False)] | None = None
    assignments: Annotated[tuple[DeclaredAssignments, ...], Field(strict=False)] | None = None
