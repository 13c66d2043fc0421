"""The trail of decisions: who was let in and with what, who was turned away, and what could not be done.

A decision leaves an AUTHORIZATION event, best effort: it is no change, so it is in no chain, and what goes
wrong while it is written is told to the log and to nobody else. One put, tried once; the table that is
handed in should be an impatient one, because a function is frozen after its answer and so the put is
within the request.

An event is only written about a member: somebody whose profile in that organisation has been read.
Whoever cannot be identified, or is known to the user pool and not to the organisation, leaves a line in
the log and nothing in the table, or strangers could fill an organisation's trail.

This is on the cold path of every request: it makes a plain item and imports no models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.errors import InvalidInput, TooManyRequests, Unauthenticated
from bbws_access.ids import Ids
from bbws_access.store.table import Table

ALLOWED: Final = "ALLOWED"
"""The code of a decision that lets in; every other is the code of a denial."""

_TYPE: Final = "AUTHORIZATION"

NOBODYS: Final = (InvalidInput, Unauthenticated, TooManyRequests)
"""Errors that leave no event of a failed change."""

FAILED_AS: Final[Mapping[str, str]] = {
    "permission": "PERMISSION_CHANGE",
    "invitation": "INVITATION",
    "team": "TEAM_MEMBERSHIP",
    "role": "ROLE_CHANGE",
    "user": "USER_MANAGEMENT",
}
"""The type of the event of a change that failed, by what it was a change of; of anything else ``CONFIGURATION``."""

OnFailure = Callable[[str], None]
"""Told the kind of an error, never its text, which may quote what must not be logged."""


class DecisionLog:
    """Writes decisions into the trails of the organisations that they concern."""

    def __init__(self, table: Table, clock: Clock, ids: Ids, on_failure: OnFailure) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._on_failure = on_failure

    def record(self, actor: Actor, code: str, asked: str, basis: Mapping[str, Any]) -> None:
        """``asked`` is the method and the path, ``basis`` what the decision was made from. Never raises.

        Nothing is written about an actor of no organisation.
        """
        outcome = "SUCCESS" if code == ALLOWED else "DENIED"
        self._put(actor, asked, (_TYPE, "authorize", outcome), {"code": code, **basis})

    def failed(self, actor: Actor, subject: str, code: str, asked: str) -> None:
        """A change that was let in and could not be made, of one of :data:`FAILED_AS`. Never raises."""
        kind = FAILED_AS.get(subject, "CONFIGURATION")
        self._put(actor, asked, (kind, "request", "FAILURE"), {"code": code})

    def _put(self, actor: Actor, asked: str, what: tuple[str, str, str], details: Mapping[str, Any]) -> None:
        if not actor.organisation_id:
            return
        try:
            self._table.put_new(self._item(actor, actor.organisation_id, asked, what, details))
        except Exception as error:  # noqa: BLE001 - whatever it was, the decision stands
            self._on_failure(type(error).__name__)

    def _item(
        self, actor: Actor, org_id: str, asked: str, what: tuple[str, str, str], details: Mapping[str, Any]
    ) -> dict[str, Any]:
        """``what`` is type, action and outcome.

        Without ``ttl``, like all of the trail: an event may expire once it is in the archive.
        """
        kind, action, outcome = what
        event_id, timestamp = self._ids.event(), iso(self._clock.now())
        attributes = {
            "eventId": event_id,
            "eventType": kind,
            "timestamp": timestamp,
            "userId": actor.id,
            "userEmail": actor.email,
            "organisationId": org_id,
            "resourceType": "api",
            "resourceId": asked,
            "action": action,
            "outcome": outcome,
            "details": dict(details),
            "ipAddress": actor.origin.ip_address,
            "userAgent": actor.origin.user_agent,
            "requestId": actor.origin.request_id,
        }
        known = {name: value for name, value in attributes.items() if value is not None}
        return known | keys.event(org_id, actor.id, kind, timestamp, event_id)


def asked_of(method_arn: str) -> str:
    """The method and the path of a method's ARN: ``GET /v1/platform/roles``."""
    _, _, method, *path = [*method_arn.split("/", 3), "", "", ""][:4]
    return f"{method} /{''.join(path)}"
