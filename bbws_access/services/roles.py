"""Roles of the platform and of organisations. Who holds them is in ``role_assignments``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock
from bbws_access.errors import Conflict, InvalidInput, NotFound
from bbws_access.ids import Ids
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType, Scope
from bbws_access.models.role import NewRole, Role, RoleAssignment, RoleChanges, RolePermissions
from bbws_access.services.boundary import require_grantable, require_own
from bbws_access.services.default_roles import DefaultRoles, Defaults
from bbws_access.services.editing import (
    differing,
    edit_of,
    edited,
    rename_writes,
    require_version,
    shown_after,
    shown_before,
)
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.role_assignments import RoleAssignments, assigned, load_role
from bbws_access.services.stamps import new_stamps
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named, claim_name, holder_of
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import ConditionFailed, Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Put, Write
from bbws_access.wording import number_of

__all__ = ["Roles", "assigned"]


class Roles:
    """Roles within the privilege boundary: nobody makes, edits or revives one that is above them."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._assignments = RoleAssignments(table, trail, clock)

    def create(self, actor: Actor, org_id: str, request: NewRole) -> Role:
        """Raises ``Denied`` beyond the privilege boundary and ``Conflict`` (``ROLE_EXISTS``) for a taken name."""
        actor.require("role:create", org_id)
        require_own(org_id, "roles")
        if request.scope is Scope.PLATFORM:
            problem = "is ORGANISATION or TEAM for a role of an organisation"
            raise InvalidInput(f"scope {problem}", details={"fields": {"scope": problem}})
        require_grantable(actor, org_id, request.permissions)
        role = Role(
            role_id=self._ids.role(),
            organisation_id=org_id,
            **request.model_dump(),
            **new_stamps(actor, self._clock),
        )
        change = Change(
            EventType.ROLE_CHANGE,
            "role.create",
            "role",
            role.role_id,
            after={
                "name": role.name,
                "displayName": role.display_name,
                "description": role.description,
                "permissions": role.permissions,
                "scope": role.scope,
                "priority": role.priority,
            },
        )
        unknown = NotFound(f"there is no organisation {org_id!r}", code="ORGANISATION_NOT_FOUND")
        writes: list[Write] = [
            Check(keys.organisation_key(org_id), PRESENT, otherwise=unknown),
            claim_name(org_id, Named.ROLE, role.name, role.role_id),
            Put(role.to_item(), condition=ABSENT),
        ]
        self._trail.commit(actor, org_id, [change], writes)
        return role

    def update(self, actor: Actor, org_id: str, role_id: str, request: RoleChanges) -> Role:
        """Changes what a role is called and whether it is in force; what is so already is no change.

        Raises ``Denied`` for a role above the actor or of the platform, and ``Conflict``: ``CONFLICT``
        for another version, ``ROLE_EXISTS`` for a taken name, ``ROLE_IN_USE`` where a role that
        somebody holds would be deactivated or renamed (its assignments carry its name),
        ``DEFAULT_ROLE_NAME`` for a default role, which is found by its name.
        """
        actor.require("role:update", org_id)
        role = self._editable(actor, org_id, role_id, request.version)
        changes = differing(role, request.changes())
        if "name" in changes and role.is_default:
            raise Conflict(f"{role.name} is a default role and keeps its name", code="DEFAULT_ROLE_NAME")
        idle = "name" in changes or changes.get("active") is False
        renamed = rename_writes(org_id, Named.ROLE, role.name, changes.get("name", role.name), role_id)
        change = Change(
            EventType.ROLE_CHANGE,
            "role.update",
            "role",
            role_id,
            before=shown_before(role, changes),
            after=shown_after(changes),
        )
        return self._edit(actor, role, changes, change, renamed, idle=idle)

    def set_permissions(self, actor: Actor, org_id: str, role_id: str, request: RolePermissions) -> Role:
        """Replaces what a role allows; the actor must hold both what it allowed and what it will.

        Raises as :meth:`update`, and ``InvalidInput`` (``INVALID_PERMISSIONS``).
        """
        actor.require("role:update", org_id)
        role = self._editable(actor, org_id, role_id, request.version)
        require_grantable(actor, org_id, request.permissions)
        changes = differing(role, {"permissions": request.permissions})
        change = Change(
            EventType.PERMISSION_CHANGE,
            "role.permissions",
            "role",
            role_id,
            before=shown_before(role, changes),
            after=shown_after(changes),
            more={"name": role.name},
        )
        return self._edit(actor, role, changes, change)

    def get(self, actor: Actor, org_id: str, role_id: str) -> Role:
        """Raises :class:`NotFound` with the code ``ROLE_NOT_FOUND``. Platform roles are open to any actor."""
        if org_id != PLATFORM:
            actor.require("role:read", org_id)
        return self.load(org_id, role_id)

    def load(self, org_id: str, role_id: str) -> Role:
        """For services: no question of who asks."""
        return load_role(self._table, org_id, role_id)

    def find(self, actor: Actor, org_id: str, id_or_name: str) -> Role:
        """By id, or by name whatever its case."""
        role_id = holder_of(self._table, org_id, Named.ROLE, id_or_name) or id_or_name
        return self.get(actor, org_id, role_id)

    def page(self, actor: Actor, org_id: str, page: PageRequest, *, active: bool = True) -> ListPage[Role]:
        """By name; ``org_id`` may be ``PLATFORM``, whose roles are open to any actor."""
        if org_id != PLATFORM:
            actor.require("role:read", org_id)
        query = Query(keys.by_active(org_id, active), index=1, begins_with=keys.ROLE_PREFIX)
        return fetch_page(self._table, query, page, Role.from_item)

    def seed_defaults(self, actor: Actor, org_id: str) -> Defaults:
        """Adds the default roles and team roles that an organisation lacks; see ``DefaultRoles.seed``."""
        return DefaultRoles(self._table, self._trail, self._clock, self._ids).seed(actor, org_id)

    def assign(self, actor: Actor, org_id: str, user_id: str, role_id: str) -> RoleAssignment:
        """See ``RoleAssignments.assign``."""
        return self._assignments.assign(actor, org_id, user_id, role_id)

    def assignments(self, actor: Actor, org_id: str, user_id: str, page: PageRequest) -> ListPage[RoleAssignment]:
        """See ``RoleAssignments.of_user``."""
        return self._assignments.of_user(actor, org_id, user_id, page)

    def new_assignment(self, actor: Actor, user_id: str, role: Role) -> RoleAssignment:
        return self._assignments.new_assignment(actor, user_id, role)

    def assignment_writes(self, assignment: RoleAssignment, role: Role) -> list[Write]:
        """See ``RoleAssignments.assignment_writes``."""
        return self._assignments.assignment_writes(assignment, role)

    def _editable(self, actor: Actor, org_id: str, role_id: str, seen: int | None) -> Role:
        role = self.load(org_id, role_id)
        require_own(org_id, "roles", is_system=role.is_system)
        actor.require_holding(role.permissions, org_id)
        require_version(role, seen)
        return role

    def _edit(
        self,
        actor: Actor,
        role: Role,
        changes: Mapping[str, Any],
        change: Change,
        more: list[Write] | None = None,
        *,
        idle: bool = False,
    ) -> Role:
        """Writes ``changes``; where the role must be ``idle``, an assignment at the same moment wins or loses whole."""
        if not changes:
            return role
        if idle and role.user_count:
            raise _in_use(role)
        after = edited(role, changes, actor, self._clock)
        key = keys.role_key(role.organisation_id, role.role_id)
        unheld: Condition | None = Attr("userCount").eq(0) | Attr("userCount").not_exists() if idle else None
        try:
            self._trail.commit(
                actor, role.organisation_id, [change], [edit_of(key, role, after, condition=unheld), *(more or [])]
            )
        except ConditionFailed:
            now = self.load(role.organisation_id, role.role_id)
            if idle and now.user_count and now.version == role.version:
                raise _in_use(now) from None
            raise
        return after


def _in_use(role: Role) -> Conflict:
    return Conflict(
        f"{role.name} is held by {number_of(role.user_count, 'user')}",
        code="ROLE_IN_USE",
        hint=f"take it from them first; bbws-access roles members {role.name}",
        details={"userCount": role.user_count},
    )
