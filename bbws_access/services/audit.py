"""Reading the audit trail: by organisation, user or type, newest first, from the index that fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from boto3.dynamodb.conditions import Attr, ConditionBase

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.errors import InvalidInput
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import EventType, Outcome
from bbws_access.services.trail import HOT_DAYS, Change, Trail
from bbws_access.store.table import Query, Table


@dataclass(frozen=True, slots=True)
class AuditQuestion:
    """What is asked of the trail of one organisation.

    ``since`` and ``until`` are aware times, the first included and the second not; ``None`` reaches to
    the start of the hot tier and to now.
    """

    organisation_id: str
    since: datetime | None = None
    until: datetime | None = None
    user_id: str | None = None
    event_type: EventType | None = None
    outcome: Outcome | None = None
    action: str | None = None
    newest_first: bool = True


class Audit:
    """The trail's reader. A question by organisation alone walks its days; there is never a scan."""

    def __init__(self, table: Table, trail: Trail, clock: Clock) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock

    def events(self, actor: Actor, question: AuditQuestion) -> Iterator[AuditEvent]:
        """Every event that answers ``question``, page after page as it is consumed.

        Raises ``Denied`` and, for a range that ends before it begins, :class:`InvalidInput`.
        """
        actor.require("audit:read", question.organisation_id)
        since, until = self._range(question)
        queries = self._queries(question, since, until)
        return (AuditEvent.from_item(item) for query in queries for item in self._table.query_all(query))

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

    def _range(self, question: AuditQuestion) -> tuple[datetime, datetime]:
        now = self._clock.now()
        since = question.since or now - timedelta(days=HOT_DAYS)
        # An event of this very millisecond is part of "until now".
        until = question.until or now + timedelta(seconds=1)
        if until <= since:
            raise InvalidInput("the range ends before it begins", details={"fields": {"to": "is before from"}})
        return since, until

    def _queries(self, question: AuditQuestion, since: datetime, until: datetime) -> Iterator[Query]:
        first, last = iso(since), iso(until)
        org_id, backwards = question.organisation_id, question.newest_first
        if question.user_id is not None:
            yield Query(
                keys.events_of_user(question.user_id),
                index=4,
                between=(first, last),
                newest_first=backwards,
                filter=_filters(question, Attr("organisationId").eq(org_id)),
            )
        elif question.event_type is not None:
            yield Query(
                keys.events_of_type(org_id, question.event_type),
                index=5,
                between=(first, last),
                newest_first=backwards,
                filter=_filters(question),
            )
        else:
            for day in _days(since, until, backwards=backwards):
                yield Query(
                    keys.events_of_day(org_id, day.isoformat()),
                    between=(f"{keys.EVENT_PREFIX}{first}", f"{keys.EVENT_PREFIX}{last}"),
                    newest_first=backwards,
                    filter=_filters(question),
                )


def _filters(question: AuditQuestion, always: ConditionBase | None = None) -> ConditionBase | None:
    found: list[ConditionBase] = [always] if always is not None else []
    if question.event_type is not None:
        found.append(Attr("eventType").eq(question.event_type))
    if question.outcome is not None:
        found.append(Attr("outcome").eq(question.outcome))
    if question.action is not None:
        found.append(Attr("action").eq(question.action))
    if not found:
        return None
    combined = found[0]
    for condition in found[1:]:
        combined = combined & condition
    return combined


def _days(since: datetime, until: datetime, *, backwards: bool) -> Iterator[date]:
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    count = (last - first).days + 1
    for n in range(count):
        yield last - timedelta(days=n) if backwards else first + timedelta(days=n)
