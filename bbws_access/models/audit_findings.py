"""What a check of the audit trail finds."""

from __future__ import annotations

from enum import StrEnum

from bbws_access.models.base import ApiModel


class FindingKind(StrEnum):
    """What happened to the trail."""

    ALTERED = "ALTERED"
    REMOVED = "REMOVED"
    REORDERED = "REORDERED"
    INSERTED = "INSERTED"
    TRUNCATED = "TRUNCATED"
    """What is missing is the end."""
    UNREADABLE = "UNREADABLE"
    """It could not be looked at: nothing is said about what is in it."""
    UNPROTECTED = "UNPROTECTED"
    """It is as it should be, but could be changed or lost: a lock, a version or an expiry is not as it ought to be."""
    OVERDUE = "OVERDUE"
    """A finished day that is not in the archive yet."""


class Finding(ApiModel):
    """One thing that is wrong, and where.

    ``place`` is ``table``, ``archive`` or ``manifest``; ``sequence`` is the first one that is concerned, and
    ``through_sequence`` the last where there are several in a row.
    """

    kind: FindingKind
    place: str
    organisation_id: str
    date: str | None = None
    sequence: int | None = None
    through_sequence: int | None = None
    event_id: str | None = None
    key: str | None = None
    message: str


class Verification(ApiModel):
    """The result of a check. ``from`` and ``to`` are days, both included; ``findings`` are in the order of time.

    Of ``objects``, ``cold`` lie in Glacier: they were not read, but compared by the checksum that S3 keeps.
    """

    organisation_id: str
    from_day: str
    to_day: str
    archive: bool
    days: int
    events: int
    chained: int
    objects: int
    cold: int = 0
    last_sequence: int
    last_hash: str
    findings: list[Finding]

    @property
    def sound(self) -> bool:
        return not self.findings
