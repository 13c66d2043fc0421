"""Going through the whole source with several workers, each on segments of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final, TypeVar

from bbws_access.migrations.tables import Meter

T = TypeVar("T")

PAGE: Final = 5000
"""Items of a page at most, and DynamoDB ends it at 1 MB: after each a checkpoint is written and progress shown."""


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of about ``total`` items in this phase (0: not known), begun ``seconds`` ago."""

    phase: str
    done: int
    total: int
    seconds: float
    write_units: int

    @property
    def per_second(self) -> float:
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        if not self.total or not self.per_second:
            return None
        return max(0.0, (self.total - self.done) / self.per_second)


OnProgress = Callable[[Progress], None]


@dataclass
class Phase:
    """Counts the items that all workers of a phase have done, and tells."""

    name: str
    total: int
    meter: Meter
    tell: OnProgress
    done: int = 0
    _began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def advance(self, items: int) -> None:
        with self._lock:
            self.done += items
            units = self.meter.write_units + self.meter.index_units
            self.tell(Progress(self.name, self.done, self.total, time.monotonic() - self._began, units))


class Stopped(Exception):
    """Another worker failed: this one ends where it is."""


class Workers:
    """Runs a piece of work for each segment; the first failure ends the others after the page they are at."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._stop = threading.Event()

    def check(self) -> None:
        """For workers, between two pages."""
        if self._stop.is_set():
            raise Stopped

    def run(self, work: Callable[[T], None], segments: Iterable[T]) -> None:
        self._stop.clear()
        with ThreadPoolExecutor(self._count, thread_name_prefix="migrate") as pool:
            futures = [pool.submit(work, segment) for segment in segments]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                self._stop.set()
                for future in futures:
                    future.cancel()
        failures = [f.exception() for f in futures if not f.cancelled()]
        real = [failure for failure in failures if failure is not None and not isinstance(failure, Stopped)]
        if real:
            raise real[0]
