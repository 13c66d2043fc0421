"""Checking the archive: every day has its object, every object is what its manifest says, and nobody can change it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError

from bbws_access.audit_storage import AuditStorage, ObjectVersion, StoredObject
from bbws_access.clock import parse_iso
from bbws_access.errors import AccessError, NotFound
from bbws_access.models.archive import ArchivedPart, ArchiveHead, Manifest
from bbws_access.models.audit_findings import Finding, FindingKind
from bbws_access.models.kinds import LockMode
from bbws_access.services import archive_objects as objects
from bbws_access.services.archive import RETAINED
from bbws_access.services.archive_objects import Contents
from bbws_access.services.archive_records import ArchiveRecords, last_day
from bbws_access.services.chain import GENESIS
from bbws_access.services.unrecorded_manifests import Kept, unrecorded
from bbws_access.store.table import Table

Events = list[dict[str, Any]]


@dataclass(slots=True)
class CheckedDay:
    """A day as the archive holds it; ``events`` is ``None`` where a part of it cannot be read.

    ``vouched``: what could not be read lies in Glacier, and S3's own checksum says that it is what was written.
    """

    events: Events | None = field(default_factory=list)
    vouched: bool = True
    last_sequence: int | None = None
    last_hash: str | None = None


_IN_BOTH: Final = ArchivedPart.model_fields.keys() & Manifest.model_fields.keys()
"""What a record of the archive repeats of the manifest."""


class ArchiveCheck:
    """The archive of one organisation. :meth:`begin` checks the manifests, :meth:`day` the objects of a day."""

    def __init__(self, table: Table, storage: AuditStorage, org_id: str) -> None:
        self._records = ArchiveRecords(table, org_id, self._nonsense)
        self._storage = storage
        self._org_id = org_id
        self.findings: list[Finding] = []
        self.objects = 0
        self.cold = 0
        """Of the objects, those in Glacier, which were compared by their checksums."""
        self._manifests: dict[tuple[str, int], Manifest] = {}

    def recorded(self, day: str = "") -> list[ArchivedPart]:
        """What the table says was archived, by day and part; with ``day``, of that one."""
        return self._records.parts(day)

    def begin(self) -> None:
        """Follows the manifests from the first to the last, each of which vouches for the one before.

        The last is the head's, or a later one that the bucket holds: what the table no longer knows of was locked.
        """
        # The bucket before the head: what lies there is then recorded, or pending.
        versions = self._storage.versions_below(objects.folder(self._org_id))
        head = self._records.head()
        recorded = {part.number: part for part in self._records.parts() if part.number <= head.number}
        kept_alone = unrecorded(self._storage, self._org_id, versions, recorded.values())
        previous: str | None = GENESIS
        before = 0
        for number in sorted({*recorded, *(n for n in kept_alone if 0 < n <= head.number)}):
            if number > before + 1:
                self._lost(before + 1, number - 1)
                previous = None
            before = number
            part = recorded.get(number)
            if part is not None:
                previous = self._manifest(part, previous)
                continue
            kept = kept_alone.get(number)
            words, key = f"the table's record of manifest {number} is missing", kept.key if kept else None
            self._find(FindingKind.REMOVED, words, "archive", kept.manifest if kept else None, key)
            previous = self._kept(kept) if kept else None
        if before < head.number:
            self._lost(before + 1, head.number)
            previous = None
        if head.number and previous is not None and previous != head.manifest_digest:
            self._find(FindingKind.ALTERED, "the last manifest is not the one that the head names", "manifest")
        day = last_day(recorded.values())
        if head.date != day and head.number:
            self._find(FindingKind.ALTERED, f"the archive's head does not name {day} as the last day", "archive")
        self._beyond(head, previous, kept_alone)
        self._versions(versions, head)

    def day(self, day: str) -> CheckedDay:
        """The day's events; what is wrong with its objects is among the findings."""
        found = CheckedDay()
        for (date, _), manifest in sorted(self._manifests.items()):
            if date != day:
                continue
            if manifest.last_sequence is not None and manifest.last_sequence > (found.last_sequence or 0):
                found.last_sequence, found.last_hash = manifest.last_sequence, manifest.last_hash
            before = self.cold
            events = self._object(manifest)
            found.vouched = found.vouched and (events is not None or self.cold > before)
            if events is None or found.events is None:
                found.events = None
            else:
                found.events += events
        return found

    def has(self, day: str) -> bool:
        return (day, 0) in self._manifests

    def _nonsense(self, words: str, day: str | None) -> None:
        self._find(FindingKind.ALTERED, words, "archive", None, None, day)

    def _lost(self, first: int, last: int) -> None:
        """Manifests of which neither the table nor the bucket knows."""
        which = (
            f"the record of manifest {first} is" if first == last else f"the records of manifests {first} to {last} are"
        )
        self._find(FindingKind.REMOVED, f"{which} missing", "archive")

    def _beyond(self, head: ArchiveHead, previous: str | None, kept_alone: dict[int, Kept]) -> None:
        """Manifests that follow the head's: the one that is being written, or the head was set back."""
        number = head.number
        while (kept := kept_alone.get(number + 1)) is not None and previous in {None, kept.manifest.previous_manifest}:
            number += 1
            if (kept.manifest.date, kept.manifest.part) != (head.pending_date, head.pending_part):
                words = f"the table's record of the archive ends before manifest {number}, which the bucket holds"
                self._find(FindingKind.TRUNCATED, words, "archive", kept.manifest, kept.key)
            previous = self._kept(kept)

    def _kept(self, kept: Kept) -> str:
        self._manifests[kept.manifest.date, kept.manifest.part] = kept.manifest
        self._protection(kept.key, kept.manifest.date, kept.manifest.written_at)
        return kept.digest

    def _manifest(self, part: ArchivedPart, previous: str | None) -> str | None:
        """Its digest, which the next one has to name; ``None`` where nothing can be said."""
        key = objects.manifest_key(self._org_id, part.date, part.part)
        with self._reading(key, part.date) as text:
            if text is None:
                return part.manifest_digest
            digest = hashlib.sha256(text).hexdigest()
            if digest != part.manifest_digest:
                self._find(
                    FindingKind.ALTERED, f"manifest {part.number} is not what was written", "manifest", part, key
                )
                return part.manifest_digest
            try:
                manifest = Manifest.model_validate_json(text)
            except ValidationError:
                self._find(FindingKind.ALTERED, f"manifest {part.number} is not a manifest", "manifest", part, key)
                return digest
            if manifest.model_dump(include=_IN_BOTH) != part.model_dump(include=_IN_BOTH):
                self._find(FindingKind.ALTERED, f"manifest {part.number} and its record differ", "manifest", part, key)
            elif previous is not None and manifest.previous_manifest != previous:
                self._find(
                    FindingKind.REORDERED,
                    f"manifest {part.number} does not follow the one before",
                    "manifest",
                    part,
                    key,
                )
            self._manifests[part.date, part.part] = manifest
            self._protection(key, part.date, manifest.written_at)
            return digest

    def _object(self, manifest: Manifest) -> Events | None:
        self.objects += 1
        try:
            with self._storage.read(manifest.key) as raw, objects.copied(raw) as (stream, copy):
                return self._contents(manifest, stream, copy)
        except NotFound:
            self._find(FindingKind.REMOVED, "the object is missing", "archive", manifest, manifest.key)
        except AccessError as error:
            if error.code == "ARCHIVE_COLD":
                self._cold(manifest)
                return None
            words = f"the object cannot be read: {error.message}"
            self._find(FindingKind.UNREADABLE, words, "archive", manifest, manifest.key)
        return None

    def _cold(self, manifest: Manifest) -> None:
        """Without thawing it: what S3 says of it."""
        found = self._storage.describe(manifest.key)
        if found is None or (found.sha256, found.size) != (manifest.sha256, manifest.size):
            words = "the object in Glacier does not have the checksum that its manifest says"
            self._find(FindingKind.ALTERED, words, "archive", manifest, manifest.key)
            return
        self.cold += 1
        self._protection(manifest.key, manifest.date, manifest.written_at)

    def _contents(self, manifest: Manifest, stream: objects.Digesting, copy: Any) -> Events | None:
        sound = (stream.sha256, stream.size) == (manifest.sha256, manifest.size)
        kind = FindingKind.TRUNCATED if stream.size < manifest.size else FindingKind.ALTERED
        events: Events = []
        contents = Contents()
        try:
            for event in objects.unpack(copy):
                contents.add(event)
                events.append(event)
        except AccessError:
            if sound:
                kind, sound = FindingKind.UNREADABLE, False
        if not sound:
            self._find(kind, "the object is not what its manifest says", "archive", manifest, manifest.key)
            return None
        if (contents.count, contents.first_sequence, contents.last_sequence) != (
            manifest.count,
            manifest.first_sequence,
            manifest.last_sequence,
        ):
            words = "the object holds other events than its manifest says"
            self._find(FindingKind.ALTERED, words, "archive", manifest, manifest.key)
            return None
        self._protection(manifest.key, manifest.date, manifest.written_at)
        return events

    def _protection(self, key: str, day: str, written_at: str) -> None:
        """Object Lock for seven years from its writing; a minute for the time between the clock and S3's."""
        found: StoredObject | None = self._storage.describe(key)
        if found is None:
            return
        until = parse_iso(written_at) + RETAINED - timedelta(minutes=1)
        if found.lock_mode is None or found.locked_until is None or found.locked_until < until:
            self._find(FindingKind.UNPROTECTED, "the object is not locked for seven years", "archive", None, key, day)
        elif self._storage.lock_mode is LockMode.COMPLIANCE and found.lock_mode != LockMode.COMPLIANCE:
            words = f"the object's lock is {found.lock_mode}, which can be lifted, and not COMPLIANCE"
            self._find(FindingKind.UNPROTECTED, words, "archive", None, key, day)
        if found.replication == "FAILED":
            words = "the object was not copied to the replica"
            self._find(FindingKind.UNPROTECTED, words, "archive", None, key, day)

    def _versions(self, found: list[ObjectVersion], pending: ArchiveHead) -> None:
        """An object of the archive has one version: another one hides it, or was put in its place."""
        seen: set[str] = set()
        copies = Counter(version.key for version in found)
        for version in found:
            if version.latest and (version.deletion or copies[version.key] > 1):
                kind = FindingKind.REMOVED if version.deletion and version.latest else FindingKind.UNPROTECTED
                self._find(kind, "the object has more than the version that was written", "archive", None, version.key)
            seen.add(version.key)
        known = {manifest.key for manifest in self._manifests.values()}
        known |= {objects.manifest_key(self._org_id, day, part) for day, part in self._manifests}
        if pending.pending_date is not None and pending.pending_part is not None:
            known.add(objects.object_key(self._org_id, pending.pending_date, pending.pending_part))
            known.add(objects.manifest_key(self._org_id, pending.pending_date, pending.pending_part))
        told = {finding.key for finding in self.findings}
        for key in sorted(seen - known - told):
            if not self._belongs_to_a_damaged_manifest(key, told):
                self._find(FindingKind.INSERTED, "no manifest knows of this object", "archive", None, key)

    def _belongs_to_a_damaged_manifest(self, key: str, told: set[str | None]) -> bool:
        return key.replace(".json.gz", ".manifest.json") in told

    @contextmanager
    def _reading(self, key: str, day: str) -> Iterator[bytes | None]:
        try:
            with self._storage.read(key) as stream:
                text: bytes | None = stream.read()
        except NotFound:
            self._find(FindingKind.REMOVED, "the manifest is missing", "manifest", None, key, day)
            text = None
        except AccessError as error:
            words = f"the manifest cannot be read: {error.message}"
            self._find(FindingKind.UNREADABLE, words, "manifest", None, key, day)
            text = None
        yield text

    def _find(
        self,
        kind: FindingKind,
        message: str,
        place: str,
        about: ArchivedPart | Manifest | None = None,
        key: str | None = None,
        day: str | None = None,
    ) -> None:
        self.findings.append(
            Finding(
                kind=kind,
                place=place,
                organisation_id=self._org_id,
                date=about.date if about is not None else day,
                sequence=about.first_sequence if about is not None else None,
                key=key,
                message=message,
            )
        )
