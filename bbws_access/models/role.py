"""Roles, and who holds them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import Audited, Record, Request
from bbws_access.models.changes import Changes, Version
from bbws_access.models.kinds import Scope
from bbws_access.models.permission import Grant, Grants
from bbws_access.models.plain_text import LINES, ONE_LINE
from bbws_access.models.wording import saying

RoleName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", min_length=2, max_length=50),
    saying("is not 2 to 50 capital letters, digits and underscores that begin with a letter, such as SITE_EDITOR"),
]
DisplayName = Annotated[str, StringConstraints(min_length=2, max_length=100), ONE_LINE]
Description = Annotated[str, StringConstraints(max_length=500), LINES]
Priority = Annotated[int, Field(ge=1, le=999)]
RoleGrants = Annotated[frozenset[Grant], Field(min_length=1, max_length=100, strict=False)]
"""There are fewer grants than a hundred that cover anything."""


class NewRole(Request):
    """Limits are those of the API's contract."""

    name: RoleName
    display_name: DisplayName
    description: Description = ""
    permissions: RoleGrants
    scope: Annotated[Scope, Field(strict=False)] = Scope.ORGANISATION
    priority: Priority = 100


class RoleChanges(Changes):
    """Limits are those of a new one; its permissions have a request of their own."""

    name: RoleName | None = None
    display_name: DisplayName | None = None
    description: Description | None = None
    priority: Priority | None = None
    active: bool | None = None


class RolePermissions(Request):
    """All that the role allows from now on."""

    permissions: RoleGrants
    version: Version | None = None


class Role(Audited):
    """A bundle of permissions. ``priority`` orders roles for people, 1 first; ``user_count`` is exact."""

    role_id: str
    organisation_id: str
    name: str
    display_name: str
    description: str = ""
    permissions: Grants
    scope: Scope
    priority: int = 100
    is_system: bool = False
    is_default: bool = False
    user_count: int = 0

    def keys(self) -> Keys:
        return keys.role(self.organisation_id, self.role_id, self.active, self.name)


class RoleAssignment(Record):
    """That a user holds a role. Platform roles are assigned in the literal organisation ``PLATFORM``."""

    organisation_id: str
    user_id: str
    role_id: str
    role_name: str
    scope: Scope
    assigned_by: str
    assigned_at: str
    active: bool = True

    def keys(self) -> Keys:
        return keys.assignment(self.organisation_id, self.user_id, self.role_id)
