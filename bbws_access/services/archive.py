"""The archive job: each finished day of the trail becomes an object that nobody can change.

A part of a day is written in five steps, any of which may be the last before a crash; the next run does
again what was not done:

1. the head names the part as pending, so that no other part can come between;
2. the object is stored, once: where it is there already, it is taken as it is if the table bears it out;
3. the manifest is stored, once;
4. both are read back and compared, and only then the part is recorded and the head moves on;
5. its events get their ``ttl``. An event that is in no verified object has none and cannot expire.

Events that appear on a day after it was archived make a further part; nothing is ever rewritten.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.audit_storage import AuditStorage
from bbws_access.clock import Clock, iso, parse_iso
from bbws_access.errors import AccessError
from bbws_access.keys import PLATFORM
from bbws_access.models.archive import ArchivedPart, ArchiveHead, Manifest
from bbws_access.models.audit_questions import HOT_DAYS
from bbws_access.models.kinds import EventType
from bbws_access.services import archive_objects as objects
from bbws_access.services.archive_head import (
    advanced,
    as_read,
    differs,
    everybody,
    oldest_marked,
    overtaken,
    read_head,
    table_is_behind,
)
from bbws_access.services.archive_objects import Contents, Packed
from bbws_access.services.trail import Change, Trail
from bbws_access.store.conditions import Attr
from bbws_access.store.table import MAX_TRANSACTION, Item, Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Put, Update, Write

RETAINED: Final = timedelta(days=2555)
"""Seven years; the contract's figure."""

SETTLING: Final = timedelta(hours=1)
"""After midnight, for writers whose clocks are behind."""

LATE_DAYS: Final = 7
"""Days back in which every run looks for events that came late; a catch-up looks at every day there is."""


@dataclass(frozen=True, slots=True)
class ArchiveFailure:
    """Where an organisation's archive stopped."""

    org_id: str
    day: str
    error: AccessError


@dataclass(slots=True)
class ArchiveReport:
    """What a run did. ``unfinished``: it ran out of time."""

    parts: list[ArchivedPart] = field(default_factory=list)
    failures: list[ArchiveFailure] = field(default_factory=list)
    unfinished: bool = False


