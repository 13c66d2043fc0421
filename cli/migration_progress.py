"""How far a migration is: items a second, capacity, time left. A bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from bbws_access.migrations.sweep import Progress

_LINE_EVERY: Final = 10.0
"""Seconds between two lines in a log."""


class MigrationProgress:
    """Told by all workers at once, through :meth:`show`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bar: Any = None
        self._task: Any = None
        self._phase = ""
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, SpinnerColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[rate]}"),
            )
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: Progress) -> None:
        with self._lock:
            if self._bar is not None:
                self._draw(progress)
            elif time.monotonic() - self._said >= _LINE_EVERY:
                self._said = time.monotonic()
                sys.stderr.write(f"{progress.phase}: {described(progress)}\n")

    def _draw(self, progress: Progress) -> None:
        if progress.phase != self._phase:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._phase = progress.phase
            self._task = self._bar.add_task(progress.phase, total=progress.total or None, rate="")
        self._bar.update(self._task, completed=progress.done, rate=described(progress))


def described(progress: Progress) -> str:
    """``12,000 of 20,000 items, 2,150/s, 24,010 WCU, 4 s left``."""
    parts = [f"{progress.done:,} of {progress.total:,} items" if progress.total else f"{progress.done:,} items"]
    parts.append(f"{progress.per_second:,.0f}/s")
    if progress.write_units:
        parts.append(f"{progress.write_units:,} WCU")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """``45 s``, ``3 min``, ``2 h 10 min``."""
    whole = max(1, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
