"""What has to be known of the whole source before one item of it can be moved: who is there and what it is called.

Audit events, the bulk of any table, take no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bbws_access.migrations.legacy_layout import Kind
from bbws_access.migrations.outcomes import Quarantined
from bbws_access.migrations.shape import Shaped, owner_of, shape
from bbws_access.migrations.wire import Attributes, is_true, text
from bbws_access.models.kinds import Capability, InvitationStatus
from bbws_access.services.uniqueness import Named

NAMED: Final = {
    Kind.ROLE: (Named.ROLE, "roleId"),
    Kind.TEAM: (Named.TEAM, "teamId"),
    Kind.TEAM_ROLE: (Named.TEAM_ROLE, "teamRoleId"),
    Kind.PERMISSION_SET: (Named.PERMISSION_SET, "setId"),
    Kind.ORGANISATION: (None, "organisationId"),
}
"""What has a unique name, the kind of its guard (organisations have one of their own) and its id."""

Owned = tuple[str, str]
"""An organisation and an id in it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a name or an address, and what decides between two of them."""

    value: str
    active: bool
    created: str


@dataclass(frozen=True, slots=True)
class Pending:
    """An invitation that waits for its answer."""

    email: str
    expires_at: str
    created: str


@dataclass
class Survey:
    """Filled by one worker from its segment; :meth:`merge` brings them together."""

    users: dict[Owned, Holder] = field(default_factory=dict)
    named: dict[tuple[Kind, str, str], Holder] = field(default_factory=dict)
    leading: set[Owned] = field(default_factory=set)
    members: dict[tuple[str, str, str], tuple[str, bool]] = field(default_factory=dict)
    assignments: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    invitations: set[Owned] = field(default_factory=set)
    pending: dict[Owned, Pending] = field(default_factory=dict)
    token_records: dict[str, Owned] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    items: int = 0

    def look(self, item: Attributes, started: datetime) -> None:
        """What cannot be migrated by itself is not there for others either."""
        shaped = shape(item, started)
        if not isinstance(shaped, Quarantined):
            self.note(shaped)

    def note(self, shaped: Shaped) -> None:
        kind, item = shaped.kind, shaped.item
        if kind is Kind.EVENT or kind is Kind.UNKNOWN:
            return
        org = owner_of(item)
        if shaped.token is not None:
            self.tokens.add(shaped.token)
        if kind in NAMED:
            ident = _text(item, NAMED[kind][1])
            self.named[kind, org, ident] = _holder(item, "name")
            if kind is Kind.TEAM_ROLE and {"S": str(Capability.MANAGE_MEMBERS)} in item["capabilities"]["L"]:
                self.leading.add((org, ident))
        match kind:
            case Kind.USER:
                self.users[org, _text(item, "userId")] = _holder(item, "email")
            case Kind.TEAM_MEMBER:
                key = (org, _text(item, "teamId"), _text(item, "userId"))
                self.members[key] = (_text(item, "teamRoleId"), is_true(item, "active"))
            case Kind.ASSIGNMENT:
                self.assignments[org, _text(item, "userId"), _text(item, "roleId")] = is_true(item, "active")
            case Kind.TOKEN:
                self.token_records[_text(item, "tokenHash")] = (org, _text(item, "invitationId"))
            case Kind.INVITATION:
                ident = _text(item, "invitationId")
                self.invitations.add((org, ident))
                if text(item, "status") == InvitationStatus.PENDING:
                    self.pending[org, ident] = Pending(
                        _text(item, "email"), _text(item, "expiresAt"), _text(item, "dateCreated")
                    )

    def merge(self, other: Survey) -> None:
        self.users |= other.users
        self.named |= other.named
        self.members |= other.members
        self.assignments |= other.assignments
        self.pending |= other.pending
        self.token_records |= other.token_records
        self.leading |= other.leading
        self.invitations |= other.invitations
        self.tokens |= other.tokens
        self.items += other.items


def _text(item: Attributes, name: str) -> str:
    return text(item, name) or ""


def _holder(item: Attributes, name: str) -> Holder:
    return Holder(_text(item, name), is_true(item, "active"), _text(item, "dateCreated"))
