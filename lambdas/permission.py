"""Functions of the permission service."""

from __future__ import annotations

from bbws_access.models.kinds import Category
from bbws_access.models.permission import NewPermissionSet, Permission, PermissionSet, PermissionSetChanges
from lambdas.api import endpoint
from lambdas.call import Answer, Call
from lambdas.logs import logger


def _list_permissions(call: Call) -> Answer:
    page = call.services.permissions.page(call.actor, call.page(), call.choice("category", Category))
    return call.listed(page, _permission_path)


def _get_permission(call: Call) -> Answer:
    permission = call.services.permissions.get(call.actor, call.path("permissionId"))
    return call.shown(permission, _permission_path(permission))


def _create_permission_set(call: Call) -> Answer:
    made = call.services.permission_sets.create(call.actor, call.path("orgId"), call.body(NewPermissionSet))
    logger.info("permission set created", extra={"permissionSet": made.set_id})
    return call.created(made, _set_path(call, made))


def _list_permission_sets(call: Call) -> Answer:
    page = call.services.permission_sets.page(call.actor, call.path("orgId"), call.page(), active=call.flag("active"))
    return call.listed(page, lambda found: _set_path(call, found))


def _get_permission_set(call: Call) -> Answer:
    found = call.services.permission_sets.get(call.actor, call.path("orgId"), call.path("setId"))
    return call.shown(found, _set_path(call, found))


def _update_permission_set(call: Call) -> Answer:
    actor, org_id, set_id = call.actor, call.path("orgId"), call.path("setId")
    changed = call.services.permission_sets.update(actor, org_id, set_id, call.body(PermissionSetChanges))
    return call.shown(changed, _set_path(call, changed))


def _permission_path(permission: Permission) -> str:
    return f"/v1/platform/permissions/{permission.permission_id}"


def _set_path(call: Call, found: PermissionSet) -> str:
    """In the organisation that asked: through it, the platform's sets are read too."""
    return f"/v1/organisations/{call.path('orgId')}/permission-sets/{found.set_id}"


list_permissions = endpoint(_list_permissions)
get_permission = endpoint(_get_permission)
create_permission_set = endpoint(_create_permission_set)
list_permission_sets = endpoint(_list_permission_sets)
get_permission_set = endpoint(_get_permission_set)
update_permission_set = endpoint(_update_permission_set)
