"""The TOKEN authorizer in front of the API.

On every request's cold path: it imports no models, no logging framework and one AWS client.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from bbws_access.access.authorizer import Authorizer, Decision
from bbws_access.access.principal import PrincipalLoader
from bbws_access.access.tokens import KeySet, TokenVerifier
from bbws_access.adapters.jwks import jwks_fetcher
from bbws_access.clock import SystemClock
from bbws_access.errors import Unauthenticated
from bbws_access.store.table import Table
from lambdas.clients import dynamodb
from lambdas.settings import Settings

_LEVELS: Final = {"ALLOWED": "INFO", "INTERNAL_ERROR": "ERROR"}
"""Of the log, by decision; a denial is a warning."""


def authorize(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A policy and context; the exception "Unauthorized" is how API Gateway is told to answer 401."""
    method_arn = str(event.get("methodArn", ""))
    request_id = str(getattr(context, "aws_request_id", ""))
    try:
        decision = _authorizer().decide(event.get("authorizationToken"), method_arn)
    except Unauthenticated as refused:
        _log("WARNING", refused.code, request_id)
        raise Exception("Unauthorized") from None
    _log(_LEVELS.get(decision.code, "WARNING"), decision.code, request_id, decision)
    return decision.response()


@cache
def _authorizer() -> Authorizer:
    settings = Settings.read()
    clock = SystemClock()
    keys = KeySet(jwks_fetcher(settings.jwks_url), clock)
    return Authorizer(
        TokenVerifier(keys, settings.issuer, settings.user_pool_client_id, clock),
        PrincipalLoader(Table(dynamodb(), settings.table), clock),
    )


def _log(level: str, code: str, request_id: str, decision: Decision | None = None) -> None:
    line = {
        "level": level,
        "service": "authorizer",
        "message": "authorization decision",
        "decision": code,
        "principal": decision.principal_id if decision else None,
        "function_request_id": request_id,
    }
    if decision is not None and decision.cause is not None:
        line["cause"] = decision.cause
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
