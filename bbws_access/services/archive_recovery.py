"""After the table was restored to an earlier moment: what the archive alone still holds comes back into it.

What is archived is locked for seven years and is the truth. A table that was set back lacks its last events, does not
know of the last manifests, and its chain ends too early. The archive job would stop at the first such day. For each
organisation

1. the manifests beyond the table's head are read, each of which names the one before, and each object is held against
   its manifest: whatever is not locked, not single or not what it should be ends it, before anything is written;
2. their events are put back, and the chain's head moves on with them, so that what comes next follows the last;
3. the parts are recorded and the archive's head moves on, in the transaction of the event ``audit.restore``.

Any of these may be the last before a crash: the next run does the rest. The archive job then lets the events expire, as
those of any part that is recorded and not marked. What had expired by now stays in the archive alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.audit_storage import AuditStorage, ObjectVersion, Tier
from bbws_access.clock import Clock, iso
from bbws_access.errors import AccessError, PartlyDone
from bbws_access.keys import PLATFORM
from bbws_access.models.archive import ArchivedPart, Manifest
from bbws_access.models.kinds import EventType
from bbws_access.services import archive_objects as objects
from bbws_access.services.archive import ArchiveFailure
from bbws_access.services.archive_head import advanced, differs, everybody, oldest_marked, read_head
from bbws_access.services.archive_restore import KEPT_DAYS, THAW_HOURS
from bbws_access.services.chain_check import computed_hash
from bbws_access.services.event_walk import position
from bbws_access.services.trail import Change, Link, Trail
from bbws_access.services.unrecorded_manifests import Kept, unrecorded
from bbws_access.store.table import Item, Query, Table
from bbws_access.store.writes import ABSENT, Put

_PARTS_AT_ONCE: Final = 90
"""In one transaction, which takes a hundred writes, beside the heads and the event."""

_EVENTS_AT_ONCE: Final = 25
"""In one transaction, which takes 4 MB."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came back for one organisation. ``forked``: its trail had gone on, so that two events have one number."""

    org_id: str
    parts: int
    written: int
    forked: bool


@dataclass(slots=True)
class RecoveryReport:
    """What came back, of each organisation that lacked something, and where it stopped."""

    recovered: list[Recovered] = field(default_factory=list)
    failures: list[ArchiveFailure] = field(default_factory=list)


