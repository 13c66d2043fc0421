"""The actor: who does something, what they hold, and from where.

The service modules ask the actor before they touch anything; this is the second of the two locks,
and it does not rely on the authorizer having been asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bbws_access.access.grants import EVERYTHING, covers, exceeding
from bbws_access.errors import Denied
from bbws_access.keys import PLATFORM


class ActorKind(StrEnum):
    """Where an actor's rights come from."""

    USER = "USER"
    """A signed-in user: rights come from roles and teams."""
    OPERATOR = "OPERATOR"
    """An AWS identity at the command line: IAM has decided that it may write the table."""
    SYSTEM = "SYSTEM"
    """The platform itself: a schedule, an event, or the holder of an invitation's link."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as known; all of it goes into the audit event."""

    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """An identity and its rights.

    ``organisation_id`` is the tenant that a user acts in; ``permissions`` hold in all of it,
    ``platform_permissions`` in every organisation, ``team_permissions`` only inside
    ``team_capabilities``' teams: team id to the capabilities that the actor's team role gives there.
    """

    id: str
    email: str
    kind: ActorKind
    organisation_id: str | None = None
    permissions: frozenset[str] = frozenset()
    platform_permissions: frozenset[str] = frozenset()
    team_permissions: frozenset[str] = frozenset()
    team_capabilities: Mapping[str, frozenset[str]] = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin)

    def held_in(self, org_id: str) -> frozenset[str]:
        """What the actor holds in the whole of an organisation."""
        if self.organisation_id == org_id and org_id != PLATFORM:
            return self.permissions | self.platform_permissions
        return self.platform_permissions

    def may(self, permission: str, org_id: str, *, team_id: str | None = None, capability: str | None = None) -> bool:
        """Whether ``permission`` is held in the organisation, or in the team, or ``capability`` in that team."""
        if covers(self.held_in(org_id), permission):
            return True
        if team_id is None or self.organisation_id != org_id or team_id not in self.team_capabilities:
            return False
        return covers(self.team_permissions, permission) or capability in self.team_capabilities[team_id]

    def teams_with(self, capability: str, org_id: str) -> frozenset[str]:
        """The teams of the organisation in which the actor's team role gives ``capability``."""
        if self.organisation_id != org_id:
            return frozenset()
        return frozenset(team for team, can in self.team_capabilities.items() if capability in can)

    def require(
        self, permission: str, org_id: str, *, team_id: str | None = None, capability: str | None = None
    ) -> None:
        """Raises :class:`Denied`, with the same words whether or not the thing asked for exists."""
        self.require_tenant(org_id)
        if not self.may(permission, org_id, team_id=team_id, capability=capability):
            raise Denied(f"{permission} is needed for this", details={"permission": permission})

    def require_tenant(self, org_id: str) -> None:
        """Tenant isolation: raises :class:`Denied` unless the actor belongs to, or spans, the organisation."""
        if self.organisation_id != org_id and not self.platform_permissions:
            raise Denied("this organisation is not open to you", code="ORG_ACCESS_DENIED")

    def require_holding(self, wanted: frozenset[str], org_id: str) -> None:
        """The privilege boundary: nobody passes on what they do not hold themselves; raises :class:`Denied`."""
        missing = exceeding(self.held_in(org_id), wanted)
        if missing:
            raise Denied(
                f"you cannot grant what you do not hold: {', '.join(missing)}",
                code="PRIVILEGE_BOUNDARY",
                details={"permissions": missing},
            )


_ALL: Final = frozenset({EVERYTHING})


def operator(identity: str, email: str, origin: Origin | None = None) -> Actor:
    """An operator at the command line; ``identity`` is the ARN of the AWS caller."""
    return Actor(
        id=identity, email=email, kind=ActorKind.OPERATOR, platform_permissions=_ALL, origin=origin or Origin()
    )


def system(name: str, origin: Origin | None = None) -> Actor:
    """The platform acting by itself; ``name`` says which part of it."""
    return Actor(
        id=f"system:{name}",
        email=f"{name}@system",
        kind=ActorKind.SYSTEM,
        platform_permissions=_ALL,
        origin=origin or Origin(),
    )
