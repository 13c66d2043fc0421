"""Walking through audit events in the order of time, from however many partitions a question needs.

An event's *position* is ``{timestamp}#{eventId}``, the same in every index: a walk can be left at any
position and taken up again there, by another process and after new events have come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Protocol

from bbws_access import keys
from bbws_access.clock import iso
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import Item, Query, Table

_MOST_TEAMS: Final = 400
"""Of which a filter fits into the 4 KB that DynamoDB takes of an expression; among more we look ourselves."""

_END: Final = "~"
"""After every character of a position."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events that lie next to each other in a source; everything up to ``through`` has been looked at."""

    items: list[Item]
    through: str


class Source(Protocol):
    """Events in the walk's order, a request at a time."""

    def advance(self) -> Stretch | None:
        """The next stretch; ``None`` at the end."""
        ...


def position(item: Item) -> str:
    return f"{item['timestamp']}#{item['eventId']}"


class EventWalk:
    """Merges sources by time; an event that stands in two of them comes once.

    ``requests`` bounds how many are made; ``None`` is no bound. ``archived_days`` says how many days of the answer
    are read from the archive.
    """

    def __init__(
        self, sources: Iterable[Source], *, newest_first: bool, requests: int | None = None, archived_days: int = 0
    ) -> None:
        self.archived_days = archived_days
        self._earliest = max if newest_first else min
        self._start = _END if newest_first else ""
        self._lanes = [_Lane(source, self._start) for source in sources]
        self._requests = requests
        self._last = ""
        self.cut_short = False
        """Whether the walk ended because its requests were used up."""

    def __iter__(self) -> Iterator[Item]:
        while True:
            yield from self._up_to(self._blocking())
            blocking = self._blocking()
            if blocking is None:
                return
            if self._requests == 0:
                self.cut_short = True
                return
            if blocking.advance() and self._requests is not None:
                self._requests -= 1

    @property
    def reached(self) -> str | None:
        """Where to take up a walk that was cut short: everything before it has been handed out."""
        blocking = self._blocking()
        return None if blocking is None or blocking.through == self._start else blocking.through

    def _blocking(self) -> _Lane | None:
        """The lane that has to be read on: nothing after what it was read up to may be handed out."""
        empty = [lane for lane in self._lanes if not lane.done and not lane.items]
        return self._earliest(empty, key=lambda lane: lane.through) if empty else None

    def _up_to(self, blocking: _Lane | None) -> Iterator[Item]:
        """What may be handed out, until another lane has to be read on first."""
        while full := [lane for lane in self._lanes if lane.items]:
            lane = self._earliest(full, key=_Lane.head)
            if blocking is not None and self._earliest(lane.head(), blocking.through) != lane.head():
                return
            item = lane.items.popleft()
            here = position(item)
            if here != self._last:
                self._last = here
                yield item
            if not lane.items and not lane.done:
                blocking = self._blocking()


class _Lane:
    """A source with what was read of it and not handed out yet."""

    def __init__(self, source: Source, start: str) -> None:
        self._source = source
        self.items: deque[Item] = deque()
        self.through = start
        self.done = False

    def head(self) -> str:
        return position(self.items[0])

    def advance(self) -> bool:
        """Whether a request was made."""
        stretch = self._source.advance()
        if stretch is None:
            self.done = True
            return False
        self.items.extend(stretch.items)
        self.through = stretch.through
        return True


class TableSource:
    """Queries of the table, one after the other; each with the position at which it is finished."""

    def __init__(
        self, table: Table, queries: Iterator[tuple[Query, str]], after: str | None, teams: frozenset[str] | None = None
    ) -> None:
        """``teams`` narrows what the queries find, where they do not."""
        self._table = table
        self._queries = queries
        self._after = after
        self._teams = teams
        self._open: tuple[Query, str] | None = None

    def advance(self) -> Stretch | None:
        current = self._open or next(self._queries, None)
        if current is None:
            return None
        query, finished_at = current
        page = self._table.query(query)
        self._open = None if page.last is None else (replace(query, start_after=page.last), finished_at)
        through = finished_at if page.last is None else page.last["SK"].removeprefix(keys.EVENT_PREFIX)
        return Stretch([item for item in page.items if self._wanted(item)], through)

    def _wanted(self, item: Item) -> bool:
        return position(item) != self._after and (self._teams is None or item.get("resourceId") in self._teams)


