"""Sorting lines that do not fit into memory: sorted runs in temporary files, merged as they are read."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

RUN_BYTES: Final = 8 * 1024 * 1024
"""Of lines that are held at a time."""

MOST_RUNS: Final = 64
"""Files that are open at a time."""

_BUFFER: Final = 64 * 1024


class Sorter:
    """Takes lines, each with its line end, in any order and gives them back in the order of their bytes."""

    def __init__(self, run_bytes: int = RUN_BYTES, most_runs: int = MOST_RUNS) -> None:
        self._run_bytes = run_bytes
        self._most_runs = most_runs
        self._folder = tempfile.TemporaryDirectory(prefix="bbws-access-")
        self._runs: list[Path] = []
        self._made = 0
        self._held: list[bytes] = []
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._folder.cleanup()

    def add(self, line: bytes) -> None:
        self._held.append(line)
        self._size += len(line)
        if self._size >= self._run_bytes:
            self._put_down()

    def lines(self) -> Iterator[bytes]:
        """All of them, as often as is asked for, while the sorter is open; nothing is added after that."""
        self._held.sort()
        if not self._runs:
            yield from self._held
            return
        self._put_down()
        yield from self._merged(self._runs)

    def _put_down(self) -> None:
        if not self._held:
            return
        self._held.sort()
        self._write(iter(self._held))
        self._held.clear()
        self._size = 0
        if len(self._runs) >= self._most_runs:
            merged, self._runs = self._runs, []
            self._write(self._merged(merged))
            for path in merged:
                path.unlink()

    def _write(self, lines: Iterator[bytes]) -> None:
        self._made += 1
        path = Path(self._folder.name) / f"run-{self._made}"
        with path.open("wb", buffering=_BUFFER) as out:
            out.writelines(lines)
        self._runs.append(path)

    @staticmethod
    def _merged(runs: list[Path]) -> Iterator[bytes]:
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("rb", buffering=_BUFFER)) for path in runs]
            yield from heapq.merge(*files)
