"""The matrix in process: the authorizer's policy judged as the gateway judges it, then the deployed handlers."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from bbws_access.access.authorizer import Authorizer
from bbws_access.access.principal import PrincipalLoader
from bbws_access.catalogue import ENDPOINTS, Function, Guard
from bbws_access.errors import Unauthenticated
from bbws_access.provisioning.stack import DEPLOYED
from tests.access import jwts
from tests.access.contract import allows
from tests.conftest import Platform
from tests.lambdas.gateway import proxy_event, send
from tests.matrix.cast import OPERATOR, Ask, Cast
from tests.matrix.expected import Caller, expected, in_a_team

pytestmark = [pytest.mark.usefixtures("functions"), pytest.mark.slow]

API = "arn:aws:execute-api:eu-west-1:123456789012:abcdefghij/dev"
SERVED = [f for f in ENDPOINTS if f in DEPLOYED]


class Gateway:
    """What stands between a caller and a handler, in process."""

    def __init__(self, platform: Platform) -> None:
        door = jwts.Door()
        self._authorizer = Authorizer(door.verifier, PrincipalLoader(platform.table, door.clock))
        self._addresses = count(1)

    def opens(self, function: Function, token: str, ask: Ask) -> bool:
        """Whether a request gets to its handler."""
        arn = f"{API}/{function.method}{proxy_event(function.name, None, ask.params)['path']}"
        return allows(self._authorizer.decide(token, arn).policy, arn)

    def status(self, function: Function, token: str | None, ask: Ask, *, policy: bool = True) -> int:
        """Without ``policy`` everything that has a token gets to its handler."""
        event = proxy_event(function.name, None, ask.params, ask.body, ask.query)
        # The look-ups of one address are limited; here each comes from another.
        event["requestContext"]["identity"]["sourceIp"] = f"192.0.2.{next(self._addresses)}"
        if function.guard is not Guard.PUBLIC:
            arn = f"{API}/{function.method}{event['path']}"
            try:
                decision = self._authorizer.decide(token, arn)
            except Unauthenticated:
                return 401
            if policy and not allows(decision.policy, arn):
                return 403
            event["requestContext"]["authorizer"] = decision.context
        return send(function.name, event).status


def sign(user_id: str, org_id: str, expired: bool) -> str:
    more: dict[str, Any] = {"exp": jwts.NOW} if expired else {}
    return jwts.id_token(sub=user_id, **{"custom:organisation_id": org_id}, **more)


@pytest.fixture
def cast(platform: Platform) -> Cast:
    platform.services.seeder.seed(OPERATOR)
    return Cast(platform.services, platform.table, platform.clock, platform.ids, sign)


@pytest.mark.parametrize("function", SERVED, ids=lambda f: f.name)
def test_who_may_call_what(platform: Platform, cast: Cast, function: Function) -> None:
    gateway = Gateway(platform)
    found = {c: gateway.status(function, cast.token(function, c), cast.ask(function, c)) for c in Caller}
    assert found == {caller: expected(function, caller) for caller in Caller}
    closed = [c for c in Caller if expected(function, c) == 403 and c is not Caller.DEACTIVATED]
    alone = {c: gateway.status(function, cast.token(function, c), cast.ask(function, c), policy=False) for c in closed}
    assert alone == dict.fromkeys(closed, 403), "the services rely on the policy"


def test_who_leads_more_teams_than_a_policy_names_is_kept_to_them_by_the_services(
    platform: Platform, cast: Cast
) -> None:
    gateway, token = Gateway(platform), cast.lead(20)
    of_teams = [f for f in SERVED if f.capability is not None and in_a_team(f)]
    assert len(of_teams) == 5
    for function in of_teams:
        inside, outside = (cast.ask(function, c) for c in (Caller.CAPABLE_INSIDE, Caller.CAPABLE_OUTSIDE))
        before = platform.items()
        assert gateway.opens(function, token, outside), "the policy still tells teams apart, and this tests nothing"
        assert gateway.status(function, token, outside) == 403
        assert platform.items() == before
        assert gateway.status(function, token, inside) == expected(function, Caller.CAPABLE_INSIDE)
