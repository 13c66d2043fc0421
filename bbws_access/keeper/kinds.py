"""What an item is, told by its keys alone: entities, and the records that support them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from bbws_access import keys
from bbws_access.models.archive import ArchivedPart, ArchiveHead
from bbws_access.models.audit import AuditEvent
from bbws_access.models.base import Record
from bbws_access.models.invitation import Invitation, InvitationToken
from bbws_access.models.organisation import Organisation
from bbws_access.models.permission import Permission, PermissionSet
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User

_Text = Annotated[str, Field(min_length=1)]
_Count = Annotated[int, Field(ge=0)]


class Supporting(BaseModel):
    """A record without an index that supports entities; attributes under their stored names."""

    model_config = ConfigDict(strict=True, extra="ignore")


class HolderGuard(Supporting):
    """A name, or an address, that is taken; ``holder`` is the id of what has it."""

    holder: _Text


class OrganisationNameGuard(Supporting):
    organisationId: _Text  # noqa: N815 - the stored name


class PendingGuard(Supporting):
    invitationId: _Text  # noqa: N815 - the stored name


class AuditHead(Supporting):
    sequence: Annotated[int, Field(ge=1)]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RateCounter(Supporting):
    taken: _Count
    ttl: _Count


class AccountClaim(Supporting):
    claim: _Text
    claimExpiresAt: _Text  # noqa: N815 - the stored name
    ttl: _Count


class MigrationRecord(Supporting):
    """What the migrations keep of themselves; only they know what is in it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``name`` is what reports call it; exactly one of the models is there."""

    name: str
    record: type[Record] | None = None
    supporting: type[Supporting] | None = None
    holder: str | None = None
    """Of a guard: the attribute that names what it guards."""


ORGANISATION: Final = Kind("Organisation", Organisation)
PERMISSION: Final = Kind("Permission", Permission)
PERMISSION_SET: Final = Kind("PermissionSet", PermissionSet)
ROLE: Final = Kind("Role", Role)
ASSIGNMENT: Final = Kind("UserRoleAssignment", RoleAssignment)
TEAM: Final = Kind("Team", Team)
TEAM_ROLE: Final = Kind("TeamRole", TeamRole)
MEMBER: Final = Kind("TeamMember", TeamMember)
USER: Final = Kind("User", User)
INVITATION: Final = Kind("Invitation", Invitation)
TOKEN: Final = Kind("InvitationToken", InvitationToken)
EVENT: Final = Kind("AuditEvent", AuditEvent)
HEAD: Final = Kind("AuditHead", supporting=AuditHead)
ARCHIVE_HEAD: Final = Kind("ArchiveHead", ArchiveHead)
ARCHIVED_PART: Final = Kind("ArchivedPart", ArchivedPart)
NAME_GUARD: Final = Kind("NameGuard", supporting=HolderGuard, holder="holder")
EMAIL_GUARD: Final = Kind("EmailGuard", supporting=HolderGuard, holder="holder")
PENDING_GUARD: Final = Kind("PendingInvitationGuard", supporting=PendingGuard, holder="invitationId")
ORGANISATION_GUARD: Final = Kind("OrganisationNameGuard", supporting=OrganisationNameGuard, holder="organisationId")
RATE_COUNTER: Final = Kind("RateCounter", supporting=RateCounter)
MIGRATION: Final = Kind("MigrationRecord", supporting=MigrationRecord)
ACCOUNT_CLAIM: Final = Kind("AccountClaim", supporting=AccountClaim)

UNKNOWN: Final = "Unknown"

NEVER: Final = 1 << 40
"""When an event expires that the archive does not hold yet."""

_WHOLE: Final = {
    "PERM": (keys.METADATA, PERMISSION),
    "INVTOKEN": (keys.METADATA, TOKEN),
    "ORGNAME": (keys.METADATA, ORGANISATION_GUARD),
    "ACCOUNT": ("CLAIM", ACCOUNT_CLAIM),
}
"""Partitions of a single record, by the word that they begin with."""

_OWNED: Final = {
    "ROLE": ROLE,
    "PERMSET": PERMISSION_SET,
    "TEAM": TEAM,
    "TEAMROLE": TEAM_ROLE,
    "USER": USER,
    "INV": INVITATION,
    "ARCHIVED": ARCHIVED_PART,
}
"""In an owner's partition, by the word that the sort key begins with."""

_INNER: Final = {"USER": (keys.ROLE_PREFIX, ASSIGNMENT), "TEAM": (keys.MEMBER_PREFIX, MEMBER)}
_GUARDS: Final = {"USER": EMAIL_GUARD, "PENDING": PENDING_GUARD}
_NAMED: Final = frozenset({"ROLE", "TEAM", "TEAMROLE", "PERMSET"})


def kind_of(pk: str, sk: str) -> Kind | None:
    """``None`` for what nobody knows."""
    word, _, rest = pk.partition("#")
    if word == "ORG" and rest:
        org_id, separator, inner = rest.partition("#")
        return _inner(inner, sk) if separator else _owned(sk) if org_id else None
    if pk == keys.PLATFORM:
        return _owned(sk)
    if pk == keys.MIGRATIONS:
        return MIGRATION
    if word == "RATE" and sk.startswith("WINDOW#"):
        return RATE_COUNTER
    expected, kind = _WHOLE.get(word, ("", None))
    return kind if rest and sk == expected else None


def _owned(sk: str) -> Kind | None:
    word, separator, rest = sk.partition("#")
    if separator:
        if word == "UNIQUE":
            what = rest.partition("#")[0]
            return _GUARDS.get(what) or (NAME_GUARD if what in _NAMED else None)
        return _OWNED.get(word)
    return {keys.METADATA: ORGANISATION, "AUDITHEAD": HEAD, "ARCHIVEHEAD": ARCHIVE_HEAD}.get(sk)


def _inner(inner: str, sk: str) -> Kind | None:
    word = inner.partition("#")[0]
    if word == "DATE":
        return EVENT if sk.startswith(keys.EVENT_PREFIX) else None
    prefix, kind = _INNER.get(word, ("", None))
    return kind if kind is not None and sk.startswith(prefix) else None


def organisation_of(pk: str) -> str:
    """Whose an item is, by its partition; what belongs to no tenant is the platform's."""
    word, _, rest = pk.partition("#")
    return rest.partition("#")[0] if word == "ORG" and rest else keys.PLATFORM


def entity_name(item: Mapping[str, Any]) -> str:
    """Of an item in DynamoDB's own JSON."""
    kind = kind_of(item["PK"]["S"], item["SK"]["S"])
    return kind.name if kind else UNKNOWN
