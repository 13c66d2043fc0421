"""``bbws-access --help`` against importing what any Typer application with tables imports."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import medians, report

ROUNDS = 31
AIM = 1.6
"""A lazy Typer application of three commands measured 1.6."""


def run() -> None:
    program = str(Path(sys.executable).parent / "bbws-access")
    found = medians(
        {
            "help": [program, "--help"],
            "floor": [sys.executable, "-c", "import typer, rich.console, rich.table"],
        },
        ROUNDS,
    )
    detail = f"{found['help'] * 1000:.0f} ms to {found['floor'] * 1000:.0f} ms, medians of {ROUNDS} interleaved runs"
    report("bbws-access --help / import typer, rich.console, rich.table", found["help"] / found["floor"], AIM, detail)
