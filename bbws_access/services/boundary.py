"""What may be granted: grants that mean something, by those who hold them.

A capability is a right as well. Who holds, in the whole organisation, the permissions that it stands for
holds it in every team; anybody else holds it where their seat gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bbws_access.access.actor import Actor
from bbws_access.access.grants import covers
from bbws_access.defaults import PERMISSIONS
from bbws_access.errors import Denied, InvalidInput
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import Capability

CAPABILITY_PERMISSIONS: Final[Mapping[Capability, frozenset[str]]] = {
    Capability.MANAGE_MEMBERS: frozenset({"team:member:add", "team:member:remove"}),
    Capability.UPDATE_TEAM: frozenset({"team:update"}),
    Capability.VIEW_MEMBERS: frozenset({"team:member:read"}),
    Capability.VIEW_SITES: frozenset({"site:read"}),
    Capability.EDIT_SITES: frozenset({"site:update"}),
    Capability.DELETE_SITES: frozenset({"site:delete"}),
    Capability.VIEW_AUDIT: frozenset({"audit:read"}),
}
"""What a capability lets somebody do in a team, as permissions; the catalogue has those of the endpoints."""

_NAMED_AT_MOST: Final = 20
"""Unknown grants that an error names; the first in order."""


def require_known(grants: Iterable[str]) -> None:
    """Raises :class:`InvalidInput` (``INVALID_PERMISSIONS``) that names the grants which cover no permission."""
    unknown = unknown_grants(grants)
    if unknown:
        named = unknown[:_NAMED_AT_MOST]
        raise InvalidInput(
            f"there is no such permission: {', '.join(named)}",
            code="INVALID_PERMISSIONS",
            hint="bbws-access permissions list",
            details={"permissions": named, "fields": {"permissions": f"{len(unknown)} unknown"}},
        )


def unknown_grants(grants: Iterable[str]) -> list[str]:
    """Those that cover no permission, sorted."""
    return sorted(grant for grant in grants if not any(covers({grant}, known.id) for known in PERMISSIONS))


def require_grantable(actor: Actor, org_id: str, grants: frozenset[str]) -> None:
    """For what somebody wants to grant: known, and within their privilege boundary."""
    require_known(grants)
    actor.require_holding(grants, org_id)


def require_capabilities(
    actor: Actor, org_id: str, wanted: frozenset[Capability], *, team_id: str | None = None
) -> None:
    """The privilege boundary of team roles and seats; raises :class:`Denied` (``PRIVILEGE_BOUNDARY``).

    With ``team_id`` it is about that team alone, where the actor's own seat counts too; else about every
    team of the organisation, now and later.
    """
    missing = sorted(capability for capability in wanted if not _held(actor, org_id, capability, team_id))
    if missing:
        raise Denied(
            f"you cannot grant what you do not hold: {', '.join(missing)}",
            code="PRIVILEGE_BOUNDARY",
            details={"capabilities": missing},
        )


def require_seat(actor: Actor, org_id: str, team_id: str, capabilities: frozenset[Capability], user_id: str) -> None:
    """Who may add members to any team fills the organisation's team roles, but not for themselves.

    A seat of one's own, and whatever is given by the right of a team role, is within the privilege boundary:
    raises :class:`Denied` (``PRIVILEGE_BOUNDARY``). To a seat of one's own belongs what one's roles of the scope
    ``TEAM`` allow there.
    """
    if user_id == actor.id or not actor.may("team:member:add", org_id):
        require_capabilities(actor, org_id, capabilities, team_id=team_id)
    if user_id == actor.id and actor.organisation_id == org_id and team_id not in actor.team_capabilities:
        actor.require_holding(actor.team_permissions, org_id)


def _held(actor: Actor, org_id: str, capability: Capability, team_id: str | None) -> bool:
    return all(
        actor.may(permission, org_id, team_id=team_id, capability=capability)
        for permission in CAPABILITY_PERMISSIONS[capability]
    )


def require_own(org_id: str, what: str, *, is_system: bool = False) -> None:
    """The platform's own things change with its seed only; raises :class:`Denied` (``SYSTEM_READ_ONLY``)."""
    if is_system or org_id == PLATFORM:
        raise Denied(f"{what} of the platform cannot be changed", code="SYSTEM_READ_ONLY")
