"""The processes in which ministack runs functions: it keeps one of each function warm for ever, which for
all functions of the platform takes gigabytes. Here those that have been idle for long are ended."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from ministack.core import lambda_runtime

IDLE: Final = 600.0
_INTERVAL: Final = 30.0


async def retire_idle() -> None:
    """End, for ever, the workers that have been idle for more than ``IDLE`` seconds."""
    while True:
        await asyncio.sleep(_INTERVAL)
        await asyncio.to_thread(retire, IDLE)


def retire(idle: float) -> int:
    """End the workers that have been idle for more than ``idle`` seconds; returns how many."""
    latest = time.time() - idle
    lambda_runtime.reap_idle_workers()  # the surplus of a burst, which goes sooner
    retired = []
    with lambda_runtime._lock:
        for key, pool in list(lambda_runtime._workers.items()):
            retired += [worker for worker in pool if not worker.in_use and worker.last_used < latest]
            pool[:] = [worker for worker in pool if worker.in_use or worker.last_used >= latest]
            if not pool:
                del lambda_runtime._workers[key]
    lambda_runtime.kill_workers(retired)
    return len(retired)


def end_all() -> None:
    """End all workers and delete what was unpacked for them."""
    lambda_runtime.reset()
