"""The catalogue: every function of the platform, once.

The OpenAPI document, Terraform's data, the authorizer's map of endpoints, the IAM policies and the
documentation are made from :data:`FUNCTIONS`. Its order is that of the contract, so that a function's
place in the list is its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVENT_SOURCE: Final = "bbws.access"
"""The source that the platform's own events name on the EventBridge bus."""


class Service(StrEnum):
    """The six services; each has one IAM role and one log group."""

    PERMISSION = "permission"
    INVITATION = "invitation"
    TEAM = "team"
    ROLE = "role"
    AUDIT = "audit"
    AUTHORIZER = "authorizer"


class Trigger(StrEnum):
    """What makes a function run."""

    HTTP = "http"
    EVENT = "event"
    SCHEDULE = "schedule"
    AUTHORIZER = "authorizer"


class Guard(StrEnum):
    """How an endpoint is guarded, beside or instead of a permission."""

    PUBLIC = "public"
    """No token is needed: the invitation's own token is the key."""
    ANY = "any"
    """Any valid token of an active user."""
    PERMISSION = "permission"
    """The permission, held in the organisation of the path."""
    PERMISSION_OR_CAPABILITY = "permission-or-capability"
    """The permission, or the team capability in the team of the path."""
    PERMISSION_OR_SELF = "permission-or-self"
    """The permission, or the path names the caller."""
    INTERNAL = "internal"
    """Not reachable over HTTP."""


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function.

    ``memory`` is in MB and ``timeout`` in seconds; ``path`` is the API path with ``{name}``
    parameters and without the stage; ``schedule`` is an EventBridge expression, in UTC, and ``event`` the
    detail-type of the EventBridge event, from the source :data:`EVENT_SOURCE`, that makes it run.
    """

    service: Service
    action: str
    trigger: Trigger
    guard: Guard
    method: str | None = None
    path: str | None = None
    permission: str | None = None
    capability: str | None = None
    schedule: str | None = None
    event: str | None = None
    memory: int = 512
    timeout: int = 30

    @property
    def name(self) -> str:
        """``{service}-{action}``: the stem of the deployed function's name."""
        return f"{self.service}-{self.action}"

    @property
    def handler(self) -> str:
        """The entry point, as Lambda wants it: ``module.function``."""
        return f"lambdas.{self.service}.{self.action.replace('-', '_')}"


_ORG = "/v1/organisations/{orgId}"
_TEAM = _ORG + "/teams/{teamId}"


def _http(
    service: Service,
    action: str,
    method: str,
    path: str,
    permission: str | None = None,
    *,
    capability: str | None = None,
    guard: Guard = Guard.PERMISSION,
) -> Function:
    audit = service is Service.AUDIT
    return Function(
        service=service,
        action=action,
        trigger=Trigger.HTTP,
        guard=Guard.PERMISSION_OR_CAPABILITY if capability else guard,
        method=method,
        path=path,
        permission=permission,
        capability=capability,
        memory=1024 if audit else 512,
        timeout=300 if audit else 30,
    )


_P, _I, _T, _R, _A = Service.PERMISSION, Service.INVITATION, Service.TEAM, Service.ROLE, Service.AUDIT
_MANAGE, _VIEW = "CAN_MANAGE_MEMBERS", "CAN_VIEW_MEMBERS"

