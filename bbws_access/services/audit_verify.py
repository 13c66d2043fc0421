"""Does the trail still say what it said? Every day and every sequence number that ought to be there is looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.audit_storage import AuditStorage
from bbws_access.clock import Clock, iso, parse_iso
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.models.archive import ArchivedPart
from bbws_access.models.audit_findings import Finding, FindingKind, Verification
from bbws_access.models.audit_questions import HOT_DAYS
from bbws_access.services.archive import LATE_DAYS, SETTLING
from bbws_access.services.archive_check import ArchiveCheck
from bbws_access.services.archive_objects import archived_event, folder
from bbws_access.services.archived_day import differences, in_its_place
from bbws_access.services.chain import GENESIS
from bbws_access.services.chain_check import ChainCheck, computed_hash
from bbws_access.services.unchained import Unchained
from bbws_access.store.table import Item, Query, Table

OVERDUE_AFTER: Final = timedelta(days=1)
"""The nightly job has a day to come round again before its absence is a finding."""


class AuditVerify:
    """Checks one organisation's trail, in the table and, if asked, in the archive."""

    def __init__(self, table: Table, clock: Clock, storage: AuditStorage) -> None:
        self._table = table
        self._clock = clock
        self._storage = storage

    def verify(
        self,
        actor: Actor,
        org_id: str,
        first: date | None = None,
        last: date | None = None,
        *,
        archive: bool = False,
        anchors: Mapping[int, str] | None = None,
    ) -> Verification:
        """``first`` and ``last`` are days of UTC, both included; without them, all that there is.

        ``anchors`` are hashes of events, by sequence, that are known from elsewhere: an earlier verification, a
        bundle of evidence, a log. Raises ``Denied``, ``NotFound`` for an organisation without a trail,
        :class:`InvalidInput` for a range that ends before it begins.
        """
        actor.require("audit:read", org_id)
        head = self._table.get(keys.audit_head_key(org_id))
        if head is None and not self._ought_to_be(org_id, archive=archive, anchored=bool(anchors)):
            raise NotFound(f"organisation {org_id} has no trail", code="NO_TRAIL")
        since = self._since(org_id, head or {})
        today = self._clock.now().date()
        begin, end = max(first or since, since), min(last or today, today)
        if end < begin:
            raise InvalidInput("the range ends before it begins", details={"fields": {"to": "is before from"}})
        return _Check(self._table, self._clock, self._storage, org_id, head, dict(anchors or {})).run(
            begin, end, archive, whole=begin == since
        )

    def _ought_to_be(self, org_id: str, *, archive: bool, anchored: bool) -> bool:
        """Whether there was a trail, though its head is gone: every organisation begins with an event."""
        return (
            anchored
            or self._table.get(keys.organisation_key(org_id)) is not None
            or bool(self._first_archived(org_id))
            or (archive and bool(self._storage.keys_below(folder(org_id))))
        )

    def _first_archived(self, org_id: str) -> list[str]:
        query = Query(keys.archived_parts(org_id), begins_with=keys.ARCHIVED_PREFIX, limit=1)
        return [str(item["date"]) for item in self._table.query(query).items]

    def _since(self, org_id: str, head: Item) -> date:
        """The chain's first day, or the archive's: the old platform's events are in no chain, but archived."""
        now = iso(self._clock.now())
        chained = str(head.get("since") or head.get("timestamp") or now)[:10]
        known = [day for text in (chained, *self._first_archived(org_id)) if (day := _day_of(text)) is not None]
        return min([*known, _day_of(now) or date.max])


