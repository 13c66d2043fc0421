"""What becomes of an item of the source, and the sums of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from bbws_access.migrations.wire import STAMP_BYTES, Attributes, index_count, size, write_units


@dataclass(frozen=True)
class Migrated:
    """``item`` as it shall be in the target, without a stamp; ``guards`` are the items that keep its names unique.

    ``digest`` is the item's. ``mergeable`` is what the platform's own seed
    writes too: where it stands in the target already, that one counts. ``note`` says what was changed beyond
    the layout.
    """

    kind: str
    item: Attributes
    digest: str
    guards: Sequence[Attributes] = ()
    mergeable: bool = False
    note: str | None = None

    @cached_property
    def size(self) -> int:
        """Its bytes with the stamp; who only compares does not ask."""
        return size(self.item) + STAMP_BYTES

    @property
    def write_units(self) -> int:
        """Capacity units of writing the item with its guards in a transaction, which takes twice as much."""
        return 2 * (write_units(self.size) + len(self.guards))

    @property
    def index_units(self) -> int:
        """Capacity units of its copies in indexes."""
        return write_units(self.size) * index_count(self.item)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Left out of the target, for a person to decide; ``reason`` never holds a secret."""

    kind: str
    reason: str


Outcome = Migrated | Quarantined


@dataclass
class Tally:
    """Counts of one pass by entity; added to by all workers at once.

    ``source`` is always ``migrated`` + ``quarantined`` + ``merged``. ``moved_on`` of the migrated were changed on
    this platform since, and ``taken_away`` of those are not there any more.
    """

    source: Counter[str] = field(default_factory=Counter)
    migrated: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    merged: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    moved_on: int = 0
    taken_away: int = 0
    written: int = 0
    removed: int = 0
    began: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, other: Tally) -> None:
        with self._lock:
            for name in ("source", "migrated", "quarantined", "merged", "reasons", "notes"):
                getattr(self, name).update(getattr(other, name))
            self.moved_on += other.moved_on
            self.taken_away += other.taken_away
            self.written += other.written
            self.removed += other.removed

    def count_quarantined(self, outcome: Quarantined) -> None:
        self.source[outcome.kind] += 1
        self.quarantined[outcome.kind] += 1
        self.reasons[outcome.reason] += 1

    def count_migrated(self, outcome: Migrated) -> None:
        self.source[outcome.kind] += 1
        self.migrated[outcome.kind] += 1
        if outcome.note is not None:
            self.notes[outcome.note] += 1

    def count_taken_away(self, outcome: Migrated, note: str) -> None:
        self.source[outcome.kind] += 1
        self.migrated[outcome.kind] += 1
        self.notes[note] += 1
        self.moved_on += 1
        self.taken_away += 1

    def count_merged(self, outcome: Migrated) -> None:
        self.source[outcome.kind] += 1
        self.merged[outcome.kind] += 1

    def rows(self) -> list[dict[str, Any]]:
        """By entity, for people and machines."""
        return [
            {
                "entity": kind,
                "source": self.source[kind],
                "migrated": self.migrated[kind],
                "merged": self.merged[kind],
                "quarantined": self.quarantined[kind],
            }
            for kind in sorted(self.source)
        ]
