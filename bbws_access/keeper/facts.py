"""What a check must remember of the whole table, on disk and not in memory.

SQLite's temporary database takes a row of some 100 bytes for each key that something refers to or is
counted by, and an event's place in its chain: 200,000 items are about 60 MB of temporary file, and a
cache of 8 MB whatever the table holds. Queries name the items that look wrong; nothing is judged here.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

Row = tuple[Any, ...]
Pair = tuple[str, str]

_CACHE_KIB: Final = 8192

_MOST: Final = 2**62

_TABLES: Final = {
    # What is referred to: with its name (of a role), and the counts that it carries.
    "things": "pk, sk, kind, org, id, active, name, leads, users, members, lead_count",
    # Which guard a record is behind.
    "claims": "gpk, gsk, holder, pk, sk",
    "guards": "pk, sk, holder",
    # From where to where; ``name`` is what the target is called there, where it must be so.
    "refs": "pk, sk, tpk, tsk, name, must_be_active",
    "holds": "rpk, rsk, active, pk, sk",
    "seats": "tpk, tsk, rpk, rsk, active",
    "platform_holders": "pk, sk, user",
    "events": "org, seq, previous, hash, ttl, pk, sk",
    "heads": "org, seq, hash",
    "suspects": "pk, sk",
}

_INDEXES: Final = (
    "things(pk, sk)",
    "claims(gpk, gsk)",
    "guards(pk, sk)",
    "holds(rpk, rsk)",
    "seats(tpk, tsk)",
    "seats(rpk, rsk)",
    "events(org, seq)",
)

_SUSPICIONS: Final = (
    # References to what is not there, is not active, or is called otherwise.
    """SELECT r.pk, r.sk FROM refs r LEFT JOIN things t ON t.pk = r.tpk AND t.sk = r.tsk
       WHERE t.pk IS NULL OR (r.must_be_active AND NOT t.active) OR (r.name IS NOT NULL AND r.name <> t.name)""",
    """SELECT p.pk, p.sk FROM platform_holders p
       WHERE p.user NOT IN (SELECT id FROM things WHERE kind = 'User')""",
    # Records without their guard, guards without their record, and two records behind one guard.
    """SELECT c.pk, c.sk FROM claims c LEFT JOIN guards g ON g.pk = c.gpk AND g.sk = c.gsk
       WHERE g.pk IS NULL OR g.holder <> c.holder""",
    """SELECT g.pk, g.sk FROM guards g LEFT JOIN claims c ON c.gpk = g.pk AND c.gsk = g.sk
       WHERE c.pk IS NULL OR c.holder <> g.holder""",
    """SELECT pk, sk FROM claims WHERE (gpk, gsk) IN
       (SELECT gpk, gsk FROM claims GROUP BY gpk, gsk HAVING count(*) > 1)""",
    # Counts.
    """SELECT t.pk, t.sk FROM things t WHERE t.kind = 'Role' AND t.users <>
       (SELECT count(*) FROM holds h WHERE h.rpk = t.pk AND h.rsk = t.sk AND h.active)""",
    """SELECT t.pk, t.sk FROM things t WHERE t.kind = 'TeamRole' AND t.users <>
       (SELECT count(*) FROM seats s WHERE s.rpk = t.pk AND s.rsk = t.sk AND s.active)""",
    """SELECT t.pk, t.sk FROM things t WHERE t.kind = 'Team' AND (
         t.members <> (SELECT count(*) FROM seats s WHERE s.tpk = t.pk AND s.tsk = t.sk AND s.active)
         OR t.lead_count <> (SELECT count(*) FROM seats s JOIN things r ON r.pk = s.rpk AND r.sk = s.rsk
                             WHERE s.tpk = t.pk AND s.tsk = t.sk AND s.active AND r.leads))""",
    # Teams that have had a lead and have none.
    """SELECT t.pk, t.sk FROM things t WHERE t.kind = 'Team' AND t.active AND t.lead_count < 1 AND EXISTS
       (SELECT 1 FROM seats s JOIN things r ON r.pk = s.rpk AND r.sk = s.rsk
        WHERE s.tpk = t.pk AND s.tsk = t.sk AND r.leads)""",
)


class Facts:
    """Closing it removes the temporary file; so does the end of the process."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("")  # SQLite's own name for a private temporary database
        self._base.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        for name, columns in _TABLES.items():
            self._base.execute(f"CREATE TABLE {name} ({columns})")
        self._pending: defaultdict[str, list[Row]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._base.close()

    def note(self, table: str, *row: Any) -> None:
        """Numbers are within SQLite's 64 bits; see :func:`bounded`."""
        self._pending[table].append(row)

    def flush(self) -> None:
        """Writes down what was noted since the last time; once a page."""
        for table, rows in self._pending.items():
            if rows:
                places = ", ".join("?" * len(rows[0]))
                self._base.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - names above
                rows.clear()

    def suspects(self) -> list[Pair]:
        """Keys of items that look wrong, each once; all of them are read again before anything is said."""
        self.flush()
        for index, columns in enumerate(_INDEXES):
            self._base.execute(f"CREATE INDEX IF NOT EXISTS i{index} ON {columns}")
        for suspicion in _SUSPICIONS:
            self._base.execute(f"INSERT INTO suspects {suspicion}")
        return list(self._base.execute("SELECT DISTINCT pk, sk FROM suspects ORDER BY pk, sk"))

    def claimants(self, guard: Pair) -> list[Pair]:
        """Records that want this guard."""
        return list(self._base.execute("SELECT pk, sk FROM claims WHERE gpk = ? AND gsk = ?", guard))

    def holders(self, role: Pair) -> list[Pair]:
        """Assignments of a role."""
        return list(self._base.execute("SELECT pk, sk FROM holds WHERE rpk = ? AND rsk = ?", role))

    def organisations(self) -> set[str]:
        """Those that something belongs to."""
        return {row[0] for row in self._base.execute("SELECT DISTINCT org FROM things UNION SELECT org FROM events")}

    def known_organisations(self) -> set[str]:
        return {row[0] for row in self._base.execute("SELECT id FROM things WHERE kind = 'Organisation'")}

    def chains(self) -> set[str]:
        """Organisations with a chain, or a head of one."""
        return {row[0] for row in self._base.execute("SELECT org FROM events UNION SELECT org FROM heads")}

    def chain(self, org_id: str) -> Iterator[Row]:
        """Sequence, previous hash, hash, ttl, PK and SK of each event that is chained, in order."""
        columns = "seq, previous, hash, ttl, pk, sk"
        query = f"SELECT {columns} FROM events WHERE org = ? ORDER BY seq, sk"  # noqa: S608 - names above
        return iter(self._base.execute(query, (org_id,)))

    def days(self, org_id: str) -> list[str]:
        """Those of which there are events, as they are in the keys."""
        found = self._base.execute("SELECT DISTINCT pk FROM events WHERE org = ?", (org_id,))
        return [str(pk).rpartition("#DATE#")[2] for (pk,) in found]

    def last_link(self, org_id: str) -> Row | None:
        """The end of :meth:`chain`."""
        columns = "seq, previous, hash, ttl, pk, sk"
        query = f"SELECT {columns} FROM events WHERE org = ? ORDER BY seq DESC, sk DESC LIMIT 1"  # noqa: S608
        found: Row | None = self._base.execute(query, (org_id,)).fetchone()
        return found

    def head(self, org_id: str) -> tuple[int, str] | None:
        found: tuple[int, str] | None = self._base.execute(
            "SELECT seq, hash FROM heads WHERE org = ?", (org_id,)
        ).fetchone()
        return found


def bounded(number: int) -> int:
    """``number`` where it is a possible count or sequence, else one that is as wrong."""
    return max(-_MOST, min(_MOST, number))
