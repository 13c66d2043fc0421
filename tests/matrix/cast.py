"""The people of the matrix, and what they ask for: real records, made by the services that make them anyway."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor, operator
from bbws_access.bootstrap import Services
from bbws_access.catalogue import Function
from bbws_access.clock import Clock, iso
from bbws_access.defaults import PERMISSIONS, PLATFORM_ROLES
from bbws_access.models.invitation import NewInvitation
from bbws_access.models.kinds import Capability, Scope
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.permission import NewPermissionSet
from bbws_access.models.role import NewRole
from bbws_access.models.team import NewMember, NewTeam, NewTeamRole
from bbws_access.models.user import User
from bbws_access.store.table import Table
from bbws_access.store.writes import Put, Update
from tests.fakes import FakeIds
from tests.matrix.expected import CAPABLE, OUTSIDE, Caller, expected, in_a_team

OPERATOR: Final[Actor] = operator("arn:aws:iam::000000000000:user/ops", "ops@example.com")
_HARMLESS: Final = "usage:read"
"""A permission that opens no endpoint."""
_BESIDE: Final[Mapping[str, frozenset[str]]] = {"team:role:manage": frozenset({"site:read"})}
"""What else is held by who makes something that grants: a team role's capabilities are no permissions of its own."""
_EVERYTHING: Final = {permission.id for permission in PERMISSIONS}

Sign = Callable[[str, str, bool], str]
"""A token of a user of an organisation; the last argument says whether it has expired."""


