"""Reading a live table such that what is read belongs together.

Every change that matters here has an event in its organisation's chain, in the same transaction. So what
was read between two looks at the chain's head that show the same sequence is as if read at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bbws_access import keys
from bbws_access.backoff import Backoff
from bbws_access.clock import iso
from bbws_access.keeper.facts import Facts
from bbws_access.keeper.findings import Finding
from bbws_access.store.table import Item, Query, Table

INDEX_LAG: Final = 1.0
"""Seconds that an index is given to catch up before what it does not show is believed to be missing."""


@dataclass(slots=True)
class Live:
    """What the checks read: the table, consistently, and what the pass over it remembered."""

    table: Table
    facts: Facts
    now: datetime
    quiet: float = INDEX_LAG
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    @property
    def now_iso(self) -> str:
        return iso(self.now)

    @property
    def epoch(self) -> int:
        return int(self.now.timestamp())

    def get(self, key: keys.Keys) -> Item | None:
        return self.table.get({"PK": key["PK"], "SK": key["SK"]})

    def get_pairs(self, pairs: Iterable[tuple[str, str]]) -> list[Item]:
        return self.table.get_many({"PK": pk, "SK": sk} for pk, sk in pairs)

    def partition(self, pk: str, prefix: str) -> Iterable[Item]:
        return self.table.query_all(Query(pk, begins_with=prefix))

    def sequence(self, org_id: str) -> int:
        """The last of the chain; 0 where there is none, -1 where the head is no head."""
        head = self.table.get(keys.audit_head_key(org_id))
        if head is None:
            return 0
        found = head.get("sequence")
        return found if isinstance(found, int) else -1

    def together(
        self, org_id: str, look: Callable[[], list[Finding]], *, indexed: bool = False
    ) -> tuple[list[Finding], int | None]:
        """What ``look`` finds, and the sequence at which it was so.

        In an organisation that never rests, what was found each time; the sequence is ``None`` then.
        ``indexed`` is for a look that reads an index, which must have had time to catch up.
        """
        always: dict[Any, Finding] | None = None
        for _ in Backoff(attempts=6, first=0.05, longest=0.5, sleep=self.sleep).tries():
            before = self.sequence(org_id)
            if indexed:
                self._wait_until_quiet(org_id, before)
            found = look()
            if not found or self.sequence(org_id) == before:
                return found, before
            now = {(f.problem, f.key["PK"], f.key["SK"]): f for f in found}
            always = now if always is None else {k: f for k, f in now.items() if k in always}
        return list((always or {}).values()), None

    def own_change(self, org_id: str, sequence: int) -> None:
        """A change that this run made itself, and none of what its looks read, is no reason to wait anew."""
        if org_id in self._seen:
            self._seen[org_id] = (sequence, self._seen[org_id][1])

    def _wait_until_quiet(self, org_id: str, sequence: int) -> None:
        known = self._seen.get(org_id)
        if known is None or known[0] != sequence:
            known = (sequence, self.monotonic())
            self._seen[org_id] = known
        left = known[1] + self.quiet - self.monotonic()
        if left > 0:
            self.sleep(left)
