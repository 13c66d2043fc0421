"""What a key waits for when a shell completes a name: with names kept, and with none."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.measure import medians, report
from cli.completion.names import cache_of
from cli.overrides import Overrides
from cli.place import Place

ROUNDS: Final = 41
COLD_ROUNDS: Final = 11
MOST_SECONDS: Final = 0.2
"""What a completion may take, the interpreter's start included."""

NAMES: Final = 2_000
"""As many as are kept."""

BESIDE: Final = 2.0
"""Seconds for the process that fetches beside it, which must not be there any more when the next one is measured."""


def run() -> None:
    program = str(Path(sys.executable).parent / "bbws-access")
    with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as folder:
        environment = _asking(folder)
        os.environ["BBWS_ACCESS_STATE_DIR"] = folder
        cache = cache_of(Place(Overrides(org="Acme")))
        cache.parent.mkdir(parents=True)
        cache.write_text(json.dumps({"users": [[f"user{n}@example.com", f"u-{n}"] for n in range(NAMES)]}))
        os.utime(cache, (time.time() + 3600,) * 2)  # it does not grow old meanwhile
        shells = {
            shell: ["env", f"_BBWS_ACCESS_COMPLETE=complete_{shell}", program] for shell in ("bash", "zsh", "fish")
        }
        found = medians({**shells, "floor": [sys.executable, "-c", "pass"]}, ROUNDS, environment=environment)
    for shell in shells:
        told = f"{found[shell] * 1000:.0f} ms, {found[shell] / found['floor']:.1f} times python -c pass"
        report(
            f"completion of one of {NAMES:,} users in {shell}, as a part of 200 ms",
            found[shell] / MOST_SECONDS,
            1,
            told,
        )
    cold = sorted(_cold(shells["bash"]) for _ in range(COLD_ROUNDS))
    told = f"{statistics.median(cold) * 1000:.0f} ms, median of {COLD_ROUNDS}; at most {cold[-1] * 1000:.0f} ms"
    report("the same with nothing kept, as a part of 200 ms", statistics.median(cold) / MOST_SECONDS, 1, told)


def _asking(folder: str) -> dict[str, str]:
    """The variables by which shells ask, for the same line."""
    kept: Mapping[str, str] = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "BBWS_"))}
    asked = {"COMP_WORDS": "bbws-access\nusers\nshow\nuser19", "COMP_CWORD": "3"}
    line = {"_TYPER_COMPLETE_ARGS": "bbws-access users show user19", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    return {**kept, **asked, **line, "BBWS_ACCESS_STATE_DIR": folder, "BBWS_ACCESS_ORG": "Acme"}


def _cold(words: list[str]) -> float:
    """Seconds until the answer, which is empty; names begin to be fetched beside it."""
    with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as folder:
        began = time.perf_counter()
        subprocess.run(words, env=_asking(folder), check=True, capture_output=True)
        took = time.perf_counter() - began
        time.sleep(BESIDE)
    return took
