"""What a migration would do, what it would cost, and a few examples: for a dry run."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bbws_access.migrations.in_place import Change, Changed, InPlaceRun
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
        units = outcome.write_units, outcome.index_units, index_count(outcome.item)
        self._add(outcome.kind, one.source, outcome.item, units)

    def add_changed(self, entity: str, one: Changed) -> None:
        """An item that would be changed where it is."""
        self._add(entity, one.before, one.after, (one.write_units, one.index_units, one.index_writes))

    def _add(self, entity: str, before: Attributes, after: Attributes, units: tuple[int, int, int]) -> None:
        with self._lock:
            self.would_write[entity] += 1
            self.write_units += units[0]
            self.index_units += units[1]
            self.index_writes += units[2]
            examples = self.examples[entity]
            if len(examples) < EXAMPLES:
                examples.append(difference(before, after))

    def takes(self, reading: float, max_units: float | None) -> None:
        """From how long the plan's own reading took: a run reads as much, and compares once more."""
        self.seconds = 1.5 * reading + (self.write_units + self.index_units) / (max_units or NEW_TABLE_UNITS)


def make_plan(run: TableRun, plan: Plan, max_units: float | None, quarantine: Quarantine) -> Plan:
    """Reads both tables once over; the clients may be such that cannot write."""
    began = time.monotonic()
    facts = run.facts(run.survey())
    settler: Settler = run.settler(quarantine)

    def settled(planned: list[Planned], tally: Tally) -> None:
        for one in settler.pretend(planned, tally):
            plan.add(one)

    plan.tally = run.compare(facts, settled, quarantine, "plan").tally
    plan.takes(time.monotonic() - began, max_units)
    return plan


def plan_in_place(run: InPlaceRun, change: Change, plan: Plan, max_units: float | None) -> Plan:
    """As :func:`make_plan`, of a migration that changes items where they are."""
    began = time.monotonic()
    plan.tally = run.plan(change, plan.add_changed)
    plan.takes(time.monotonic() - began, max_units)
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