@dataclass(frozen=True)
class Ask:
    """One request of an endpoint. ``params`` are those of its path."""

    params: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class Cast:
    """One organisation with two teams, another organisation, and people who hold just what they should."""

    def __init__(self, services: Services, table: Table, clock: Clock, ids: FakeIds, sign: Sign) -> None:
        self._services = services
        self._table = table
        self._clock = clock
        self._ids = ids
        self._sign = sign
        self._numbers = count(1)
        # Whatever else is in the table, these names are not.
        mark = uuid.uuid4().hex[:8]
        self.org = self._organisation(f"Matrix {mark}")
        self._elsewhere = self._organisation(f"Elsewhere {mark}")
        self._team, self._other_team = self._new_team(), self._new_team()
        self._kept: dict[tuple[str, ...], str] = {}

    def token(self, function: Function, caller: Caller) -> str | None:
        if caller is Caller.NOBODY:
            return None
        permission, org_id = function.permission or _HARMLESS, self.org
        match caller:
            case Caller.WITHOUT:
                user_id = self._once(self._holder, _HARMLESS)
            case Caller.WITH | Caller.EXPIRED:
                user_id = self._once(self._holder, permission)
            case Caller.CAPABLE_INSIDE | Caller.CAPABLE_OUTSIDE:
                user_id = self._once(self._member, function.capability or Capability.VIEW_SITES)
            case Caller.TEAM_ROLE_INSIDE | Caller.TEAM_ROLE_OUTSIDE:
                user_id = self._once(self._member, Capability.VIEW_SITES, permission)
            case Caller.DEACTIVATED:
                user_id = self._once(self._deactivated)
            case Caller.STRANGER:
                user_id, org_id = self._once(self._stranger), self._elsewhere
            case Caller.PLATFORM_ADMIN:
                user_id, org_id = self._once(self._platform_admin), self._elsewhere
        return self._sign(user_id, org_id, caller is Caller.EXPIRED)

    def lead(self, teams: int) -> str:
        """The token of who leads so many teams, among them that of whoever is inside."""
        user_id = self._new_user(self.org)
        team_role_id = self._services.team_roles.find(OPERATOR, self.org, "TEAM_LEAD").team_role_id
        for team_id in (self._team, *(self._new_team() for _ in range(teams - 1))):
            self._services.members.add(
                OPERATOR, self.org, team_id, NewMember(user_id=user_id, team_role_id=team_role_id)
            )
        return self._sign(user_id, self.org, False)

    def ask(self, function: Function, caller: Caller) -> Ask:
        """What is changed by being asked for is made anew; what is only read, or refused, is there already."""
        team = self._other_team if caller in OUTSIDE else self._team
        known = function.method == "GET" or expected(function, caller) >= 400

        def make(name: str) -> str:
            words = (name, permission, team)
            return self._once(self._made, *words) if known and name != "token" else self._made(*words)

        names = [part[1:-1] for part in str(function.path).split("/") if part.startswith("{")]
        permission = function.permission or _HARMLESS
        platform = "/platform/" in str(function.path)
        params = {name: PLATFORM_ROLES[0].id if platform and name == "roleId" else make(name) for name in names}
        if in_a_team(function) and "userId" in params:
            params["userId"] = make("memberId")
        query, body = {}, self._body(function, caller, permission, team)
        if function.permission and "orgId" not in params:
            # What acts in the caller's own organisation is asked about this one.
            if function.method == "GET":
                query = {"organisationId": self.org}
            else:
                body = {**body, "organisationId": self.org}
        return Ask(params, query, body)

    def _body(self, function: Function, caller: Caller, permission: str, team: str) -> Any:
        """Of the requests that have one; grants are of what the caller holds."""
        number = next(self._numbers)
        grants = {"permissions": [permission]}
        match function.name:
            case "permission-create-permission-set":
                return {"name": f"Set {number}", "description": "Made for the matrix.", **grants}
            case "permission-update-permission-set":
                return {"description": f"Changed for the {number}th time."}
            case "invitation-create-invitation":
                return {
                    "email": f"m{number}@matrix.example",
                    "roleId": self._once(self._made, "roleId", permission, team),
                }
            case "invitation-revoke-invitation":
                return {"status": "REVOKED"}
            case "invitation-accept-invitation":
                return {"firstName": "Thandi", "lastName": "Nkosi", "password": "Correct-horse-7"}
            case "team-create-team":
                return {"name": f"Made {number}"}
            case "team-update-team" | "role-update-role":
                return {"description": f"Changed for the {number}th time."}
            case "team-create-team-role":
                return {"name": f"MADE_{number}", "displayName": "Made", "capabilities": [Capability.VIEW_SITES]}
            case "team-update-team-role":
                return {"sortOrder": number % 999 + 1}
            case "team-add-member":
                held = function.capability if caller in CAPABLE else None
                team_role_id = self._once(self._new_team_role, held or Capability.VIEW_SITES)
                return {"userId": self._new_user(self.org), "teamRoleId": team_role_id}
            case "team-update-member":
                return {"active": False}
            case "team-transfer-member":
                return {"teamId": self._team if team == self._other_team else self._other_team}
            case "role-create-role":
                return {"name": f"MADE_{number}", "displayName": "Made", **grants}
            case "role-assign-permissions":
                return grants
            case "audit-export-audit":
                return {"format": "csv"}
        return None

    # --- people ----------------------------------------------------------------------------------

    def _once(self, make: Callable[..., str], *words: str) -> str:
        """What ``make`` makes of ``words``, made once."""
        key = (make.__name__, *words)
        if key not in self._kept:
            self._kept[key] = make(*words)
        return self._kept[key]

    def _holder(self, permission: str) -> str:
        user_id = self._new_user(self.org)
        self._give(self.org, user_id, {permission, *_BESIDE.get(permission, ())}, Scope.ORGANISATION)
        return user_id

    def _member(self, capability: str, permission: str | None = None) -> str:
        """A member of the team, with a capability there and perhaps a permission that counts for their teams."""
        user_id = self._new_user(self.org)
        self._join(self._team, user_id, capability)
        if permission is not None:
            self._give(self.org, user_id, {permission}, Scope.TEAM)
        return user_id

    def _deactivated(self) -> str:
        """Who still holds everything: that they are inactive must be enough."""
        user_id = self._new_user(self.org)
        self._give(self.org, user_id, _EVERYTHING, Scope.ORGANISATION)
        self._table.write(Update(keys.user_key(self.org, user_id), assign={"active": False}))
        return user_id

    def _stranger(self) -> str:
        user_id = self._new_user(self._elsewhere)
        self._give(self._elsewhere, user_id, _EVERYTHING, Scope.ORGANISATION)
        return user_id

    def _platform_admin(self) -> str:
        user_id = self._new_user(self._elsewhere)
        self._services.role_assignments.assign_platform(OPERATOR, self._elsewhere, user_id, PLATFORM_ROLES[0].id)
        return user_id

    def _give(self, org_id: str, user_id: str, permissions: set[str], scope: Scope) -> None:
        role_id = self._new_role(org_id, permissions, scope)
        self._services.role_assignments.assign(OPERATOR, org_id, user_id, role_id)

    def _join(self, team_id: str, user_id: str, capability: str = Capability.VIEW_SITES) -> None:
        team_role_id = self._once(self._new_team_role, capability)
        request = NewMember(user_id=user_id, team_role_id=team_role_id)
        self._services.members.add(OPERATOR, self.org, team_id, request)

    # --- things ----------------------------------------------------------------------------------

    def _made(self, name: str, permission: str, team: str) -> str:
        """Something for a parameter of a path."""
        match name:
            case "orgId":
                return self.org
            case "teamId":
                return team
            case "userId":
                return self._new_user(self.org)
            case "memberId":
                user_id = self._new_user(self.org)
                self._join(team, user_id)
                return user_id
            case "roleId":
                return self._new_role(self.org, {permission}, Scope.ORGANISATION)
            case "teamRoleId":
                return self._new_team_role(Capability.VIEW_SITES)
            case "setId":
                request = NewPermissionSet(
                    name=f"Known {next(self._numbers)}",
                    description="Made for the matrix.",
                    permissions=frozenset({permission}),
                )
                return self._services.permission_sets.create(OPERATOR, self.org, request).set_id
            case "invitationId":
                return self._invited(permission)[0]
            case "token":
                return self._invited(permission)[1]
            case "permissionId":
                return PERMISSIONS[0].id
        raise LookupError(f"the matrix knows of no {name}")

    def _invited(self, permission: str) -> tuple[str, str]:
        role_id = self._once(self._made, "roleId", permission, "")
        request = NewInvitation(email=f"n{next(self._numbers)}-{self.org}@matrix.example", role_id=role_id)
        made = self._services.invitations.create(OPERATOR, self.org, request)
        return made.invitation_id, self._ids.tokens[-1]

    def _organisation(self, name: str) -> str:
        return self._services.organisations.create(OPERATOR, NewOrganisation(name=name)).organisation_id

    def _new_team(self) -> str:
        return self._services.teams.create(OPERATOR, self.org, NewTeam(name=f"Team {uuid.uuid4()}")).team_id

    def _new_role(self, org_id: str, permissions: set[str], scope: Scope) -> str:
        request = NewRole(
            name=f"KNOWN_{next(self._numbers)}", display_name="Known", permissions=frozenset(permissions), scope=scope
        )
        return self._services.roles.create(OPERATOR, org_id, request).role_id

    def _new_team_role(self, capability: str) -> str:
        request = NewTeamRole(
            name=f"KNOWN_{next(self._numbers)}", display_name="Known", capabilities=frozenset({Capability(capability)})
        )
        return self._services.team_roles.create(OPERATOR, self.org, request).team_role_id

    def _new_user(self, org_id: str) -> str:
        user_id, now = str(uuid.uuid4()), iso(self._clock.now())
        user = User(
            user_id=user_id,
            organisation_id=org_id,
            email=f"{user_id}@matrix.example",
            first_name="Thandi",
            last_name="Nkosi",
            date_created=now,
            created_by="ops@example.com",
            date_last_updated=now,
            last_updated_by="ops@example.com",
        )
        self._table.write(Put(user.to_item()))
        return user_id
