"""An item of the old layout brought into the new one, as far as it can be without looking at other items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bbws_access.clock import parse_iso
from bbws_access.ids import token_hash
from bbws_access.keys import PLATFORM
from bbws_access.migrations.fit import known_attributes, misfit
from bbws_access.migrations.legacy_layout import MODELS, Kind, is_in_our_lists, is_ours, recognise
from bbws_access.migrations.outcomes import Quarantined
from bbws_access.migrations.wire import INDEX_KEYS, Attributes, number, pair, text
from bbws_access.models.kinds import EmailStatus, InvitationStatus
from bbws_access.services.invitation_records import TOKEN_KEPT_FOR
from bbws_access.text import fold_email

BY_MIGRATION: Final = "migration@system"
"""Stands where the old layout did not record who made or changed something."""

_TOKENS: Final = "INVTOKEN#"
_NEW_INDEXES: Final = frozenset(name for name in INDEX_KEYS if name[3] in "345")
_KEYS: Final = INDEX_KEYS | {"PK", "SK"}


@dataclass(frozen=True, slots=True)
class Shaped:
    """``item`` has all but its keys; a token's raw value is gone from it, and stands in ``token``."""

    kind: Kind
    item: Attributes
    token: str | None = None


class _Unfit(Exception):
    """Why an item cannot be migrated."""


def shape(item: Attributes, started: datetime) -> Shaped | Quarantined:
    """``started`` is when the migration began: the same for each of its runs."""
    pk, sk = pair(item)
    kind, stated = recognise(pk, sk)
    if kind is Kind.UNKNOWN:
        if is_ours(pk, sk):
            return Quarantined(kind, "the new layout reads something else into its key")
        if not _NEW_INDEXES.isdisjoint(item):
            return Quarantined(kind, "it would appear in indexes that the old layout did not have")
        if is_in_our_lists(item):
            return Quarantined(kind, "it would appear in a list of this platform, as what it is not")
        return Shaped(kind, item)
    model = MODELS[kind]
    known = known_attributes(model)
    found = {
        name: value
        for name, value in item.items()
        if name not in _KEYS and not (name in known and "NULL" in value)  # to the models, null is absent
    }
    for name, value in stated.items():
        if found.setdefault(name, {"S": value}).get("S") != value:
            return Quarantined(kind, f"its {name} is not the one in its key")
    token = None
    try:
        if kind in (Kind.TOKEN, Kind.INVITATION):
            token = _hash_token(kind, pk, found)
        _SHAPES[kind](found, started)
    except _Unfit as unfit:
        return Quarantined(kind, str(unfit))
    wrong = misfit(model, found)
    return Quarantined(kind, wrong) if wrong else Shaped(kind, found, token)


# --- by entity -------------------------------------------------------------------------------------


def _plain(_item: Attributes, _started: datetime) -> None: ...


def _edited(item: Attributes, _started: datetime) -> None:
    """What people edit has a version and four stamps."""
    item.setdefault("version", number(1))
    item.setdefault("createdBy", {"S": BY_MIGRATION})
    item.setdefault("lastUpdatedBy", item["createdBy"])
    if "dateCreated" in item:
        item.setdefault("dateLastUpdated", item["dateCreated"])


def _organisation(item: Attributes, started: datetime) -> None:
    _edited(item, started)
    item.setdefault("seedVersion", number(0))
    item.setdefault("active", {"BOOL": True})


def _grants(item: Attributes, started: datetime) -> None:
    _edited(item, started)
    _sorted_list(item, "permissions")


def _team_role(item: Attributes, started: datetime) -> None:
    _edited(item, started)
    _sorted_list(item, "capabilities")


def _sorted_list(item: Attributes, name: str) -> None:
    value = item.get(name, {})
    if "SS" in value:
        item[name] = {"L": [{"S": v} for v in sorted(value["SS"])]}


