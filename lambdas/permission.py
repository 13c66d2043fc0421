"""Functions of the permission service."""

from __future__ import annotations

from typing import Any

from bbws_access.models.permission import Permission
from lambdas.api import Answer, Call, endpoint


def _view(permission: Permission) -> dict[str, Any]:
    href = f"/v1/platform/permissions/{permission.permission_id}"
    return permission.model_dump(mode="json", by_alias=True) | {"_links": {"self": {"href": href}}}


def _list_permissions(call: Call) -> Answer:
    return call.listed(call.services.permissions.page(call.actor, call.page()), _view)


list_permissions = endpoint(_list_permissions)
