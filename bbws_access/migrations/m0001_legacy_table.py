"""Migration 1: from the old platform's table to the one of this platform.

Each item becomes one item under the new keys, or stays out with a reason. What the old layout did not
have is made: guards of names and addresses, exact counts, versions, hashes of tokens. Events come over
without a place in the chain, which begins with the first change on the new platform.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bbws_access import keys
from bbws_access.ids import token_hash
from bbws_access.keys import PLATFORM, Keys
from bbws_access.migrations.facts import Facts, Ident, name_guard
from bbws_access.migrations.legacy_layout import Kind, recognise
from bbws_access.migrations.outcomes import Migrated, Outcome, Quarantined
from bbws_access.migrations.shape import Shaped, owner_of, scrubbed, shape
from bbws_access.migrations.survey import NAMED
from bbws_access.migrations.wire import (
    INDEX_KEYS,
    MAX_ITEM_BYTES,
    STAMP,
    STAMP_BYTES,
    Attributes,
    canonical,
    digest_of,
    is_true,
    number,
    pair,
    size,
    strings,
    text,
)
from bbws_access.models.kinds import InvitationStatus

NUMBER: Final = 1
TITLE: Final = "the old platform's table"

_COUNTED: Final = {
    Kind.TEAM: ("memberCount", "leadCount"),
    Kind.TEAM_ROLE: ("userCount",),
    Kind.ROLE: ("userCount",),
}
_HELD: Final = {
    Kind.ASSIGNMENT: (Kind.ROLE, "roleId", "roleName"),
    Kind.TEAM_MEMBER: (Kind.TEAM_ROLE, "teamRoleId", "teamRoleName"),
}
"""Copies of the name of a role that somebody holds: they say what it is called, though they may have drifted."""

_OFFERED: Final = (
    (Kind.ROLE, "roleId", "roleName"),
    (Kind.TEAM, "teamId", "teamName"),
    (Kind.ORGANISATION, "organisationId", "organisationName"),
)
"""Copies of names in an invitation: as they were then, unless a name had to be changed."""


def migrate(item: Attributes, facts: Facts, started: datetime) -> tuple[Outcome, Shaped | None]:
    """What becomes of an item of the source; pure. The second is what the survey wants to know of it."""
    shaped = shape(item, started)
    if isinstance(shaped, Quarantined):
        return shaped, None
    if STAMP in item:
        return Quarantined(shaped.kind, f"it has an attribute {STAMP}, which is the migrations' own"), None
    return _placed(shaped, facts), shaped


def _placed(shaped: Shaped, facts: Facts) -> Outcome:
    kind = shaped.kind
    if kind is Kind.UNKNOWN:
        return _checked(shaped, shaped.item, facts, None)
    ident = _ident(kind, shaped.item)
    reason = facts.reasons.get(ident)
    if reason is not None:
        return Quarantined(kind, reason)
    # What the survey knows is added to a copy: the shaped item is looked at again by the survey itself.
    item = dict(shaped.item)
    note = _settle_name(kind, ident, item, facts)
    for attribute in _COUNTED.get(kind, ()):
        counted = facts.counts[ident][attribute] if ident in facts.counts else 0
        if attribute in item and item[attribute] != number(counted):
            note = note or f"{attribute} corrected"
        item[attribute] = number(counted)
    if kind is Kind.INVITATION and (ident[1], ident[2]) in facts.expired:
        item["status"], item["active"] = {"S": str(InvitationStatus.EXPIRED)}, {"BOOL": False}
        note = "invitation marked as expired: a later one of the address waits"
    item.update(strings(_keys(kind, item)))
    return _checked(shaped, item, facts, note)


def _ident(kind: Kind, item: Attributes) -> Ident:
    org = owner_of(item)
    match kind:
        case Kind.TEAM_MEMBER:
            return kind, org, f"{_text(item, 'teamId')}#{_text(item, 'userId')}"
        case Kind.ASSIGNMENT:
            return kind, org, f"{_text(item, 'userId')}#{_text(item, 'roleId')}"
        case Kind.TOKEN:
            return kind, org, _text(item, "tokenHash")
        case Kind.USER:
            return kind, org, _text(item, "userId")
        case Kind.INVITATION:
            return kind, org, _text(item, "invitationId")
        case Kind.EVENT:
            return kind, org, _text(item, "eventId")
        case Kind.PERMISSION:
            return kind, org, _text(item, "permissionId")
        case _:
            return kind, org, _text(item, NAMED[kind][1])


def _settle_name(kind: Kind, ident: Ident, item: Attributes, facts: Facts) -> str | None:
    if kind in _HELD:
        return _settle_held(*_HELD[kind], ident[1], item, facts)
    for other, id_attribute, name_attribute in _OFFERED if kind is Kind.INVITATION else ():
        changed = facts.names.get((other, ident[1], text(item, id_attribute) or ""))
        if changed is not None and name_attribute in item:
            item[name_attribute] = {"S": changed}
    name = facts.names.get(ident)
    if name is None:
        return None
    item["name"] = {"S": name}
    return f"{kind} renamed: its name was taken"


def _settle_held(
    role: Kind, id_attribute: str, name_attribute: str, org: str, item: Attributes, facts: Facts
) -> str | None:
    called = facts.called.get((role, org, _text(item, id_attribute)))
    if called is None or text(item, name_attribute) == called:
        return None
    item[name_attribute] = {"S": called}
    return f"{name_attribute} corrected"


def _keys(kind: Kind, item: Attributes) -> Keys:
    org, active = owner_of(item), is_true(item, "active")

    def of(name: str) -> str:
        return _text(item, name)

    match kind:
        case Kind.EVENT:
            return keys.event(org, of("userId"), of("eventType"), of("timestamp"), of("eventId"))
        case Kind.PERMISSION:
            return keys.permission(of("permissionId"), of("category"))
        case Kind.PERMISSION_SET:
            return keys.permission_set(org, of("setId"), active, of("dateCreated"))
        case Kind.ORGANISATION:
            return keys.organisation(org, of("name"))
        case Kind.ROLE:
            return keys.role(org, of("roleId"), active, of("name"))
        case Kind.ASSIGNMENT:
            return keys.assignment(org, of("userId"), of("roleId"))
        case Kind.TEAM:
            return keys.team(org, of("teamId"), active, of("name"), text(item, "divisionId"))
        case Kind.TEAM_ROLE:
            return keys.team_role(org, of("teamRoleId"), active, of("name"))
        case Kind.TEAM_MEMBER:
            return keys.member(org, of("teamId"), of("userId"), of("teamRoleId"))
        case Kind.USER:
            return keys.user(org, of("userId"), of("email"))
        case Kind.INVITATION:
            return keys.invitation(
                org, of("invitationId"), of("status"), of("expiresAt"), of("email"), of("dateCreated")
            )
        case Kind.TOKEN:
            return keys.invitation_token_key(of("tokenHash"))
        case _:
            raise AssertionError(kind)


def _guards(kind: Kind, item: Attributes) -> list[Attributes]:
    """As the services write them."""
    org = owner_of(item)
    if kind is Kind.ORGANISATION:
        return [strings(name_guard(kind, org, _text(item, "name")) | {"organisationId": org})]
    if kind in NAMED:
        return [strings(name_guard(kind, org, _text(item, "name")) | {"holder": _text(item, NAMED[kind][1])})]
    if kind is Kind.USER:
        return [strings(keys.user_email_key(org, _text(item, "email")) | {"holder": _text(item, "userId")})]
    if kind is Kind.INVITATION and text(item, "status") == InvitationStatus.PENDING:
        guard = keys.pending_invitation_key(org, _text(item, "email"))
        return [strings(guard | {"invitationId": _text(item, "invitationId")})]
    return []


def guards_of(item: Attributes) -> list[Attributes]:
    """Of an item of the target that this migration may have written."""
    return _guards(recognise(*pair(item))[0], item)


def _checked(shaped: Shaped, item: Attributes, facts: Facts, note: str | None) -> Outcome:
    """Without raw tokens, wherever they stand: they would still open a door. And not larger than is allowed."""
    kind, text_form = shaped.kind, canonical(item)
    tokens = facts.tokens_in(text_form)
    if shaped.token is not None and shaped.token in text_form:
        tokens.add(shaped.token)
    for token in tokens:
        item = scrubbed(item, token, token_hash(token))
        text_form = canonical(item)
    guards = _guards(kind, item)
    wrong = _too_large(item, text_form) or next((w for guard in guards if (w := _too_long(guard))), None)
    if wrong is not None:
        return Quarantined(kind, wrong)
    mergeable = kind is Kind.PERMISSION or (
        kind in (Kind.ROLE, Kind.PERMISSION_SET) and owner_of(item) == PLATFORM and _is_system(item)
    )
    return Migrated(kind.value, item, digest_of(text_form), guards, mergeable, note)


def _too_large(item: Attributes, text_form: str) -> str | None:
    """What is too large of an item; its text is never shorter than its bytes, and most texts are short enough."""
    if len(text_form) <= _SHORTEST_LIMIT:
        return None
    if len(text_form) > MAX_ITEM_BYTES - STAMP_BYTES and size(item) > MAX_ITEM_BYTES - STAMP_BYTES:
        return f"under its new keys it would be larger than {MAX_ITEM_BYTES // 1024} KB, the most that DynamoDB takes"
    return _too_long(item)


def _too_long(item: Attributes) -> str | None:
    for name, limit in _KEY_LIMITS.items():
        key = text(item, name)
        # A character has four bytes at most: most keys are short enough whatever they are made of.
        if key is not None and len(key) * 4 > limit and len(key.encode()) > limit:
            return "one of its new keys would be longer than DynamoDB allows"
    return None


_KEY_LIMITS: Final = {name: 2048 if name.endswith("PK") else 1024 for name in ("PK", "SK", *sorted(INDEX_KEYS))}
"""Bytes of a partition and of a sort key; the quotas of DynamoDB."""

_SHORTEST_LIMIT: Final = min(_KEY_LIMITS.values())


def _is_system(item: Attributes) -> bool:
    return bool(item.get("isSystem", {}).get("BOOL", False))


def _text(item: Attributes, name: str) -> str:
    return text(item, name) or ""
