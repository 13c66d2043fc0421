"""How each audited change is taken back: by the service that makes such changes, with all its guards.

An action that is not in :data:`INVERSES` cannot be taken back; :data:`FINAL` says why not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bbws_access.access.actor import Actor
from bbws_access.errors import Refused
from bbws_access.models.audit import AuditEvent
from bbws_access.models.base import Record
from bbws_access.models.organisation import OrganisationChanges
from bbws_access.models.permission import PermissionSetChanges
from bbws_access.models.role import RoleChanges, RolePermissions
from bbws_access.models.team import MemberChanges, NewMember, TeamChanges, TeamRoleChanges, Transfer
from bbws_access.models.user import UserChanges
from bbws_access.services.chain import recordable

if TYPE_CHECKING:
    from bbws_access.services.invitations import Invitations
    from bbws_access.services.members import Members
    from bbws_access.services.organisations import Organisations
    from bbws_access.services.permission_sets import PermissionSets
    from bbws_access.services.role_assignments import RoleAssignments
    from bbws_access.services.roles import Roles
    from bbws_access.services.team_roles import TeamRoles
    from bbws_access.services.teams import Teams
    from bbws_access.services.users import Users

ANYTHING: Final = "*"
"""Every later change of the thing stands in the way."""


@dataclass(frozen=True, slots=True)
class Doers:
    """The services that take changes back. What they write names the event that is undone."""

    organisations: Organisations
    permission_sets: PermissionSets
    roles: Roles
    role_assignments: RoleAssignments
    teams: Teams
    team_roles: TeamRoles
    members: Members
    users: Users
    invitations: Invitations


@dataclass(frozen=True, slots=True)
class Undoing:
    """One event, and who takes it back."""

    actor: Actor
    event: AuditEvent
    doers: Doers

    @property
    def org_id(self) -> str:
        return self.event.organisation_id

    @property
    def thing(self) -> str:
        return self.event.resource_id

    @property
    def before(self) -> dict[str, Any]:
        return dict(self.event.details.get("before") or {})

    @property
    def after(self) -> dict[str, Any]:
        return dict(self.event.details.get("after") or {})

    @property
    def user_id(self) -> str:
        """Of the member that a team's event is about."""
        return str(self.event.details.get("userId") or self.after.get("userId") or self.before.get("userId"))

    def still(self, record: Record) -> int:
        """The record's version, while it is as the event left it; raises ``Refused`` (``CHANGED_SINCE``) otherwise."""
        now = recordable(record.model_dump(by_alias=True))
        moved = sorted(name for name, value in self.after.items() if now.get(name) != value)
        if moved:
            raise changed_since(f"{', '.join(moved)} is no longer as this left it")
        return int(now["version"])

    @property
    def team_role_before(self) -> str:
        """By its id; older events have only what it was called."""
        named = self.before.get("teamRoleId") or self.before["teamRole"]
        return self.doers.team_roles.find(self.actor, self.org_id, str(named)).team_role_id


@dataclass(frozen=True, slots=True)
class Way:
    """``says`` tells what ``go`` does; it is asked first, and refuses what cannot be."""

    says: str
    go: Callable[[], object]


def changed_since(what: str) -> Refused:
    return Refused(f"this cannot be undone: {what}", code="CHANGED_SINCE", hint="change it by its own command")


def touched(event: AuditEvent) -> frozenset[str]:
    """What of its thing an event is about: attributes, one member, one role; or :data:`ANYTHING`."""
    details = event.details
    sides: dict[str, Any] = {**(details.get("before") or {}), **(details.get("after") or {})}
    if event.action.startswith("role.") and event.resource_type == "user":
        return frozenset({f"role {sides.get('roleId')}"})
    if event.action.startswith("team.member."):
        return frozenset({f"member {details.get('userId') or sides.get('userId')}"})
    if event.action.endswith(".create") or event.resource_type == "invitation":
        return frozenset({ANYTHING})
    return frozenset(sides)


# --- things that carry a version -------------------------------------------------------------------


def _role(undoing: Undoing) -> Way:
    role = undoing.doers.roles.get(undoing.actor, undoing.org_id, undoing.thing)
    request = RoleChanges.model_validate({**undoing.before, "version": undoing.still(role)})
    return Way(
        f"role {role.name} becomes what it was: {_listed(undoing.before)}",
        lambda: undoing.doers.roles.update(undoing.actor, undoing.org_id, undoing.thing, request),
    )


