"""Durability: the emulator's state survives its process, however that ends.

ministack saves its state when it is shut down in an orderly way, and only then. Here it is saved soon after
it changed. What may be lost if the process is killed, or the power goes, is what was acknowledged in the
last ``QUIET`` seconds, or ``BUSY`` seconds while requests keep coming, plus the time that one save takes
(milliseconds; a quarter of a second for thousands of items written at once). A service that is expensive to
save is saved less often, so that saving takes no more than a ``SHARE``-th of the time; DynamoDB is cheap
whatever its size, because its items are saved one by one. What a request changes in another service than
its own, and what ministack's threads change afterwards, is saved within ``SETTLE`` seconds of the last
request; logs and metrics, which only grow, wait for that too.

A save is one transaction: what is found afterwards is the state at one moment, DynamoDB's items, Cognito's
users and everything else alike. Bodies of S3 objects are not part of it: ministack writes each to a file of
its own before it answers, which a kill does not undo; after a power cut the last half minute may be missing.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from bbws_access.emulator import capture
from bbws_access.emulator.statefile import Collection, Contents, StateFile

QUIET: Final = 0.5
BUSY: Final = 2.0
SETTLE: Final = 5.0
SETTLE_BUSY: Final = 30.0
SHARE: Final = 20
RETRY: Final = 2.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Change:
    first: float
    last: float


@dataclass(slots=True)
class _Snapshot:
    """What one save takes from ministack; ``costs`` are seconds of computing, by service."""

    states: dict[str, Any] = field(default_factory=dict)
    collections: dict[str, Collection] | None = None
    costs: dict[str, float] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)


class Checkpointer:
    """Saves what was touched. Its methods are for the event loop's thread."""

    def __init__(self, file: StateFile) -> None:
        self._file = file
        self._changes: dict[str, _Change] = {}
        self._saving: set[str] = set()
        self._activity: _Change | None = None
        self._active: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._writing = threading.Lock()
        self._synced_code: set[str] = set()
        self.saves = 0
        """How many saves there were since the start."""
        self.error: str | None = None
        """What the last save could not save, and why; it is tried again."""

    @property
    def unsaved(self) -> list[str]:
        """The services with changes that a crash would lose; ``*`` while side effects may be unsaved."""
        return sorted(self._changes.keys() | self._saving) + (["*"] if self._activity else [])

    def restore(self) -> None:
        """Give ministack what was saved; raises what is wrong with the file."""
        contents = self._file.load()
        capture.restore(contents.documents, contents.collections or {})

    def touched(self, services: Iterable[str]) -> None:
        """Requests may have changed these services, and others by side effect."""
        now = time.monotonic()
        for service in services:
            self._changes.setdefault(service, _Change(now, now)).last = now
            self._active.add(service)
        if self._activity is None:
            self._activity = _Change(now, now)
        self._activity.last = now
        self._wake.set()

    async def run(self) -> None:
        """Save for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._changes or self._activity:
                now = time.monotonic()
                self._settle(now)
                wait = min((self._due(service) for service in self._changes), default=now + QUIET) - now
                if wait > 0:
                    await asyncio.sleep(min(wait, QUIET))
                else:
                    await self._save()

    def save_everything(self) -> None:
        """Save all services at once, and return when it is done; raises if that is impossible."""
        with self._writing:
            snapshot = self._capture(capture.loaded())
            self._write(snapshot)
        for service, failure in snapshot.failures.items():
            logger.error("%s could not be saved", service, exc_info=failure)
        self._changes.clear()
        self._activity = None

    def _due(self, service: str) -> float:
        change = self._changes[service]
        return max(min(change.last + QUIET, change.first + BUSY), self._not_before.get(service, 0.0))

    def _settle(self, now: float) -> None:
        """Once requests have ceased for a while, look at every service: unchanged ones are not written."""
        if self._activity is None:
            return
        quiet = now >= self._activity.last + SETTLE
        if not quiet and now < self._activity.first + SETTLE_BUSY:
            return
        for service in capture.loaded():
            if (service in self._active or service not in capture.OWN_CHANGES_ONLY) and (
                quiet or service not in capture.GROWING
            ):
                self._changes.setdefault(service, _Change(0.0, 0.0))
        if not quiet:
            self._activity.first = now
            return
        self._activity = None
        self._active.clear()
        # What is kept by now is kept for long: from here on the garbage collector leaves it alone, which
        # would otherwise stop all requests for a third of a second now and then, with 20,000 items.
        gc.collect()
        gc.freeze()

    async def _save(self) -> None:
        now = time.monotonic()
        # Not only those that are due: the more services one save covers, the better they fit together.
        services = [service for service in self._changes if self._not_before.get(service, 0.0) <= now]
        taken = {service: self._changes.pop(service) for service in services}
        self._saving = set(services)
        snapshot = self._capture(services)
        try:
            await asyncio.to_thread(self._write_alone, snapshot)
        except Exception as error:
            logger.exception("the state could not be saved; trying again")
            snapshot.failures |= dict.fromkeys(taken, error)
        finally:
            self._saving = set()
        now = time.monotonic()
        for service, cost in snapshot.costs.items():
            self._not_before[service] = now + SHARE * cost
        for service, failure in snapshot.failures.items():
            logger.warning("%s is not saved yet: %r", service, failure)
            self._changes.setdefault(service, taken[service])
            self._not_before[service] = now + RETRY
        self.error = "; ".join(f"{service}: {failure!r}" for service, failure in snapshot.failures.items()) or None

    def _capture(self, services: Iterable[str]) -> _Snapshot:
        snapshot = _Snapshot()
        for service in services:
            started = time.perf_counter()
            try:
                state, collections = capture.capture(service)
            except Exception as error:  # noqa: BLE001 - kept, and reported by who saves
                snapshot.failures[service] = error
                continue
            snapshot.costs[service] = time.perf_counter() - started
            if state is not None:
                snapshot.states[service] = state
            if collections is not None:
                snapshot.collections = collections
        return snapshot

    def _write_alone(self, snapshot: _Snapshot) -> None:
        with self._writing:
            self._write(snapshot)

    def _write(self, snapshot: _Snapshot) -> None:
        documents: dict[str, str] = {}
        for service, state in snapshot.states.items():
            started = time.thread_time()
            try:
                documents[service] = capture.encode(state)
            except Exception as error:  # noqa: BLE001 - as above
                snapshot.failures[service] = error
            snapshot.costs[service] += time.thread_time() - started
        if capture.LAMBDA in documents:
            capture.sync_code(documents[capture.LAMBDA], self._synced_code)
        # Items without their tables, or the other way round, would be no state to go back to.
        collections = snapshot.collections if capture.DYNAMODB in documents else None
        self._file.save(Contents(documents, collections))
        self.saves += 1