class Archive:
    """Writes the archive of every organisation, and of the platform."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, storage: AuditStorage) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._storage = storage

    def run(
        self,
        actor: Actor,
        org_ids: list[str] | None = None,
        *,
        catch_up: bool = False,
        enough: Callable[[], bool] = lambda: False,
    ) -> ArchiveReport:
        """Archives what is finished, the oldest day first; a failure of one organisation holds up no other.

        ``enough`` is asked before each part and ends the run early; what is left is for the next.
        """
        report = ArchiveReport()
        for org_id in org_ids if org_ids is not None else everybody(self._table):
            actor.require("audit:archive", PLATFORM)
            day = ""
            try:
                for day, part in self._due(org_id, catch_up=catch_up):
                    if enough():
                        report.unfinished = True
                        return report
                    done = self._archive(actor, org_id, day, part)
                    if done is not None:
                        report.parts.append(done)
            except AccessError as error:
                report.failures.append(ArchiveFailure(org_id, day, error))
        return report

    def reached(self, actor: Actor, org_id: str) -> ArchiveHead:
        """How far an organisation's archive has come, or the platform's."""
        actor.require("audit:archive", PLATFORM)
        return read_head(self._table, org_id)

    # --- what is due -----------------------------------------------------------------------------

    def _due(self, org_id: str, *, catch_up: bool) -> Iterator[tuple[str, int]]:
        """Days and parts, in the order in which they have to be written."""
        head = read_head(self._table, org_id)
        if head.pending_date is not None and head.pending_part is not None:
            yield head.pending_date, head.pending_part
        recorded = self._recorded(org_id, all_days=catch_up)
        for part in recorded:
            if not part.marked:
                yield part.date, part.part
        if catch_up and recorded:
            yield from self._before(org_id, date.fromisoformat(recorded[0].date))
        first = self._first_day(org_id, read_head(self._table, org_id))
        last = (self._clock.now() - SETTLING).date() - timedelta(days=1)
        while first is not None and first <= last:
            yield first.isoformat(), 0
            first += timedelta(days=1)
        yield from self._late(org_id, all_days=catch_up)

    def _first_day(self, org_id: str, head: ArchiveHead) -> date | None:
        """The first day that is not archived; ``None`` where nothing has ever happened."""
        if head.date is not None:
            return date.fromisoformat(head.date) + timedelta(days=1)
        return self._earliest(org_id)

    def _before(self, org_id: str, archived: date) -> Iterator[tuple[str, int]]:
        """Days before the first that is ``archived``: a migration may bring events that are older than it."""
        day = self._earliest(org_id)
        while day is not None and day < archived:
            yield day.isoformat(), 0
            day += timedelta(days=1)

    def _earliest(self, org_id: str) -> date | None:
        # Not the chain's beginning: the old platform's events, and decisions, are in no chain.
        firsts = [
            str(page.items[0]["timestamp"])[:10]
            for kind in EventType
            if (page := self._table.query(Query(keys.events_of_type(org_id, kind), index=5, limit=1))).items
        ]
        return date.fromisoformat(min(firsts)) if firsts else None

    def _late(self, org_id: str, *, all_days: bool) -> Iterator[tuple[str, int]]:
        parts: dict[str, int] = {}
        for recorded in self._recorded(org_id, all_days=all_days):
            parts[recorded.date] = max(recorded.part, parts.get(recorded.date, 0))
        oldest = (self._clock.now().date() - timedelta(days=LATE_DAYS)).isoformat()
        for day, part in sorted(parts.items()):
            if (all_days or day >= oldest) and next(self._events(org_id, day, unmarked=True), None) is not None:
                yield day, part + 1

    def _recorded(self, org_id: str, *, all_days: bool) -> list[ArchivedPart]:
        """The parts of the last days, or of all, oldest first."""
        begin = "" if all_days else oldest_marked(self._clock.now())
        between = (f"{keys.ARCHIVED_PREFIX}{begin}", f"{keys.ARCHIVED_PREFIX}~")
        found = self._table.query_all(Query(keys.archived_parts(org_id), between=between))
        return [ArchivedPart.from_item(item) for item in found]

    def _events(self, org_id: str, day: str, *, unmarked: bool) -> Iterator[Item]:
        query = Query(keys.events_of_day(org_id, day), begins_with=keys.EVENT_PREFIX)
        return self._table.query_all(replace(query, filter=Attr("ttl").not_exists()) if unmarked else query)

    # --- one part --------------------------------------------------------------------------------

    def _archive(self, actor: Actor, org_id: str, day: str, part: int) -> ArchivedPart | None:
        """``None`` where it was archived already and only its events had to be marked."""
        recorded = self._table.get(_part_key(org_id, day, part))
        if recorded is not None:
            self._mark(ArchivedPart.from_item(recorded))
            return None
        head = self._begin(org_id, day, part)
        with tempfile.TemporaryDirectory(prefix="bbws-access-") as folder:
            packed = self._store(org_id, day, part, Path(folder))
            manifest, digest = self._describe(org_id, day, part, packed, head, Path(folder))
        self._read_back(manifest, digest)
        done = self._record(actor, manifest, digest, head)
        self._mark(done)
        return done.model_copy(update={"marked": True})

    def _begin(self, org_id: str, day: str, part: int) -> ArchiveHead:
        head = read_head(self._table, org_id)
        if (head.pending_date, head.pending_part) == (day, part):
            return head
        self._table.write(
            Update(
                keys.archive_head_key(org_id),
                assign={
                    "organisationId": org_id,
                    "number": head.number,
                    "manifestDigest": head.manifest_digest,
                    "pendingDate": day,
                    "pendingPart": part,
                },
                condition=as_read(head) & Attr("pendingDate").not_exists(),
                otherwise=overtaken(org_id),
            )
        )
        return head

    def _store(self, org_id: str, day: str, part: int, folder: Path) -> Packed:
        key = objects.object_key(org_id, day, part)
        events = (objects.archived_event(item) for item in self._events(org_id, day, unmarked=part > 0))
        packed = objects.pack(events, folder / "object")
        until = self._clock.now() + RETAINED
        if self._storage.put_once(key, packed.path, objects.OBJECT_TYPE, packed.sha256, until):
            return packed
        return self._adopt(org_id, day, key, packed)

    def _adopt(self, org_id: str, day: str, key: str, ours: Packed) -> Packed:
        """An earlier run's object stands; raises :class:`Conflict` unless all that it holds is in the table too."""
        with self._storage.read(key) as raw:
            stream = objects.Digesting(raw)
            contents = Contents()
            for event, _ in self._both(org_id, day, objects.unpack(stream)):
                contents.add(event)
            stream.drain()
        return Packed(ours.path, stream.sha256, stream.size, contents)

    def _both(self, org_id: str, day: str, archived: Iterator[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Item]]:
        """Each event of an object with its item; raises :class:`Conflict` where the two differ."""
        items = self._events(org_id, day, unmarked=False)
        for event in archived:
            item = next((i for i in items if i["eventId"] == event["eventId"]), None)
            if item is None:
                raise table_is_behind(
                    org_id, f"the archive of {day} holds event {event['eventId']}, which the table lacks"
                )
            if objects.event_line(objects.archived_event(item)) != objects.event_line(event):
                raise differs(org_id, f"the archive of {day} and the table differ at event {event['eventId']}")
            yield event, item

    def _describe(
        self, org_id: str, day: str, part: int, packed: Packed, head: ArchiveHead, folder: Path
    ) -> tuple[Manifest, str]:
        manifest = Manifest(
            organisation_id=org_id,
            date=day,
            part=part,
            number=head.number + 1,
            key=objects.object_key(org_id, day, part),
            **asdict(packed.contents),
            sha256=packed.sha256,
            size=packed.size,
            previous_manifest=head.manifest_digest,
            written_at=iso(self._clock.now()),
        )
        text = manifest.model_dump_json(by_alias=True, exclude_none=True, indent=1).encode()
        digest = hashlib.sha256(text).hexdigest()
        path = folder / "manifest"
        path.write_bytes(text)
        key, until = objects.manifest_key(org_id, day, part), self._clock.now() + RETAINED
        if self._storage.put_once(key, path, objects.MANIFEST_TYPE, digest, until):
            return manifest, digest
        return self._stored_manifest(key, manifest)

    def _stored_manifest(self, key: str, ours: Manifest) -> tuple[Manifest, str]:
        """The manifest of an earlier run; raises :class:`Conflict` unless it says what ours says."""
        with self._storage.read(key) as stream:
            text = stream.read()
        try:
            found = Manifest.model_validate_json(text)
        except ValidationError:
            found = None
        if found is None or found.model_copy(update={"written_at": ours.written_at}) != ours:
            words = f"the manifest {key} says something else than what is to be archived"
            raise table_is_behind(ours.organisation_id, words)
        return found, hashlib.sha256(text).hexdigest()

    def _read_back(self, manifest: Manifest, digest: str) -> None:
        """Raises :class:`Conflict` (``ARCHIVE_DIFFERS``) unless S3 gives back what was written."""
        with self._storage.read(manifest.key) as raw:
            stream = objects.Digesting(raw)
            count = sum(1 for _ in objects.unpack(stream))
            stream.drain()
        with self._storage.read(objects.manifest_key(manifest.organisation_id, manifest.date, manifest.part)) as raw:
            stored = hashlib.sha256(raw.read()).hexdigest()
        if (stream.sha256, count, stored) != (manifest.sha256, manifest.count, digest):
            raise differs(manifest.organisation_id, f"{manifest.key} reads back otherwise than it was written")

    def _record(self, actor: Actor, manifest: Manifest, digest: str, head: ArchiveHead) -> ArchivedPart:
        done = ArchivedPart.of(manifest, digest, iso(self._clock.now()))
        advance = advanced(head, [done], pending=manifest.date)
        told = {"date": done.date, "part": done.part, "count": done.count, "sha256": done.sha256, "manifest": digest}
        change = Change(EventType.CONFIGURATION, "audit.archive", "archive", manifest.organisation_id, more=told)
        put = Put(done.to_item(), condition=ABSENT, otherwise=advance.otherwise)
        self._trail.commit(actor, PLATFORM, [change], [put, advance])
        return done

    def _mark(self, part: ArchivedPart) -> None:
        """Lets the events of a part expire; those of a part that is marked are left alone."""
        if part.marked:
            return
        batch: list[Write] = []
        with self._storage.read(objects.object_key(part.organisation_id, part.date, part.part)) as stream:
            for _, item in self._both(part.organisation_id, part.date, objects.unpack(stream)):
                if "ttl" in item:
                    continue
                expires = int((parse_iso(item["timestamp"]) + timedelta(days=HOT_DAYS)).timestamp())
                key = {"PK": item["PK"], "SK": item["SK"]}
                batch.append(Update(key, assign={"ttl": expires}, condition=PRESENT))
                if len(batch) == MAX_TRANSACTION:
                    self._table.transact(batch)
                    batch = []
        if batch:
            self._table.transact(batch)
        self._table.write(
            Update(_part_key(part.organisation_id, part.date, part.part), assign={"marked": True}, condition=PRESENT)
        )


def _part_key(org_id: str, day: str, part: int) -> keys.Keys:
    return keys.archived_part(org_id, day, part)
