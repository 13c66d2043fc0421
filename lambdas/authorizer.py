"""The TOKEN authorizer in front of the API.

On every request's cold path: it imports no models, no logging framework and one AWS client.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException
from typing import Any, Final

from bbws_access.access.authorizer import Authorizer, Decision
from bbws_access.access.principal import PrincipalLoader
from bbws_access.access.tokens import JwksFetcher, KeySet, TokenVerifier
from bbws_access.clock import SystemClock
from bbws_access.errors import Unauthenticated, Unreachable
from bbws_access.store.table import Table
from lambdas.clients import dynamodb
from lambdas.settings import Settings

_JWKS_TIMEOUT: Final = 3
"""Seconds; the function itself has ten."""

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


def jwks_fetcher(url: str) -> JwksFetcher:
    """Fetches the key set over HTTP(S)."""

    def fetch() -> Mapping[str, Any]:
        try:
            with urllib.request.urlopen(url, timeout=_JWKS_TIMEOUT) as answer:  # noqa: S310 - the URL is deployed
                document: Mapping[str, Any] = json.load(answer)
                return document
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            raise Unreachable("the user pool's key set cannot be fetched") from error

    return fetch


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
