"""Exports as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bbws_access.export.formats import WRITERS, Row
from bbws_access.models.kinds import FileFormat
from bbws_access.whole_file import draft_of


@dataclass(frozen=True, slots=True)
class Written:
    """A finished export; ``size`` is in bytes."""

    path: Path
    count: int
    size: int
    sha256: str


def write_file(
    rows: Iterable[Row],
    target: Path,
    file_format: FileFormat,
    before_naming: Callable[[Written], None] = lambda _: None,
) -> Written:
    """Streams ``rows`` into ``target``, in constant memory.

    ``before_naming`` is told of the finished file before it has its name: where that fails, there is no
    file. Raises :class:`AccessError` where the target cannot be written; whatever happens, the target is
    either what it was before or complete.
    """
    with draft_of(target) as draft:
        count = WRITERS[file_format](rows, draft.out)
        size, digest = draft.sealed()
        written = Written(target, count, size, digest)
        before_naming(written)
    return written
