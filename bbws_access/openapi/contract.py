"""What is said of one endpoint, and the parameters of the query that several share."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel

from bbws_access.models.kinds import EventType, Outcome
from bbws_access.services.pages import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """One parameter of the query; none is ever required."""

    name: str
    description: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Contract:
    """One endpoint. ``answer`` is what a success shows, one or (``listed``) a page of them.

    ``problems`` are the codes beside those that every endpoint of its kind has.
    """

    summary: str
    answer: type[BaseModel]
    request: type[BaseModel] | None = None
    request_required: bool = True
    listed: bool = False
    list_says: tuple[str, ...] = ()
    status: int = 200
    filters: tuple[QueryParameter, ...] = ()
    problems: tuple[str, ...] = ()
    relation: str = "self"
    """Of the one link of what is answered; empty for an answer without links."""
    link: str = ""
    """The path that it leads to, where that is not the one at which the thing is shown."""
    description: str = ""

    @property
    def query(self) -> tuple[QueryParameter, ...]:
        """All parameters of the query."""
        return (*self.filters, *PAGING) if self.listed else self.filters


def one_of(kind: type[StrEnum]) -> dict[str, Any]:
    return {"type": "string", "enum": [str(member) for member in kind]}


PAGING: Final = (
    QueryParameter(
        "pageSize",
        "Items on a page.",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
    ),
    QueryParameter("startAt", "Where to go on: the cursor in the `next` link of the page before."),
)
BOOLEAN: Final = {"type": "boolean"}
ACTIVE: Final = (QueryParameter("active", "`false` lists those that are not active.", {**BOOLEAN, "default": True}),)
_MOMENT: Final = {"type": "string", "format": "date-time"}
RANGE: Final = (
    QueryParameter("from", "Only events from this moment on, ISO 8601; else from the oldest in the table.", _MOMENT),
    QueryParameter("to", "Only events before this moment, ISO 8601; else up to now.", _MOMENT),
)
TYPE: Final = QueryParameter("type", "Only events of this type.", one_of(EventType))
EVENTS: Final = (
    QueryParameter("userId", "Only what this user did."),
    QueryParameter("outcome", "Only events that ended so.", one_of(Outcome)),
    QueryParameter("action", "Only this action, such as `role.create`."),
    QueryParameter(
        "order",
        "The newest or the oldest first.",
        {"type": "string", "enum": ["newest", "oldest"], "default": "newest"},
    ),
)
OWNER: Final = QueryParameter("organisationId", "Whose trail; else that of the caller's organisation.")
