"""The audit trail as the API shows it, and what is asked of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from bbws_access.export import ExportFormat
from bbws_access.models.base import ApiModel, Request
from bbws_access.models.kinds import EventType, Outcome

Text = Annotated[str, StringConstraints(min_length=1, max_length=100)]


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
    outcome: Outcome
    details: dict[str, Any]
    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    sequence: int | None = None
    previous_hash: str | None = None
    event_hash: str | None = None


class AuditSummary(ApiModel):
    """Totals of a range; ``complete`` is false where counting stopped before its end."""

    organisation_id: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    count: int
    by_type: dict[str, int]
    by_outcome: dict[str, int]
    by_action: dict[str, int]
    by_day: dict[str, int]
    complete: bool


class NewExport(Request):
    """Which events go into a file, and what kind of file."""

    organisation_id: Text | None = None
    from_: Annotated[str | None, Field(alias="from", max_length=40)] = None
    to: Annotated[str, StringConstraints(max_length=40)] | None = None
    user_id: Text | None = None
    type: Annotated[EventType, Field(strict=False)] | None = None
    outcome: Annotated[Outcome, Field(strict=False)] | None = None
    action: Text | None = None
    format: Annotated[ExportFormat, Field(strict=False)] = ExportFormat.CSV


class Export(ApiModel):
    """A finished export; ``url`` is where it can be fetched from until ``expires_at``."""

    export_id: str
    organisation_id: str
    format: ExportFormat
    count: int
    size: int
    sha256: str
    url: str
    expires_at: str
