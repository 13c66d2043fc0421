"""Audit events, and the chain that ties those written with a change together."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import ApiModel, Record
from bbws_access.models.kinds import EventType, Outcome


class AuditEventView(ApiModel):
    """Who did what, to what, when and from where, as the API shows it.

    ``sequence``, ``previous_hash`` and ``event_hash`` are present on events that were written with a
    change; events of decisions carry none.
    """

    event_id: str
    event_type: EventType
    timestamp: str
    user_id: str
    user_email: str
    organisation_id: str
    resource_type: str
    resource_id: str
    action: str
    outcome: Outcome = Outcome.SUCCESS
    details: dict[str, Any] = Field(default_factory=dict)
    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    sequence: int | None = None
    previous_hash: str | None = None
    event_hash: str | None = None


class AuditEvent(AuditEventView, Record):
    """As it is stored. ``ttl`` is epoch seconds, and absent until the archive holds the event: what is not
    archived cannot expire.
    """

    ttl: int | None = None

    def keys(self) -> Keys:
        return keys.event(self.organisation_id, self.user_id, self.event_type, self.timestamp, self.event_id)
