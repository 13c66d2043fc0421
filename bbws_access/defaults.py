"""What every platform and every organisation starts with: permissions, roles, team roles and sets.

The facts are those of the platform's design; :data:`SEED_VERSION` goes up with every change of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bbws_access.models.kinds import Capability, Category, Scope

SEED_VERSION: Final = 1

_ACTIONS: Final[dict[str, tuple[Category, dict[str, str]]]] = {
    "site": (
        Category.SITE,
        {
            "create": "Make a new site.",
            "read": "Look at a site and its settings.",
            "update": "Edit a site's content and settings.",
            "delete": "Remove a site.",
            "publish": "Make a site's changes public.",
            "backup": "Take a copy of a site.",
            "restore": "Bring a site back from a copy.",
        },
    ),
    "team": (
        Category.TEAM,
        {
            "create": "Make a team.",
            "read": "See teams and team roles.",
            "update": "Rename, describe and deactivate a team.",
            "delete": "Remove a team.",
            "member:add": "Put people into a team.",
            "member:remove": "Take people out of a team, or give them another team role.",
            "member:read": "See who is in a team.",
            "role:manage": "Make and change team roles.",
        },
    ),
    "org": (
        Category.ORGANISATION,
        {
            "create": "Make an organisation.",
            "read": "See an organisation.",
            "update": "Rename an organisation.",
            "delete": "Deactivate and reactivate an organisation.",
            "hierarchy:manage": "Arrange an organisation's divisions.",
            "user:manage": "Move people between teams.",
        },
    ),
    "invitation": (
        Category.INVITATION,
        {
            "create": "Invite people.",
            "read": "See invitations.",
            "revoke": "Withdraw an invitation.",
            "resend": "Send an invitation again.",
        },
    ),
    "role": (
        Category.ROLE,
        {
            "create": "Make a role.",
            "read": "See roles and who holds them.",
            "update": "Change a role and what it allows.",
            "delete": "Remove a role.",
            "assign": "Give roles to people and take them away.",
        },
    ),
    "audit": (Category.AUDIT, {"read": "Read the audit trail.", "export": "Export the audit trail."}),
    "user": (
        Category.USER,
        {
            "create": "Add people directly.",
            "read": "See people, their roles and teams.",
            "update": "Change people's names.",
            "delete": "Deactivate people, and take all that they have.",
        },
    ),
    "permission": (
        Category.PERMISSION,
        {
            "create": "Make a permission set.",
            "read": "See permission sets.",
            "update": "Change a permission set.",
        },
    ),
    "subscription": (
        Category.BILLING,
        {"read": "See what is subscribed to.", "update": "Change what is subscribed to."},
    ),
    "usage": (Category.BILLING, {"read": "See what was used."}),
}


@dataclass(frozen=True, slots=True)
class DefaultPermission:
    """A permission of the platform."""

    resource: str
    action: str
    category: Category
    description: str

    @property
    def id(self) -> str:
        return f"{self.resource}:{self.action}"

    @property
    def name(self) -> str:
        return f"{self.resource} {self.action.replace(':', ' ')}".title()


PERMISSIONS: Final = tuple(
    DefaultPermission(resource, action, category, description)
    for resource, (category, actions) in _ACTIONS.items()
    for action, description in actions.items()
)


@dataclass(frozen=True, slots=True)
class DefaultRole:
    """``id`` is fixed for platform roles and made anew for each organisation's."""

    name: str
    display_name: str
    description: str
    scope: Scope
    permissions: frozenset[str]
    priority: int
    id: str = ""


def _grants(text: str) -> frozenset[str]:
    return frozenset(text.split())


