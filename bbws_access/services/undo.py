"""Taking one audited change back, if what it changed has not been changed since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.backoff import Backoff
from bbws_access.clock import parse_iso
from bbws_access.errors import Conflict, Refused
from bbws_access.models.audit import AuditEvent
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import Outcome
from bbws_access.models.undoing import Inverse
from bbws_access.services.audit import Audit
from bbws_access.services.bound_trail import BoundTrail
from bbws_access.services.inverses import ANYTHING, FINAL, INVERSES, Doers, Undoing, Way, changed_since, touched
from bbws_access.services.trail import Trail
from bbws_access.store.table import Table

Bind = Callable[[BoundTrail], Doers]


class Undo:
    """The inverse of a change, through the service that made it: its guards hold, and it has its own event."""

    def __init__(self, table: Table, audit: Audit, trail: Trail, bind: Bind, backoff: Backoff | None = None) -> None:
        self._table = table
        self._audit = audit
        self._trail = trail
        self._bind = bind
        self._backoff = backoff or Backoff(attempts=5)

    def look(self, actor: Actor, org_id: str, event_id: str) -> Inverse:
        """What :meth:`take` would do; writes nothing.

        Raises ``Denied``, ``NotFound`` (``EVENT_NOT_FOUND``, or what the event was about), and ``Refused``:
        ``NOT_UNDOABLE`` for what cannot be taken back, ``CHANGED_SINCE`` where something came after it.
        """
        return self._prepared(actor, org_id, event_id)[0]

    def take(self, actor: Actor, org_id: str, event_id: str) -> Inverse:
        """Does it, and says what was done; raises as :meth:`look` and as the service that does it.

        Its first write holds only while nothing else has happened in the organisation since the look.
        """
        for _ in self._backoff.tries():
            inverse, way, trail = self._prepared(actor, org_id, event_id)
            try:
                way.go()
            except Conflict as error:
                if trail.begun or error.code != Conflict.default_code:
                    raise
                continue
            return inverse
        raise Conflict(f"too many changes at once in organisation {org_id}", hint="try again in a moment")

    def _prepared(self, actor: Actor, org_id: str, event_id: str) -> tuple[Inverse, Way, BoundTrail]:
        head = self._table.get(keys.audit_head_key(org_id))
        event = AuditEvent.from_item(self._audit.one(actor, org_id, event_id))
        way_back = INVERSES.get(event.action)
        if event.outcome is not Outcome.SUCCESS or event.sequence is None:
            raise _final(event, "it changed nothing")
        if way_back is None:
            raise _final(event, FINAL.get(event.action, "it changed nothing that could be taken back"))
        self._require_last(actor, event)
        trail = BoundTrail(
            self._trail,
            {"undoes": {"eventId": event.event_id, "action": event.action}},
            int(head["sequence"]) if head else 0,
        )
        way = way_back(Undoing(actor, event, self._bind(trail)))
        inverse = Inverse(
            event_id=event.event_id, action=event.action, by=event.user_email, at=event.timestamp, says=way.says
        )
        return inverse, way, trail

    def _require_last(self, actor: Actor, event: AuditEvent) -> None:
        """Nothing later may be about the same of the same thing."""
        since = parse_iso(event.timestamp)
        asked = AuditQuestion(event.organisation_id, since=since, resource_id=event.resource_id, newest_first=False)
        mine = touched(event)
        for later in self._audit.events(actor, asked):
            came_later = later.sequence is not None and later.sequence > (event.sequence or 0)
            if not came_later or later.outcome is not Outcome.SUCCESS:
                continue
            theirs = touched(later)
            if mine & theirs or ANYTHING in mine or (ANYTHING in theirs and later.resource_type == event.resource_type):
                raise changed_since(_told(event, later))


def _told(event: AuditEvent, later: AuditEvent) -> str:
    undoes: Any = later.details.get("undoes")
    by = f"by {later.user_email} at {later.timestamp}"
    if isinstance(undoes, dict) and undoes.get("eventId") == event.event_id:
        return f"it was undone {by}"
    return f"it was changed again {by} ({later.action}, event {later.event_id})"


def _final(event: AuditEvent, why: str) -> Refused:
    return Refused(f"{event.action} cannot be undone: {why}", code="NOT_UNDOABLE")
