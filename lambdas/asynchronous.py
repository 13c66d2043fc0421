"""Functions that nobody waits for: what they cannot do is raised, tried again, and in the end put aside.

Lambda tries a failed event twice more and then moves it to the on-failure queue. Each failure is also
written, as one line, to a log group that holds nothing else: who looks into the queue finds the reasons
in one place, whichever function the event was for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bbws_access.clock import SystemClock, iso
from bbws_access.errors import AccessError
from lambdas.clients import client
from lambdas.logs import logger
from lambdas.settings import dead_letters_log_group
from lambdas.wiring import services

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def asynchronous(handler: Handler) -> Handler:
    """Notes what the handler raises, and how many events of the trail it wrote; changes neither."""

    @wraps(handler)
    def noting(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        request_id = str(getattr(context, "aws_request_id", ""))
        logger.append_keys(request_id=request_id, action=handler.__name__)
        try:
            trail = services().trail
            before = trail.captured
            answer = handler(event, context)
            if captured := trail.captured - before:
                logger.info("event processed", extra={"auditEvents": captured, "auditHead": trail.reached})
        except Exception as error:
            code = error.code if isinstance(error, AccessError) else type(error).__name__
            logger.error("event failed", extra={"code": code})
            _put_aside({"action": handler.__name__, "request_id": request_id, "code": code})
            raise
        return answer

    return noting


def _put_aside(failure: Mapping[str, str]) -> None:
    """Best effort: whatever happens here, the event itself goes on to the queue."""
    group = dead_letters_log_group()
    if group is None:
        return
    now = SystemClock().now()
    line = {"level": "ERROR", "message": "event failed", "timestamp": iso(now), **failure}
    stream = f"{failure['action']}/{failure['request_id']}"
    try:
        logs = client("logs")
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        entry = {"timestamp": int(now.timestamp() * 1000), "message": json.dumps(line, separators=(",", ":"))}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[entry])
    except (BotoCoreError, ClientError) as error:
        logger.warning("the log of dead letters cannot be written", extra={"cause": type(error).__name__})
