"""The report of an import: a line of JSON for each row that was dealt with, written at once.

The first line says of which file it is. A run that was cut off goes on by it; the table, not the report, decides
what is still to do for a row, so that a line that did not get into it does no harm.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from bbws_access.errors import AccessError, Conflict, InvalidInput

try:
    import fcntl
except ImportError:  # Windows: nothing keeps two runs from writing one report
    _LOCKS = False
else:
    _LOCKS = True

FAILED: Final = "failed"
"""The outcome of a row that another run tries again."""


class ImportReport:
    """One run at a time writes it. As a context it is closed at the end."""

    def __init__(self, path: Path, about: Mapping[str, str], *, resume: bool) -> None:
        """Begins the report, or goes on with one.

        Raises :class:`Conflict` where there is one already (``IMPORT_BEGUN``) or another run writes it
        (``IMPORT_RUNNING``), and :class:`InvalidInput` for one that is about another file or organisation.
        """
        self.path = path
        self._about = dict(about)
        self._done = bytearray()
        try:
            self._file: BinaryIO = path.open("r+b" if resume and path.exists() else "xb")
        except FileExistsError:
            raise Conflict(
                f"an import with the report {path} was begun",
                code="IMPORT_BEGUN",
                hint="go on with --resume, or choose another --report",
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._lock()
            if self._file.readable():
                self._read()
            else:
                self._append(self._about)
        except BaseException:
            with suppress(OSError):
                self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(OSError) if error else nullcontext(), self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def has(self, line: int) -> bool:
        """Whether the row in this line was dealt with, and did not fail."""
        return line < len(self._done) and bool(self._done[line])

    def add(self, line: int, email: str, outcome: str, **more: Any) -> None:
        """Raises :class:`AccessError` where there is no room for it."""
        self._append({"line": line, "email": email, "outcome": outcome, **more})

    def _append(self, data: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> AccessError:
        return AccessError(
            f"cannot write {self.path}: {error.strerror}",
            code="CANNOT_WRITE",
            hint="choose another place with --report",
        )

    def _lock(self) -> None:
        if not _LOCKS:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"another run is writing {self.path}", code="IMPORT_RUNNING") from None

    def _read(self) -> None:
        """Takes over what a run before has noted; half a line at the end is cut off."""
        end = 0
        for end, data in self._lines():
            if end and "line" not in data:
                self._require_same(data)
            elif isinstance(data.get("line"), int) and 0 < data["line"] < _MOST_LINES:
                line = data["line"]
                self._done.extend(bytes(max(0, line + 1 - len(self._done))))
                self._done[line] = data.get("outcome") != FAILED
        self._file.seek(end)
        self._file.truncate()
        if not end:
            self._append(self._about)

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """With the place where each ends."""
        end = 0
        while line := self._file.readline(_MOST_BYTES):
            end += len(line)
            if not line.endswith(b"\n"):
                return
            try:
                data = json.loads(line)
            except ValueError:
                data = None
            if not isinstance(data, dict):
                raise InvalidInput(f"{self.path} is no report of an import", hint="choose another --report")
            yield end, data

    def _require_same(self, data: Mapping[str, Any]) -> None:
        for name, value in self._about.items():
            if data.get(name) != value:
                raise InvalidInput(
                    f"{self.path} is about another {'content of the file' if name == 'sha256' else name}",
                    hint="choose another --report",
                )


_MOST_BYTES: Final = 64 * 1024
_MOST_LINES: Final = 100_000_000
