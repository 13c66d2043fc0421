"""One operator at a time: a lease in the target table, renewed while its holder lives."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from bbws_access import keys
from bbws_access.clock import Clock
from bbws_access.errors import AccessError, Conflict
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Table
from bbws_access.store.writes import ABSENT, Check, Delete, Put, Update

LEASE_SECONDS: Final = 60.0
"""After a holder died, this long at most until another can go on."""

_BEATS: Final = 4
"""Renewals in the time that a lease lasts."""


class Lease:
    """Held inside ``with``. Writes that only its holder may make carry :meth:`fence`.

    Raises ``Conflict`` (``MIGRATION_RUNNING``) where another holds it.
    """

    def __init__(self, table: Table, clock: Clock, holder: str, who: str, seconds: float = LEASE_SECONDS) -> None:
        self._table = table
        self._clock = clock
        self._holder = holder
        self._who = who
        self._seconds = seconds
        self._until_ms = 0
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Self:
        now = self._now()
        item = keys.migration_lease_key() | {
            "holder": self._holder,
            "heldBy": self._who,
            "expiresAtMs": now + int(self._seconds * 1000),
        }
        free = ABSENT | Attr("expiresAtMs").lt(now)
        self._table.write(Put(item, condition=free, otherwise=self._held_by_other(now)))
        self._until_ms = now + int(self._seconds * 1000)
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._heart.join()
        try:
            self._table.write(Delete(keys.migration_lease_key(), condition=Attr("holder").eq(self._holder)))
        except AccessError:
            if error is None and not self._lost.is_set():
                return  # it runs out by itself

    def check(self) -> None:
        """Raises ``Conflict`` where the lease was lost; one that has run out must be renewed first.

        By the clock: who slept, with their machine, wakes up before they hear that another has taken over.
        """
        if self._now() >= self._until_ms and not self._lost.is_set():
            self._renew()
        if self._lost.is_set():
            raise lost()

    def fence(self) -> Check:
        """Binds a transaction to the lease: who was overtaken while asleep writes nothing."""
        return Check(keys.migration_lease_key(), Attr("holder").eq(self._holder), otherwise=lost())

    def _held_by_other(self, now: int) -> AccessError:
        found = self._table.get(keys.migration_lease_key())
        who = str(found["heldBy"]) if found else "another operator"
        left = max(1, (int(found["expiresAtMs"]) - now) // 1000 + 1) if found else 1
        return Conflict(
            f"{who} is migrating this table right now",
            code="MIGRATION_RUNNING",
            hint=f"wait for the end of it; if it has died, this works again in {left} s",
        )

    def _beat(self) -> None:
        while not self._lost.is_set() and not self._ended.wait(self._seconds / _BEATS):
            with suppress(AccessError):  # the next beat may get through; if none does, the lease runs out
                self._renew()

    def _renew(self) -> None:
        until = self._now() + int(self._seconds * 1000)
        mine = Attr("holder").eq(self._holder)
        assign = {"expiresAtMs": until}
        try:
            self._table.write(Update(keys.migration_lease_key(), assign=assign, condition=mine, otherwise=lost()))
        except Conflict:
            self._lost.set()
        else:
            self._until_ms = until

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def lost() -> Conflict:
    return Conflict(
        "another operator has taken the migration over",
        code="MIGRATION_TAKEN_OVER",
        hint="bbws-access table history",
    )
