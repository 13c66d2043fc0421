"""Writing a file so that nothing half ever stands under its name."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bbws_access.errors import AccessError


@dataclass(frozen=True, slots=True)
class Draft:
    """What will become ``target``; until then it lies beside it as ``part``."""

    target: Path
    part: Path
    out: BinaryIO

    def sealed(self) -> tuple[int, str]:
        """Size in bytes and SHA-256 of what was written, which is on the disk when this returns."""
        self.out.flush()
        os.fsync(self.out.fileno())
        with self.part.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
            return written.tell(), digest


@contextmanager
def draft_of(target: Path, *, option: str = "--to") -> Iterator[Draft]:
    """The draft takes the name ``target`` when the block ends, and goes away when it fails.

    Whatever happens, ``target`` is either what it was before or complete. Raises :class:`AccessError`
    where it cannot be written, and for a device, a pipe or a link, in whose place a file would stand from
    then on: as root that would be ``/dev/stdout`` for everybody. ``option`` is the one that chose it.
    """
    try:
        if target.is_symlink() or (target.exists() and not target.is_file()):
            what = "a link" if target.is_symlink() else "no plain file"
            raise AccessError(
                f"cannot write {target}: it is {what}", code="CANNOT_WRITE", hint=f"choose another place with {option}"
            )
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".part")
    except OSError as error:
        raise _cannot(target, error, hint=f"choose another place with {option}") from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            draft = Draft(target, part, out)
            yield draft
            draft.sealed()
        part.replace(target)
    except OSError as error:
        raise _cannot(target, error) from error
    finally:
        part.unlink(missing_ok=True)


def digest_name(target: Path) -> Path:
    """Where the SHA-256 of ``target`` stands."""
    return target.with_name(f"{target.name}.sha256")


def digest_line(name: str, sha256: str) -> bytes:
    """As ``sha256sum -c`` reads it: names with a backslash or a line's end are escaped, and marked so."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != name else ""
    return f"{mark}{sha256}  {escaped}\n".encode(errors="surrogateescape")


def write_digest(target: Path, sha256: str) -> None:
    """Raises :class:`AccessError` where it cannot be written.

    An earlier one is to be taken away before ``target`` gets its name: a file without is honest, one beside
    the digest of another is not.
    """
    with draft_of(digest_name(target)) as draft:
        draft.out.write(digest_line(target.name, sha256))


def _cannot(target: Path, error: OSError, hint: str | None = None) -> AccessError:
    return AccessError(f"cannot write {target}: {error.strerror}", code="CANNOT_WRITE", hint=hint)