def _role_permissions(undoing: Undoing) -> Way:
    role = undoing.doers.roles.get(undoing.actor, undoing.org_id, undoing.thing)
    request = RolePermissions.model_validate({**undoing.before, "version": undoing.still(role)})
    given = sorted(request.permissions - role.permissions)
    taken = sorted(role.permissions - request.permissions)
    says = [f"takes {', '.join(taken)} from it"] if taken else []
    says += [f"gives it {', '.join(given)}"] if given else []
    return Way(
        f"role {role.name} allows what it did: {' and '.join(says)}",
        lambda: undoing.doers.roles.set_permissions(undoing.actor, undoing.org_id, undoing.thing, request),
    )


def _team_role(undoing: Undoing) -> Way:
    role = undoing.doers.team_roles.get(undoing.actor, undoing.org_id, undoing.thing)
    request = TeamRoleChanges.model_validate({**undoing.before, "version": undoing.still(role)})
    return Way(
        f"team role {role.name} becomes what it was: {_listed(undoing.before)}",
        lambda: undoing.doers.team_roles.update(undoing.actor, undoing.org_id, undoing.thing, request),
    )


def _team(undoing: Undoing) -> Way:
    team = undoing.doers.teams.get(undoing.actor, undoing.org_id, undoing.thing)
    request = TeamChanges.model_validate({**undoing.before, "version": undoing.still(team)})
    return Way(
        f"team {team.name} becomes what it was: {_listed(undoing.before)}",
        lambda: undoing.doers.teams.update(undoing.actor, undoing.org_id, undoing.thing, request),
    )


def _permission_set(undoing: Undoing) -> Way:
    found = undoing.doers.permission_sets.get(undoing.actor, undoing.org_id, undoing.thing)
    request = PermissionSetChanges.model_validate({**undoing.before, "version": undoing.still(found)})
    return Way(
        f"permission set {found.name} becomes what it was: {_listed(undoing.before)}",
        lambda: undoing.doers.permission_sets.update(undoing.actor, undoing.org_id, undoing.thing, request),
    )


def _organisation(undoing: Undoing) -> Way:
    found = undoing.doers.organisations.get(undoing.actor, undoing.thing)
    request = OrganisationChanges.model_validate({**undoing.before, "version": undoing.still(found)})
    return Way(
        f"organisation {found.name} becomes what it was: {_listed(undoing.before)}",
        lambda: undoing.doers.organisations.update(undoing.actor, undoing.thing, request),
    )


def _user(undoing: Undoing) -> Way:
    user = undoing.doers.users.find(undoing.actor, undoing.org_id, undoing.thing)
    request = UserChanges.model_validate({**undoing.before, "version": undoing.still(user)})
    return Way(
        f"{user.email} becomes what they were: {_listed(undoing.before)}",
        lambda: undoing.doers.users.update(undoing.actor, undoing.org_id, undoing.thing, request),
    )


def _made(way: Callable[[Undoing], Way]) -> Callable[[Undoing], Way]:
    """Nothing is ever deleted: what was made is taken out of use."""

    def undo(undoing: Undoing) -> Way:
        event = undoing.event.model_copy(update={"details": {"before": {"active": False}, "after": undoing.after}})
        found = way(Undoing(undoing.actor, event, undoing.doers))
        return Way(f"{found.says.partition(' becomes ')[0]} is deactivated; nothing is deleted", found.go)

    return undo


# --- people ----------------------------------------------------------------------------------------


def _deactivated(undoing: Undoing) -> Way:
    user = undoing.doers.users.find(undoing.actor, undoing.org_id, undoing.thing)
    undoing.still(user)
    return Way(
        f"{user.email} is reactivated, with the roles and team seats that it took",
        lambda: undoing.doers.users.reactivate(undoing.actor, undoing.org_id, undoing.thing),
    )


def _reactivated(undoing: Undoing) -> Way:
    user = undoing.doers.users.find(undoing.actor, undoing.org_id, undoing.thing)
    undoing.still(user)
    return Way(
        f"{user.email} is deactivated, and with them their roles and team seats",
        lambda: undoing.doers.users.deactivate(undoing.actor, undoing.org_id, undoing.thing),
    )


def _assigned(undoing: Undoing) -> Way:
    role_id, name = str(undoing.after["roleId"]), undoing.after["roleName"]
    return Way(
        f"role {name} is taken from {undoing.after.get('email', undoing.thing)}",
        lambda: undoing.doers.role_assignments.revoke(undoing.actor, undoing.org_id, undoing.thing, role_id),
    )


def _revoked(undoing: Undoing) -> Way:
    role_id, name = str(undoing.before["roleId"]), undoing.before["roleName"]
    user = undoing.doers.users.find(undoing.actor, undoing.org_id, undoing.thing)
    return Way(
        f"role {name} is given to {user.email} again",
        lambda: undoing.doers.role_assignments.assign(undoing.actor, undoing.org_id, undoing.thing, role_id),
    )


