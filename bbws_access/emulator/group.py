"""Process groups, and waiting."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

_POLL = 0.05


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds, at most so many seconds; whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL)
    return True


def leads(pid: int) -> bool:
    """Whether a process leads a process group of its own."""
    return hasattr(os, "getpgid") and os.getpgid(pid) == pid


def kill(leader: int) -> None:
    """Kill what is left of a process group, its leader or not, and wait a moment until it is gone."""
    if not hasattr(os, "killpg"):
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
        eventually(lambda: not _exists(leader), 1.0)


def _exists(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
