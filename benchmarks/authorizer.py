"""The authorizer: what a decision costs once it is warm, what verifying a token costs, and what it takes to start.

A decision is the deployed handler's: the token verified, the user read, the policy made, the event of the
decision put, all but the network. The table is a client in this process that answers at once with items of
a user in three roles and two teams, so that what is measured is our code.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.measure import medians, report

DECISIONS: Final = 2_000
ROUNDS: Final = 200
STARTS: Final = 15
MOST_VERIFYING: Final = 2.3
"""python-jose with its key constructed once measured 2.2."""
MOST_IMPORTING: Final = 0.65
MOST_MILLISECONDS: Final = 100
"""The design's p95 of a warm authorizer."""

_OURS: Final = """
import os
os.environ |= {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
import lambdas.authorizer
from lambdas.clients import dynamodb
dynamodb()
"""


def run() -> None:
    _report_decisions()
    _report_verification()
    _report_imports()


def _report_decisions() -> None:
    from lambdas import authorizer
    from tests.access import jwts

    decide = _warm_handler()
    token = f"Bearer {jwts.id_token(now=int(datetime.now(UTC).timestamp()))}"
    arn = "arn:aws:execute-api:eu-west-1:123456789012:abcdefghij/dev/GET/v1/platform/roles"
    event = {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}
    times: list[float] = []
    with redirect_stdout(io.StringIO()):
        for turn in range(DECISIONS + 50):
            began = time.perf_counter()
            answer = decide(event, None)
            if turn >= 50:
                times.append(time.perf_counter() - began)
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    authorizer._authorizer.cache_clear()
    authorizer._decisions.cache_clear()
    p95 = statistics.quantiles(times, n=20)[-1] * 1000
    detail = f"{1 / statistics.mean(times):,.0f} decisions/s, median {statistics.median(times) * 1e6:.0f} µs, "
    detail += f"p95 {p95:.2f} ms, {DECISIONS} decisions in process over a table that answers at once"
    report("authorizer, warm: p95 as a part of 100 ms", p95 / MOST_MILLISECONDS, 1.0, detail)


def _report_verification() -> None:
    """Interleaved, so that both are slowed alike."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    from tests.access import jwts

    door, token = jwts.Door(), jwts.id_token()
    signed, _, signature = token.rpartition(".")
    raw, key = _unb64(signature), jwts.private_key("first").public_key()
    found = {
        "ours": lambda: door.verifier.verify(token),
        "bare": lambda: key.verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256()),
    }
    times = _interleaved(found)
    detail = (
        f"{times['ours'] * 1e6:.0f} µs to {times['bare'] * 1e6:.0f} µs, medians of {ROUNDS} interleaved rounds of 20"
    )
    report("verifying a token / cryptography's verify", times["ours"] / times["bare"], MOST_VERIFYING, detail)


def _report_imports() -> None:
    from bbws_access.provisioning.stack import DEPLOYED

    modules = sorted({f.handler.rpartition(".")[0] for f in DEPLOYED})
    everything = f"import {', '.join(modules)}\n{_OURS}"
    commands = {"ours": [sys.executable, "-c", _OURS], "all": [sys.executable, "-c", everything]}
    times = medians(commands, STARTS)
    detail = f"{times['ours'] * 1000:.0f} ms to {times['all'] * 1000:.0f} ms, medians of {STARTS} interleaved processes"
    report("the authorizer's imports and client / all functions'", times["ours"] / times["all"], MOST_IMPORTING, detail)


def _interleaved(found: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Median seconds of one call of each."""
    times: dict[str, list[float]] = {name: [] for name in found}
    for turn in range(ROUNDS + 5):
        for name, call in found.items():
            began = time.perf_counter()
            for _ in range(20):
                call()
            if turn >= 5:
                times[name].append((time.perf_counter() - began) / 20)
    return {name: statistics.median(each) for name, each in times.items()}


def _unb64(text: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- a warm function over a table that answers at once -------------------------------------------


class _Answers:
    """A DynamoDB client of the requests that a decision makes."""

    exceptions = type("Exceptions", (), {"ConditionalCheckFailedException": type("Taken", (Exception,), {})})

    def __init__(self) -> None:
        from bbws_access import keys
        from bbws_access.store.codec import encode
        from tests.access.jwts import SUBJECT

        org, teams, roles = "org-1", ["team-1", "team-2"], ["role-1", "role-2", "role-3"]
        profile = {**keys.user(org, SUBJECT, "t@example.com"), "email": "t@example.com", "active": True}
        profile |= {"userId": SUBJECT, "organisationId": org}
        held: list[dict[str, Any]] = [profile]
        defined: list[dict[str, Any]] = [profile]
        for role in roles:
            held.append({**keys.assignment(org, SUBJECT, role), "organisationId": org, "roleId": role, "active": True})
            granted = {f"{role.replace('-', '')}:{n}" for n in "abcdefghijklmnopqrst"} | {"role:read", "team:*"}
            role_item = {"roleId": role, "permissions": granted, "scope": "ORGANISATION", "active": True}
            defined.append({**keys.role_key(org, role), **role_item})
        for team in teams:
            member = {"organisationId": org, "teamId": team, "teamRoleId": "lead", "active": True}
            held.append({**keys.member(org, team, SUBJECT, "lead"), **member})
        capabilities = {"CAN_MANAGE_MEMBERS", "CAN_VIEW_MEMBERS"}
        defined.append({**keys.team_role_key(org, "lead"), "capabilities": capabilities, "active": True})
        self._held = [encode(item) for item in held]
        self._defined = [encode(item) for item in defined]

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": self._held}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - DynamoDB's name
        ((table, asked),) = RequestItems.items()
        wanted = [(key["PK"], key["SK"]) for key in asked["Keys"]]
        return {"Responses": {table: [item for item in self._defined if (item["PK"], item["SK"]) in wanted]}}

    def put_item(self, **_: Any) -> None:
        return


def _warm_handler() -> Callable[[Any, Any], dict[str, Any]]:
    from bbws_access.access.authorizer import Authorizer
    from bbws_access.access.decisions import DecisionLog
    from bbws_access.access.principal import PrincipalLoader
    from bbws_access.access.tokens import KeySet, TokenVerifier
    from bbws_access.clock import SystemClock
    from bbws_access.ids import RandomIds
    from bbws_access.store.table import Table
    from lambdas import authorizer
    from tests.access import jwts

    clock, table = SystemClock(), Table(_Answers(), "bench")  # type: ignore[arg-type]
    verifier = TokenVerifier(KeySet(jwts.Pool().fetch, clock), jwts.ISSUER, jwts.CLIENT, clock)
    decider = Authorizer(verifier, PrincipalLoader(table, clock))
    log = DecisionLog(table, clock, RandomIds(), _fail)
    authorizer._authorizer = _cached(decider)  # type: ignore[assignment]
    authorizer._decisions = _cached(log)  # type: ignore[assignment]
    return authorizer.authorize


def _cached(value: Any) -> Any:
    """Like the functions' own factories, but for what it gives."""
    from functools import cache

    return cache(lambda: value)


def _fail(cause: str) -> None:
    raise AssertionError(cause)
