"""The audit trail's writer: a change and its events, in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.backoff import Backoff
from bbws_access.clock import Clock, iso
from bbws_access.errors import AccessError, Busy, Conflict
from bbws_access.ids import Ids
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import EventType, Outcome
from bbws_access.services.chain import GENESIS, event_hash, recordable
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Table
from bbws_access.store.writes import ABSENT, Put, Update, Write

_SKEW: Final = timedelta(seconds=30)
"""Clocks that are kept by NTP differ by far less."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened, in the words of the trail. ``before`` and ``after`` hold only what changed."""

    event_type: EventType
    action: str
    resource_type: str
    resource_id: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = Outcome.SUCCESS

    def details(self) -> dict[str, Any]:
        found: dict[str, Any] = dict(self.more)
        if self.before is not None:
            found["before"] = self.before
        if self.after is not None:
            found["after"] = self.after
        cleaned: dict[str, Any] = recordable(found)
        return cleaned


class _HeadMoved(AccessError):
    """Another writer appended first: read the head again and build on it."""


@dataclass(frozen=True, slots=True)
class Link:
    """An event's place in its chain."""

    sequence: int
    previous_hash: str
    hash: str
    timestamp: str


@dataclass(frozen=True, slots=True)
class _Head:
    sequence: int
    hash: str
    timestamp: str = ""


class Trail:
    """Appends to an organisation's chain. Contention on one chain is resolved by trying again."""

    def __init__(self, table: Table, clock: Clock, ids: Ids, backoff: Backoff | None = None) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._backoff = backoff or Backoff(attempts=60, first=0.01, longest=0.5)
        self.captured = 0
        """Events that were written through this object; the monitoring counts by it."""
        self.reached = ""
        """Whose chain was last written to and how far it came, as ``orgId:sequence:hash``: an anchor for the log."""

    def commit(
        self,
        actor: Actor,
        org_id: str,
        changes: Sequence[Change],
        writes: Sequence[Write] = (),
        *,
        unmoved_since: int | None = None,
    ) -> list[AuditEvent]:
        """Writes ``writes`` and one chained event for each of ``changes``, all or nothing.

        With ``unmoved_since``, a sequence (0 where there is no chain yet), only while that is the last one:
        nothing that has an event has changed in the organisation since it was read. Raises what a write's
        condition says, :class:`Conflict` where the chain has moved on since, and :class:`Busy` when it stays
        contended; after an error nothing has been written.
        """
        for _ in self._backoff.tries():
            head = self._head(org_id)
            if unmoved_since is not None and head.sequence != unmoved_since:
                raise Conflict(f"organisation {org_id} was changed meanwhile", hint="run this again")
            events = self._chained(actor, org_id, changes, head)
            try:
                end = _Head(head.sequence + len(events), str(events[-1].event_hash), events[-1].timestamp)
                advance = _advance(org_id, head, end, events[0].timestamp)
                self._table.transact([*writes, advance, *(_append(e) for e in events)])
            except _HeadMoved:
                continue
            self.captured += len(events)
            self.reached = f"{org_id}:{events[-1].sequence}:{events[-1].event_hash}"
            return events
        raise Busy(f"too many changes at once in organisation {org_id}", hint="try again in a moment")

    def resume(self, org_id: str, links: Mapping[int, Link], events: Sequence[Put] = ()) -> bool:
        """Writes archived events into a table that was set back, and moves the chain's end over them with it.

        ``links`` by sequence are those of all events that are there then. False where one of them does not lie
        behind the end: something else has been written in its stead.
        """
        for _ in self._backoff.tries():
            head = self._head(org_id)
            end = head
            while (following := links.get(end.sequence + 1)) and following.previous_hash == end.hash:
                end = _Head(following.sequence, following.hash, following.timestamp)
            writes: list[Write] = [*events]
            if end is not head:
                writes.append(_advance(org_id, head, end, links[1].timestamp if head.sequence == 0 else ""))
            try:
                if writes:
                    self._table.transact(writes)
            except _HeadMoved:
                continue
            same = end.sequence not in links or links[end.sequence].hash == end.hash
            return same and max(links, default=0) <= end.sequence
        raise Busy(f"too many changes at once in organisation {org_id}", hint="try again in a moment")

    def has_begun(self, org_id: str) -> bool:
        """Whether there is a chain yet; one that began in an empty table would be in a restored one's way."""
        return self._head(org_id).sequence > 0

    def _head(self, org_id: str) -> _Head:
        item = self._table.get(keys.audit_head_key(org_id))
        if item is None:
            return _Head(0, GENESIS)
        return _Head(int(item["sequence"]), str(item["hash"]), str(item.get("timestamp", "")))

    def _timestamp(self, head: _Head) -> str:
        """Writers' clocks differ a little; the chain's time does not run backwards for that.

        A head that is far ahead was written by a clock that is wrong, and is not followed.
        """
        now = self._clock.now()
        follows = iso(now) <= head.timestamp <= iso(now + _SKEW)
        return head.timestamp if follows else iso(now)

    def _chained(self, actor: Actor, org_id: str, changes: Sequence[Change], head: _Head) -> list[AuditEvent]:
        now = self._timestamp(head)
        events: list[AuditEvent] = []
        previous = head
        for change in changes:
            event = AuditEvent(
                event_id=self._ids.event(),
                event_type=change.event_type,
                timestamp=now,
                user_id=actor.id,
                user_email=actor.email,
                organisation_id=org_id,
                resource_type=change.resource_type,
                resource_id=change.resource_id,
                action=change.action,
                outcome=change.outcome,
                details=change.details(),
                ip_address=actor.origin.ip_address,
                user_agent=actor.origin.user_agent,
                request_id=actor.origin.request_id,
                sequence=previous.sequence + 1,
                previous_hash=previous.hash,
            )
            digest = event_hash(event)
            previous = _Head(previous.sequence + 1, digest, now)
            events.append(event.model_copy(update={"event_hash": digest}))
        return events


def _advance(org_id: str, head: _Head, last: _Head, began: str) -> Update:
    unmoved = ABSENT if head.sequence == 0 else Attr("sequence").eq(head.sequence) & Attr("hash").eq(head.hash)
    assign = {"sequence": last.sequence, "hash": last.hash, "timestamp": last.timestamp, "organisationId": org_id}
    if head.sequence == 0:
        # The day from which on the archive must hold every day.
        assign["since"] = began
    return Update(
        keys.audit_head_key(org_id),
        assign=assign,
        condition=unmoved,
        otherwise=_HeadMoved("the chain's head has moved"),
    )


def _append(event: AuditEvent) -> Put:
    return Put(event.to_item(), condition=ABSENT)
