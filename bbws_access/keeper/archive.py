"""Reading a backup back, and refusing it before anything is written where it is not whole."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from bbws_access.errors import AccessError, InvalidInput, NotFound, Refused
from bbws_access.keeper.kinds import entity_name
from bbws_access.keeper.lines import LONGEST_LINE, read_line, sort_key
from bbws_access.keeper.manifest import LARGEST_MANIFEST, Manifest, manifest_name
from bbws_access.store.codec import Attributes

_CHUNK: Final = 256 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup that was checked from end to end."""

    path: Path
    manifest: Manifest

    def items(self) -> Iterator[tuple[bytes, Attributes]]:
        """Each line and the item that it is, in the order of their keys."""
        with self.path.open("rb") as file:
            for line in _lines(file, self.manifest.content_size):
                yield line, read_line(line)


def open_archive(path: Path, progress: Callable[[int], None]) -> Archive:
    """Reads all of it once; memory does not grow with it, whatever is in it.

    Raises :class:`NotFound`, and :class:`Refused` (``BACKUP_DAMAGED``) for one that is truncated, altered,
    or was never a backup.
    """
    manifest = _manifest(path)
    try:
        with path.open("rb") as file:
            _check_file(file, manifest)
            file.seek(0)
            _check_lines(file, manifest, progress)
    except FileNotFoundError:
        raise _absent(path) from None
    except OSError as error:
        raise AccessError(f"cannot read {path}: {error.strerror}", code="CANNOT_READ") from error
    return Archive(path, manifest)


def _manifest(path: Path) -> Manifest:
    try:
        with path.with_name(manifest_name(path.name)).open("rb") as file:
            return Manifest.from_bytes(file.read(LARGEST_MANIFEST + 1))
    except FileNotFoundError:
        if path.exists():
            raise _damaged("it has no manifest beside it, so nobody can tell whether it is whole") from None
        raise _absent(path) from None
    except OSError as error:
        raise AccessError(f"cannot read {path}: {error.strerror}", code="CANNOT_READ") from error


def _check_file(file: IO[bytes], manifest: Manifest) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    if size != manifest.size:
        raise _damaged(f"it has {size} bytes, and had {manifest.size}")
    if digest.hexdigest() != manifest.sha256:
        raise _damaged("it was altered: its SHA-256 is not the manifest's")


def _check_lines(file: IO[bytes], manifest: Manifest, progress: Callable[[int], None]) -> None:
    entities: Counter[str] = Counter()
    digest = hashlib.sha256()
    before = b""
    for number, line in enumerate(_lines(file, manifest.content_size), start=1):
        try:
            item = read_line(line)
        except InvalidInput as error:
            raise _damaged(f"line {number} {error.message}") from None
        place = sort_key(item)
        if place <= before:
            raise _damaged(f"line {number} is not in its place, or is there twice")
        before = place
        digest.update(line)
        entities[entity_name(item)] += 1
        progress(1)
    if dict(entities) != {name: count for name, count in manifest.entities.items() if count}:
        raise _damaged("it does not hold what its manifest counts")
    if digest.hexdigest() != manifest.content_sha256:
        raise _damaged("its contents' SHA-256 is not the manifest's")


def _lines(file: IO[bytes], most: int) -> Iterator[bytes]:
    """Decompressed piece by piece; stops at once where there is more than ``most`` bytes, or no end to a line."""
    unpacking = zlib.decompressobj(_GZIP)
    rest, total = b"", 0
    try:
        while not unpacking.eof:
            chunk = unpacking.unconsumed_tail or file.read(_CHUNK)
            piece = unpacking.decompress(chunk, _CHUNK)
            if not chunk and not piece and not unpacking.eof:
                raise _damaged("it is cut off")
            total += len(piece)
            if total > most:
                raise _damaged("it unpacks to more than its manifest says")
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line + b"\n"
            if len(rest) > LONGEST_LINE:
                raise _damaged("it has a line that is longer than an item can be")
    except zlib.error as error:
        raise _damaged("it is no gzip file, or was altered") from error
    if rest or total != most or unpacking.unused_data or file.read(1):
        raise _damaged("it ends otherwise than it should")


def _absent(path: Path) -> NotFound:
    return NotFound(f"there is no backup {path}", hint="bbws-access table backup --help")


def _damaged(what: str) -> Refused:
    return Refused(
        f"the backup is damaged: {what}", code="BACKUP_DAMAGED", hint="nothing was written; use another backup"
    )
