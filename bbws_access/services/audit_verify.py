"""Does the trail still say what it said? Every day and every sequence number that ought to be there is looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.audit_storage import AuditStorage
from bbws_access.clock import Clock, parse_iso
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.models.archive import ArchivedPart
from bbws_access.models.audit_findings import Finding, FindingKind, Verification
from bbws_access.models.audit_questions import HOT_DAYS
from bbws_access.services.archive import SETTLING
from bbws_access.services.archive_check import ArchiveCheck
from bbws_access.services.archive_objects import archived_event, event_line
from bbws_access.services.chain import GENESIS
from bbws_access.services.chain_check import ChainCheck, computed_hash
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
        self, actor: Actor, org_id: str, first: date | None = None, last: date | None = None, *, archive: bool = False
    ) -> Verification:
        """``first`` and ``last`` are days of UTC, both included; without them, all that there is.

        Raises ``Denied``, ``NotFound`` for an organisation without a trail, :class:`InvalidInput` for a range
        that ends before it begins.
        """
        actor.require("audit:read", org_id)
        head = self._table.get(keys.audit_head_key(org_id))
        if head is None:
            raise NotFound(f"organisation {org_id} has no trail", code="NO_TRAIL")
        since = self._since(org_id, head)
        today = self._clock.now().date()
        begin, end = max(first or since, since), min(last or today, today)
        if end < begin:
            raise InvalidInput("the range ends before it begins", details={"fields": {"to": "is before from"}})
        return _Check(self._table, self._clock, self._storage, org_id, head).run(
            begin, end, archive, whole=begin == since
        )

    def _since(self, org_id: str, head: Item) -> date:
        """The chain's first day, or the archive's: the old platform's events are in no chain, but archived."""
        chained = str(head.get("since") or head.get("timestamp"))[:10]
        query = Query(keys.archived_parts(org_id), begins_with=keys.ARCHIVED_PREFIX, limit=1)
        archived = [str(item["date"]) for item in self._table.query(query).items]
        return date.fromisoformat(min([chained, *archived]))


