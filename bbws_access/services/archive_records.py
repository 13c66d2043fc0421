"""What the table says of an organisation's archive, read as from somebody who may have altered it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from pydantic import ValidationError

from bbws_access import keys
from bbws_access.models.archive import ArchivedPart, ArchiveHead
from bbws_access.services.chain import GENESIS
from bbws_access.store.table import Item, Query, Table

_NONSENSE: Final = "a record of the archive is not what was written"

Tell = Callable[[str, str | None], None]
"""Is told what is not what was written, in words, and of which day."""


class ArchiveRecords:
    """Leaves out what is no record, and tells of it once."""

    def __init__(self, table: Table, org_id: str, tell: Tell) -> None:
        self._table = table
        self._org_id = org_id
        self._tell = tell
        self._told: set[str] = set()

    def parts(self, day: str = "") -> list[ArchivedPart]:
        """By day and part; with ``day``, of that one."""
        query = Query(keys.archived_parts(self._org_id), begins_with=f"{keys.ARCHIVED_PREFIX}{day}")
        found: list[ArchivedPart] = []
        for item in self._table.query_all(query):
            part, name = _part(item), str(item["SK"])
            if part is not None:
                found.append(part)
            elif name not in self._told:
                self._told.add(name)
                self._tell(_NONSENSE, name.split("#")[1])
        return found

    def head(self) -> ArchiveHead:
        """How far the archive has come; where that is nonsense, as far as the records have."""
        item = self._table.get(keys.archive_head_key(self._org_id))
        if item is None:
            return ArchiveHead(organisation_id=self._org_id, manifest_digest=GENESIS)
        try:
            return ArchiveHead.from_item(item)
        except ValidationError:
            self._tell("the archive's head is not what was written", None)
        recorded = self.parts()
        last = max(recorded, key=lambda part: part.number, default=None)
        number, digest = (last.number, last.manifest_digest) if last is not None else (0, GENESIS)
        return ArchiveHead(organisation_id=self._org_id, date=last_day(recorded), number=number, manifest_digest=digest)


def last_day(parts: Iterable[ArchivedPart]) -> str | None:
    """The last that is archived, not counting what came late."""
    return max((part.date for part in parts if part.part == 0), default=None)


def _part(item: Item) -> ArchivedPart | None:
    """``None`` for what is no record, or not that of its place."""
    try:
        part = ArchivedPart.from_item(item)
    except ValidationError:
        return None
    place = {name: str(item[name]) for name in ("PK", "SK")}
    return part if part.keys() == place and part.number > 0 else None
