"""The guard that stands beside a record whose name, or address, nobody else may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import Record
from bbws_access.models.invitation import Invitation
from bbws_access.models.kinds import InvitationStatus
from bbws_access.models.organisation import Organisation
from bbws_access.models.permission import PermissionSet
from bbws_access.models.role import Role
from bbws_access.models.team import Team, TeamRole
from bbws_access.models.user import User
from bbws_access.services.uniqueness import Named
from bbws_access.text import fold_name


@dataclass(frozen=True, slots=True)
class Guard:
    """``attribute`` of the guard's item names its ``holder``, by id."""

    key: Keys
    attribute: str
    holder: str

    def item(self) -> dict[str, Any]:
        return {**self.key, self.attribute: self.holder}


def guard_of(record: Record) -> Guard | None:
    """``None`` for what may be there twice."""
    match record:
        case Role():
            return _named(record.organisation_id, Named.ROLE, record.name, record.role_id)
        case Team():
            return _named(record.organisation_id, Named.TEAM, record.name, record.team_id)
        case TeamRole():
            return _named(record.organisation_id, Named.TEAM_ROLE, record.name, record.team_role_id)
        case PermissionSet():
            return _named(record.organisation_id, Named.PERMISSION_SET, record.name, record.set_id)
        case Organisation():
            key = keys.organisation_name_key(fold_name(record.name))
            return Guard(key, "organisationId", record.organisation_id)
        case User():
            return Guard(keys.user_email_key(record.organisation_id, record.email), "holder", record.user_id)
        case Invitation() if record.status is InvitationStatus.PENDING:
            key = keys.pending_invitation_key(record.organisation_id, record.email)
            return Guard(key, "invitationId", record.invitation_id)
        case _:
            return None


def _named(org_id: str, kind: Named, name: str, holder: str) -> Guard:
    return Guard(keys.unique_name_key(org_id, kind, fold_name(name)), "holder", holder)
