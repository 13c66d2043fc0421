"""The archive of the audit trail: what was written, and how far it has come."""

from __future__ import annotations

from typing import Final

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import ApiModel, Record

MANIFEST_FORMAT: Final = "bbws-audit-archive/1"


class Manifest(ApiModel):
    """What an object of the archive holds. Its digest is the SHA-256 of its bytes as they are stored.

    ``part`` is 0 for the day itself; events that came later are in parts 1, 2, …. ``number`` counts an
    organisation's manifests from 1, and ``previous_manifest`` is the digest of the one before. ``chained``
    of the ``count`` events carry a sequence, from ``first_sequence`` to ``last_sequence``; the chain comes from
    ``first_previous_hash`` and goes on from ``last_hash``. ``sha256`` and ``size`` (bytes) are those of the
    compressed object ``key``.
    """

    format: str = MANIFEST_FORMAT
    organisation_id: str
    date: str
    part: int
    number: int
    key: str
    count: int
    chained: int
    first_sequence: int | None = None
    last_sequence: int | None = None
    first_previous_hash: str | None = None
    last_hash: str | None = None
    sha256: str
    size: int
    previous_manifest: str
    written_at: str


class ArchivedPart(Record):
    """A part of a day that is in the archive and was read back. ``marked``: all its events may expire."""

    organisation_id: str
    date: str
    part: int
    number: int
    count: int
    chained: int
    first_sequence: int | None = None
    last_sequence: int | None = None
    first_previous_hash: str | None = None
    last_hash: str | None = None
    sha256: str
    manifest_digest: str
    archived_at: str
    marked: bool = False

    @classmethod
    def of(cls, manifest: Manifest, digest: str, archived_at: str, *, marked: bool = False) -> ArchivedPart:
        """What the table keeps of a manifest, whose bytes have the SHA-256 ``digest``."""
        repeated = manifest.model_dump(include=cls.model_fields.keys() & Manifest.model_fields.keys())
        return cls(**repeated, manifest_digest=digest, archived_at=archived_at, marked=marked)

    def keys(self) -> Keys:
        return keys.archived_part(self.organisation_id, self.date, self.part)


class ArchiveHead(Record):
    """How far an organisation's archive has come.

    ``date`` is the last day that is archived. ``pending_date`` and ``pending_part`` name what is being
    written: it is finished before anything else begins, so that manifests follow one another.
    """

    organisation_id: str
    date: str | None = None
    number: int = 0
    manifest_digest: str
    pending_date: str | None = None
    pending_part: int | None = None

    def keys(self) -> Keys:
        return keys.archive_head_key(self.organisation_id)
