"""What a migration would do, what it would cost, and a few examples: for a dry run."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bbws_access.migrations.outcomes import Tally
from bbws_access.migrations.settle import Planned, Settler
from bbws_access.migrations.shape import raw_token
from bbws_access.migrations.table_run import Quarantine, TableRun
from bbws_access.migrations.wire import Attributes, index_count

EXAMPLES: Final = 2
"""Of an entity."""

_SHOWN: Final = 80
"""Characters of a value."""

NEW_TABLE_UNITS: Final = 4000
"""Write units a second that a new on-demand table takes at once (AWS's developer guide, "On-demand capacity mode")."""


@dataclass
class Plan:
    """``seconds`` is an estimate, from the rate that is allowed and from how fast the source could be read.

    ``write_units`` are the table's, ``index_units`` those of its indexes, ``index_writes`` how many items of
    indexes are written.
    """

    number: int
    title: str
    source: str
    target: str
    tally: Tally = field(default_factory=Tally)
    write_units: int = 0
    index_units: int = 0
    index_writes: int = 0
    seconds: float = 0.0
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    would_write: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, one: Planned) -> None:
        outcome = one.outcome
        with self._lock:
            self.would_write[outcome.kind] += 1
            self.write_units += outcome.write_units
            self.index_units += outcome.index_units
            self.index_writes += index_count(outcome.item)
            examples = self.examples[outcome.kind]
            if len(examples) < EXAMPLES:
                examples.append(difference(one.source, outcome.item))


def make_plan(run: TableRun, plan: Plan, max_units: float | None, quarantine: Quarantine) -> Plan:
    """Reads both tables once over; the clients may be such that cannot write."""
    began = time.monotonic()
    facts = run.facts(run.survey())
    settler: Settler = run.settler(quarantine)

    def settled(planned: list[Planned], tally: Tally) -> None:
        for one in settler.pretend(planned, tally):
            plan.add(one)

    plan.tally = run.compare(facts, settled, quarantine, "plan").tally
    reading = time.monotonic() - began
    # A run reads what this did, and compares once more; it writes as fast as it may.
    plan.seconds = 1.5 * reading + (plan.write_units + plan.index_units) / (max_units or NEW_TABLE_UNITS)
    return plan


def difference(before: Attributes, after: Attributes) -> dict[str, Any]:
    """What changes of an item, a pair of values for each attribute; of secrets only that they change."""
    secret = raw_token(before)
    return {
        name: {"before": _shown(name, before, secret), "after": _shown(name, after, secret)}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _shown(name: str, item: Mapping[str, Any], secret: str | None) -> str | None:
    if name not in item:
        return None
    ((_, inner),) = item[name].items()
    shown = str(inner) if secret is None else str(inner).replace(secret, "(secret)")
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
