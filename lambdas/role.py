"""Functions of the role service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import StringConstraints, ValidationError

from bbws_access.access.actor import Origin, system
from bbws_access.errors import InvalidInput
from bbws_access.keys import PLATFORM
from bbws_access.models.base import ApiModel
from bbws_access.models.role import NewRole, Role, RoleChanges, RolePermissions
from bbws_access.validation import field_errors
from lambdas.api import endpoint
from lambdas.asynchronous import asynchronous
from lambdas.call import Answer, Call
from lambdas.logs import logger
from lambdas.wiring import services


def _list_platform_roles(call: Call) -> Answer:
    page = call.services.roles.page(call.actor, PLATFORM, call.page(), active=call.flag("active") is not False)
    return call.listed(page, _role_path)


def _get_platform_role(call: Call) -> Answer:
    role = call.services.roles.get(call.actor, PLATFORM, call.path("roleId"))
    return call.shown(role, _role_path(role))


def _create_role(call: Call) -> Answer:
    role = call.services.roles.create(call.actor, call.path("orgId"), call.body(NewRole))
    return call.created(role, _role_path(role))


def _list_roles(call: Call) -> Answer:
    page = call.services.roles.page(
        call.actor, call.path("orgId"), call.page(), active=call.flag("active") is not False
    )
    return call.listed(page, _role_path)


def _get_role(call: Call) -> Answer:
    role = call.services.roles.get(call.actor, call.path("orgId"), call.path("roleId"))
    return call.shown(role, _role_path(role))


def _update_role(call: Call) -> Answer:
    role = call.services.roles.update(call.actor, call.path("orgId"), call.path("roleId"), call.body(RoleChanges))
    return call.shown(role, _role_path(role))


def _assign_permissions(call: Call) -> Answer:
    actor, org_id, role_id = call.actor, call.path("orgId"), call.path("roleId")
    role = call.services.roles.set_permissions(actor, org_id, role_id, call.body(RolePermissions))
    logger.info("role permissions changed", extra={"role": role.role_id})
    return call.shown(role, _role_path(role))


class _Created(ApiModel):
    organisation_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class _OrganisationCreated(ApiModel):
    detail: _Created


@asynchronous
def seed_defaults(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The event that an organisation was created: it gets the default roles that it lacks.

    What fails is raised, so that the event is delivered again and, in the end, put aside.
    """
    request_id = str(getattr(context, "aws_request_id", ""))
    try:
        org_id = _OrganisationCreated.model_validate(event).detail.organisation_id
    except ValidationError as error:
        raise InvalidInput(
            "this is not the event of an organisation", details={"fields": field_errors(error)}
        ) from None
    actor = system("role-seed-defaults", Origin(request_id=request_id or None))
    added = services().roles.seed_defaults(actor, org_id)
    roles, team_roles = [r.name for r in added.roles], [r.name for r in added.team_roles]
    logger.info("default roles seeded", extra={"organisation": org_id, "roles": roles, "team_roles": team_roles})
    return {"organisationId": org_id, "roles": roles, "teamRoles": team_roles}


def _role_path(role: Role) -> str:
    if role.organisation_id == PLATFORM:
        return f"/v1/platform/roles/{role.role_id}"
    return f"/v1/organisations/{role.organisation_id}/roles/{role.role_id}"


list_platform_roles = endpoint(_list_platform_roles)
get_platform_role = endpoint(_get_platform_role)
create_role = endpoint(_create_role)
list_roles = endpoint(_list_roles)
get_role = endpoint(_get_role)
update_role = endpoint(_update_role)
assign_permissions = endpoint(_assign_permissions)