class _Check:
    """One verification."""

    def __init__(self, table: Table, clock: Clock, storage: AuditStorage, org_id: str, head: Item) -> None:
        self._table = table
        self._clock = clock
        self._org_id = org_id
        self._head = head
        self._archive = ArchiveCheck(table, storage, org_id)
        self._findings: list[Finding] = []
        self._events = 0

    def run(self, begin: date, end: date, archive: bool, *, whole: bool) -> Verification:
        parts = self._archive.recorded()
        if archive:
            self._archive.begin()
        chain = self._chain(begin, parts, whole=whole)
        days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
        by_day: dict[str, list[ArchivedPart]] = {}
        for part in parts:
            by_day.setdefault(part.date, []).append(part)
        for day in days:
            self._day(chain, day, by_day.get(day.isoformat(), []), archive=archive)
        head = self._head
        # Events that came meanwhile are beyond the head that was read first: they are nobody's intrusion.
        reaches_head = end >= self._clock.now().date()
        if reaches_head:
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
            last_sequence=int(head["sequence"]),
            last_hash=str(head["hash"]),
            findings=sorted(findings, key=lambda f: (f.date or _date_of(f, findings), f.sequence or 0, f.kind)),
        )

    def _chain(self, begin: date, parts: list[ArchivedPart], *, whole: bool) -> ChainCheck:
        limit = int(self._head["sequence"])
        if whole:
            return ChainCheck(self._org_id, limit, previous=GENESIS)
        before = [p for p in parts if p.date < begin.isoformat() and p.last_sequence is not None]
        if not before:
            return ChainCheck.from_anywhere(self._org_id, limit)
        latest = max(before, key=lambda part: part.last_sequence or 0)
        return ChainCheck(self._org_id, limit, expected=(latest.last_sequence or 0) + 1, previous=latest.last_hash)

    def _day(self, chain: ChainCheck, day: date, parts: list[ArchivedPart], *, archive: bool) -> None:
        text = day.isoformat()
        items = list(self._items(text))
        if not parts:
            self._overdue(day)
        self._expiries(text, items, parts)
        expired = bool(parts) and self._may_have_expired(day)
        if archive and self._archive.has(text):
            checked = self._archive.day(text)
            if checked.events is not None:
                self._events += len(checked.events)
                chain.add(text, checked.events)
                self._compare(text, checked.events, items, expired=expired)
                late = [item for item in items if "ttl" not in item]
                chain.add(text, [archived_event(item) for item in late])
                return
            if expired or not items:
                chain.skip(checked.last_sequence or 0, checked.last_hash)
                return
        elif expired and len(items) < sum(part.count for part in parts):
            # Gone from the table as they should be, one after the other: the record of the archive vouches for
            # what they were.
            last = max(parts, key=lambda part: part.last_sequence or 0)
            chain.skip(last.last_sequence or 0, last.last_hash)
            self._remaining(chain, text, items)
            return
        self._events += len(items)
        chain.add(text, [archived_event(item) for item in items])

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
            if not _in_its_place(item):
                event_id = str(item.get("eventId", ""))
                self._find(FindingKind.REORDERED, day, "does not stand where its content says", item, event_id)
            yield item

    def _may_have_expired(self, day: date) -> bool:
        return self._clock.now().date() >= day + timedelta(days=HOT_DAYS)

    def _overdue(self, day: date) -> None:
        finished = (self._clock.now() - SETTLING - OVERDUE_AFTER).date()
        if day < finished:
            self._find(FindingKind.OVERDUE, day.isoformat(), "the day is not in the archive")

    def _expiries(self, day: str, items: list[Item], parts: list[ArchivedPart]) -> None:
        """What is not in the archive must not expire, and nothing before its time."""
        for item in items:
            if "ttl" not in item:
                continue
            earliest = int((parse_iso(item["timestamp"]) + timedelta(days=HOT_DAYS)).timestamp())
            if not parts:
                self._find(FindingKind.UNPROTECTED, day, "may expire before it is archived", item, place="table")
            elif int(item["ttl"]) < earliest:
                self._find(FindingKind.UNPROTECTED, day, "expires before its time", item, place="table")

    def _compare(self, day: str, archived: list[dict[str, Any]], items: list[Item], *, expired: bool) -> None:
        """The table's copy of an archived day, event by event."""
        here = {str(item["eventId"]): item for item in items}
        for event in archived:
            item = here.pop(str(event["eventId"]), None)
            if item is None:
                if not expired:
                    self._find(FindingKind.REMOVED, day, "is archived, and missing in the table", event)
            elif not _same(archived_event(item), event):
                self._find(FindingKind.ALTERED, day, "is not what was archived", event)
        for item in here.values():
            if "ttl" in item:
                self._find(FindingKind.INSERTED, day, "is in no part of the archive", item)

    def _find(
        self,
        kind: FindingKind,
        day: str,
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


def _same(here: dict[str, Any], archived: dict[str, Any]) -> bool:
    """As JSON, which knows neither sets nor bytes; most events are equal before that."""
    return here == archived or event_line(here) == event_line(archived)


def _in_its_place(item: Item) -> bool:
    """Whether the keys, of the table and of the indexes, are those of the content."""
    try:
        ought = keys.event(
            item["organisationId"], item["userId"], item["eventType"], item["timestamp"], item["eventId"]
        )
    except (KeyError, TypeError):
        return True  # the chain has its own word on an event that lacks so much
    return all(item.get(name) == value for name, value in ought.items())


def _came_meanwhile(finding: Finding, before: int, now: int) -> bool:
    return finding.kind is FindingKind.INSERTED and finding.sequence is not None and before < finding.sequence <= now


def _date_of(finding: Finding, findings: list[Finding]) -> str:
    """A missing event has no day of its own: it sorts after the last that came before it."""
    before = [f.date for f in findings if f.date and f.sequence and finding.sequence and f.sequence <= finding.sequence]
    return max(before, default="")
