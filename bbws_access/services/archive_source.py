"""Events that have left the table, from the archive, in the order of a walk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from bbws_access import keys
from bbws_access.audit_storage import AuditStorage
from bbws_access.clock import iso
from bbws_access.models.archive import ArchivedPart
from bbws_access.models.audit_questions import HOT_DAYS, AuditQuestion
from bbws_access.services import archive_objects as objects
from bbws_access.services.event_walk import Stretch, position
from bbws_access.store.table import Item, Query, Table

_END: Final = "~"


class ArchiveSource:
    """The days of ``question`` that are archived and may have expired; a day is one request.

    ``days`` is how many there are: a question that needs none reads nothing.
    """

    def __init__(
        self, table: Table, storage: AuditStorage, question: AuditQuestion, now: datetime, after: str | None = None
    ) -> None:
        self._storage = storage
        self._question = question
        self._after = after
        parts = _expired(table, question, now, after)
        ordered = sorted(parts.items(), reverse=question.newest_first)
        self.days = len(ordered)
        self._left = iter(ordered)

    def advance(self) -> Stretch | None:
        day, parts = next(self._left, (None, []))
        if day is None:
            return None
        wanted = _matching(self._question, self._after)
        found = [event for part in parts for event in self._read(part) if wanted(event)]
        found.sort(key=position, reverse=self._question.newest_first)
        return Stretch(found, day if self._question.newest_first else f"{day}{_END}")

    def _read(self, part: ArchivedPart) -> Iterator[dict[str, Any]]:
        key = objects.object_key(part.organisation_id, part.date, part.part)
        with self._storage.read(key) as stream:
            yield from objects.unpack(stream)


def _expired(table: Table, question: AuditQuestion, now: datetime, after: str | None) -> dict[str, list[ArchivedPart]]:
    """The parts of each day of the range that the table may no longer hold."""
    if question.since is None or question.until is None:
        raise ValueError("the question's range is not set")
    last = min(iso(question.until), iso(now - timedelta(days=HOT_DAYS)))[:10]
    first = iso(question.since)[:10]
    if after is not None and question.newest_first:
        last = min(last, after[:10])
    elif after is not None:
        first = max(first, after[:10])
    if last < first:
        return {}
    between = (f"{keys.ARCHIVED_PREFIX}{first}", f"{keys.ARCHIVED_PREFIX}{last}{_END}")
    found: dict[str, list[ArchivedPart]] = {}
    for item in table.query_all(Query(keys.archived_parts(question.organisation_id), between=between)):
        part = ArchivedPart.from_item(item)
        if part.count:
            found.setdefault(part.date, []).append(part)
    return found


def _matching(question: AuditQuestion, after: str | None) -> Callable[[Item], bool]:
    first, last = iso(question.since) if question.since else "", iso(question.until) if question.until else _END

    def matches(event: Item) -> bool:
        here = position(event)
        beyond = after is None or (here < after if question.newest_first else here > after)
        return (
            beyond
            and first <= event["timestamp"] < last
            and question.user_id in {None, event.get("userId")}
            and (not question.types or event.get("eventType") in question.types)
            and question.outcome in {None, event.get("outcome")}
            and question.action in {None, event.get("action")}
            and question.resource_id in {None, event.get("resourceId")}
            and (
                question.team_ids is None
                or (event.get("resourceType") == "team" and event.get("resourceId") in question.team_ids)
            )
        )

    return matches