class ArchiveRecovery:
    """Brings a table that was set back to where its archive is."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, storage: AuditStorage) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._storage = storage

    def recover(self, actor: Actor, org_ids: list[str] | None = None) -> RecoveryReport:
        """Without names, of all organisations and the platform; a failure of one holds up no other. Raises ``Denied``.

        Among the failures are ``Conflict`` (``ARCHIVE_DIFFERS``) for what nobody vouches for, with nothing of that
        organisation written, and :class:`PartlyDone` where objects have to come out of Glacier first.
        """
        actor.require("audit:archive", PLATFORM)
        report = RecoveryReport()
        for org_id in everybody(self._table) if org_ids is None else org_ids:
            try:
                done = self._recover(actor, org_id)
            except AccessError as error:
                report.failures.append(ArchiveFailure(org_id, "", error))
                continue
            if done is not None:
                report.recovered.append(done)
        return report

    def _recover(self, actor: Actor, org_id: str) -> Recovered | None:
        beyond = self._beyond(org_id)
        if not beyond:
            return None
        for kept in beyond:
            self._hold_against_its_manifest(org_id, kept.manifest)
        links: dict[int, Link] = {}
        oldest = oldest_marked(self._clock.now())
        written = sum(self._put_back(org_id, kept.manifest, links, oldest) for kept in beyond)
        forked = not self._trail.resume(org_id, links)
        now = iso(self._clock.now())
        parts = [
            ArchivedPart.of(kept.manifest, kept.digest, now, marked=kept.manifest.date < oldest) for kept in beyond
        ]
        for begin in range(0, len(parts), _PARTS_AT_ONCE):
            some = parts[begin : begin + _PARTS_AT_ONCE]
            told = {"from": some[0].date, "to": some[-1].date, "parts": len(some), "written": written, "forked": forked}
            change = Change(EventType.CONFIGURATION, "audit.restore", "archive", org_id, more=told)
            puts = [Put(part.to_item(), condition=ABSENT) for part in some]
            self._trail.commit(actor, org_id, [change], [*puts, advanced(read_head(self._table, org_id), some)])
        return Recovered(org_id, len(beyond), written, forked)

    # --- what is there ---------------------------------------------------------------------------

    def _beyond(self, org_id: str) -> list[Kept]:
        """The manifests that follow the table's head, in order, each protected as it was written."""
        head = read_head(self._table, org_id)
        versions = self._storage.versions_below(objects.folder(org_id))
        query = Query(keys.archived_parts(org_id), begins_with=keys.ARCHIVED_PREFIX)
        recorded = [ArchivedPart.from_item(item) for item in self._table.query_all(query)]
        known = {key for part in recorded for key in _keys(part)}
        self._thaw(org_id, {version.key for version in versions} - known)
        kept = unrecorded(self._storage, org_id, versions, recorded)
        found: list[Kept] = []
        digest = head.manifest_digest
        while (following := kept.get(head.number + len(found) + 1)) is not None:
            if following.manifest.previous_manifest != digest:
                raise differs(org_id, f"manifest {following.manifest.number} does not follow the one before")
            digest = following.digest
            found.append(following)
        self._protected(org_id, versions, [key for one in found for key in _keys(one.manifest)])
        return found

    def _thaw(self, org_id: str, unknown: set[str]) -> None:
        tiers = {key: state.tier for key in unknown if (state := self._storage.describe(key)) is not None}
        waiting = sorted(key for key, tier in tiers.items() if tier in {Tier.COLD, Tier.THAWING})
        for key in waiting:
            if tiers[key] is Tier.COLD:
                self._storage.thaw(key, KEPT_DAYS)
        if waiting:
            words = f"{len(waiting)} objects of {org_id} are in Glacier and were asked for"
            raise PartlyDone(words, code="ARCHIVE_COLD", hint=f"repeat this in {THAW_HOURS}")

    def _protected(self, org_id: str, versions: list[ObjectVersion], wanted: list[str]) -> None:
        copies = Counter(version.key for version in versions)
        for key in wanted:
            state = self._storage.describe(key)
            if copies[key] != 1 or state is None:
                raise differs(org_id, f"{key} does not have the one version that was written")
            if state.locked_until is None or state.lock_mode is None:
                raise differs(org_id, f"{key} is not locked")

    def _hold_against_its_manifest(self, org_id: str, manifest: Manifest) -> None:
        """Raises ``Conflict`` where object, manifest, hashes and table do not agree."""
        for event, item in self._both(org_id, manifest):
            name = f"event {event['eventId']} of {manifest.date}"
            if item is not None and objects.event_line(objects.archived_event(item)) != objects.event_line(event):
                raise differs(org_id, f"{name} is in the table otherwise than in the archive")
            if event.get("sequence") is not None and computed_hash(event) != event.get("eventHash"):
                raise differs(org_id, f"{name} does not have the hash that it was written with")

    def _both(self, org_id: str, manifest: Manifest) -> Iterator[tuple[dict[str, Any], Item | None]]:
        """Each event of an object with its item, where the table has it; both are in the order of time."""
        query = Query(keys.events_of_day(org_id, manifest.date), begins_with=keys.EVENT_PREFIX)
        items = self._table.query_all(query)
        item = next(items, None)
        with self._object(org_id, manifest) as copy:
            for event in objects.unpack(copy):
                here = position(event)
                while item is not None and position(item) < here:
                    item = next(items, None)
                yield event, item if item is not None and position(item) == here else None

    @contextmanager
    def _object(self, org_id: str, manifest: Manifest) -> Iterator[IO[bytes]]:
        with self._storage.read(manifest.key) as raw, objects.copied(raw) as (stream, copy):
            if (stream.sha256, stream.size) != (manifest.sha256, manifest.size):
                raise differs(org_id, f"{manifest.key} is not what its manifest says")
            yield copy

    # --- what is written -------------------------------------------------------------------------

    def _put_back(self, org_id: str, manifest: Manifest, links: dict[int, Link], oldest: str) -> int:
        """How many events were written; ``links`` gets those of all."""
        batch: list[Put] = []
        written = 0
        for event, item in self._both(org_id, manifest):
            if event.get("sequence") is not None:
                link = Link(int(event["sequence"]), event["previousHash"], event["eventHash"], event["timestamp"])
                links[link.sequence] = link
            if item is None and manifest.date >= oldest:
                batch.append(Put({**event, **_names(event)}, condition=ABSENT))
                written += 1
            if len(batch) == _EVENTS_AT_ONCE:
                self._trail.resume(org_id, links, batch)
                batch = []
        self._trail.resume(org_id, links, batch)
        return written


def _names(event: dict[str, Any]) -> keys.Keys:
    return keys.event(
        event["organisationId"], event["userId"], event["eventType"], event["timestamp"], event["eventId"]
    )


def _keys(part: ArchivedPart | Manifest) -> tuple[str, str]:
    where = (part.organisation_id, part.date, part.part)
    return objects.object_key(*where), objects.manifest_key(*where)
