"""The hash chain of audit events.

An event's hash is the SHA-256, in hex, of its canonical JSON: the event's attributes under their API
names, without ``eventHash``, ``ttl`` and the table's keys, without attributes that are absent, with
keys sorted, no white space, UTF-8 and not escaped. ``previousHash`` is among them, so each event
vouches for all before it. The first event of an organisation has sequence 1 and :data:`GENESIS`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from bbws_access.models.audit import AuditEvent

GENESIS: Final = "0" * 64
"""The hash before the first event."""

_LEFT_OUT: Final = frozenset({"event_hash", "ttl"})


def canonical_json(event: AuditEvent) -> bytes:
    body = event.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=set(_LEFT_OUT))
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def event_hash(event: AuditEvent) -> str:
    return hashlib.sha256(canonical_json(event)).hexdigest()


def recordable(value: Any) -> Any:
    """``value`` as it will be read back from the table, so that its hash can be checked.

    Sets become sorted lists, whole floats become integers, anything without a JSON form its text.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return int(value) if value.is_integer() else value
        case Mapping():
            return {str(k): recordable(v) for k, v in value.items()}
        case set() | frozenset():
            return sorted(str(v) for v in value)
        case list() | tuple():
            return [recordable(v) for v in value]
        case _:
            return str(value)