def table_sources(table: Table, question: AuditQuestion, after: str | None = None) -> list[Source]:
    """The sources that answer ``question``, whose range is set, from the index that fits: never a scan."""
    first, last = _range(question, after)
    if last < first:
        return []
    if question.user_id is not None:
        by_user = Query(keys.events_of_user(question.user_id), index=4, between=(first, last))
        tenant = Attr("organisationId").eq(question.organisation_id)
        return [_of_index(table, by_user, question, after, tenant)]
    if question.types:
        org_id = question.organisation_id
        asked = [
            Query(keys.events_of_type(org_id, kind), index=5, between=(first, last)) for kind in sorted(question.types)
        ]
        return [_of_index(table, query, question, after) for query in asked]
    return [TableSource(table, _by_day(question, first, last), after, question.team_ids)]


def _of_index(
    table: Table, query: Query, question: AuditQuestion, after: str | None, always: Condition | None = None
) -> Source:
    end = query.between[0] if question.newest_first and query.between else _END
    asked = replace(query, newest_first=question.newest_first, filter=_filter(question, always))
    return TableSource(table, iter([(asked, end)]), after, question.team_ids)


def _by_day(question: AuditQuestion, first: str, last: str) -> Iterator[tuple[Query, str]]:
    for day in _days(first[:10], last[:10], backwards=question.newest_first):
        bounds = (f"{keys.EVENT_PREFIX}{first}", f"{keys.EVENT_PREFIX}{last}")
        partition = keys.events_of_day(question.organisation_id, day)
        query = Query(partition, between=bounds, newest_first=question.newest_first, filter=_filter(question))
        yield query, day if question.newest_first else f"{day}{_END}"


def _range(question: AuditQuestion, after: str | None) -> tuple[str, str]:
    if question.since is None or question.until is None:
        raise ValueError("the question's range is not set")
    first, last = iso(question.since), iso(question.until)
    if after is None:
        return first, last
    return (first, min(after, last)) if question.newest_first else (max(after, first), last)


def _filter(question: AuditQuestion, always: Condition | None = None) -> Condition | None:
    found: list[Condition] = [always] if always is not None else []
    if question.user_id is not None and question.types:
        found.append(Attr("eventType").is_in(sorted(question.types)))
    if question.outcome is not None:
        found.append(Attr("outcome").eq(question.outcome))
    if question.action is not None:
        found.append(Attr("action").eq(question.action))
    if question.resource_id is not None:
        found.append(Attr("resourceId").eq(question.resource_id))
    if question.team_ids is not None:
        found.append(Attr("resourceType").eq("team"))
        if len(question.team_ids) <= _MOST_TEAMS:
            found.append(_any_of("resourceId", question.team_ids))
    if not found:
        return None
    combined = found[0]
    for condition in found[1:]:
        combined = combined & condition
    return combined


def _any_of(attribute: str, values: frozenset[str]) -> Condition:
    """DynamoDB takes at most a hundred values in one IN."""
    ordered = sorted(values) or [""]
    chunks = [Attr(attribute).is_in(ordered[n : n + 100]) for n in range(0, len(ordered), 100)]
    found: Condition = chunks[0]
    for chunk in chunks[1:]:
        found = found | chunk
    return found


def _days(first: str, last: str, *, backwards: bool) -> Iterator[str]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    for n in range((end - begin).days + 1):
        yield (end - timedelta(days=n) if backwards else begin + timedelta(days=n)).isoformat()
