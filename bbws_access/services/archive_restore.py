"""Bringing an archived day back: into the table for some days, or to whoever reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.audit_storage import AuditStorage, Tier
from bbws_access.clock import Clock, parse_iso
from bbws_access.errors import NotFound
from bbws_access.models.archive import ArchivedPart
from bbws_access.models.audit_questions import HOT_DAYS
from bbws_access.models.kinds import EventType
from bbws_access.services import archive_objects as objects
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import ConditionFailed, Query, Table
from bbws_access.store.writes import ABSENT, Put

KEPT_DAYS: Final = 7
"""Days that a restored day stays in the table, and its thawed copy in S3."""

THAW_HOURS: Final = "3 to 5 hours"
"""Glacier's standard retrieval, as AWS states it."""


@dataclass(frozen=True, slots=True)
class DayState:
    """What can be done with a day; ``count`` events in ``parts``. Cold parts have to be thawed first."""

    parts: list[ArchivedPart]
    count: int
    cold: int
    thawing: int

    @property
    def readable(self) -> bool:
        return not self.cold and not self.thawing


class ArchiveRestore:
    """Reads days of one organisation's archive."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, storage: AuditStorage) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._storage = storage

    def look(self, actor: Actor, org_id: str, day: str) -> DayState:
        """Raises ``Denied``; :class:`NotFound` for a day that is not archived."""
        actor.require("audit:read", org_id)
        query = Query(keys.archived_parts(org_id), begins_with=f"{keys.ARCHIVED_PREFIX}{day}#")
        parts = [ArchivedPart.from_item(item) for item in self._table.query_all(query)]
        if not parts:
            raise NotFound(
                f"{day} is not in the archive", code="NOT_ARCHIVED", hint="bbws-access audit archive --catch-up"
            )
        tiers = [found.tier for part in parts if (found := self._storage.describe(_key(part))) is not None]
        return DayState(parts, sum(p.count for p in parts), tiers.count(Tier.COLD), tiers.count(Tier.THAWING))

    def thaw(self, actor: Actor, org_id: str, day: str) -> None:
        """Asks Glacier for every part of the day, which costs, and so is in the trail; raises as :meth:`look`."""
        parts = self.look(actor, org_id, day).parts
        for part in parts:
            self._storage.thaw(_key(part), KEPT_DAYS)
        told = {"date": day, "parts": len(parts), "days": KEPT_DAYS}
        self._trail.commit(actor, org_id, [_configuration("audit.thaw", org_id, told)])

    def events(self, actor: Actor, org_id: str, day: str) -> Iterator[dict[str, Any]]:
        """The day's events as they were archived; raises as :meth:`look`, and ``Conflict`` (``ARCHIVE_COLD``)."""
        for part in self.look(actor, org_id, day).parts:
            with self._storage.read(_key(part)) as stream:
                yield from objects.unpack(stream)

    def into_table(self, actor: Actor, org_id: str, day: str) -> tuple[int, int]:
        """How many events were written, and how many were there already.

        They leave again after a week, and none before its time.
        """
        until = self._clock.now() + timedelta(days=KEPT_DAYS)
        written = there = 0
        for event in self.events(actor, org_id, day):
            names = keys.event(
                event["organisationId"], event["userId"], event["eventType"], event["timestamp"], event["eventId"]
            )
            expires = max(until, parse_iso(event["timestamp"]) + timedelta(days=HOT_DAYS))
            try:
                self._table.write(Put({**event, **names, "ttl": int(expires.timestamp())}, condition=ABSENT))
                written += 1
            except ConditionFailed:
                there += 1
        told = {"date": day, "written": written, "present": there}
        self._trail.commit(actor, org_id, [_configuration("audit.restore", org_id, told)])
        return written, there


def _configuration(action: str, org_id: str, told: dict[str, Any]) -> Change:
    return Change(EventType.CONFIGURATION, action, "archive", org_id, more=told)


def _key(part: ArchivedPart) -> str:
    return objects.object_key(part.organisation_id, part.date, part.part)
