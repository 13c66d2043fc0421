"""Items in DynamoDB's typed form, as they go over the wire: compared, measured and stamped, never reinterpreted.

Migrations work on this form alone, so that what they do not know comes out as it went in: numbers of 38
digits, binary values, empty strings.
"""

from __future__ import annotations

import hashlib
import json
import math
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from bbws_access.keys import Keys
from bbws_access.services.stamps import MIGRATED_FROM
from bbws_access.store.schema import INDEX_COUNT, index_name

Attributes = dict[str, Any]
"""``{"PK": {"S": "…"}, "memberCount": {"N": "5"}}``"""

KeyPair = tuple[str, str]
"""``PK`` and ``SK``."""

STAMP: Final = MIGRATED_FROM
"""On each item that a migration wrote: ``{number}:{digest of what it wrote}``."""

STAMP_BYTES: Final = len(STAMP) + len("1:") + 32
"""What the stamp adds to an item."""

MAX_ITEM_BYTES: Final = 400 * 1024
"""The most that DynamoDB takes for an item, names and values."""

_UNIT: Final = 1024
"""Bytes in a write capacity unit."""

INDEX_KEYS: Final = frozenset(f"{index_name(n)}{part}" for n in range(1, INDEX_COUNT + 1) for part in ("PK", "SK"))
_PARTITIONS: Final = tuple(f"{index_name(n)}PK" for n in range(1, INDEX_COUNT + 1))


def text(item: Mapping[str, Any], name: str) -> str | None:
    """The value of a string attribute; ``None`` where there is none or it is of another type."""
    value = item.get(name)
    if value is None:
        return None
    found: str | None = value.get("S")
    return found


def strings(values: Mapping[str, str]) -> Attributes:
    return {name: {"S": value} for name, value in values.items()}


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def is_true(item: Mapping[str, Any], name: str) -> bool:
    """Of a flag; one that is absent is true, as everywhere in the platform."""
    return bool(item.get(name, {"BOOL": True}).get("BOOL", True))


def pair(item: Mapping[str, Any]) -> KeyPair:
    return item["PK"]["S"], item["SK"]["S"]


def key_of(pair_: KeyPair) -> Attributes:
    return {"PK": {"S": pair_[0]}, "SK": {"S": pair_[1]}}


def plain_key(item: Mapping[str, Any]) -> Keys:
    pk, sk = pair(item)
    return {"PK": pk, "SK": sk}


_canonical_json: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=lambda v: _binary(v)).encode


def canonical(item: Mapping[str, Any]) -> str:
    """An item as text, without its stamp; the order of attributes and of sets does not count."""
    return _canonical_json(
        {
            name: value if "S" in value or "N" in value or "BOOL" in value else _canonical(value)
            for name, value in item.items()
            if name != STAMP
        }
    )


def digest_of(text_form: str) -> str:
    """128 bits in hex of what :func:`canonical` returned."""
    return hashlib.blake2b(text_form.encode(), digest_size=16).hexdigest()


def digest(item: Mapping[str, Any]) -> str:
    return digest_of(canonical(item))


def _canonical(value: Mapping[str, Any]) -> Any:
    ((kind, inner),) = value.items()
    match kind:
        case "SS" | "NS" | "BS":
            return {kind: sorted(inner)}
        case "L":
            return {kind: [_canonical(v) for v in inner]}
        case "M":
            return {kind: {name: _canonical(v) for name, v in inner.items()}}
        case _:
            return value


def _binary(value: Any) -> str:
    return b64encode(value).decode()


def stamped(item: Attributes, migration: int, content: str | None = None) -> Attributes:
    return {**item, STAMP: {"S": f"{migration}:{content or digest(item)}"}}


def stamp_of(item: Mapping[str, Any], migration: int) -> str | None:
    """The digest of what this migration wrote; ``None`` on an item that it did not write."""
    whose, _, wrote = (text(item, STAMP) or "").partition(":")
    return wrote if whose == str(migration) else None


def is_untouched(item: Mapping[str, Any], migration: int) -> bool:
    """Whether an item is as this migration left it. The archive's mark on an event is nobody's change."""
    wrote = stamp_of(item, migration)
    if wrote is None or wrote == digest(item):
        return wrote is not None
    return "ttl" in item and "eventId" in item and wrote == digest({n: v for n, v in item.items() if n != "ttl"})


def size(item: Mapping[str, Any]) -> int:
    """Bytes of an item as DynamoDB counts them (its developer guide, "Item sizes and formats")."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else len(name.encode("utf-8", "surrogatepass"))
        found = value.get("S")
        total += len(found) if found is not None and found.isascii() else _value_size(value)
    return total


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner) if inner.isascii() else len(inner.encode("utf-8", "surrogatepass"))
        case "N":
            return math.ceil(len(inner) / 2) + 1
        case "B":
            return len(inner)
        case "SS":
            return sum(len(v.encode("utf-8", "surrogatepass")) for v in inner)
        case "NS":
            return sum(math.ceil(len(v) / 2) + 1 for v in inner)
        case "BS":
            return sum(len(v) for v in inner)
        case "L":
            return 3 + sum(1 + _value_size(v) for v in inner)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(v) for name, v in inner.items())
        case _:
            return 1


def write_units(item_bytes: int) -> int:
    """Capacity units of a write outside a transaction; inside one it is twice as much."""
    return max(1, math.ceil(item_bytes / _UNIT))


def index_count(item: Mapping[str, Any]) -> int:
    """How many indexes hold a copy of the item."""
    return sum(name in item for name in _PARTITIONS)
