"""Exponential backoff with full jitter."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often and how long to wait. ``first`` and ``longest`` are seconds; ``attempts`` counts the first try.

    Full jitter, so that writers which collided do not collide again: the wait before try *n* is
    uniform between 0 and ``first * 2**(n-1)``, at most ``longest``.
    """

    attempts: int = 12
    first: float = 0.02
    longest: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def tries(self) -> Iterator[int]:
        """Yields 1, 2, … and waits between them; ends when the attempts are used up."""
        for attempt in range(1, self.attempts + 1):
            if attempt > 1:
                longest = min(self.longest, self.first * 2 ** (attempt - 2))
                self.sleep(random.uniform(0, longest))  # noqa: S311 - jitter keeps no secret
            yield attempt
