"""What a token says, for people: read without believing it. Whether it is true, the verifier decides."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bbws_access.errors import InvalidInput
from bbws_access.wording import number_of

_LONGEST: Final = 100_000
"""Characters; far more than any token that is one."""

_UNITS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class ReadToken:
    """Header and claims; the signature is left out, because with it this would be the token again."""

    header: dict[str, Any]
    claims: dict[str, Any]
    validity: str
    """In words: until when, or since when not any more."""


def read_token(text: str, now: datetime) -> ReadToken:
    """``text`` may begin with ``Bearer``. Raises :class:`InvalidInput`, without a word of what was given."""
    parts = text.strip().split()
    parts = parts[-1].split(".") if parts and len(parts) <= 2 and len(text) <= _LONGEST else []
    if len(parts) != 3:
        raise InvalidInput("this is no JWT: it has three parts, between dots")
    header, claims = _part(parts[0], "header"), _part(parts[1], "claims")
    return ReadToken(header, claims, _validity(claims, now))


def _part(text: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(f"this is no JWT: its {name} cannot be read")
    return found


def _validity(claims: dict[str, Any], now: datetime) -> str:
    expires = claims.get("exp")
    try:
        is_time = isinstance(expires, int | float) and not isinstance(expires, bool)
        moment = datetime.fromtimestamp(float(expires), UTC) if is_time and expires is not None else None
    except (OverflowError, OSError, ValueError):
        moment = None
    if moment is None:
        return "it does not say when it expires"
    if moment <= now:
        return f"expired {_span(now - moment)} ago"
    return f"expires in {_span(moment - now)}"


def _span(span: timedelta) -> str:
    """The largest unit of which there is one, rounded down."""
    seconds = int(span.total_seconds())
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), (1, "second"))
    number = seconds // size
    return number_of(number, unit)