FUNCTIONS: Final[tuple[Function, ...]] = (
    _http(_P, "list-permissions", "GET", "/v1/platform/permissions", guard=Guard.ANY),
    _http(_P, "get-permission", "GET", "/v1/platform/permissions/{permissionId}", guard=Guard.ANY),
    _http(_P, "create-permission-set", "POST", f"{_ORG}/permission-sets", "permission:create"),
    _http(_P, "list-permission-sets", "GET", f"{_ORG}/permission-sets", "permission:read"),
    _http(_P, "get-permission-set", "GET", f"{_ORG}/permission-sets/{{setId}}", "permission:read"),
    _http(_P, "update-permission-set", "PUT", f"{_ORG}/permission-sets/{{setId}}", "permission:update"),
    _http(_I, "create-invitation", "POST", f"{_ORG}/invitations", "invitation:create"),
    _http(_I, "list-invitations", "GET", f"{_ORG}/invitations", "invitation:read"),
    _http(_I, "get-invitation", "GET", f"{_ORG}/invitations/{{invitationId}}", "invitation:read"),
    _http(_I, "resend-invitation", "POST", f"{_ORG}/invitations/{{invitationId}}/resend", "invitation:resend"),
    _http(_I, "revoke-invitation", "PUT", f"{_ORG}/invitations/{{invitationId}}", "invitation:revoke"),
    _http(_I, "get-invitation-by-token", "GET", "/v1/invitations/{token}", guard=Guard.PUBLIC),
    _http(_I, "accept-invitation", "POST", "/v1/invitations/{token}/accept", guard=Guard.PUBLIC),
    _http(_I, "decline-invitation", "POST", "/v1/invitations/{token}/decline", guard=Guard.PUBLIC),
    _http(_T, "create-team", "POST", f"{_ORG}/teams", "team:create"),
    _http(_T, "list-teams", "GET", f"{_ORG}/teams", "team:read"),
    _http(_T, "get-team", "GET", _TEAM, "team:read"),
    _http(_T, "update-team", "PUT", _TEAM, "team:update", capability="CAN_UPDATE_TEAM"),
    _http(_T, "create-team-role", "POST", f"{_ORG}/team-roles", "team:role:manage"),
    _http(_T, "list-team-roles", "GET", f"{_ORG}/team-roles", "team:read"),
    _http(_T, "get-team-role", "GET", f"{_ORG}/team-roles/{{teamRoleId}}", "team:read"),
    _http(_T, "update-team-role", "PUT", f"{_ORG}/team-roles/{{teamRoleId}}", "team:role:manage"),
    _http(_T, "add-member", "POST", f"{_TEAM}/members", "team:member:add", capability=_MANAGE),
    _http(_T, "list-members", "GET", f"{_TEAM}/members", "team:member:read", capability=_VIEW),
    _http(_T, "get-member", "GET", f"{_TEAM}/members/{{userId}}", "team:member:read", capability=_VIEW),
    _http(_T, "update-member", "PUT", f"{_TEAM}/members/{{userId}}", "team:member:remove", capability=_MANAGE),
    _http(_T, "transfer-member", "POST", f"{_TEAM}/members/{{userId}}/transfer", "org:user:manage"),
    _http(_T, "get-user-teams", "GET", f"{_ORG}/users/{{userId}}/teams", "user:read", guard=Guard.PERMISSION_OR_SELF),
    _http(_R, "list-platform-roles", "GET", "/v1/platform/roles", guard=Guard.ANY),
    _http(_R, "get-platform-role", "GET", "/v1/platform/roles/{roleId}", guard=Guard.ANY),
    _http(_R, "create-role", "POST", f"{_ORG}/roles", "role:create"),
    _http(_R, "list-roles", "GET", f"{_ORG}/roles", "role:read"),
    _http(_R, "get-role", "GET", f"{_ORG}/roles/{{roleId}}", "role:read"),
    _http(_R, "update-role", "PUT", f"{_ORG}/roles/{{roleId}}", "role:update"),
    _http(_R, "assign-permissions", "PUT", f"{_ORG}/roles/{{roleId}}/permissions", "role:update"),
    Function(_R, "seed-defaults", Trigger.EVENT, Guard.INTERNAL, event="OrganisationCreated"),
    _http(_A, "get-access-logs", "GET", "/v1/audit/access", "audit:read"),
    _http(_A, "get-permission-logs", "GET", "/v1/audit/permissions", "audit:read"),
    _http(_A, "get-org-audit", "GET", "/v1/audit/organisations/{orgId}", "audit:read", capability="CAN_VIEW_AUDIT"),
    _http(_A, "get-audit-summary", "GET", "/v1/audit/summary", "audit:read"),
    _http(_A, "export-audit", "POST", "/v1/audit/export", "audit:export"),
    Function(
        _A, "archive-expired", Trigger.SCHEDULE, Guard.INTERNAL, schedule="cron(0 2 * * ? *)", memory=1024, timeout=300
    ),
    Function(Service.AUTHORIZER, "authorize", Trigger.AUTHORIZER, Guard.INTERNAL, timeout=10),
)

ENDPOINTS: Final[tuple[Function, ...]] = tuple(f for f in FUNCTIONS if f.trigger is Trigger.HTTP)
"""The 40 functions that the API serves."""

BY_NAME: Final[dict[str, Function]] = {f.name: f for f in FUNCTIONS}


@dataclass(frozen=True, slots=True)
class Page:
    """One page for people: its place in the API, and the function (``{service}-{action}``) that serves it."""

    method: str
    path: str
    function: str


def api_path(typed: str) -> str:
    """A path as the API has it, of one that was typed with or without ``/v1``."""
    path = f"/{typed.lstrip('/')}"
    return path if path.startswith(("/v1/", "/invite/")) else f"/v1{path}"


PAGES: Final[tuple[Page, ...]] = (Page("GET", "/invite/{token}", "invitation-get-invitation-by-token"),)
"""What the API serves to browsers, beside its endpoints.

A page is public and is another route to a function that is there for an endpoint anyway: pages count
among neither the 40 endpoints nor the 43 functions, and no policy of the authorizer names them.
"""
