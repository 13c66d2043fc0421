"""Evidence for an auditor: a stretch of the trail, and what proves that nobody could have changed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, BinaryIO, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.audit_storage import AuditStorage
from bbws_access.clock import Clock, iso
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.evidence.bundle import Bundle
from bbws_access.models.archive import ArchivedPart, ArchiveHead
from bbws_access.models.kinds import EventType
from bbws_access.services import archive_objects as objects
from bbws_access.services.archive_objects import Contents
from bbws_access.services.chain import GENESIS
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import Item, Query, Table

FORMAT: Final = "bbws-audit-evidence/1"


@dataclass(slots=True)
class Gathered:
    """What a bundle holds. ``first_sequence`` to ``last_sequence`` are the chained events; 1 to 0 is none."""

    from_day: date
    to_day: date
    events: int = 0
    manifests: int = 0
    first_sequence: int = 1
    last_sequence: int = 0
    last_hash: str | None = None
    files: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _State:
    """How far the trail and its archive had come before anything else was read."""

    head: Item
    archive: ArchiveHead
    parts: list[ArchivedPart]


class AuditEvidence:
    """Makes bundles; :mod:`bbws_access.evidence.check` is the program that checks them."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, storage: AuditStorage) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._storage = storage

    def write(
        self,
        actor: Actor,
        org_id: str,
        name: str,
        out: BinaryIO,
        first: date | None = None,
        last: date | None = None,
        passed: Callable[[int], None] = lambda _: None,
    ) -> Gathered:
        """Writes the bundle of the days ``first`` to ``last``, both included; without them, of all there are.

        ``name`` is the organisation's; ``passed`` is told of events as they are written. Raises ``Denied``,
        ``NotFound`` for an organisation without a trail, :class:`InvalidInput` for a range that ends before it
        begins, and ``Conflict`` (``ARCHIVE_COLD``) where a day lies in Glacier.
        """
        actor.require("audit:export", org_id)
        state = self._state(org_id)
        began = str(state.head.get("since") or state.head.get("timestamp"))[:10]
        since = date.fromisoformat(min([began, *(part.date for part in state.parts)]))
        begin, end = max(first or since, since), min(last or self._today(), self._today())
        if end < begin:
            raise InvalidInput("the range ends before it begins", details={"fields": {"to": "is before from"}})
        found, contents = Gathered(begin, end), Contents()
        with Bundle(out, self._clock.now()) as bundle:
            manifests = self._manifests(bundle, org_id, state)
            found.manifests = len(manifests)
            for day in (begin + timedelta(days=n) for n in range((end - begin).days + 1)):
                for entry in self._day(bundle, org_id, day.isoformat(), state, contents, passed):
                    found.files.append(entry)
            found.events = contents.count
            chain = self._chain(state, begin, contents, whole=begin == since, to_head=end == self._today())
            found.first_sequence, found.last_sequence = chain["firstSequence"], chain["lastSequence"]
            found.last_hash = chain["lastHash"]
            bundle.json("retention.json", self._retention(org_id, found.files))
            bundle.json("evidence.json", self._summary(actor, org_id, name, found, chain, state))
        return found

    def record(self, actor: Actor, org_id: str, found: Gathered, target: str, sha256: str) -> None:
        """The trail says who took the bundle, and what its SHA-256 is; ``target`` is a path."""
        told = {
            "target": target,
            "format": "zip",
            "count": found.events,
            "sha256": sha256,
            "from": found.from_day.isoformat(),
            "to": found.to_day.isoformat(),
        }
        change = Change(EventType.CONFIGURATION, "audit.evidence", "audit", org_id, more=told)
        self._trail.commit(actor, org_id, [change])

    def _today(self) -> date:
        return self._clock.now().date()

    def _state(self, org_id: str) -> _State:
        # The archive first: whatever it comes to hold meanwhile is in the table too.
        item = self._table.get(keys.archive_head_key(org_id))
        archive = ArchiveHead.from_item(item) if item else ArchiveHead(organisation_id=org_id, manifest_digest=GENESIS)
        query = Query(keys.archived_parts(org_id), begins_with=keys.ARCHIVED_PREFIX)
        parts = [ArchivedPart.from_item(found) for found in self._table.query_all(query)]
        head = self._table.get(keys.audit_head_key(org_id))
        if head is None:
            raise NotFound(f"organisation {org_id} has no trail", code="NO_TRAIL")
        return _State(head, archive, [part for part in parts if part.number <= archive.number])

    def _manifests(self, bundle: Bundle, org_id: str, state: _State) -> list[str]:
        """All from the first on: each is vouched for by the one after it."""
        names = [objects.manifest_key(org_id, part.date, part.part) for part in state.parts]
        for name in names:
            with self._storage.read(name) as source:
                bundle.copy(name, source)
        return names

    def _day(
        self,
        bundle: Bundle,
        org_id: str,
        day: str,
        state: _State,
        contents: Contents,
        passed: Callable[[int], None],
    ) -> Iterator[dict[str, Any]]:
        """Archived parts as they lie there, and what is in the table alone."""
        parts = [part for part in state.parts if part.date == day]
        for part in parts:
            key = objects.object_key(org_id, day, part.part)
            with self._storage.read(key) as source:
                bundle.copy(key, source)
            _add(contents, part)
            passed(part.count)
            yield {"name": key, "count": part.count}
        limit, before = int(state.head["sequence"]), contents.count

        def lines() -> Iterator[bytes]:
            query = Query(keys.events_of_day(org_id, day), begins_with=keys.EVENT_PREFIX)
            held: set[str] | None = None
            for item in self._table.query_all(query):
                # Not by its ttl: whoever set that could keep an event out of here, and a job may die before it does.
                held = self._held(org_id, parts) if held is None else held
                sequence = item.get("sequence")
                if str(item.get("eventId")) in held or (isinstance(sequence, int) and sequence > limit):
                    continue  # archived, or written since the head was read
                event = objects.archived_event(item)
                contents.add(event)
                passed(1)
                yield f"{objects.event_line(event)}\n".encode()

        found = lines()
        head = next(found, None)
        if head is None:
            return
        name = f"table/{day}.jsonl"
        bundle.stream(name, _after(head, found))
        yield {"name": name, "count": contents.count - before}

    def _held(self, org_id: str, parts: list[ArchivedPart]) -> set[str]:
        """The ids of the events that the archived parts hold."""
        found: set[str] = set()
        for part in parts:
            with self._storage.read(objects.object_key(org_id, part.date, part.part)) as source:
                found.update(str(event.get("eventId")) for event in objects.unpack(source))
        return found

    def _chain(self, state: _State, begin: date, contents: Contents, *, whole: bool, to_head: bool) -> dict[str, Any]:
        """Which events the bundle must hold, as far as anything outside its events says so."""
        earlier = [p for p in state.parts if p.date < begin.isoformat() and p.last_sequence is not None]
        latest = max(earlier, key=lambda part: part.last_sequence or 0, default=None)
        first, previous = contents.first_sequence or 1, contents.first_previous_hash
        if whole:
            first, previous = 1, GENESIS
        elif latest is not None:
            first, previous = (latest.last_sequence or 0) + 1, latest.last_hash
        last, last_hash = contents.last_sequence, contents.last_hash
        if to_head:
            last, last_hash = int(state.head["sequence"]), str(state.head["hash"])
        if last is None:
            last, last_hash = first - 1, previous
        return {"firstSequence": first, "previousHash": previous, "lastSequence": last, "lastHash": last_hash}

    def _retention(self, org_id: str, files: list[dict[str, Any]]) -> dict[str, Any]:
        """As S3 says now: what guards the bucket, and the lock and the versions of each object."""
        archived = {entry["name"] for entry in files if entry["name"].startswith("archive/")}
        versions: dict[str, int] = {}
        for version in self._storage.versions_below(objects.folder(org_id)) if archived else []:
            versions[version.key] = versions.get(version.key, 0) + 1
        described = [found for key in sorted(archived) if (found := self._storage.describe(key)) is not None]
        return {
            "bucket": self._storage.bucket,
            "protection": self._storage.protection(),
            "objects": [
                {
                    "key": found.key,
                    "size": found.size,
                    "lockMode": found.lock_mode,
                    "lockedUntil": iso(found.locked_until) if found.locked_until else None,
                    "versionId": found.version_id,
                    "versions": versions.get(found.key, 0),
                    "tier": found.tier.value,
                    "replication": found.replication,
                }
                for found in described
            ],
        }

    def _summary(
        self, actor: Actor, org_id: str, name: str, found: Gathered, chain: dict[str, Any], state: _State
    ) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "organisationId": org_id,
            "organisationName": name,
            "from": found.from_day.isoformat(),
            "to": found.to_day.isoformat(),
            "madeAt": iso(self._clock.now()),
            "madeBy": actor.email or actor.id,
            "chain": chain,
            "archive": {"number": state.archive.number, "manifestDigest": state.archive.manifest_digest},
            "files": found.files,
        }


def _add(contents: Contents, part: ArchivedPart) -> None:
    """As if each event of the part had been added."""
    contents.count += part.count
    contents.chained += part.chained
    if part.first_sequence is None or part.last_sequence is None:
        return
    if contents.first_sequence is None or part.first_sequence < contents.first_sequence:
        contents.first_sequence, contents.first_previous_hash = part.first_sequence, part.first_previous_hash
    if contents.last_sequence is None or part.last_sequence > contents.last_sequence:
        contents.last_sequence, contents.last_hash = part.last_sequence, part.last_hash


def _after(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others
