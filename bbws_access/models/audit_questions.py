"""What is asked of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field, StringConstraints, WithJsonSchema

from bbws_access.models.base import ApiModel, Request
from bbws_access.models.kinds import EventType, ExportFormat, FileFormat, Outcome
from bbws_access.models.moments import Moment

HOT_DAYS: Final = 45
"""Days that events stay in the table; a question that names no start reaches so far back."""

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class AuditQuestion:
    """What is asked of the trail of one organisation.

    ``since`` and ``until`` are aware times, the first included and the second not; ``None`` reaches to
    the start of the hot tier and to now. ``types`` is empty for all. ``team_ids`` narrows to what
    happened to these teams and their members.
    """

    organisation_id: str
    since: datetime | None = None
    until: datetime | None = None
    user_id: str | None = None
    types: frozenset[EventType] = frozenset()
    outcome: Outcome | None = None
    action: str | None = None
    resource_id: str | None = None
    team_ids: frozenset[str] | None = None
    newest_first: bool = True

    def between(self, now: datetime) -> AuditQuestion:
        """With both ends of its range set."""
        # An event of this very millisecond is part of "until now".
        until = self.until or now + timedelta(milliseconds=1)
        return replace(self, since=self.since or now - timedelta(days=HOT_DAYS), until=until)


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

    def question(self, org_id: str) -> AuditQuestion:
        return AuditQuestion(
            organisation_id=self.organisation_id or org_id,
            since=self.from_,
            until=self.to,
            user_id=self.user_id,
            types=frozenset({self.type} if self.type else ()),
            outcome=self.outcome,
            action=self.action,
            newest_first=False,
        )


class Exported(ApiModel):
    """A finished export; ``url`` works until ``expires_at`` and is a secret for as long; ``size`` is in bytes.

    The API's document names the API's formats; the others come of the command line alone.
    """

    export_id: str
    organisation_id: str
    format: Annotated[FileFormat, WithJsonSchema({"type": "string", "enum": [f.value for f in ExportFormat]})]
    location: str
    count: int
    size: int
    sha256: str
    url: str
    expires_at: str


class AuditSummary(ApiModel):
    """Counts of events; ``complete`` is false where the range held more than one summary reads.

    Then only what lies between ``from`` and ``reached`` was counted. ``archived_days`` of the range have left the
    table: the archive was read for them.
    """

    organisation_id: str
    from_: str = Field(alias="from")
    to: str
    reached: str | None = None
    complete: bool
    archived_days: int = 0
    count: int
    by_type: dict[str, int]
    by_outcome: dict[str, int]
    by_action: dict[str, int]
    by_day: dict[str, int]
