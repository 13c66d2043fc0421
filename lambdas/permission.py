"""Functions of the permission service."""

from __future__ import annotations

from lambdas.api import Answer, Call, endpoint


def _list_permissions(call: Call) -> Answer:
    page = call.services.permissions.page(call.actor, call.page())
    return call.listed(page, lambda permission: f"/v1/platform/permissions/{permission.permission_id}")


list_permissions = endpoint(_list_permissions)
