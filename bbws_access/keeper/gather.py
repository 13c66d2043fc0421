"""One pass over the table: each item against its model and keys, and what must be remembered of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from pydantic import ValidationError

from bbws_access import keys
from bbws_access.clock import parse_iso
from bbws_access.keeper import kinds
from bbws_access.keeper.facts import Facts, bounded
from bbws_access.keeper.guards import guard_of
from bbws_access.keeper.kinds import NEVER, Kind, kind_of, organisation_of
from bbws_access.models.audit import AuditEvent
from bbws_access.models.base import Record
from bbws_access.models.invitation import Invitation, InvitationToken
from bbws_access.models.kinds import InvitationStatus
from bbws_access.models.organisation import Organisation
from bbws_access.models.permission import PermissionSet
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User
from bbws_access.services.boundary import unknown_grants
from bbws_access.services.chain import event_hash
from bbws_access.services.invitation_records import TOKEN_KEPT_FOR
from bbws_access.store.codec import Attributes, decode_raw
from bbws_access.store.schema import INDEX_COUNT
from bbws_access.text import fold_email

Item = Mapping[str, Any]

INDEX_ATTRIBUTES: Final = tuple(f"GSI{n}{part}" for n in range(1, INDEX_COUNT + 1) for part in ("PK", "SK"))

_UNKNOWN_SHOWN: Final = 1000


@dataclass(slots=True)
class Gathered:
    """``unknown`` holds the keys of the first thousand items that nobody knows; ``counts`` counts them all."""

    items: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    unknown: list[tuple[str, str]] = field(default_factory=list)


def gather(pages: Iterator[list[Attributes]], facts: Facts, progress: Callable[[int], None]) -> Gathered:
    """Fills ``facts``; ``progress`` is told how many items each page had."""
    found = Gathered()
    for page in pages:
        for attributes in page:
            _look_at(decode_raw(attributes), facts, found)
        facts.flush()
        found.items += len(page)
        progress(len(page))
    return found


def _look_at(item: Item, facts: Facts, found: Gathered) -> None:
    pk, sk = item["PK"], item["SK"]
    kind = kind_of(pk, sk)
    if kind is None:
        found.counts[kinds.UNKNOWN] += 1
        if len(found.unknown) < _UNKNOWN_SHOWN:
            found.unknown.append((pk, sk))
        return
    found.counts[kind.name] += 1
    if kind.supporting is not None:
        _look_at_supporting(kind, item, facts)
        return
    assert kind.record is not None
    try:
        record = kind.record.from_item(item)
    except ValidationError:
        facts.note("suspects", pk, sk)
        return
    if not (keys_fit(item, record) and looks_right(record)):
        facts.note("suspects", pk, sk)
    guard = guard_of(record)
    if guard is not None:
        facts.note("claims", guard.key["PK"], guard.key["SK"], guard.holder, pk, sk)
    remember = _REMEMBER.get(kind.name)
    if remember is not None:
        remember(facts, pk, sk, record)


def _look_at_supporting(kind: Kind, item: Item, facts: Facts) -> None:
    pk, sk = item["PK"], item["SK"]
    assert kind.supporting is not None
    try:
        kind.supporting.model_validate(item)
    except ValidationError:
        facts.note("suspects", pk, sk)
        return
    if kind.holder is not None:
        facts.note("guards", pk, sk, item[kind.holder])
    elif kind is kinds.HEAD:
        facts.note("heads", organisation_of(pk), bounded(item["sequence"]), item["hash"])
    if any(name in item for name in INDEX_ATTRIBUTES):
        facts.note("suspects", pk, sk)


def keys_fit(item: Item, record: Record) -> bool:
    expected = record.keys()
    if any(item.get(name) != value for name, value in expected.items()):
        return False
    return not any(name in item and name not in expected for name in INDEX_ATTRIBUTES)


def looks_right(record: Record) -> bool:
    """What can be told of a record by itself."""
    match record:
        case AuditEvent():
            return record.sequence is None or record.event_hash == event_hash(record)
        case Role() | PermissionSet():
            return _all_known(record.permissions)
        case User() | Invitation() if record.email != fold_email(record.email):
            return False
        case Invitation():
            return record.active == (record.status is InvitationStatus.PENDING)
        case InvitationToken():
            return record.ttl == token_ttl(record.expires_at)
        case _:
            return True


def token_ttl(expires_at: str) -> int | None:
    """Epoch seconds; ``None`` where the text is no time."""
    try:
        return int((parse_iso(expires_at) + TOKEN_KEPT_FOR).timestamp())
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _all_known(grants: frozenset[str]) -> bool:
    """Most organisations have the same roles."""
    return not unknown_grants(grants)


def _pair(key: keys.Keys) -> tuple[str, str]:
    return key["PK"], key["SK"]


def _thing(facts: Facts, pk: str, sk: str, kind: Kind, org: str, own_id: str, active: bool, **more: Any) -> None:
    extra = (more.get(name) for name in ("name", "leads", "users", "members", "lead_count"))
    facts.note("things", pk, sk, kind.name, org, own_id, active, *extra)


def _ref(facts: Facts, pk: str, sk: str, to: keys.Keys, *, name: str | None = None, active: bool = False) -> None:
    facts.note("refs", pk, sk, to["PK"], to["SK"], name, active)


def _organisation(facts: Facts, pk: str, sk: str, record: Organisation) -> None:
    _thing(facts, pk, sk, kinds.ORGANISATION, record.organisation_id, record.organisation_id, record.active)


def _role(facts: Facts, pk: str, sk: str, record: Role) -> None:
    org_id, users = record.organisation_id, record.user_count
    _thing(facts, pk, sk, kinds.ROLE, org_id, record.role_id, record.active, name=record.name, users=bounded(users))


def _team_role(facts: Facts, pk: str, sk: str, record: TeamRole) -> None:
    more = {"name": record.name, "leads": record.leads, "users": bounded(record.user_count)}
    _thing(facts, pk, sk, kinds.TEAM_ROLE, record.organisation_id, record.team_role_id, record.active, **more)


def _team(facts: Facts, pk: str, sk: str, record: Team) -> None:
    more = {"members": bounded(record.member_count), "lead_count": bounded(record.lead_count)}
    _thing(facts, pk, sk, kinds.TEAM, record.organisation_id, record.team_id, record.active, **more)


def _user(facts: Facts, pk: str, sk: str, record: User) -> None:
    _thing(facts, pk, sk, kinds.USER, record.organisation_id, record.user_id, record.active)


def _permission_set(facts: Facts, pk: str, sk: str, record: PermissionSet) -> None:
    _thing(facts, pk, sk, kinds.PERMISSION_SET, record.organisation_id, record.set_id, record.active)


def _assignment(facts: Facts, pk: str, sk: str, record: RoleAssignment) -> None:
    org_id, role_key = record.organisation_id, keys.role_key(record.organisation_id, record.role_id)
    facts.note("holds", *_pair(role_key), record.active, pk, sk)
    _ref(facts, pk, sk, role_key, name=record.role_name if record.active else None, active=record.active)
    if org_id == keys.PLATFORM:
        facts.note("platform_holders", pk, sk, record.user_id)
    else:
        _ref(facts, pk, sk, keys.user_key(org_id, record.user_id), active=record.active)


def _member(facts: Facts, pk: str, sk: str, record: TeamMember) -> None:
    org_id, active = record.organisation_id, record.active
    team_key, role_key = keys.team_key(org_id, record.team_id), keys.team_role_key(org_id, record.team_role_id)
    facts.note("seats", *_pair(team_key), *_pair(role_key), active)
    _ref(facts, pk, sk, team_key)
    _ref(facts, pk, sk, role_key, name=record.team_role_name if active else None, active=active)
    _ref(facts, pk, sk, keys.user_key(org_id, record.user_id), active=active)


def _invitation(facts: Facts, pk: str, sk: str, record: Invitation) -> None:
    org_id = record.organisation_id
    # What tokens point at; its name there is the hash, so that an older token shows.
    _thing(facts, pk, sk, kinds.INVITATION, org_id, record.invitation_id, record.active, name=record.token_hash)
    _ref(facts, pk, sk, keys.role_key(org_id, record.role_id))
    if record.team_id is not None:
        _ref(facts, pk, sk, keys.team_key(org_id, record.team_id))
    if record.status is InvitationStatus.PENDING:
        _ref(facts, pk, sk, keys.invitation_token_key(record.token_hash), name=record.expires_at)


def _token(facts: Facts, pk: str, sk: str, record: InvitationToken) -> None:
    org_id = record.organisation_id
    # What invitations point at; its name there is its expiry, which must be theirs.
    _thing(facts, pk, sk, kinds.TOKEN, org_id, record.token_hash, True, name=record.expires_at)
    _ref(facts, pk, sk, keys.invitation_key(org_id, record.invitation_id), name=record.token_hash)


def _event(facts: Facts, pk: str, sk: str, record: AuditEvent) -> None:
    if record.sequence is not None:
        chained = (
            bounded(record.sequence),
            record.previous_hash,
            record.event_hash,
            bounded(NEVER if record.ttl is None else record.ttl),
        )
        facts.note("events", record.organisation_id, *chained, pk, sk)


_REMEMBER: Final[dict[str, Callable[[Facts, str, str, Any], None]]] = {
    kinds.ORGANISATION.name: _organisation,
    kinds.ROLE.name: _role,
    kinds.TEAM_ROLE.name: _team_role,
    kinds.TEAM.name: _team,
    kinds.USER.name: _user,
    kinds.PERMISSION_SET.name: _permission_set,
    kinds.ASSIGNMENT.name: _assignment,
    kinds.MEMBER.name: _member,
    kinds.INVITATION.name: _invitation,
    kinds.TOKEN.name: _token,
    kinds.EVENT.name: _event,
}
