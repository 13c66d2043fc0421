"""Locks on files, which the operating system releases when their holder dies, however it dies.

Where the platform has no ``fcntl`` they lock nothing, and :func:`is_held` cannot tell.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    HAVE_LOCKS = False
else:
    HAVE_LOCKS = True

_POLL = 0.05


def _try(file: IO[str], operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def acquire(path: Path, timeout: float) -> IO[str] | None:
    """Lock the file at ``path``, waiting up to ``timeout`` seconds; ``None`` if someone else keeps it.

    The lock lasts as long as the returned file is open, and is not inherited by child processes.
    """
    file = path.open("a+", encoding="ascii")
    if not HAVE_LOCKS:
        return file
    deadline = time.monotonic() + timeout
    while not _try(file, fcntl.LOCK_EX):
        if time.monotonic() >= deadline:
            file.close()
            return None
        time.sleep(_POLL)
    return file


@contextmanager
def held(path: Path, timeout: float) -> Iterator[bool]:
    """Hold the lock for a block; yields whether it was had within ``timeout`` seconds."""
    file = acquire(path, timeout)
    try:
        yield file is not None
    finally:
        if file is not None:
            file.close()


def is_held(path: Path) -> bool | None:
    """Whether some process holds the lock; ``None`` where that cannot be known."""
    if not HAVE_LOCKS:
        return None
    try:
        file = path.open(encoding="ascii")
    except FileNotFoundError:
        return False
    with file:
        # A shared lock, so that several processes that only look do not see each other.
        return not _try(file, fcntl.LOCK_SH)


def write_owner(file: IO[str]) -> None:
    """Write this process's id into a lock that it holds."""
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()


def owner(path: Path) -> int | None:
    """The process id that the holder of the lock wrote into it, if it did."""
    try:
        with path.open(encoding="ascii") as file:
            pid = int(file.read(32))
    except (OSError, ValueError):
        return None
    return pid if pid > 1 else None
