"""Roles of the platform and of organisations, and who holds them."""

from __future__ import annotations

from boto3.dynamodb.conditions import Attr

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.errors import Conflict, NotFound
from bbws_access.ids import Ids
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.models.role import NewRole, Role, RoleAssignment
from bbws_access.models.user import User
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.stamps import new_stamps
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named, claim_name, holder_of
from bbws_access.store.table import Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Put, Update, Write


class Roles:
    """Roles, and their assignment within the privilege boundary."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids

    def create(self, actor: Actor, org_id: str, request: NewRole) -> Role:
        """Raises ``Denied`` beyond the privilege boundary and ``Conflict`` (``ROLE_EXISTS``) for a taken name."""
        actor.require("role:create", org_id)
        actor.require_holding(request.permissions, org_id)
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
            after={"name": role.name, "permissions": role.permissions, "scope": role.scope},
        )
        writes: list[Write] = [
            claim_name(org_id, Named.ROLE, role.name, role.role_id),
            Put(role.to_item(), condition=ABSENT),
        ]
        self._trail.commit(actor, org_id, [change], writes)
        return role

    def get(self, actor: Actor, org_id: str, role_id: str) -> Role:
        """Raises :class:`NotFound` with the code ``ROLE_NOT_FOUND``. Platform roles are open to any actor."""
        if org_id != PLATFORM:
            actor.require("role:read", org_id)
        return self.load(org_id, role_id)

    def load(self, org_id: str, role_id: str) -> Role:
        """For services: no question of who asks."""
        item = self._table.get(keys.role_key(org_id, role_id))
        if item is None:
            raise _unknown(role_id)
        return Role.from_item(item)

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

    def assign(self, actor: Actor, org_id: str, user_id: str, role_id: str) -> RoleAssignment:
        """Gives a user of the organisation one of its roles.

        Raises ``NotFound``, ``Denied`` beyond the privilege boundary, and ``Conflict``
        (``ROLE_ALREADY_ASSIGNED``, or where the role or the user changed meanwhile).
        """
        actor.require("role:assign", org_id)
        role = self.load(org_id, role_id)
        actor.require_holding(role.permissions, org_id)
        user = self._user(org_id, user_id)
        assignment = self.new_assignment(actor, user.user_id, role)
        writes: list[Write] = [
            *self.assignment_writes(assignment, role),
            Check(
                keys.user_key(org_id, user_id),
                PRESENT & Attr("active").eq(True),
                otherwise=Conflict(f"user {user.email} is not active", code="USER_INACTIVE"),
            ),
        ]
        self._trail.commit(actor, org_id, [assigned(assignment, user.email)], writes)
        return assignment

    def assignments(self, actor: Actor, org_id: str, user_id: str, page: PageRequest) -> ListPage[RoleAssignment]:
        """The roles that a user holds in the organisation."""
        if actor.id != user_id:
            actor.require("user:read", org_id)
        query = Query(keys.assignments_of_user(org_id, user_id), begins_with=keys.ROLE_PREFIX)
        return fetch_page(self._table, query, page, RoleAssignment.from_item)

    def new_assignment(self, actor: Actor, user_id: str, role: Role) -> RoleAssignment:
        return RoleAssignment(
            organisation_id=role.organisation_id,
            user_id=user_id,
            role_id=role.role_id,
            role_name=role.name,
            scope=role.scope,
            assigned_by=actor.email,
            assigned_at=iso(self._clock.now()),
        )

    def assignment_writes(self, assignment: RoleAssignment, role: Role) -> list[Write]:
        """The assignment and the role's count; bound to the role as it was read, so that the boundary holds."""
        return [
            Put(
                assignment.to_item(),
                condition=ABSENT,
                otherwise=Conflict(f"the user holds {role.name} already", code="ROLE_ALREADY_ASSIGNED"),
            ),
            Update(
                keys.role_key(role.organisation_id, role.role_id),
                add={"userCount": 1},
                condition=Attr("active").eq(True) & Attr("version").eq(role.version),
                otherwise=Conflict(f"role {role.name} is not active, or changed meanwhile", code="ROLE_CHANGED"),
            ),
        ]

    def _user(self, org_id: str, user_id: str) -> User:
        item = self._table.get(keys.user_key(org_id, user_id))
        if item is None:
            raise NotFound(f"there is no user {user_id!r} in this organisation", code="USER_NOT_FOUND")
        return User.from_item(item)


def assigned(assignment: RoleAssignment, email: str) -> Change:
    """The event of an assignment, whoever makes it."""
    return Change(
        EventType.ROLE_CHANGE,
        "role.assign",
        "user",
        assignment.user_id,
        after={"roleId": assignment.role_id, "roleName": assignment.role_name, "email": email},
    )


def _unknown(role: str) -> NotFound:
    return NotFound(f"there is no role {role!r}", code="ROLE_NOT_FOUND", hint="bbws-access roles list")
