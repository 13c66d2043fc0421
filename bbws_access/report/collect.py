"""From events to a report: one pass, in bounded memory, whatever the events hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from bbws_access.export.formats import Row, text_of
from bbws_access.models.archive import ArchivedPart
from bbws_access.models.kinds import EventType, Outcome
from bbws_access.report.data import (
    OUTCOMES,
    ArchivedDay,
    Counts,
    Entry,
    ExportEntry,
    ExportListing,
    Listing,
    ReportData,
    Retention,
    Subject,
    Verification,
)
from bbws_access.report.differences import field_changes, shortened
from bbws_access.report.tallies import Latest, OutcomeTally, Tally, bin_of, bins, unit_of

MOST_ENTRIES: Final = 250
"""Of each list: the latest are kept."""

MOST_PARTS: Final = 400
"""Of the archive that are listed one by one."""

MOST_TYPES: Final = 50
"""That are told apart; the contract has seven."""

EXPORTS: Final = frozenset(
    {"audit.export", "audit.report", "audit.evidence", "access.review", "organisation.export", "users.export"}
)
"""Actions that leave a copy of the trail."""

ASSIGNMENTS: Final = frozenset({"role.assign", "role.revoke", "role.omit"})

ACCESS: Final = frozenset({"user.create", "user.deactivate", "user.reactivate"})
"""Actions that give somebody access to the organisation, or take it."""

_RIGHTS: Final = frozenset({EventType.PERMISSION_CHANGE.value, EventType.ROLE_CHANGE.value})

_OTHER: Final = len(OUTCOMES)
"""The place of an outcome that nobody knows."""

_SETTLING: Final = timedelta(hours=26)
"""After its begin, a day should be archived: it has ended, and the job ran at 02:00 UTC."""


class Collector:
    """Takes events in the order of time and gives :class:`ReportData`.

    ``lead_roles`` are the names of the team roles that lead a team.
    """

    def __init__(self, subject: Subject, lead_roles: frozenset[str] = frozenset()) -> None:
        self._subject = subject
        self._lead_roles = lead_roles
        self._first_day = subject.since.astimezone(UTC).date()
        self._last_day = max(self._first_day, (subject.until - timedelta(milliseconds=1)).astimezone(UTC).date())
        self._days = OutcomeTally((self._last_day - self._first_day).days + 2)
        self._types = OutcomeTally(MOST_TYPES)
        self._denied_users, self._denied_endpoints = Tally(), Tally()
        self._lists = {name: Latest[Entry](MOST_ENTRIES) for name in ("roles", "assignments", "users", "leads", "team")}
        self._exports = Latest[ExportEntry](MOST_ENTRIES)
        self._total = 0
        self._first = self._last = ""

    def add(self, row: Row) -> None:
        timestamp, outcome = text_of(row.get("timestamp")), text_of(row.get("outcome"))
        place = OUTCOMES.index(outcome) if outcome in OUTCOMES else _OTHER
        self._total += 1
        if self._in_range(timestamp[:10]):
            self._first = self._first or timestamp
            self._last = timestamp
        self._days.add(timestamp[:10], place)
        self._types.add(shortened(text_of(row.get("eventType")), 60), place)
        if outcome == Outcome.DENIED:
            self._denied_users.add(_who(row))
            self._denied_endpoints.add(_endpoint(row))
        elif outcome == Outcome.SUCCESS:
            self._list(row)

    def add_all(self, rows: Iterable[Row]) -> Collector:
        for row in rows:
            self.add(row)
        return self

    def report(
        self, parts: Sequence[ArchivedPart], kept: timedelta, verification: Verification | None = None
    ) -> ReportData:
        """``parts`` are what the archive holds of the range, oldest first; it is ``kept`` for so long."""
        unit = unit_of(self._first_day, self._last_day)
        return ReportData(
            subject=self._subject,
            total=self._total,
            first=self._first,
            last=self._last,
            unit=unit,
            activity=self._activity(unit),
            types=self._by_type(),
            denied_users=self._denied_users.ranking(),
            denied_endpoints=self._denied_endpoints.ranking(),
            roles=self._listing("roles"),
            assignments=self._listing("assignments"),
            users=self._listing("users"),
            leads=self._listing("leads"),
            memberships=self._listing("team"),
            exports=ExportListing(self._exports.entries(), self._exports.total),
            retention=self._retention(parts, kept),
            verification=verification,
        )

    def _list(self, row: Row) -> None:
        kind, action = text_of(row.get("eventType")), text_of(row.get("action"))
        if action in EXPORTS:
            self._exports.add(_export(row))
        elif action in ASSIGNMENTS:
            self._lists["assignments"].add(_entry(row))
        elif kind in _RIGHTS:
            self._lists["roles"].add(_entry(row))
        elif action in ACCESS:
            self._lists["users"].add(_entry(row))
        elif kind == EventType.TEAM_MEMBERSHIP:
            entry = _entry(row)
            self._lists["team"].add(entry)
            if self._led(row, "before") is not self._led(row, "after"):
                self._lists["leads"].add(entry)

    def _led(self, row: Row, side: str) -> bool:
        return text_of(_inside(row, side).get("teamRole")) in self._lead_roles

    def _listing(self, name: str) -> Listing:
        found = self._lists[name]
        return Listing(found.entries(), found.total)

    def _activity(self, unit: str) -> list[Counts]:
        found = {name: [0, 0, 0, 0] for name in bins(self._first_day, self._last_day, unit)}
        for day in self._days.names():
            counts = self._days.counts(day)
            name = bin_of(day, unit) if self._in_range(day) else "at no known time"
            sums = found.setdefault(name, [0, 0, 0, 0])
            for place, count in enumerate((counts.success, counts.failure, counts.denied, counts.other)):
                sums[place] += count
        return [Counts(name, *sums) for name, sums in found.items()]

    def _in_range(self, day: str) -> bool:
        try:
            return self._first_day <= date.fromisoformat(day) <= self._last_day
        except ValueError:
            return False

    def _by_type(self) -> list[Counts]:
        known = [kind.value for kind in EventType]
        return [self._types.counts(name) for name in [*known, *sorted(set(self._types.names()) - set(known))]]

    def _retention(self, parts: Sequence[ArchivedPart], kept: timedelta) -> Retention:
        archived: dict[str, int] = {}
        for part in parts:
            archived[part.date] = archived.get(part.date, 0) + part.count
        finished = self._finished_days()
        missing = [day for day in finished if day not in archived]
        differing = [day for day in archived if self._whole(day) and self._days.counts(day).total != archived[day]]
        shown = [self._archived_day(part) for part in parts[-MOST_PARTS:]]
        return Retention(
            finished=len(finished),
            archived=len(finished) - len(missing),
            missing=_gaps(missing),
            differing=differing,
            parts=shown,
            total_parts=len(parts),
            kept_days=kept.days,
        )

    def _finished_days(self) -> list[str]:
        days = ((self._first_day + timedelta(days=n)) for n in range((self._last_day - self._first_day).days + 1))
        made = self._subject.made_at
        return [d.isoformat() for d in days if datetime(d.year, d.month, d.day, tzinfo=UTC) + _SETTLING <= made]

    def _whole(self, day: str) -> bool:
        """Whether all of a day is in the range."""
        if not self._in_range(day):
            return False
        begin = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        return self._subject.since <= begin and begin + timedelta(days=1) <= self._subject.until

    def _archived_day(self, part: ArchivedPart) -> ArchivedDay:
        sequences = "" if part.first_sequence is None else f"{part.first_sequence}\u2013{part.last_sequence}"
        read = self._days.counts(part.date).total if self._whole(part.date) and part.part == 0 else None
        return ArchivedDay(part.date, part.part, part.count, sequences, part.sha256, part.archived_at, read)


def _inside(row: Row, side: str) -> Mapping[str, Any]:
    details = row.get("details")
    found = details.get(side) if isinstance(details, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _more(row: Row) -> Mapping[str, Any]:
    details = row.get("details")
    return details if isinstance(details, Mapping) else {}


def _who(row: Row) -> str:
    return shortened(text_of(row.get("userEmail")) or text_of(row.get("userId")) or "nobody known", 120)


def _endpoint(row: Row) -> str:
    """Method and path where the event tells them, else what was tried."""
    more = _more(row)
    path = text_of(more.get("path")) or text_of(more.get("endpoint"))
    if path:
        return shortened(f"{text_of(more.get('method'))} {path}".strip(), 160)
    return shortened(text_of(row.get("action")) or "not told", 160)


def _target(row: Row) -> str:
    """The kind of thing and, where the event tells it, its name rather than its id."""
    more = _more(row)
    named = [more.get("name"), more.get("email"), more.get("teamName")]
    named += [_inside(row, side).get(name) for side in ("after", "before") for name in ("email", "name")]
    name = next((text_of(value) for value in named if value), "") or text_of(row.get("resourceId"))
    return shortened(f"{text_of(row.get('resourceType'))} {name}".strip(), 160)


def _entry(row: Row) -> Entry:
    return Entry(
        event_id=shortened(text_of(row.get("eventId")), 60),
        timestamp=shortened(text_of(row.get("timestamp")), 40),
        who=_who(row),
        action=shortened(text_of(row.get("action")), 60),
        target=_target(row),
        fields=field_changes(row.get("details")),
        address=shortened(text_of(row.get("ipAddress")), 60),
    )


def _export(row: Row) -> ExportEntry:
    more = _more(row)
    return ExportEntry(
        timestamp=shortened(text_of(row.get("timestamp")), 40),
        who=_who(row),
        action=shortened(text_of(row.get("action")), 60),
        target=shortened(text_of(more.get("target"))),
        file_format=shortened(text_of(more.get("format")), 20),
        count=shortened(text_of(more.get("count")), 20),
        sha256=shortened(text_of(more.get("sha256")), 80),
    )


def _gaps(days: list[str]) -> list[tuple[str, str]]:
    """Days in a row as first and last."""
    found: list[tuple[str, str]] = []
    for day in days:
        if found and date.fromisoformat(found[-1][1]) + timedelta(days=1) == date.fromisoformat(day):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
