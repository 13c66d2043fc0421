"""Timing whole processes against each other, interleaved, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence


def medians(
    commands: Mapping[str, Sequence[str]],
    rounds: int,
    warm_up: int = 2,
    environment: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Median wall time in seconds of each command, over ``rounds`` interleaved rounds."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(warm_up + rounds):
        for name, words in commands.items():
            began = time.perf_counter()
            subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if turn >= warm_up:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(found) for name, found in times.items()}


def report(name: str, ratio: float, aim: float, detail: str, *, at_least: bool = False) -> None:
    """One line: what was measured, the ratio, what it should be at most, or ``at_least``."""
    verdict = "ok" if (ratio >= aim if at_least else ratio <= aim) else "MISSED"
    bound = "at least" if at_least else "at most"
    sys.stdout.write(f"{name}: {ratio:.2f} (aim: {bound} {aim}) {verdict}; {detail}\n")
