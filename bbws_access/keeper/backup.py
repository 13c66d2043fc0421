"""A copy of a table as one file: gzip, a JSON line an item in the order of their keys, and a manifest.

The same items give the same bytes. A table that is written to while it is read is not copied as of one
moment; for that, restore it to a moment (``table pitr``) and back that up.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from bbws_access.clock import Clock, iso
from bbws_access.errors import AccessError, Refused
from bbws_access.keeper.kinds import entity_name
from bbws_access.keeper.lines import line_of
from bbws_access.keeper.manifest import Manifest, manifest_name
from bbws_access.keeper.sorting import Sorter
from bbws_access.store.scan import Scan

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LEVEL: Final = 6
"""Of gzip; level 1 would be 2.5 times as fast and a third larger, but reading the table takes longer than either."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup; ``path`` is of its data, whose manifest lies beside it."""

    path: Path
    manifest: Manifest


def back_up(
    client: DynamoDBClient,
    table: str,
    target: Path,
    clock: Clock,
    progress: Callable[[int], None],
    *,
    segments: int | None = None,
) -> Made:
    """Copies ``table`` to the file ``target``, in constant memory; nothing stands under that name until it is whole.

    Raises :class:`Refused` where there is a backup already, :class:`AccessError` (``CANNOT_WRITE``) where the
    file cannot be written, and what reading a table raises.
    """
    manifest_path = target.with_name(manifest_name(target.name))
    for path in (target, manifest_path):
        _require_free(path)
    began = iso(clock.now())
    entities: Counter[str] = Counter()
    with Sorter() as sorter:
        for page in Scan(client, table, segments=segments).pages():
            for item in page:
                entities[entity_name(item)] += 1
                sorter.add(line_of(item))
            progress(len(page))
        with _appearing(target) as (part, keep):
            size, digest = _compress(sorter.lines(), part)
            manifest = Manifest(
                table=table,
                created_at=began,
                items=entities.total(),
                entities=dict(entities),
                size=part.tell(),
                sha256=_sha256(part),
                content_size=size,
                content_sha256=digest,
            )
            keep()
    with _appearing(manifest_path) as (part, keep):
        part.write(manifest.to_bytes())
        keep()
    return Made(target, manifest)


def _require_free(path: Path) -> None:
    if path.exists():
        raise Refused(f"{path} is there already, and backups are not overwritten", hint="choose another name with --to")


def _compress(lines: Iterator[bytes], out: IO[bytes]) -> tuple[int, str]:
    """Size and SHA-256 of the lines; the file says neither when it was made nor what it was called."""
    digest, size = hashlib.sha256(), 0
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as packed:
        for line in lines:
            digest.update(line)
            size += len(line)
            packed.write(line)
    return size, digest.hexdigest()


def _sha256(file: IO[bytes]) -> str:
    place = file.tell()
    file.seek(0)
    found = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(place)
    return found


class _appearing:  # noqa: N801 - a context manager that reads as a verb
    """A file that gets its name when it is whole, and never takes it from another."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> tuple[IO[bytes], Callable[[], None]]:
        try:
            descriptor, name = tempfile.mkstemp(
                dir=self._target.parent, prefix=f".{self._target.name[:100]}.", suffix=".part"
            )
        except OSError as error:
            raise _unwritable(self._target, error) from error
        self._part = Path(name)
        self._file = os.fdopen(descriptor, "w+b")
        return self._file, self._keep

    def _keep(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            os.link(self._part, self._target)
        except FileExistsError:
            _require_free(self._target)
        except OSError:  # a file system without links
            _require_free(self._target)
            self._part.rename(self._target)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: Any) -> None:
        try:
            self._file.close()
        except OSError as full:  # what it still held found no room either
            error = error or full
        finally:
            self._part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(self._target, error) from error


def _unwritable(target: Path, error: OSError) -> AccessError:
    return AccessError(
        f"cannot write {target}: {error.strerror}", code="CANNOT_WRITE", hint="choose another place with --to"
    )
