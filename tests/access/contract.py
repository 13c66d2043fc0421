"""The API's contract, written down a second time, and what it says about who may call what.

Nothing here uses the product's own catalogue, grants or policy: it is what they are judged by.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bbws_access.access.actor import Actor

TABLE = """
list-permissions       GET  /v1/platform/permissions                        any
get-permission         GET  /v1/platform/permissions/{permissionId}         any
create-permission-set  POST {org}/permission-sets                           permission:create
list-permission-sets   GET  {org}/permission-sets                           permission:read
get-permission-set     GET  {org}/permission-sets/{setId}                   permission:read
update-permission-set  PUT  {org}/permission-sets/{setId}                   permission:update
create-invitation      POST {org}/invitations                               invitation:create
list-invitations       GET  {org}/invitations                               invitation:read
get-invitation         GET  {org}/invitations/{invitationId}                invitation:read
resend-invitation      POST {org}/invitations/{invitationId}/resend         invitation:resend
revoke-invitation      PUT  {org}/invitations/{invitationId}                invitation:revoke
get-invitation-by-token GET /v1/invitations/{token}                         -
accept-invitation      POST /v1/invitations/{token}/accept                  -
decline-invitation     POST /v1/invitations/{token}/decline                 -
create-team            POST {org}/teams                                     team:create
list-teams             GET  {org}/teams                                     team:read
get-team               GET  {org}/teams/{teamId}                            team:read
update-team            PUT  {org}/teams/{teamId}                            team:update           CAN_UPDATE_TEAM
create-team-role       POST {org}/team-roles                                team:role:manage
list-team-roles        GET  {org}/team-roles                                team:read
get-team-role          GET  {org}/team-roles/{teamRoleId}                   team:read
update-team-role       PUT  {org}/team-roles/{teamRoleId}                   team:role:manage
add-member             POST {org}/teams/{teamId}/members                    team:member:add       CAN_MANAGE_MEMBERS
list-members           GET  {org}/teams/{teamId}/members                    team:member:read      CAN_VIEW_MEMBERS
get-member             GET  {org}/teams/{teamId}/members/{userId}           team:member:read      CAN_VIEW_MEMBERS
update-member          PUT  {org}/teams/{teamId}/members/{userId}           team:member:remove    CAN_MANAGE_MEMBERS
transfer-member        POST {org}/teams/{teamId}/members/{userId}/transfer  org:user:manage
get-user-teams         GET  {org}/users/{userId}/teams                      user:read             self
list-platform-roles    GET  /v1/platform/roles                              any
get-platform-role      GET  /v1/platform/roles/{roleId}                     any
create-role            POST {org}/roles                                     role:create
list-roles             GET  {org}/roles                                     role:read
get-role               GET  {org}/roles/{roleId}                            role:read
update-role            PUT  {org}/roles/{roleId}                            role:update
assign-permissions     PUT  {org}/roles/{roleId}/permissions                role:update
get-access-logs        GET  /v1/audit/access                                audit:read
get-permission-logs    GET  /v1/audit/permissions                           audit:read
get-org-audit          GET  /v1/audit/organisations/{orgId}                 audit:read            CAN_VIEW_AUDIT
get-audit-summary      GET  /v1/audit/summary                               audit:read
export-audit           POST /v1/audit/export                                audit:export
"""


@dataclass(frozen=True)
class Row:
    """``permission`` is ``any`` or ``-`` where none is needed; ``other`` is a capability, ``self`` or nothing."""

    name: str
    method: str
    path: str
    permission: str
    other: str


ROWS = tuple(
    Row(name, method, path.replace("{org}", "/v1/organisations/{orgId}"), permission, other[0] if other else "")
    for name, method, path, permission, *other in (line.split() for line in TABLE.strip().splitlines())
)
GUARDED = tuple(row for row in ROWS if row.permission != "-")


@dataclass(frozen=True)
class Request:
    row: Row
    org: str
    team: str
    user: str

    @property
    def text(self) -> str:
        """Method and path, as they are in the method's ARN."""
        ids = {"orgId": self.org, "teamId": self.team, "userId": self.user}
        path = re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], f"a-{found[1]}"), self.row.path)
        return self.row.method + path


def requests(orgs: list[str], teams: list[str], users: list[str]) -> Iterator[Request]:
    """Every guarded endpoint with every combination of ids that its path takes."""
    for row in GUARDED:
        choices = [
            ids if f"{{{name}}}" in row.path else ids[:1]
            for name, ids in (("orgId", orgs), ("teamId", teams), ("userId", users))
        ]
        for org, team, user in itertools.product(*choices):
            yield Request(row, org, team, user)


def holds(granted: frozenset[str], permission: str) -> bool:
    return any(g in {permission, "*:*"} or (g.endswith(":*") and permission.startswith(g[:-1])) for g in granted)


def may_call(actor: Actor, request: Request) -> bool:
    """What the contract says of a user; their rights are read off the actor, not asked of it."""
    row = request.row
    if row.permission == "any":
        return True
    at_home = actor.organisation_id == request.org or "{orgId}" not in row.path
    if holds(actor.platform_permissions, row.permission):
        return True
    if not at_home:
        return False
    if holds(actor.permissions, row.permission):
        return True
    if row.other == "self":
        return request.user == actor.id
    teams = actor.team_capabilities
    if "{teamId}" in row.path:
        teams = {team: can for team, can in teams.items() if team == request.team}
    elif not row.other:
        return False
    return any(row.other in can or holds(actor.team_permissions, row.permission) for can in teams.values())


def allows(policy: dict[str, Any], arn: str) -> bool:
    """IAM's decision: nothing is allowed that is not named, and a deny wins. ``*`` and ``?`` run across slashes."""
    effects = set()
    for statement in policy["Statement"]:
        assert statement["Action"] == "execute-api:Invoke"
        assert set(statement) == {"Action", "Effect", "Resource"}
        if _named(tuple(statement["Resource"])).fullmatch(arn):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def _named(patterns: tuple[str, ...]) -> re.Pattern[str]:
    star, one = re.escape("*"), re.escape("?")
    return re.compile("|".join(re.escape(p).replace(star, ".*").replace(one, ".") for p in patterns), re.DOTALL)
