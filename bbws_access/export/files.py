"""Writing an export so that no half file ever stands under its final name."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bbws_access.errors import AccessError
from bbws_access.export.formats import WRITERS
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import ExportFormat


@dataclass(frozen=True, slots=True)
class Written:
    """A finished export; ``size`` is in bytes."""

    path: Path
    count: int
    size: int
    sha256: str


def write_file(events: Iterable[AuditEvent], target: Path, export_format: ExportFormat) -> Written:
    """Streams ``events`` into ``target``, in constant memory.

    Written beside the target under another name, flushed to disk, then renamed. Raises
    :class:`AccessError` where the target cannot be written; whatever happens, the target is either
    what it was before or complete.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise AccessError(
            f"cannot write {target}: {error.strerror}", code="CANNOT_WRITE", hint="choose another place with --to"
        ) from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            count = WRITERS[export_format](events, out)
            out.flush()
            os.fsync(out.fileno())
        digest = _sha256(part)
        size = part.stat().st_size
        part.replace(target)
    except OSError as error:
        raise AccessError(f"cannot write {target}: {error.strerror}", code="CANNOT_WRITE") from error
    finally:
        part.unlink(missing_ok=True)
    return Written(target, count, size, digest)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