PLATFORM_ROLES: Final = (
    DefaultRole(
        "PLATFORM_ADMIN",
        "Platform Admin",
        "Everything, in every organisation.",
        Scope.PLATFORM,
        _grants("*:*"),
        1,
        "role-platform-admin-001",
    ),
    DefaultRole(
        "SUPPORT_AGENT",
        "Support Agent",
        "Reads everything but the audit trail.",
        Scope.PLATFORM,
        frozenset(p.id for p in PERMISSIONS if p.action.endswith("read") and p.resource != "audit"),
        10,
        "role-support-agent-001",
    ),
    DefaultRole(
        "BILLING_ADMIN",
        "Billing Admin",
        "Subscriptions and usage.",
        Scope.PLATFORM,
        _grants("subscription:* usage:read"),
        20,
        "role-billing-admin-001",
    ),
    DefaultRole(
        "SECURITY_OFFICER",
        "Security Officer",
        "The audit trail of every organisation.",
        Scope.PLATFORM,
        _grants("audit:*"),
        5,
        "role-security-officer-001",
    ),
)

ORGANISATION_ROLES: Final = (
    DefaultRole(
        "ORG_ADMIN",
        "Organisation Admin",
        "Runs the organisation.",
        Scope.ORGANISATION,
        _grants("org:read org:update org:user:manage user:* team:* role:* permission:* site:* invitation:* audit:read"),
        1,
    ),
    DefaultRole(
        "ORG_MANAGER",
        "Organisation Manager",
        "Runs teams and invites people.",
        Scope.ORGANISATION,
        _grants(
            "org:read user:read role:read team:create team:read team:update team:member:* "
            "invitation:create invitation:read"
        ),
        2,
    ),
    DefaultRole("SITE_ADMIN", "Site Admin", "All of the team's sites.", Scope.TEAM, _grants("site:*"), 3),
    DefaultRole(
        "SITE_EDITOR",
        "Site Editor",
        "Edits and publishes the team's sites.",
        Scope.TEAM,
        _grants("site:read site:update site:publish"),
        4,
    ),
    DefaultRole("SITE_VIEWER", "Site Viewer", "Looks at the team's sites.", Scope.TEAM, _grants("site:read"), 5),
)


@dataclass(frozen=True, slots=True)
class DefaultTeamRole:
    """A role inside a team."""

    name: str
    display_name: str
    capabilities: frozenset[Capability]
    sort_order: int


TEAM_ROLES: Final = (
    DefaultTeamRole("TEAM_LEAD", "Team Lead", frozenset(Capability) - {Capability.VIEW_AUDIT}, 1),
    DefaultTeamRole(
        "SENIOR_MEMBER",
        "Senior Member",
        frozenset({Capability.VIEW_MEMBERS, Capability.VIEW_SITES, Capability.EDIT_SITES}),
        2,
    ),
    DefaultTeamRole("MEMBER", "Member", frozenset({Capability.VIEW_MEMBERS, Capability.VIEW_SITES}), 3),
    DefaultTeamRole("VIEWER", "Viewer", frozenset({Capability.VIEW_MEMBERS}), 4),
)


@dataclass(frozen=True, slots=True)
class DefaultPermissionSet:
    """Permissions that are offered together; ``id`` is fixed."""

    id: str
    name: str
    description: str
    scope: Scope
    permissions: frozenset[str]


PERMISSION_SETS: Final = (
    DefaultPermissionSet(
        "permset-platform-admin",
        "Platform Admin",
        "Everything that the platform allows.",
        Scope.PLATFORM,
        _grants("*:*"),
    ),
    DefaultPermissionSet(
        "permset-org-admin",
        "Org Admin",
        "What it takes to run an organisation.",
        Scope.ORGANISATION,
        ORGANISATION_ROLES[0].permissions,
    ),
    DefaultPermissionSet(
        "permset-site-manager",
        "Site Manager",
        "Every operation on sites.",
        Scope.ORGANISATION,
        _grants("site:*"),
    ),
    DefaultPermissionSet(
        "permset-team-lead",
        "Team Lead",
        "Leading a team and its members.",
        Scope.TEAM,
        _grants("team:read team:update team:member:add team:member:remove team:member:read site:read"),
    ),
    DefaultPermissionSet(
        "permset-site-operator",
        "Site Operator",
        "Day-to-day operation of sites.",
        Scope.TEAM,
        _grants("site:read site:update site:publish site:backup site:restore"),
    ),
    DefaultPermissionSet(
        "permset-viewer",
        "Viewer",
        "Looking at sites and teams.",
        Scope.TEAM,
        _grants("site:read team:read team:member:read"),
    ),
)
