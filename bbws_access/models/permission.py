"""Permissions, and sets of them that are offered together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from bbws_access import keys
from bbws_access.access.grants import GRANT_PATTERN
from bbws_access.keys import Keys
from bbws_access.models.base import Audited, Record, Request
from bbws_access.models.kinds import Category, Scope

Grant = Annotated[str, StringConstraints(pattern=GRANT_PATTERN, max_length=100)]


class Permission(Record):
    """One thing that can be allowed; ``permission_id`` is ``resource:action``."""

    permission_id: str
    name: str
    description: str
    resource: str
    action: str
    category: Category
    is_system: bool = True
    active: bool = True
    date_created: str

    def keys(self) -> Keys:
        return keys.permission(self.permission_id, self.category)


class NewPermissionSet(Request):
    """Limits are those of the API's contract."""

    name: Annotated[str, StringConstraints(min_length=3, max_length=100)]
    description: Annotated[str, StringConstraints(min_length=10, max_length=500)]
    permissions: Annotated[frozenset[Grant], Field(min_length=1, max_length=50, strict=False)]
    scope: Annotated[Scope, Field(strict=False)] = Scope.ORGANISATION


class PermissionSet(Audited):
    """Permissions that are offered together."""

    set_id: str
    organisation_id: str
    name: str
    description: str
    permissions: frozenset[str]
    scope: Scope
    is_system: bool = False

    def keys(self) -> Keys:
        return keys.permission_set(self.organisation_id, self.set_id, self.active, self.date_created)
