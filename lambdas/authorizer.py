"""The TOKEN authorizer in front of the API.

On every request's cold path: it imports no models, no logging framework and one AWS service.

A decision about a member goes into the trail of their organisation. Lambda freezes a function after its
answer, so the event is written before it: one put with one try, on a client that waits 300 ms for a
connection and 300 ms for an answer, beside the two or three requests that a decision reads with. The
gateway keeps the policy for 300 s, so that this happens once a token in that time. A put that fails is
one warning; the answer is the same.

A token that names nobody (a bad signature, an expired one, none) leaves only the log's line, which the
metric ``TokenValidationFailures`` counts: strangers cannot fill anybody's trail. The same goes for an
account that the organisation does not know, and for errors of our own.

An error of our own is raised. The gateway answers 500 then and remembers nothing, so that the token is good
again once the fault has passed: a policy that denies would be kept for all of those 300 s.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from bbws_access.access.authorizer import Authorizer, Decision
from bbws_access.access.decisions import DecisionLog, asked_of
from bbws_access.access.principal import PrincipalLoader
from bbws_access.access.tokens import KeySet, TokenVerifier
from bbws_access.adapters.jwks import jwks_fetcher
from bbws_access.clock import SystemClock
from bbws_access.errors import Unauthenticated
from bbws_access.ids import RandomIds
from bbws_access.store.table import Table
from lambdas.clients import dynamodb, impatient_dynamodb
from lambdas.settings import Settings, jwks_url

_LEVELS: Final = {"ALLOWED": "INFO", "INTERNAL_ERROR": "ERROR"}
"""Of the log, by decision; a denial is a warning."""


class Undecided(Exception):
    """What the gateway answers 500 to, and does not cache. It has no text: that would go into a report of Lambda's."""


def authorize(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A policy and context; the exception "Unauthorized" is how API Gateway is told to answer 401.

    Raises :class:`Undecided` where it could not be found out whether the user is let in.
    """
    method_arn = str(event.get("methodArn", ""))
    request_id = str(getattr(context, "aws_request_id", ""))
    try:
        decision = _authorizer().decide(event.get("authorizationToken"), method_arn)
    except Unauthenticated as refused:
        _log("WARNING", refused.code, request_id)
        raise Exception("Unauthorized") from None
    verdict = decision.verdict(method_arn)
    _log(_LEVELS.get(verdict, "WARNING"), verdict, request_id, decision)
    if decision.principal is not None:
        basis = {**decision.basis(), "functionRequestId": request_id}
        _decisions().record(decision.principal.actor, verdict, asked_of(method_arn), basis)
    if decision.code == "INTERNAL_ERROR":
        raise Undecided
    return decision.response()


@cache
def _authorizer() -> Authorizer:
    settings = Settings.read()
    clock = SystemClock()
    keys = KeySet(jwks_fetcher(jwks_url()), clock)
    return Authorizer(
        TokenVerifier(keys, settings.issuer, settings.user_pool_client_id, clock),
        PrincipalLoader(Table(dynamodb(), settings.table), clock),
    )


@cache
def _decisions() -> DecisionLog:
    table = Table(impatient_dynamodb(), Settings.read().table)
    return DecisionLog(table, SystemClock(), RandomIds(), _warn)


def _warn(cause: str) -> None:
    _write({"level": "WARNING", "service": "authorizer", "message": "decision not recorded", "cause": cause})


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
    _write(line)


def _write(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
