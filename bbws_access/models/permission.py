"""Permissions, and sets of them that are offered together."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints

from bbws_access import keys
from bbws_access.access.grants import GRANT_PATTERN
from bbws_access.keys import Keys
from bbws_access.models.base import Audited, Record, Request
from bbws_access.models.changes import Changes
from bbws_access.models.kinds import Category, Scope
from bbws_access.models.plain_text import LINES, ONE_LINE
from bbws_access.models.wording import saying
from bbws_access.text import fold_name

Grant = Annotated[
    str,
    StringConstraints(pattern=GRANT_PATTERN, max_length=100),
    saying("is no permission; they look like site:read, team:member:add, site:* or *:*"),
]

Grants = Annotated[frozenset[str], PlainSerializer(sorted, return_type=list[str], when_used="json")]
"""Of a record; always written in the same order."""

_FOLDED_BYTES: Final = 800
"""Compatibility forms can make a name many times longer, and it is part of a key, which has its limit."""


def _fits_a_key(name: str) -> str:
    if len(fold_name(name).encode()) > _FOLDED_BYTES:
        raise ValueError("is too long, once its letters are in their plain form")
    return name


SetName = Annotated[str, StringConstraints(min_length=3, max_length=100), ONE_LINE, AfterValidator(_fits_a_key)]
SetDescription = Annotated[str, StringConstraints(min_length=10, max_length=500), LINES]
SetGrants = Annotated[frozenset[Grant], Field(min_length=1, max_length=50, strict=False)]
SetScope = Annotated[Scope, Field(strict=False)]


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

    name: SetName
    description: SetDescription
    permissions: SetGrants
    scope: SetScope = Scope.ORGANISATION


class PermissionSetChanges(Changes):
    """Limits are those of a new one."""

    name: SetName | None = None
    description: SetDescription | None = None
    permissions: SetGrants | None = None
    scope: SetScope | None = None
    active: bool | None = None


class PermissionSet(Audited):
    """Permissions that are offered together."""

    set_id: str
    organisation_id: str
    name: str
    description: str
    permissions: Grants
    scope: Scope
    is_system: bool = False

    def keys(self) -> Keys:
        return keys.permission_set(self.organisation_id, self.set_id, self.active, self.date_created)
