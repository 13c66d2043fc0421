"""Functions of the audit service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from bbws_access.access.actor import Origin, system
from bbws_access.errors import AccessError, Denied
from bbws_access.models.audit import AuditEventView
from bbws_access.models.audit_questions import AuditQuestion, ExportRequest
from bbws_access.models.kinds import EventType, Outcome
from bbws_access.services.pages import ListPage
from lambdas.api import endpoint
from lambdas.asynchronous import asynchronous
from lambdas.call import Answer, Call
from lambdas.logs import logger
from lambdas.wiring import services

MAX_EXPORT: Final = 20_000
"""Events of an export through the API: what is written well within the half minute that the gateway waits."""

_SPARE_SECONDS: Final = 90
"""What the archive job leaves of its time: a part that was begun should end."""

PERMISSION_TYPES: Final = frozenset({EventType.PERMISSION_CHANGE, EventType.ROLE_CHANGE})
"""What changed who may do what."""


def _get_access_logs(call: Call) -> Answer:
    return _listed(call, _asked_organisation(call), frozenset({EventType.AUTHORIZATION}))


def _get_permission_logs(call: Call) -> Answer:
    return _listed(call, _asked_organisation(call), PERMISSION_TYPES)


def _get_org_audit(call: Call) -> Answer:
    kind = call.choice("type", EventType)
    return _listed(call, call.path("orgId"), frozenset({kind} if kind else ()), own_teams=True)


def _get_audit_summary(call: Call) -> Answer:
    kind = call.choice("type", EventType)
    question = _question(call, _asked_organisation(call), frozenset({kind} if kind else ()))
    return call.shown(call.services.audit.summary(call.actor, question), call.route)


def _export_audit(call: Call) -> Answer:
    actor, request = call.actor, call.body(ExportRequest)
    question = request.question(_own(call))
    exported = call.services.audit.export(actor, question, request.format, at_most=MAX_EXPORT)
    logger.info("audit export made", extra={"export": exported.export_id, "count": exported.count})
    return Answer(201, exported.model_dump(mode="json", by_alias=True, exclude_none=True))


@asynchronous
def archive_expired(_event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The nightly run: every finished day of every organisation goes into the archive.

    What fails is raised in the end, so that it is seen and tried again; the rest is done by then.
    """
    request_id = str(getattr(context, "aws_request_id", ""))
    logger.append_keys(request_id=request_id, action="archive_expired")
    actor = system("audit-archive-expired", Origin(request_id=request_id or None))
    try:
        report = services().archive.run(actor, enough=_running_out(context))
    except Exception:
        logger.exception("audit archive failed")
        raise
    archived = sum(part.count for part in report.parts)
    told = {"parts": len(report.parts), "unfinished": report.unfinished, "auditEvents": archived}
    logger.info("audit archive written", extra=told)
    for failure in report.failures:
        why = {"reason": failure.error.message, "hint": failure.error.hint}
        logger.error("audit archive failed", extra={"organisation": failure.org_id, "day": failure.day, **why})
    if report.failures:
        raise AccessError(f"{len(report.failures)} organisations could not be archived", code="ARCHIVE_FAILED")
    return {"parts": len(report.parts), "unfinished": report.unfinished}


def _running_out(context: Any) -> Callable[[], bool]:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return lambda: False
    return lambda: int(remaining()) < _SPARE_SECONDS * 1000


def _listed(call: Call, org_id: str, types: frozenset[EventType], *, own_teams: bool = False) -> Answer:
    actor = call.actor
    found = call.services.audit.page(actor, _question(call, org_id, types), call.page(), own_teams=own_teams)
    shown = [AuditEventView.model_validate(event, from_attributes=True) for event in found.items]
    answer = call.listed(ListPage(shown, found.last), _trail_path, relation="trail")
    return (
        answer
        if not found.archived_days
        else replace(answer, body={**answer.body, "archivedDays": found.archived_days})
    )


def _question(call: Call, org_id: str, types: frozenset[EventType]) -> AuditQuestion:
    order = call.choice("order", _Order) or _Order.NEWEST
    return AuditQuestion(
        organisation_id=org_id,
        since=call.moment("from"),
        until=call.moment("to"),
        user_id=call.query("userId") or None,
        types=types,
        outcome=call.choice("outcome", Outcome),
        action=call.query("action") or None,
        newest_first=order is _Order.NEWEST,
    )


class _Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


def _trail_path(event: AuditEventView) -> str:
    """An event has no address of its own; the trail that it is part of has."""
    return f"/v1/audit/organisations/{event.organisation_id}"


def _asked_organisation(call: Call) -> str:
    return call.query("organisationId") or _own(call)


def _own(call: Call) -> str:
    """Raises :class:`Denied` for a user of the platform alone, who has to name an organisation."""
    own = call.actor.organisation_id
    if own is None:
        raise Denied("name an organisation with organisationId", code="ORG_ACCESS_DENIED")
    return own


get_access_logs = endpoint(_get_access_logs)
get_permission_logs = endpoint(_get_permission_logs)
get_org_audit = endpoint(_get_org_audit)
get_audit_summary = endpoint(_get_audit_summary)
export_audit = endpoint(_export_audit)
