"""The file that the emulator's state is kept in: an SQLite database, so that a save is all or nothing.

Most services are small, and are kept as one JSON document each. The items of DynamoDB are not: each is a
row of its own, and a save writes the rows that changed. A ``Collection`` is the items of one table, or of
one backup, by partition key and sort key.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

Collection = Mapping[str, Mapping[str, Any]]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (service TEXT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS item (
    collection TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (collection, key)
);
"""


@dataclass(slots=True)
class Contents:
    """What a save writes: JSON documents by service, and all collections if DynamoDB is among them."""

    documents: dict[str, str] = field(default_factory=dict)
    collections: dict[str, Collection] | None = None


class StateFile:
    """One open state file. It belongs to this process alone, and its methods to one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; raises ``sqlite3.Error`` if it is damaged or in use."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
            self._db.execute(f"PRAGMA {pragma}")
        if self._db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the file is damaged")
        self._db.executescript(_SCHEMA)
        self._digests: dict[str, bytes] = {}
        self._collections: dict[str, Collection] = {}

    def load(self) -> Contents:
        """Everything that was saved."""
        documents = dict(self._db.execute("SELECT service, document FROM state"))
        collections: dict[str, dict[str, dict[str, Any]]] = {}
        for name, key, body in self._db.execute("SELECT collection, key, body FROM item ORDER BY rowid"):
            partition, sort = json.loads(key)
            collections.setdefault(name, {}).setdefault(partition, {})[sort] = json.loads(body)
        self._digests = {service: _digest(document) for service, document in documents.items()}
        # The loaded dicts are given away and will change: what is compared with is a copy.
        self._collections = {name: _copy(items) for name, items in collections.items()}
        return Contents(documents, dict(collections))

    def save(self, contents: Contents) -> None:
        """Write what differs from the last save and force it to the disk: all of it, or nothing.

        An item counts as changed if it is another object than it was, which is right because ministack
        replaces items and never changes them.
        """
        digests = {service: _digest(document) for service, document in contents.documents.items()}
        changed = [
            (service, contents.documents[service])
            for service, digest in digests.items()
            if self._digests.get(service) != digest
        ]
        if not changed and contents.collections is None:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", changed)
            if contents.collections is not None:
                self._save_items(contents.collections)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._digests.update(digests)
        if contents.collections is not None:
            self._collections = contents.collections

    def close(self) -> None:
        self._db.close()

    def _save_items(self, collections: dict[str, Collection]) -> None:
        for name in self._collections.keys() - collections.keys():
            self._db.execute("DELETE FROM item WHERE collection = ?", (name,))
        for name, items in collections.items():
            before = self._collections.get(name, {})
            self._db.executemany(
                "INSERT INTO item VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
                ((name, key, json.dumps(item)) for key, item in _changed(before, items)),
            )
            self._db.executemany(
                "DELETE FROM item WHERE collection = ? AND key = ?",
                ((name, key) for key in _removed(before, items)),
            )


def _copy(items: Collection) -> Collection:
    return {partition: dict(rows) for partition, rows in items.items()}


def _digest(document: str) -> bytes:
    return blake2b(document.encode(), digest_size=16).digest()


def _key(partition: str, sort: str) -> str:
    # As JSON it is plain ASCII, whatever is in the keys: SQLite takes neither NUL nor lone surrogates.
    return json.dumps([partition, sort])


def _changed(before: Collection, after: Collection) -> Iterator[tuple[str, Any]]:
    for partition, rows in after.items():
        old = before.get(partition, {})
        if old is not rows:
            yield from ((_key(partition, sort), item) for sort, item in rows.items() if old.get(sort) is not item)


def _removed(before: Collection, after: Collection) -> Iterator[str]:
    for partition, rows in before.items():
        now = after.get(partition, {})
        if now is not rows:
            yield from (_key(partition, sort) for sort in rows if sort not in now)
