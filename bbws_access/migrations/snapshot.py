"""What the target holds, read once and remembered outside of memory: for each item a digest.

Comparing by scanning costs a sixteenth of the read capacity of asking for each item, and far fewer requests.
What does not match is read again by whoever writes; what somebody changes after it was read here was as it
should be when it was read, and is theirs.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from bbws_access.migrations.legacy_layout import Kind, recognise
from bbws_access.migrations.outcomes import Migrated
from bbws_access.migrations.wire import Attributes, KeyPair, digest, pair, stamp_of

_CACHE_KIB: Final = 32 * 1024
_AT_ONCE: Final = 500
"""Keys in one question to SQLite."""


class Snapshot:
    """Filled by several workers, then asked by them. Closing it removes its temporary file.

    ``stamped`` counts what the migration wrote, but for events: those a source loses because of their age.
    """

    def __init__(self, migration: int) -> None:
        self._migration = migration
        self._base = sqlite3.connect("", check_same_thread=False)  # a private temporary database
        self._base.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute("CREATE TABLE items (place BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID")
        self._lock = threading.Lock()
        self.stamped = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._base.close()

    def add(self, items: Sequence[Attributes]) -> None:
        rows = [(_place(pair(item)), bytes.fromhex(digest(item))) for item in items]
        stamped = sum(1 for item in items if stamp_of(item, self._migration) is not None and not is_event(item))
        with self._lock:
            # A scan may show an item twice where its page was asked for twice.
            self._base.executemany("INSERT OR REPLACE INTO items VALUES (?, ?)", rows)
            self.stamped += stamped

    def hold(self, outcomes: Sequence[Migrated]) -> list[bool]:
        """Of each, whether it is there just so, with its guards."""
        wanted = [
            [(_place(pair(one.item)), bytes.fromhex(one.digest))]
            + [(_place(pair(guard)), bytes.fromhex(digest(guard))) for guard in one.guards]
            for one in outcomes
        ]
        found = self._contents([place for group in wanted for place, _ in group])
        return [all(found.get(place) == content for place, content in group) for group in wanted]

    def _contents(self, places: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        with self._lock:
            for start in range(0, len(places), _AT_ONCE):
                some = places[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT place, content FROM items WHERE place IN ({marks})"  # noqa: S608 - question marks
                found.update(self._base.execute(query, some))
        return found


def _place(key: KeyPair) -> bytes:
    """128 bits of a key; the length keeps apart what a separator would not."""
    pk, sk = key
    text = f"{len(pk)}:{pk}{sk}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def is_event(item: Attributes) -> bool:
    return recognise(*pair(item))[0] is Kind.EVENT
