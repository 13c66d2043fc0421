"""The audit trail as the API shows it, and what is asked of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from bbws_access.export import ExportFormat
from bbws_access.models.base import ApiModel, Request
from bbws_access.models.kinds import EventType, Outcome

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Moment = Annotated[AwareDatetime, Field(strict=False)]


class AuditEventView(ApiModel):
    """One event, without what only the table needs."""

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


class AuditSummary(ApiModel):
    """Counts of events; ``complete`` is false where only what lies between ``from`` and ``reached`` was counted."""

    organisation_id: str
    from_: str = Field(alias="from")
    to: str
    reached: str | None = None
    complete: bool
    count: int
    by_type: dict[str, int]
    by_outcome: dict[str, int]
    by_action: dict[str, int]
    by_day: dict[str, int]


class ExportRequest(Request):
    """An export through the API; what is left out does not narrow it."""

    format: Annotated[ExportFormat, Field(strict=False)] = ExportFormat.CSV
    organisation_id: Identifier | None = None
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    user_id: Identifier | None = None
    type: Annotated[EventType | None, Field(strict=False)] = None
    outcome: Annotated[Outcome | None, Field(strict=False)] = None
    action: Identifier | None = None


class Exported(ApiModel):
    """A finished export; ``url`` works until ``expires_at`` and is a secret for as long; ``size`` is in bytes."""

    export_id: str
    organisation_id: str
    format: ExportFormat
    location: str
    count: int
    size: int
    sha256: str
    url: str
    expires_at: str