def _joined(undoing: Undoing) -> Way:
    if "transfer" in undoing.event.details:
        return _transferred(undoing)
    team = undoing.doers.teams.get(undoing.actor, undoing.org_id, undoing.thing)
    leaving = MemberChanges(active=False)
    return Way(
        f"{undoing.after['email']} is removed from team {team.name}",
        lambda: undoing.doers.members.update(undoing.actor, undoing.org_id, undoing.thing, undoing.user_id, leaving),
    )


def _left(undoing: Undoing) -> Way:
    if "transfer" in undoing.event.details:
        return _transferred(undoing)
    team = undoing.doers.teams.get(undoing.actor, undoing.org_id, undoing.thing)
    seat = NewMember(user_id=undoing.user_id, team_role_id=undoing.team_role_before)
    return Way(
        f"{undoing.before['email']} is {undoing.before['teamRole']} in team {team.name} again",
        lambda: undoing.doers.members.add(undoing.actor, undoing.org_id, undoing.thing, seat),
    )


def _transferred(undoing: Undoing) -> Way:
    way: Mapping[str, Any] = undoing.event.details["transfer"]
    here, back = str(way["to"]), str(way["from"])
    member = undoing.doers.members.get(undoing.actor, undoing.org_id, here, undoing.user_id)
    home = undoing.doers.teams.get(undoing.actor, undoing.org_id, back)
    # Which team role they had is what the event of leaving says; that of joining says which one they got.
    role = undoing.team_role_before if undoing.before else None
    request = Transfer(team_id=back, team_role_id=role, version=member.version)
    return Way(
        f"{member.user_email} goes back into team {home.name}",
        lambda: undoing.doers.members.transfer(undoing.actor, undoing.org_id, here, undoing.user_id, request),
    )


def _seated(undoing: Undoing) -> Way:
    member = undoing.doers.members.get(undoing.actor, undoing.org_id, undoing.thing, undoing.user_id)
    if member.team_role_id != undoing.after.get("teamRoleId", member.team_role_id):
        raise changed_since(f"{member.user_email} is {member.team_role_name} there by now")
    role = undoing.team_role_before
    request = MemberChanges(team_role_id=role, version=member.version)
    return Way(
        f"{member.user_email} is {undoing.before['teamRole']} there again",
        lambda: undoing.doers.members.update(undoing.actor, undoing.org_id, undoing.thing, undoing.user_id, request),
    )


def _invited(undoing: Undoing) -> Way:
    email = undoing.event.details.get("email", undoing.thing)
    return Way(
        f"the invitation of {email} is withdrawn; the letter cannot be",
        lambda: undoing.doers.invitations.revoke(undoing.actor, undoing.org_id, undoing.thing),
    )


def _listed(values: Mapping[str, Any]) -> str:
    words = {True: "yes", False: "no"}
    return ", ".join(
        f"{name} {words[value] if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
    )


INVERSES: Final[Mapping[str, Callable[[Undoing], Way]]] = {
    "role.create": _made(_role),
    "role.update": _role,
    "role.permissions": _role_permissions,
    "role.assign": _assigned,
    "role.revoke": _revoked,
    "team.create": _made(_team),
    "team.update": _team,
    "team.member.add": _joined,
    "team.member.remove": _left,
    "team.member.update": _seated,
    "team-role.create": _made(_team_role),
    "team-role.update": _team_role,
    "permission-set.create": _made(_permission_set),
    "permission-set.update": _permission_set,
    "organisation.update": _organisation,
    "user.update": _user,
    "user.deactivate": _deactivated,
    "user.reactivate": _reactivated,
    "invitation.create": _invited,
}


FINAL: Final[Mapping[str, str]] = {
    "invitation.accept": "deactivate the user instead",
    "invitation.decline": "invite them again",
    "invitation.revoke": "its link is dead; invite them again",
    "invitation.expire": "its time is over; send it again",
    "invitation.resend": "the letter is on its way; revoke the invitation",
    "user.create": "deactivate the user instead",
    "user.offboard": "undo what it did one by one, or reactivate the user",
    "role.omit": "nothing was taken by it",
    "team.member.omit": "nothing was taken by it",
    "organisation.create": "an organisation's records are kept for good",
    "organisation.seed": "the defaults stay; deactivate what should not be used",
    "seed.take": "it set several defaults at once; set them one by one",
    "table.seed": "the defaults stay",
}
"""Why the other actions of the services stay; the rest changes nothing that could be taken back."""
