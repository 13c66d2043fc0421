"""The layout that came before: what its keys say, and which keys must not come over as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from bbws_access import keys
from bbws_access.migrations.wire import text
from bbws_access.models.audit import AuditEvent
from bbws_access.models.base import Record
from bbws_access.models.invitation import Invitation, InvitationToken
from bbws_access.models.organisation import Organisation
from bbws_access.models.permission import Permission, PermissionSet
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User


class Kind(StrEnum):
    """Entities of the old layout; ``UNKNOWN`` is what its code did not know either."""

    PERMISSION = "Permission"
    PERMISSION_SET = "PermissionSet"
    ORGANISATION = "Organisation"
    ROLE = "Role"
    ASSIGNMENT = "UserRoleAssignment"
    TEAM = "Team"
    TEAM_ROLE = "TeamRole"
    TEAM_MEMBER = "TeamMember"
    USER = "User"
    INVITATION = "Invitation"
    TOKEN = "InvitationToken"  # noqa: S105 - an entity, not a secret
    EVENT = "AuditEvent"
    UNKNOWN = "Unknown"


MODELS: Final[dict[Kind, type[Record]]] = {
    Kind.PERMISSION: Permission,
    Kind.PERMISSION_SET: PermissionSet,
    Kind.ORGANISATION: Organisation,
    Kind.ROLE: Role,
    Kind.ASSIGNMENT: RoleAssignment,
    Kind.TEAM: Team,
    Kind.TEAM_ROLE: TeamRole,
    Kind.TEAM_MEMBER: TeamMember,
    Kind.USER: User,
    Kind.INVITATION: Invitation,
    Kind.TOKEN: InvitationToken,
    Kind.EVENT: AuditEvent,
}

LEGACY_TABLE: Final = "bbws-aipagebuilder-{env}-ddb-access-management"

_IN_ORGANISATION: Final = {
    "ROLE": (Kind.ROLE, "roleId"),
    "TEAM": (Kind.TEAM, "teamId"),
    "TEAMROLE": (Kind.TEAM_ROLE, "teamRoleId"),
    "USER": (Kind.USER, "userId"),
    "INV": (Kind.INVITATION, "invitationId"),
    "PERMSET": (Kind.PERMISSION_SET, "setId"),
}
_ON_PLATFORM: Final = frozenset({Kind.ROLE, Kind.PERMISSION_SET})

_OURS_IN_OWNER: Final = (*(f"{head}#" for head in _IN_ORGANISATION), "UNIQUE#", "AUDITHEAD", keys.METADATA)
_OUR_PARTITIONS: Final = ("INVTOKEN#", "PERM#", "ORGNAME#", "ACCOUNT#", "RATE#", keys.MIGRATIONS)


def recognise(pk: str, sk: str) -> tuple[Kind, dict[str, str]]:
    """The entity of a key of the old layout, and the attributes that the key states."""
    head, _, rest = sk.partition("#")
    match pk.split("#"):
        case ["ORG", org, "DATE", day] if org and head == "EVENT":
            moment, _, event_id = rest.partition("#")
            if moment[:10] == day and event_id:
                return Kind.EVENT, {"organisationId": org, "timestamp": moment, "eventId": event_id}
        case ["ORG", org] if org and sk == keys.METADATA:
            return Kind.ORGANISATION, {"organisationId": org}
        case ["ORG", org] if org and head in _IN_ORGANISATION and _is_id(rest):
            kind, attribute = _IN_ORGANISATION[head]
            return kind, {"organisationId": org, attribute: rest}
        case [keys.PLATFORM] if head in _IN_ORGANISATION and _IN_ORGANISATION[head][0] in _ON_PLATFORM and _is_id(rest):
            kind, attribute = _IN_ORGANISATION[head]
            return kind, {"organisationId": keys.PLATFORM, attribute: rest}
        case ["USER", user, "ORG", org] if user and org and head == "ROLE" and _is_id(rest):
            return Kind.ASSIGNMENT, {"organisationId": org, "userId": user, "roleId": rest}
        case ["ORG", org, "TEAM", team] if org and team and head == "MEMBER" and _is_id(rest):
            return Kind.TEAM_MEMBER, {"organisationId": org, "teamId": team, "userId": rest}
        case ["INVTOKEN", token] if token and sk == keys.METADATA:
            return Kind.TOKEN, {}
        case ["PERM", permission] if permission and sk == keys.METADATA:
            return Kind.PERMISSION, {"permissionId": permission}
    return Kind.UNKNOWN, {}


def _list_of(partition: str, *, inner: str = "", sort: str = "") -> re.Pattern[str]:
    inside = f".*{inner}" if inner else ""
    return re.compile(f"{partition}{inside}[^\n]*\n{sort}.*", re.DOTALL)


def is_in_our_lists(item: Mapping[str, Any]) -> bool:
    """Whether a record that nobody knows would be read as one of this layout's, through the indexes that both have."""
    return any(
        pattern.fullmatch(f"{text(item, f'GSI{number}PK') or ''}\n{text(item, f'GSI{number}SK') or ''}") is not None
        for number, patterns in _LISTS.items()
        for pattern in patterns
    )


_LISTS: Final = {
    1: (
        _list_of("ORGANISATIONS"),
        _list_of("CATEGORY#"),
        _list_of("ORG#", inner="#STATUS#"),
        _list_of("ORG#", inner="#ROLE#", sort="USER#"),
        _list_of("ORG#", sort="PERMSET#"),
        _list_of("ORG#", inner="#ACTIVE#", sort="(?:ROLE|TEAM|TEAMROLE)#"),
        _list_of("PLATFORM#ACTIVE#", sort="ROLE#"),
    ),
    2: (
        _list_of("EMAIL#", sort="ORG#"),
        _list_of("PERMSET#ACTIVE#"),
        _list_of("ORG#", inner="#DIV#", sort="TEAM#"),
        _list_of("ORG#", inner="#ROLE#", sort="MEMBER#"),
    ),
}
"""What the services list through ``GSI1`` and ``GSI2``: partition and sort key, by their beginnings."""


def _is_id(rest: str) -> bool:
    return bool(rest) and "#" not in rest


def is_ours(pk: str, sk: str) -> bool:
    """Whether the new layout would read something into this key, which nobody knew in the old one."""
    if pk.startswith(_OUR_PARTITIONS):
        return True
    match pk.split("#"):
        case [keys.PLATFORM] | ["ORG", _]:
            return sk.startswith(_OURS_IN_OWNER)
        case ["ORG", _, "USER", *_]:
            return sk.startswith(keys.ROLE_PREFIX)
        case ["ORG", _, "TEAM", *_]:
            return sk.startswith(keys.MEMBER_PREFIX)
        case ["ORG", _, "DATE", *_]:
            return sk.startswith(keys.EVENT_PREFIX)
    return False