def _member(item: Attributes, _started: datetime) -> None:
    item.setdefault("version", number(1))
    item.setdefault("active", {"BOOL": True})
    _fold(item, "userEmail")


def _assignment(item: Attributes, _started: datetime) -> None:
    item.setdefault("active", {"BOOL": True})


def _user(item: Attributes, started: datetime) -> None:
    _edited(item, started)
    _fold(item, "email")


def _invitation(item: Attributes, started: datetime) -> None:
    _edited(item, started)
    _fold(item, "email")
    if text(item, "status") == "CANCELLED":
        item["status"] = {"S": InvitationStatus.REVOKED}
    item.setdefault("inviterEmail", item["createdBy"])
    item.setdefault("emailStatus", {"S": EmailStatus.SENT})


def _token(item: Attributes, _started: datetime) -> None:
    expires = _moment(item, "expiresAt")
    item["ttl"] = number(int((expires + TOKEN_KEPT_FOR).timestamp()))


def _event(item: Attributes, _started: datetime) -> None:
    """TTL must not take an event before the archive has it, however old it is: until then it has none."""
    if "sequence" in item:
        raise _Unfit("it carries a sequence, which the old layout does not have")
    _moment(item, "timestamp")
    item.pop("ttl", None)


_SHAPES: Final[dict[Kind, Callable[[Attributes, datetime], None]]] = {
    Kind.PERMISSION: _plain,
    Kind.PERMISSION_SET: _grants,
    Kind.ORGANISATION: _organisation,
    Kind.ROLE: _grants,
    Kind.ASSIGNMENT: _assignment,
    Kind.TEAM: _edited,
    Kind.TEAM_ROLE: _team_role,
    Kind.TEAM_MEMBER: _member,
    Kind.USER: _user,
    Kind.INVITATION: _invitation,
    Kind.TOKEN: _token,
    Kind.EVENT: _event,
}


def _fold(item: Attributes, name: str) -> None:
    address = text(item, name)
    if address is not None:
        item[name] = {"S": fold_email(address)}


def _moment(item: Attributes, name: str) -> datetime:
    """Raises :class:`_Unfit` for anything that is not a time with its zone."""
    try:
        found = parse_iso(text(item, name) or "")
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _Unfit(f"{name} is not a time in ISO 8601")
    return found


# --- tokens ----------------------------------------------------------------------------------------


def _hash_token(kind: Kind, pk: str, item: Attributes) -> str | None:
    """Puts the token's hash where the token was; returns the token, for it to be sought elsewhere."""
    given = item.pop("token", None)
    token = (given or {}).get("S")
    if kind is Kind.TOKEN:
        in_key = pk.removeprefix(_TOKENS)
        if token not in (None, in_key):
            raise _Unfit("its token is not the one in its key")
        token = in_key
    if token:
        item["tokenHash"] = {"S": token_hash(token)}
    elif given is not None and "S" not in given:
        raise _Unfit("token is not a text")
    elif text(item, "status") == InvitationStatus.PENDING:
        raise _Unfit("it is pending and has no token")
    else:
        item["tokenHash"] = {"S": ""}  # of an invitation that has ended: it opens nothing, as before
    return token or None


def raw_token(item: Attributes) -> str | None:
    """The token of an item of the source that has one, in its attributes or in its key."""
    pk, _ = pair(item)
    return text(item, "token") or (pk.removeprefix(_TOKENS) if pk.startswith(_TOKENS) else None)


def scrubbed(value: Any, token: str, instead: str) -> Any:
    """``value`` in typed form with every occurrence of a raw token replaced."""
    match value:
        case str():
            return value.replace(token, instead)
        case dict():
            return {scrubbed(name, token, instead): scrubbed(v, token, instead) for name, v in value.items()}
        case list():
            return [scrubbed(v, token, instead) for v in value]
        case _:
            return value


def owner_of(item: Attributes) -> str:
    return text(item, "organisationId") or PLATFORM
