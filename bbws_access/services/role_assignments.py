"""Who holds which role: given and taken within the privilege boundary, counted exactly."""

from __future__ import annotations

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.access.grants import EVERYTHING
from bbws_access.clock import Clock, iso
from bbws_access.errors import Conflict, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.user import User
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.trail import Change, Trail
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Delete, Put, Update, Write


class RoleAssignments:
    """Gives roles to users and takes them away.

    Platform roles are a matter of their own: they reach into every organisation, so that only who
    holds everything on the platform gives or takes them.
    """

    def __init__(self, table: Table, trail: Trail, clock: Clock) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock

    def assign(self, actor: Actor, org_id: str, user_id: str, role_id: str) -> RoleAssignment:
        """Gives a user of the organisation one of its roles.

        Raises ``NotFound``, ``Denied`` beyond the privilege boundary, and ``Conflict``
        (``ROLE_ALREADY_ASSIGNED``, or where the role or the user changed meanwhile).
        """
        actor.require("role:assign", org_id)
        role = load_role(self._table, org_id, role_id)
        actor.require_holding(role.permissions, org_id)
        return self._assign(actor, role, self._user(org_id, user_id))

    def assign_platform(self, actor: Actor, home_org_id: str, user_id: str, role_id: str) -> RoleAssignment:
        """Gives a platform role to a user, whose profile is looked for in ``home_org_id``; raises as :meth:`assign`."""
        actor.require(EVERYTHING, PLATFORM)
        return self._assign(actor, load_role(self._table, PLATFORM, role_id), self._user(home_org_id, user_id))

    def revoke(self, actor: Actor, org_id: str, user_id: str, role_id: str) -> RoleAssignment:
        """Takes a role from a user, and returns the assignment that was.

        Within the boundary too: nobody takes away what they could not give. The assignment is deleted,
        so that the role can be given again; its event keeps what it said. One that rests, because its
        user was deactivated, is not counted and does not come back with the user. Raises ``NotFound``
        (``ASSIGNMENT_NOT_FOUND``), ``Denied``, and ``Conflict`` where something changed meanwhile.
        """
        actor.require("role:assign" if org_id != PLATFORM else EVERYTHING, org_id)
        role = load_role(self._table, org_id, role_id)
        actor.require_holding(role.permissions, org_id)
        key = keys.assignment_key(org_id, user_id, role_id)
        item = self._table.get(key)
        if item is None:
            raise _not_held(role)
        assignment = RoleAssignment.from_item(item)
        as_read = Attr("assignedAt").eq(assignment.assigned_at) & Attr("active").eq(assignment.active)
        moved = Conflict(f"role {role.name}, or who holds it, changed meanwhile", code="ROLE_CHANGED")
        unmoved = Attr("version").eq(role.version)
        role_key = keys.role_key(org_id, role_id)
        uncount: Write = (
            Update(role_key, add={"userCount": -1}, condition=unmoved & Attr("userCount").gte(1), otherwise=moved)
            if assignment.active
            else Check(role_key, unmoved, otherwise=moved)
        )
        self._trail.commit(
            actor, org_id, [_revoked(assignment)], [Delete(key, condition=as_read, otherwise=moved), uncount]
        )
        return assignment

    def members(self, actor: Actor, org_id: str, role_id: str, page: PageRequest) -> ListPage[RoleAssignment]:
        """Who holds the role now, by user id. Raises ``NotFound`` for a role that does not exist."""
        actor.require("role:read", org_id)
        actor.require("user:read", org_id)
        load_role(self._table, org_id, role_id)
        query = Query(
            keys.assignments_of_role(org_id, role_id),
            index=1,
            begins_with=keys.USER_PREFIX,
            filter=Attr("active").eq(True),
        )
        return fetch_page(self._table, query, page, RoleAssignment.from_item)

    def of_user(self, actor: Actor, org_id: str, user_id: str, page: PageRequest) -> ListPage[RoleAssignment]:
        """The roles that a user holds in the organisation; one's own are open to oneself."""
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
        """The assignment and the role's count; bound to the role as it was read, so that the boundary holds.

        One that rests is replaced: its count was taken back when it was put to rest.
        """
        return [
            Put(
                assignment.to_item(),
                condition=ABSENT | Attr("active").eq(False),
                otherwise=Conflict(
                    f"the user holds {role.name} already", code="ROLE_ALREADY_ASSIGNED", hint=_asked("members", role)
                ),
            ),
            Update(
                keys.role_key(role.organisation_id, role.role_id),
                add={"userCount": 1},
                condition=Attr("active").eq(True) & Attr("version").eq(role.version),
                otherwise=Conflict(
                    f"role {role.name} is not active, or changed meanwhile",
                    code="ROLE_CHANGED",
                    hint=_asked("show", role),
                ),
            ),
        ]

    def _assign(self, actor: Actor, role: Role, user: User) -> RoleAssignment:
        assignment = self.new_assignment(actor, user.user_id, role)
        writes: list[Write] = [
            *self.assignment_writes(assignment, role),
            Check(
                keys.user_key(user.organisation_id, user.user_id),
                PRESENT & Attr("active").eq(True),
                otherwise=Conflict(f"user {user.email} is not active", code="USER_INACTIVE"),
            ),
        ]
        self._trail.commit(actor, role.organisation_id, [assigned(assignment, user.email)], writes)
        return assignment

    def _user(self, org_id: str, user_id: str) -> User:
        item = self._table.get(keys.user_key(org_id, user_id))
        if item is None:
            raise NotFound(f"there is no user {user_id!r} in this organisation", code="USER_NOT_FOUND")
        return User.from_item(item)


def load_role(table: Table, org_id: str, role_id: str) -> Role:
    """Raises :class:`NotFound` (``ROLE_NOT_FOUND``)."""
    item = table.get(keys.role_key(org_id, role_id))
    if item is None:
        raise NotFound(f"there is no role {role_id!r}", code="ROLE_NOT_FOUND", hint="bbws-access roles list")
    return Role.from_item(item)


def held_on_platform(table: Table, user_id: str) -> list[RoleAssignment]:
    """A user's roles of the platform. Whether an organisation still lets them in is not looked at."""
    query = Query(
        keys.assignments_of_user(PLATFORM, user_id), begins_with=keys.ROLE_PREFIX, filter=Attr("active").eq(True)
    )
    return [RoleAssignment.from_item(item) for item in table.query_all(query)]


def assigned(assignment: RoleAssignment, email: str) -> Change:
    """The event of an assignment, whoever makes it."""
    return Change(
        EventType.ROLE_CHANGE,
        "role.assign",
        "user",
        assignment.user_id,
        after={"roleId": assignment.role_id, "roleName": assignment.role_name, "email": email},
    )


def _revoked(assignment: RoleAssignment) -> Change:
    before = assignment.model_dump(mode="json", by_alias=True, exclude={"organisation_id", "user_id"})
    return Change(EventType.ROLE_CHANGE, "role.revoke", "user", assignment.user_id, before=before, after={})


def _not_held(role: Role) -> NotFound:
    hint = _asked("members", role)
    return NotFound(f"the user does not hold {role.name}", code="ASSIGNMENT_NOT_FOUND", hint=hint)


def _asked(verb: str, role: Role) -> str:
    """The command that looks at the role."""
    return f"bbws-access roles {verb} {role.name}{' --platform' if role.organisation_id == PLATFORM else ''}"
