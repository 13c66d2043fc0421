"""Reading the audit trail: questions, counts and copies of it. There is never a scan."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from ulid import ULID

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.audit_storage import AuditStorage
from bbws_access.clock import Clock, iso
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.export.files import write_file
from bbws_access.export.formats import CONTENT_TYPES, Row, event_row
from bbws_access.ids import Ids
from bbws_access.keys import PLATFORM
from bbws_access.models.audit import AuditEvent
from bbws_access.models.audit_questions import AuditQuestion, AuditSummary, Exported
from bbws_access.models.kinds import Capability, EventType, ExportFormat, FileFormat
from bbws_access.services.archive_source import ArchiveSource
from bbws_access.services.event_walk import EventWalk, position, table_sources
from bbws_access.services.pages import ListPage, PageRequest
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import Item, Table
from bbws_access.whole_file import digest_line, digest_name

LINK_LASTS: Final = timedelta(hours=24)
"""Of an export in the bucket; the contract's figure."""

_PAGE_REQUESTS: Final = 60
"""Requests that one page may cost: more than there are hot days, so that only filters make a page short."""

_SUMMARY_REQUESTS: Final = 300
"""Requests that one summary may cost: about as many megabytes, read in less time than the gateway waits."""

_POSITION: Final = "position"

_AROUND: Final = timedelta(minutes=5)
"""How far an event's time may be from that in its id: writers' clocks differ, and no chain's time runs backwards."""


@dataclass(frozen=True, slots=True)
class TrailPage(ListPage[AuditEvent]):
    """``archived_days`` of the answer, from this page on, have left the table: the archive is read for them."""

    archived_days: int = 0


