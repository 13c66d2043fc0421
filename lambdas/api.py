"""What all HTTP functions share: from a proxy event to a call, from a result or an error to an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bbws_access.access.actor import Origin
from bbws_access.access.authorizer import actor_of
from bbws_access.access.decisions import NOBODYS
from bbws_access.errors import AccessError, Denied, Unauthenticated
from lambdas.call import Answer, Call, Page
from lambdas.links import serving
from lambdas.logs import logger
from lambdas.wiring import cursors, decisions, services

if TYPE_CHECKING:
    from bbws_access.services.trail import Trail

CORS_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type,Authorization,X-Request-ID",
}

Action = Callable[[Call], Answer | Page]
LambdaHandler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def endpoint(action: Action, on_error: Callable[[Answer], Page] | None = None) -> LambdaHandler:
    """Makes a Lambda handler of an action. What is not an :class:`AccessError` is a 500 that says nothing.

    ``on_error`` makes a page of an error's answer, where people look at it themselves.
    """

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        origin = _origin(event)
        request_id = origin.request_id or str(getattr(context, "aws_request_id", ""))
        logger.append_keys(request_id=request_id, action=action.__name__)
        answer: Answer | Page
        trail, before = None, 0
        try:
            trail = services().trail
            before = trail.captured
            with serving(event):
                answer = action(Call(event, services(), cursors(), origin))
        except AccessError as error:
            if trail is not None:
                _record(error, action, event, origin)
            refusal = _refusal(error, request_id)
            answer = on_error(refusal) if on_error else refusal
        except Exception:
            logger.exception("unexpected error")
            if trail is not None:  # otherwise there is nothing set up that could take it
                _record(AccessError("", code="INTERNAL_ERROR"), action, event, origin)
            failure = _failure("INTERNAL_ERROR", "something went wrong", 500, request_id)
            answer = on_error(failure) if on_error else failure
        written = _written(trail, before) if trail is not None else {}
        logger.info("request answered", extra={"status": answer.status, **written})
        return _response(answer, request_id)

    return handler


def _written(trail: Trail, before: int) -> dict[str, Any]:
    """How many events were written, and the last one's hash: the log is out of reach of who can write to the table."""
    captured = trail.captured - before
    return {"auditEvents": captured, "auditHead": trail.reached} if captured else {}


def _response(answer: Answer | Page, request_id: str) -> dict[str, Any]:
    if isinstance(answer, Page):
        headers, body = {**answer.headers, "Content-Type": "text/html; charset=utf-8"}, answer.html
    else:
        headers = {**CORS_HEADERS, "Content-Type": "application/json"}
        body = json.dumps(answer.body, separators=(",", ":"), ensure_ascii=False)
    return {"statusCode": answer.status, "headers": {**headers, "X-Request-ID": request_id}, "body": body}


def _refusal(error: AccessError, request_id: str) -> Answer:
    # What AWS refuses us is our defect, and none of the client's business.
    if error.status >= 500 or "awsCode" in error.details:
        logger.error("request failed", extra={"code": error.code, "reason": error.message})
        return _failure(error.code if error.code == "BUSY" else "INTERNAL_ERROR", "try again later", 500, request_id)
    logger.warning("request refused", extra={"code": error.code})
    return _failure(error.code, error.message, error.status, request_id, error.details)


def _record(error: AccessError, action: Action, event: Mapping[str, Any], origin: Origin) -> None:
    """A denial by the second lock, or a change that failed, in the trail of the actor's organisation, best effort.

    Wrong usage is nobody's act, and neither is a question that found nothing.
    """
    log, denied = decisions(), isinstance(error, Denied) and "awsCode" not in error.details
    method = event.get("httpMethod")
    if log is None or not (denied or (method != "GET" and not isinstance(error, NOBODYS))):
        return
    try:
        actor = actor_of((event.get("requestContext") or {}).get("authorizer") or {}, origin)
    except Unauthenticated:
        return
    asked = f"{method} {event.get('path')}"
    if denied:
        log.record(actor, error.code, asked, error.details)
    else:
        log.failed(actor, action.__module__.rpartition(".")[2], error.code, asked)


def _failure(code: str, message: str, status: int, request_id: str, details: Mapping[str, Any] | None = None) -> Answer:
    body: dict[str, Any] = {"code": code, "message": message, "requestId": request_id}
    if details:
        body["details"] = dict(details)
    return Answer(status, {"error": body})


def _origin(event: Mapping[str, Any]) -> Origin:
    context = event.get("requestContext") or {}
    identity = context.get("identity") or {}
    return Origin(
        ip_address=identity.get("sourceIp"), user_agent=identity.get("userAgent"), request_id=context.get("requestId")
    )
