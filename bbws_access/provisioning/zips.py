"""Zip files that are the same bytes from the same contents, on whichever machine they are made."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold; contents carry no other."""


@dataclass(frozen=True, slots=True)
class Package:
    """A built package; ``sha256`` is of its bytes, in hex, ``unpacked`` the bytes of all its files."""

    path: Path
    sha256: str
    files: int
    unpacked: int = 0


def write_zip(target: Path, contents: Iterable[tuple[str, bytes]]) -> Package:
    """Writes ``contents`` (names with ``/``, each once) in the order of names; ``target`` is replaced at once.

    Nothing is compressed: what zlib makes of the same bytes differs from build to build of it, and S3 and
    Lambda ask for no more than the size of what is inside.
    """
    files = unpacked = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(contents):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # as on Unix, wherever it was built
            archive.writestr(entry, content)
            files += 1
            unpacked += len(content)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    part.replace(target)
    return Package(target, digest, files, unpacked)
