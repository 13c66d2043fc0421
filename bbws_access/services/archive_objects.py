"""The archive's objects: where they lie, and how a day's events become one.

An object is gzip of a JSON array with one event a line, in the order of time: a JSON document for any
program, and lines for one that must not hold it all. The same events give the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol, cast

from bbws_access.errors import AccessError
from bbws_access.keys import PLATFORM
from bbws_access.store.codec import json_form
from bbws_access.store.table import Item

OBJECT_TYPE: Final = "application/gzip"
MANIFEST_TYPE: Final = "application/json"

_MANIFEST: Final = ".manifest.json"

_INTERNAL: Final = frozenset({"PK", "SK", "ttl"} | {f"GSI{n}{end}" for n in range(1, 6) for end in ("PK", "SK")})


def folder(org_id: str) -> str:
    return f"archive/{org_id or PLATFORM}/"


def object_key(org_id: str, day: str, part: int = 0) -> str:
    """``archive/{orgId}/{year}/{month}/{date}.json.gz``; a later part has its number before the ending."""
    return f"{_stem(org_id, day, part)}.json.gz"


def manifest_key(org_id: str, day: str, part: int = 0) -> str:
    return f"{_stem(org_id, day, part)}{_MANIFEST}"


def is_manifest(key: str) -> bool:
    return key.endswith(_MANIFEST)


def _stem(org_id: str, day: str, part: int) -> str:
    return f"{folder(org_id)}{day[:4]}/{day[5:7]}/{day}{f'.{part}' if part else ''}"


def archived_event(item: Item) -> dict[str, Any]:
    """The event without what belongs to the table."""
    return {name: value for name, value in item.items() if name not in _INTERNAL}


def event_line(event: dict[str, Any]) -> str:
    """One event as it stands in an object: JSON with sorted keys, without white space."""
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=json_form)


@dataclass(slots=True)
class Contents:
    """What an object holds; sequences and hashes are those of its first and last chained event."""

    count: int = 0
    chained: int = 0
    first_sequence: int | None = None
    last_sequence: int | None = None
    first_previous_hash: str | None = None
    last_hash: str | None = None

    def add(self, event: dict[str, Any]) -> None:
        self.count += 1
        if event.get("sequence") is None:
            return
        self.chained += 1
        sequence = int(event["sequence"])
        if self.first_sequence is None or sequence < self.first_sequence:
            self.first_sequence, self.first_previous_hash = sequence, event.get("previousHash")
        if self.last_sequence is None or sequence > self.last_sequence:
            self.last_sequence, self.last_hash = sequence, event.get("eventHash")


@dataclass(frozen=True, slots=True)
class Packed:
    """An object on disk; ``size`` is in bytes, compressed."""

    path: Path
    sha256: str
    size: int
    contents: Contents


def pack(events: Iterable[dict[str, Any]], path: Path) -> Packed:
    """Writes an object, an event at a time."""
    contents = Contents()
    # Neither name nor time goes into gzip's header.
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as out:
        out.write(b"[")
        for event in events:
            out.write(b"\n" if contents.count == 0 else b",\n")
            out.write(event_line(event).encode())
            contents.add(event)
        out.write(b"\n]\n" if contents.count else b"]\n")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Packed(path, digest, path.stat().st_size, contents)


def unpack(stream: Readable) -> Iterator[dict[str, Any]]:
    """The events of an object, one at a time; raises :class:`AccessError` (``ARCHIVE_UNREADABLE``)."""
    try:
        with gzip.GzipFile(fileobj=cast("IO[bytes]", stream), mode="rb") as lines:
            for line in lines:
                text = line.strip().rstrip(b",")
                if text not in {b"[", b"]", b"[]"}:
                    yield json.loads(text)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise AccessError("an archived object cannot be read", code="ARCHIVE_UNREADABLE") from error


class Readable(Protocol):
    """Bytes, a piece at a time."""

    def read(self, size: int = -1, /) -> bytes: ...


_PIECE: Final = 1 << 20
"""Bytes that are read at a time."""


class Digesting:
    """A stream that knows the SHA-256 and the size of what was read through it."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def drain(self) -> None:
        while self.read(_PIECE):
            pass


@contextmanager
def copied(stream: Readable) -> Iterator[tuple[Digesting, IO[bytes]]]:
    """All of ``stream``, once read: what it came to, and a temporary file of it that stands at its beginning."""
    with tempfile.TemporaryFile() as copy:
        read = Digesting(stream)
        while piece := read.read(_PIECE):
            copy.write(piece)
        copy.seek(0)
        yield read, copy
