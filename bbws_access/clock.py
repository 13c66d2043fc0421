"""Time, handed in: nothing below the doors asks the machine what time it is.

The platform's times are ISO 8601 in UTC with milliseconds and a ``Z``, so that they sort as text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A source of the current time, aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """``2026-01-31T09:30:00.000Z``; raises ``ValueError`` for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be recorded")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    """The reverse of :func:`iso`; raises ``ValueError``."""
    return datetime.fromisoformat(text)
