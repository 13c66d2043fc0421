"""Interrupts that wait until somebody can act on them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_HELD: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_interrupts() -> Iterator[Callable[[], None]]:
    """Holds back Ctrl-C and an order to end, until what is handed out is called or the block ends.

    For the moment in which a process is started: an interrupt right then would leave it running, and nobody
    who tells it to stop. Signals that are ignored stay ignored; threads other than the main one get none.
    """
    arrived: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)

    main = threading.current_thread() is threading.main_thread()
    before = {each: signal.getsignal(each) for each in _HELD if main and signal.getsignal(each) != signal.SIG_IGN}
    for each in before:
        signal.signal(each, note)

    def release() -> None:
        while before:
            signal.signal(*before.popitem())
        while arrived:
            signal.raise_signal(arrived.pop())

    try:
        yield release
    finally:
        release()
