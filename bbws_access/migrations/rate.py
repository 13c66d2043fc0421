"""A limit on how fast capacity is used."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class TokenBucket:
    """Lets ``per_second`` units pass on average, and one second's worth at once; shared by all workers.

    Who wants more than is there takes it on credit and waits until it is paid back, so that a single
    write may be larger than the limit.
    """

    per_second: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _level: float = field(init=False)
    _seen: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._level = self.per_second
        self._seen = self.clock()

    @classmethod
    def unlimited(cls) -> TokenBucket:
        return cls(math.inf)

    def take(self, units: float) -> None:
        """Returns when ``units`` may be used."""
        if math.isinf(self.per_second):
            return
        with self._lock:
            now = self.clock()
            self._level = min(self.per_second, self._level + (now - self._seen) * self.per_second)
            self._seen = now
            self._level -= units
            wait = -self._level / self.per_second
        if wait > 0:
            self.sleep(wait)