class _Check:
    """One verification."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        storage: AuditStorage,
        org_id: str,
        head: Item | None,
        anchors: dict[int, str],
    ) -> None:
        self._table = table
        self._clock = clock
        self._org_id = org_id
        self._headless = head is None or not _is_head(head)
        self._lost = "missing" if head is None else "not what was written"
        self._head: Item = head if head is not None and not self._headless else {"sequence": 0, "hash": GENESIS}
        self._anchors = anchors
        self._archive = ArchiveCheck(table, storage, org_id)
        self._unchained = Unchained(table)
        self._began = ""
        self._findings: list[Finding] = []
        self._events = 0

    def run(self, begin: date, end: date, archive: bool, *, whole: bool) -> Verification:
        if archive:
            self._archive.begin()
        parts = self._archive.recorded()
        chain = self._chain(begin, parts, whole=whole)
        days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
        by_day: dict[str, list[ArchivedPart]] = {}
        for part in parts:
            by_day.setdefault(part.date, []).append(part)
        for day in days:
            self._day(chain, day, by_day.get(day.isoformat(), []), archive=archive)
        head = self._head
        # Events that came meanwhile are beyond the head that was read first: they are nobody's intrusion.
        if self._headless:
            kind = FindingKind.REMOVED if self._lost == "missing" else FindingKind.ALTERED
            self._find(kind, None, f"the chain's head is {self._lost}", place="chain")
            found = [f for f in chain.finish(None, None) if not _is_beyond(f, chain.limit)]
        elif end >= self._clock.now().date():
            found = chain.finish(int(head["sequence"]), str(head["hash"]))
            now = self._table.get(keys.audit_head_key(self._org_id)) or head
            found = [f for f in found if not _came_meanwhile(f, int(head["sequence"]), int(now["sequence"]))]
        else:
            found = chain.finish(None, None)
        findings = [*found, *self._findings, *self._archive.findings]
        return Verification(
            organisation_id=self._org_id,
            from_day=begin.isoformat(),
            to_day=end.isoformat(),
            archive=archive,
            days=len(days),
            events=self._events,
            chained=chain.count,
            objects=self._archive.objects,
            cold=self._archive.cold,
            last_sequence=int(head["sequence"]),
            last_hash=str(head["hash"]),
            findings=sorted(findings, key=lambda f: (f.date or _date_of(f, findings), f.sequence or 0, f.kind)),
        )

    def _chain(self, begin: date, parts: list[ArchivedPart], *, whole: bool) -> ChainCheck:
        limit = int(self._head["sequence"])
        if self._headless:
            # What the archive vouches for can be told; what was to come after it, nobody knows.
            limit = max([0, *(part.last_sequence or 0 for part in parts)])
        if whole:
            return ChainCheck(self._org_id, limit, previous=GENESIS, anchors=self._anchors)
        before = [p for p in parts if p.date < begin.isoformat() and p.last_sequence is not None]
        if not before:
            return ChainCheck.from_anywhere(self._org_id, limit, self._anchors)
        latest = max(before, key=lambda part: part.last_sequence or 0)
        expected = (latest.last_sequence or 0) + 1
        return ChainCheck(self._org_id, limit, expected, latest.last_hash, anchors=self._anchors)

    def _day(self, chain: ChainCheck, day: date, parts: list[ArchivedPart], *, archive: bool) -> None:
        text = day.isoformat()
        items = list(self._items(text))
        known = bool(parts) or self._archive.has(text)
        if not known:
            self._overdue(day)
        self._expiries(text, items, known)
        self._beginning(text, items)
        for item in self._unchained.among(items, self._began or str(self._head.get("since") or "")):
            self._find(FindingKind.INSERTED, text, "tells of a change and is in no chain", item)
        expired = known and self._may_have_expired(day)
        if archive and self._archive.has(text):
            checked = self._archive.day(text)
            if checked.events is not None:
                self._events += len(checked.events)
                chain.add(text, checked.events)
                for kind, words, event in differences(checked.events, items, expired=expired):
                    self._find(kind, text, words, event)
                held = {event.get("eventId") for event in checked.events}
                late = [item for item in items if "ttl" not in item and item.get("eventId") not in held]
                self._late(day, late)
                chain.add(text, [archived_event(item) for item in late])
                return
            if expired or not items or checked.vouched:
                chain.skip(checked.last_sequence or 0, checked.last_hash)
                return
        elif parts and expired and len(items) < sum(part.count for part in parts):
            # Gone from the table as they should be, one after the other: the record of the archive vouches for
            # what they were.
            last = max(parts, key=lambda part: part.last_sequence or 0)
            chain.skip(last.last_sequence or 0, last.last_hash)
            self._remaining(chain, text, items)
            return
        self._events += len(items)
        chain.add(text, [archived_event(item) for item in items])

    def _beginning(self, day: str, events: Sequence[Mapping[str, Any]]) -> None:
        """The head says when the chain began; what stands outside of it is measured by that."""
        since = self._head.get("since")
        for event in events:
            if event.get("sequence") != 1:
                continue
            self._began = str(event.get("timestamp"))
            if since is not None and self._began != since:
                self._find(
                    FindingKind.ALTERED, day, "is not at the time at which the head says that the chain began", event
                )

    def _remaining(self, chain: ChainCheck, day: str, items: list[Item]) -> None:
        """Of a day whose events are expiring: each by itself, but those that the archive does not hold."""
        self._events += len(items)
        chain.add(day, [archived_event(item) for item in items if "ttl" not in item])
        for item in items:
            if "ttl" in item and "eventHash" in item and computed_hash(archived_event(item)) != item["eventHash"]:
                self._find(FindingKind.ALTERED, day, "does not have the hash that it was written with", item)

    def _items(self, day: str) -> Iterator[Item]:
        query = Query(keys.events_of_day(self._org_id, day), begins_with=keys.EVENT_PREFIX)
        for item in self._table.query_all(query):
            if not in_its_place(item):
                event_id = str(item.get("eventId", ""))
                self._find(FindingKind.REORDERED, day, "does not stand where its content says", item, event_id)
            yield item

    def _may_have_expired(self, day: date) -> bool:
        return self._clock.now().date() >= day + timedelta(days=HOT_DAYS)

    def _overdue(self, day: date) -> None:
        finished = (self._clock.now() - SETTLING - OVERDUE_AFTER).date()
        if day < finished:
            self._find(FindingKind.OVERDUE, day.isoformat(), "the day is not in the archive")

    def _late(self, day: date, late: list[Item]) -> None:
        """The nightly job looks for them in the last days only."""
        if late and day + timedelta(days=LATE_DAYS) < (self._clock.now() - SETTLING - OVERDUE_AFTER).date():
            self._find(
                FindingKind.OVERDUE,
                day.isoformat(),
                "came late, and only audit archive --catch-up will archive it",
                late[0],
            )

    def _expiries(self, day: str, items: list[Item], known: bool) -> None:
        """What is not in the archive must not expire, and nothing before its time."""
        mortal = [item for item in items if "ttl" in item]
        # It may have been archived since the records were read, and the events were read after that.
        known = known or (bool(mortal) and bool(self._archive.recorded(day)))
        for item in mortal:
            if not known:
                self._find(FindingKind.UNPROTECTED, day, "may expire before it is archived", item)
            elif not isinstance(item["ttl"], int) or item["ttl"] < _earliest(item):
                self._find(FindingKind.UNPROTECTED, day, "expires before its time", item)

    def _find(
        self,
        kind: FindingKind,
        day: str | None,
        message: str,
        event: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        place: str = "table",
    ) -> None:
        name = event_id or (str(event.get("eventId")) if event is not None else None)
        sequence = event.get("sequence") if event is not None else None
        self._findings.append(
            Finding(
                kind=kind,
                place=place,
                organisation_id=self._org_id,
                date=day,
                sequence=sequence if isinstance(sequence, int) else None,
                event_id=name,
                message=message if event is None else f"event {name} {message}",
            )
        )


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _is_head(item: Item) -> bool:
    sequence, since = item.get("sequence"), item.get("since")
    counted = isinstance(sequence, int) and not isinstance(sequence, bool) and sequence > 0
    return counted and isinstance(item.get("hash"), str) and (since is None or _day_of(str(since)) is not None)


def _earliest(item: Item) -> int:
    """When the event may expire, in epoch seconds; at no time where it says nothing of when it was."""
    try:
        return int((parse_iso(str(item.get("timestamp"))) + timedelta(days=HOT_DAYS)).timestamp())
    except (ValueError, OverflowError):
        return 0


def _is_beyond(finding: Finding, limit: int) -> bool:
    return finding.kind is FindingKind.INSERTED and finding.sequence is not None and finding.sequence > limit


def _came_meanwhile(finding: Finding, before: int, now: int) -> bool:
    return finding.kind is FindingKind.INSERTED and finding.sequence is not None and before < finding.sequence <= now


def _date_of(finding: Finding, findings: list[Finding]) -> str:
    """A missing event has no day of its own: it sorts after the last that came before it."""
    before = [f.date for f in findings if f.date and f.sequence and finding.sequence and f.sequence <= finding.sequence]
    return max(before, default="")
