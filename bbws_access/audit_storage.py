"""The audit bucket, as the services see it: exports that come and go, and an archive that stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from bbws_access.models.kinds import LockMode


class Tier(StrEnum):
    """How soon an object can be read."""

    WARM = "WARM"
    COLD = "COLD"
    """In Glacier: it has to be asked for first."""
    THAWING = "THAWING"
    THAWED = "THAWED"
    """A copy can be read for some days."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is said of an object; ``size`` is in bytes.

    ``sha256``, in hex, is what S3 worked out of the bytes; empty where it keeps none. What the object's metadata say of
    it is whoever stored it's word, and is not asked.
    """

    key: str
    size: int
    sha256: str
    locked_until: datetime | None = None
    lock_mode: str | None = None
    version_id: str | None = None
    tier: Tier = Tier.WARM
    replication: str | None = None
    """``PENDING``, ``COMPLETED`` or ``FAILED``, in S3's words; ``None`` where nothing is copied elsewhere."""


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of a key in a versioned bucket; a deletion is a version too, and hides the ones before."""

    key: str
    version_id: str
    latest: bool
    deletion: bool = False


class AuditStorage(Protocol):
    """Keys are paths below the bucket. Raises this project's errors for whatever goes wrong."""

    @property
    def bucket(self) -> str: ...

    @property
    def lock_mode(self) -> LockMode:
        """How the archive of this environment is to be locked."""
        ...

    def put_export(self, key: str, source: Path, content_type: str, sha256: str) -> None:
        """Uploads in parts; the object appears complete or not at all."""
        ...

    def link(self, key: str, lasts: timedelta) -> str:
        """An address that opens the object without further rights, until it expires: a secret."""
        ...

    def put_once(self, key: str, source: Path, content_type: str, sha256: str, retain_until: datetime) -> bool:
        """Stores an object that nobody may change or remove until then; false where the key is taken."""
        ...

    def describe(self, key: str) -> StoredObject | None:
        """``None`` where there is no such object."""
        ...

    def read(self, key: str) -> BinaryIO:
        """The object's bytes as a stream, to be closed; raises ``NotFound``, and ``Conflict`` (``ARCHIVE_COLD``)."""
        ...

    def keys_below(self, prefix: str) -> list[str]:
        """Every key that begins with ``prefix``, in order."""
        ...

    def versions_below(self, prefix: str) -> list[ObjectVersion]:
        """Every version of every key that begins with ``prefix``, by key."""
        ...

    def thaw(self, key: str, days: int) -> None:
        """Asks Glacier for a copy that can be read for so many days; asking twice does no harm."""
        ...

    def protection(self) -> dict[str, Any]:
        """What guards the bucket, as S3 describes it: Object Lock, versioning, lifecycle, replication, encryption."""
        ...
