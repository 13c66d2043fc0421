"""The migrations' own records, in the target table: what was done, and how far one has come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import Field

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.migrations.lease import Lease
from bbws_access.models.base import Record
from bbws_access.store.table import Query, Table
from bbws_access.store.writes import Delete, Put


class State(StrEnum):
    """A migration is pending, then running until it is done; it can be taken back."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    REVERTING = "REVERTING"
    REVERTED = "REVERTED"


class MigrationRecord(Record):
    """``started_at`` stays the same for every run, since what is written may depend on it.

    ``segments`` is into how many the scan was divided when it began: a checkpoint belongs to one of them.
    ``compared_at`` is when the last comparison began: what was written to the source before is here.
    ``entities`` has the counts of the last comparison, ``quarantined`` and ``merged`` their sums.
    """

    number: int
    title: str
    state: State
    source: str
    target: str
    segments: int
    started_at: str
    started_by: str
    finished_at: str | None = None
    finished_by: str | None = None
    compared_at: str | None = None
    copied: bool = False
    items: int = 0
    quarantined: int = 0
    merged: int = 0
    entities: list[dict[str, Any]] = Field(default_factory=list)

    def keys(self) -> Keys:
        return keys.migration_key(self.number)


@dataclass
class Checkpoint:
    """Where a segment's copying goes on: after ``last``, a key of the source; ``items`` were seen up to there."""

    segment: int
    last: Keys | None = None
    finished: bool = False
    items: int = 0


@dataclass
class Checkpoints:
    """Reads and writes them; what is written is bound to the lease."""

    table: Table

    def record(self, number: int) -> MigrationRecord | None:
        item = self.table.get(keys.migration_key(number))
        return MigrationRecord.from_item(item) if item else None

    def records(self) -> list[MigrationRecord]:
        found = self.table.query_all(Query(keys.MIGRATIONS, begins_with="NUMBER#"))
        return [MigrationRecord.from_item(item) for item in found]

    def save(self, record: MigrationRecord, lease: Lease) -> None:
        self.table.transact([lease.fence(), Put(record.to_item())])

    def load(self, number: int, segments: int) -> list[Checkpoint]:
        """One for each segment; those without a record begin at the beginning."""
        wanted = [keys.migration_checkpoint_key(number, n) for n in range(segments)]
        items = {int(item["segment"]): item for item in self.table.get_many(wanted)}
        return [
            Checkpoint(n, item.get("last"), bool(item["finished"]), int(item["items"])) if item else Checkpoint(n)
            for n in range(segments)
            for item in [items.get(n)]
        ]

    def reached(self, number: int, checkpoint: Checkpoint, lease: Lease) -> None:
        item: dict[str, Any] = keys.migration_checkpoint_key(number, checkpoint.segment) | {
            "segment": checkpoint.segment,
            "finished": checkpoint.finished,
            "items": checkpoint.items,
        }
        if checkpoint.last is not None:
            item["last"] = checkpoint.last
        self.table.transact([lease.fence(), Put(item)])

    def forget(self, number: int, segments: int, lease: Lease) -> None:
        deletes = [Delete(keys.migration_checkpoint_key(number, n)) for n in range(segments)]
        self.table.transact([lease.fence(), *deletes])
