"""What a report says, before it is a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bbws_access.models.kinds import Outcome

OUTCOMES: Final = tuple(outcome.value for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about, and who made it when. ``since`` is part of the range, ``until`` is not."""

    organisation: str
    organisation_id: str
    since: datetime
    until: datetime
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Events of one kind by outcome; ``other`` have an outcome that the contract does not know."""

    name: str
    success: int = 0
    failure: int = 0
    denied: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        return self.success + self.failure + self.denied + self.other


@dataclass(frozen=True, slots=True)
class Ranking:
    """The most frequent, highest first; ``more_names`` others have ``more_count`` events between them.

    Where there were too many to tell apart, ``at_least`` is set: then there are even more names.
    """

    rows: list[tuple[str, int]]
    more_names: int = 0
    more_count: int = 0
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a change: a value before and after, or what a list gained, lost and kept."""

    name: str
    before: str | None = None
    after: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: int | None = None
    """Entries of a list that stayed; ``None`` where it is no list."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a list."""

    event_id: str
    timestamp: str
    who: str
    action: str
    target: str
    fields: tuple[FieldChange, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The latest of ``total`` entries, oldest first."""

    entries: list[Entry]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.entries)


@dataclass(frozen=True, slots=True)
class ExportEntry:
    """A copy of the trail that somebody took."""

    timestamp: str
    who: str
    action: str
    target: str
    file_format: str
    count: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ExportListing:
    """As :class:`Listing`."""

    entries: list[ExportEntry]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.entries)


@dataclass(frozen=True, slots=True)
class ArchivedDay:
    """A part of a day in the archive; ``read`` is how many events the report found on that day.

    ``read`` is ``None`` where the range holds only some of the day.
    """

    date: str
    part: int
    count: int
    sequences: str
    sha256: str
    archived_at: str
    read: int | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """What the archive holds of the range. ``finished`` days should be in it; those in ``missing`` are not.

    ``missing`` are first and last day of each gap; ``differing`` are days on which the archive and the
    report do not count alike.
    """

    finished: int
    archived: int
    missing: list[tuple[str, str]]
    differing: list[str]
    parts: list[ArchivedDay]
    total_parts: int
    kept_days: int
    """For so many days nobody can change or delete what is archived."""

    @property
    def more(self) -> int:
        return self.total_parts - len(self.parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with the trail: where, of what kind, and in words."""

    place: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the trail found; ``checked`` says in words what was looked at.

    ``total`` findings were made, of which ``findings`` holds the first. ``anchor`` is how far the trail had come,
    as ``sequence:hash``; empty where that is not known.
    """

    made_at: datetime
    checked: list[str]
    findings: list[Finding] = field(default_factory=list)
    total: int = 0
    anchor: str = ""

    @property
    def intact(self) -> bool:
        return not self.findings and self.total == 0


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything that the page shows."""

    subject: Subject
    total: int
    first: str
    last: str
    unit: str
    """What :attr:`activity` is counted by: ``day``, ``week`` or ``month``."""
    activity: list[Counts]
    types: list[Counts]
    denied_users: Ranking
    denied_endpoints: Ranking
    roles: Listing
    assignments: Listing
    users: Listing
    leads: Listing
    memberships: Listing
    exports: ExportListing
    retention: Retention
    verification: Verification | None = None

    def outcome(self, name: str) -> int:
        """Events of an outcome: ``success``, ``failure``, ``denied`` or ``other``."""
        return sum(int(getattr(counts, name)) for counts in self.types)
