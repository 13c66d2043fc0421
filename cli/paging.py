"""Long lists, through the pager of whoever reads them at a terminal."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Final

_NONE: Final = frozenset({"", "cat"})

_LESS: Final = "FRX"
"""What less is told where nobody has: leave at once if all fits, let colours through, and leave the list on screen."""


def chosen_pager(environment: Mapping[str, str]) -> list[str]:
    """The pager's words: of ``BBWS_ACCESS_PAGER``, else ``PAGER``, else less. Empty or ``cat`` is none."""
    asked = environment.get("BBWS_ACCESS_PAGER", environment.get("PAGER", "less")).strip()
    try:
        return [] if asked in _NONE else shlex.split(asked)
    except ValueError:  # an open quote: it would not have run either
        return []


@contextmanager
def paged(pager: list[str]) -> Iterator[IO[str]]:
    """Where to write a list that is longer than the screen: the pager, or stdout where it cannot be started.

    Whoever has seen enough ends the pager early, which is no failure. Ctrl-C is the pager's while it runs.
    """
    import subprocess

    try:
        reader = subprocess.Popen(
            pager, stdin=subprocess.PIPE, encoding="utf-8", env={"LESS": _LESS, "LESSCHARSET": "utf-8", **os.environ}
        )
    except OSError:
        yield sys.stdout
        return
    assert reader.stdin is not None
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with suppress(BrokenPipeError):
            yield reader.stdin
    finally:
        with suppress(BrokenPipeError):
            reader.stdin.close()
        reader.wait()
        signal.signal(signal.SIGINT, before)
