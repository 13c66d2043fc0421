"""Times as people type them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from bbws_access.errors import InvalidInput

_SPAN: Final = re.compile(r"^(\d{1,6})([smhdw])$")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_moment(text: str, now: datetime, option: str, zone: tzinfo | None = None) -> datetime:
    """``2h`` is two hours before ``now``; else ISO 8601, in ``zone`` (the machine's, unless given) where it names none.

    Raises :class:`InvalidInput` that names ``option``.
    """
    span = _SPAN.match(text.strip())
    try:
        if span:
            return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
        moment = datetime.fromisoformat(text.strip())
        return (moment.replace(tzinfo=zone) if zone and moment.tzinfo is None else moment).astimezone()
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{option} {text!r} is not a time", hint="give 30m, 2h, 7d, or 2026-01-31T09:30:00+02:00"
        ) from None


def parse_begin(text: str, now: datetime, option: str) -> datetime:
    """As :func:`parse_moment`; a day, such as ``2026-03-01``, begins at midnight UTC, as the trail's days do."""
    day = _day(text)
    return parse_moment(text, now, option) if day is None else _midnight(day)


def parse_end(text: str, now: datetime, option: str) -> datetime:
    """The end of a range, which is not part of it; a day is part of it as a whole."""
    day = _day(text)
    return parse_moment(text, now, option) if day is None else _midnight(day) + timedelta(days=1)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if len(text.strip()) == len("2026-03-01") else None
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