class Audit:
    """The trail's reader."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, ids: Ids, storage: AuditStorage) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._storage = storage

    def events(self, actor: Actor, question: AuditQuestion) -> Iterator[AuditEvent]:
        """Every event that answers ``question``, read as it is consumed.

        Raises ``Denied`` and, for a range that ends before it begins, :class:`InvalidInput`.
        """
        asked = self._allowed(actor, question)
        return (AuditEvent.from_item(item) for item in self._walk(asked))

    def rows(self, actor: Actor, question: AuditQuestion) -> Iterator[Row]:
        """What :meth:`events` gives, straight from the items: for copies of many events."""
        return map(event_row, self._walk(self._allowed(actor, question)))

    def one(self, actor: Actor, org_id: str, event_id: str) -> Item:
        """The event as it is stored; one of ours has its time in its id, so that only a few minutes are read.

        Raises ``Denied``, and :class:`NotFound` (``EVENT_NOT_FOUND``).
        """
        asked = AuditQuestion(org_id)
        for question in (*_around(event_id, asked), asked):
            for item in self._walk(self._allowed(actor, question)):
                if item["eventId"] == event_id:
                    return item
        raise NotFound(f"there is no event {event_id!r} here", code="EVENT_NOT_FOUND", hint="bbws-access audit query")

    def page(self, actor: Actor, question: AuditQuestion, page: PageRequest, *, own_teams: bool = False) -> TrailPage:
        """One page of the answer; raises as :meth:`events`.

        With ``own_teams``, who may not read all of the trail sees what concerns the teams that they may audit.
        """
        asked = self._allowed(actor, question, own_teams=own_teams)
        after = None if page.start_after is None else page.start_after.get(_POSITION)
        walk = self._walk(asked, after, _PAGE_REQUESTS)
        items = list(islice(walk, page.size + 1))
        if len(items) > page.size:
            items.pop()
            last: str | None = position(items[-1])
        else:
            last = (walk.reached or after) if walk.cut_short else None
        found = [AuditEvent.from_item(item) for item in items]
        return TrailPage(found, {_POSITION: last} if last else None, walk.archived_days)

    def summary(self, actor: Actor, question: AuditQuestion) -> AuditSummary:
        """Counts by type, outcome, action and day; raises as :meth:`events`."""
        asked = self._allowed(actor, question)
        walk = self._walk(asked, requests=_SUMMARY_REQUESTS)
        types, outcomes, actions, days = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        for item in walk:
            types[item["eventType"]] += 1
            outcomes[item["outcome"]] += 1
            actions[item["action"]] += 1
            days[item["timestamp"][:10]] += 1
        reached = walk.reached if walk.cut_short else None
        return AuditSummary(
            organisation_id=asked.organisation_id,
            from_=iso(asked.since) if asked.since else "",
            to=iso(asked.until) if asked.until else "",
            reached=reached.partition("#")[0] if reached else None,
            complete=not walk.cut_short,
            archived_days=walk.archived_days,
            count=types.total(),
            by_type=dict(sorted(types.items())),
            by_outcome=dict(sorted(outcomes.items())),
            by_action=dict(sorted(actions.items())),
            by_day=dict(sorted(days.items())),
        )

    def export(
        self,
        actor: Actor,
        question: AuditQuestion,
        export_format: ExportFormat | FileFormat,
        at_most: int | None = None,
        watched: Callable[[Iterator[Row]], AbstractContextManager[Iterator[Row]]] = nullcontext,
    ) -> Exported:
        """A copy of the answer in the audit bucket, its SHA-256 beside it, and a link.

        The trail says who took it before it is there. ``watched`` is handed the rows and gives them on. Raises as
        :meth:`events`, ``NotFound`` for an organisation that does not exist, whose trail this would begin, and
        :class:`InvalidInput` (``EXPORT_TOO_LARGE``) for more than ``at_most`` events.
        """
        actor.require("audit:export", question.organisation_id)
        asked, chosen = self._bounded(question), FileFormat(export_format)
        org_id, export_id = asked.organisation_id, self._ids.event()
        if org_id != PLATFORM and self._table.get(keys.organisation_key(org_id)) is None:
            raise NotFound(
                f"there is no organisation {org_id!r}", code="ORGANISATION_NOT_FOUND", hint="bbws-access orgs list"
            )
        key = f"exports/{org_id}/{self._clock.now().date().isoformat()}/{export_id}.{chosen}"
        rows: Iterator[Row] = map(event_row, self._walk(asked))
        with tempfile.TemporaryDirectory(prefix="bbws-access-") as folder:
            kept = rows if at_most is None else _no_more_than(rows, at_most)
            with watched(kept) as passing:
                written = write_file(passing, Path(folder) / "export", chosen)
            location = f"s3://{self._storage.bucket}/{key}"
            self.record_export(actor, org_id, location, chosen, written.count, written.sha256)
            self._storage.put_export(key, written.path, CONTENT_TYPES[chosen], written.sha256)
            line = digest_line(key.rpartition("/")[2], written.sha256)
            beside = digest_name(written.path)
            beside.write_bytes(line)
            self._storage.put_export(
                f"{key}.sha256", beside, "text/plain; charset=utf-8", hashlib.sha256(line).hexdigest()
            )
        return Exported(
            export_id=export_id,
            organisation_id=org_id,
            format=chosen,
            location=location,
            count=written.count,
            size=written.size,
            sha256=written.sha256,
            url=self._storage.link(key, LINK_LASTS),
            expires_at=iso(self._clock.now() + LINK_LASTS),
        )

    def record_export(
        self, actor: Actor, org_id: str, target: str, export_format: str, count: int, sha256: str
    ) -> None:
        """The trail says who took a copy of it. ``target`` is a path or an ``s3://`` address, never a link."""
        change = Change(
            EventType.CONFIGURATION,
            "audit.export",
            "audit",
            org_id,
            more={"target": target, "format": export_format, "count": count, "sha256": sha256},
        )
        self._trail.commit(actor, org_id, [change])

    def archived_days(self, actor: Actor, question: AuditQuestion) -> int:
        """How many days of the answer have to be read from the archive; raises as :meth:`events`."""
        asked = self._allowed(actor, question)
        return ArchiveSource(self._table, self._storage, asked, self._clock.now()).days

    def _allowed(self, actor: Actor, question: AuditQuestion, *, own_teams: bool = False) -> AuditQuestion:
        org_id = question.organisation_id
        teams = actor.teams_with(Capability.VIEW_AUDIT, org_id) if own_teams else frozenset()
        if teams and not actor.may("audit:read", org_id):
            return self._bounded(replace(question, team_ids=teams))
        actor.require("audit:read", org_id)
        return self._bounded(question)

    def _bounded(self, question: AuditQuestion) -> AuditQuestion:
        asked = question.between(self._clock.now())
        if asked.since is not None and asked.until is not None and asked.until <= asked.since:
            raise InvalidInput("the range ends before it begins", details={"fields": {"to": "is before from"}})
        return asked

    def _walk(self, asked: AuditQuestion, after: str | None = None, requests: int | None = None) -> EventWalk:
        sources = table_sources(self._table, asked, after)
        cold = ArchiveSource(self._table, self._storage, asked, self._clock.now(), after)
        if cold.days:
            sources.append(cold)
        return EventWalk(sources, newest_first=asked.newest_first, requests=requests, archived_days=cold.days)


def _around(event_id: str, asked: AuditQuestion) -> list[AuditQuestion]:
    try:
        made = ULID.from_str(event_id).datetime.astimezone(UTC)
        return [replace(asked, since=made - _AROUND, until=made + _AROUND)]
    except (ValueError, OverflowError):
        return []


def _no_more_than(rows: Iterator[Row], limit: int) -> Iterator[Row]:
    for n, row in enumerate(rows):
        if n == limit:
            raise InvalidInput(
                f"there are more than {limit} events: narrow the range, or use bbws-access audit export",
                code="EXPORT_TOO_LARGE",
                details={"limit": limit},
            )
        yield row
