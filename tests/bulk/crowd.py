"""Files of many people, and tables that count what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bbws_access.keys import Keys
from bbws_access.models.team import NewTeam
from bbws_access.store.table import Item, Page, Query, Table
from bbws_access.store.writes import Update, Write
from tests.cli.memory import memory
from tests.declared.place import WHO, Place

ROLES = ("SITE_VIEWER", "SITE_EDITOR", "ORG_MANAGER")


class Killed(BaseException):
    """The end of the process, as far as this one is concerned."""


def csv_of(folder: Path, count: int, *, bad: dict[int, str] | None = None, name: str = "people.csv") -> Path:
    """A header, and ``count`` rows; ``bad`` are rows (from 0) that are written as they are given."""
    lines = ["email,role,team,message"]
    for n in range(count):
        good = f"p{n}@example.com,{ROLES[n % 3]},{'Web' if n % 2 else ''},Welcome {n}"
        lines.append((bad or {}).get(n, good))
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class CountingTable(Table):
    """Counts requests to ``inner``, and dies where it is told to: before or after a request."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.name = inner.name
        self.requests = 0
        self.dies_before: int | None = None
        self.dies_after: int | None = None
        self.then: dict[int, Callable[[], None]] = {}
        """What happens elsewhere right before a request, by its number."""

    def get(self, key: Keys) -> Item | None:
        self._count(1)
        return self.inner.get(key)

    def get_many(self, keys: Iterable[Keys]) -> list[Item]:
        wanted = list(keys)
        self._count(-(-len(wanted) // 100))
        return self.inner.get_many(wanted)

    def query(self, query: Query) -> Page:
        self._count(1)
        return self.inner.query(query)

    def transact(self, writes: Sequence[Write]) -> None:
        self._count(1)
        self.inner.transact(writes)
        if self.dies_after is not None and self.requests >= self.dies_after:
            raise Killed

    def _count(self, requests: int) -> None:
        self.requests += requests
        self.then.pop(self.requests, lambda: None)()
        if self.dies_before is not None and self.requests >= self.dies_before:
            raise Killed


class ForgetfulTable(Table):
    """Keeps what there was and the head of the trail, and forgets all else that is written: it does not grow."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.name = inner.name
        self.written = 0

    def get(self, key: Keys) -> Item | None:
        return self.inner.get(key)

    def get_many(self, keys: Iterable[Keys]) -> list[Item]:
        return self.inner.get_many(keys)

    def query(self, query: Query) -> Page:
        return self.inner.query(query)

    def transact(self, writes: Sequence[Write]) -> None:
        self.written += len(writes)
        heads = [one for one in writes if isinstance(one, Update) and one.key["SK"] == "AUDITHEAD"]
        for one in heads:
            self.inner.transact([one])
            self.inner._journal.transactions.clear()


class Crowd(Place):
    """Acme, with the team Web."""

    def __init__(self, people: int = 0) -> None:
        super().__init__(people, memory())
        self.web = self.services.teams.create(WHO, self.org_id, NewTeam(name="Web")).team_id

    @property
    def mails(self) -> list[str]:
        mailer: Any = self.memory.world.mailer
        return [mail.to for mail in mailer.sent]

    def invitations(self) -> list[Item]:
        return [i for i in self.items() if i["SK"].startswith("INV#")]
