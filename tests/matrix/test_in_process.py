"""Each endpoint and each kind of caller: verifier, principal, policy, handler and service, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bbws_access.access.actor import Origin
from bbws_access.access.authorizer import Authorizer, actor_of
from bbws_access.access.principal import PrincipalLoader
from bbws_access.catalogue import ENDPOINTS, Function, Guard
from bbws_access.cursors import Cursors
from bbws_access.errors import Unauthenticated
from lambdas.api import wired
from tests.access import jwts
from tests.access.contract import allows
from tests.access.people import People
from tests.conftest import Platform
from tests.lambdas.gateway import FakeSealer, proxy_event, send
from tests.matrix.expected import Caller, expected
from tests.matrix.world import Asked, World

API = "arn:aws:execute-api:eu-west-1:000000000000:abcdefghij/test"


class Gateway:
    """What API Gateway does with a request: asks the authorizer, judges its policy, calls the function."""

    def __init__(self, platform: Platform) -> None:
        pool = jwts.Door()
        self._authorizer = Authorizer(pool.verifier, PrincipalLoader(platform.table, platform.clock))

    def status(self, function: Function, asked: Asked, token: str | None) -> int:
        path = str(function.path)
        for name, value in asked.params.items():
            path = path.replace(f"{{{name}}}", value)
        actor = None
        if function.guard is not Guard.PUBLIC:
            arn = f"{API}/{function.method}{path}"
            try:
                decision = self._authorizer.decide(f"Bearer {token}" if token else None, arn)
            except Unauthenticated:
                return 401
            if not allows(decision.policy, arn):
                return 403
            actor = actor_of(decision.context, Origin())
        reply = send(function.name, proxy_event(function.name, actor, asked.params, asked.body, asked.query))
        assert reply.status not in {400, 404, 409, 410, 429}, reply.text
        return reply.status


@pytest.fixture
def world(platform: Platform) -> Iterator[World]:
    platform.services.seeder.seed(platform.operator)
    with wired(platform.services, Cursors(FakeSealer())):
        yield World(platform.services, platform.operator, People(platform), platform.ids)


def token_of(world: World, caller: Caller, function: Function) -> str | None:
    if caller is Caller.NO_TOKEN:
        return None
    user = world.caller(caller, function)
    claims: dict[str, Any] = {"sub": user.user_id, "email": user.email, "custom:organisation_id": user.organisation_id}
    # A second after it ran out.
    return jwts.id_token(now=jwts.NOW - 3601, **claims) if caller is Caller.EXPIRED else jwts.id_token(**claims)


@pytest.mark.parametrize("function", ENDPOINTS, ids=lambda f: f.name)
def test_an_endpoint_is_open_to_whom_it_should_be_and_to_nobody_else(
    platform: Platform, world: World, function: Function
) -> None:
    gateway = Gateway(platform)
    wanted = {caller: expected(function, caller) for caller in Caller}
    refused = world.request(function)
    found = {
        # Whoever is let in changes something, and gets a request of their own.
        caller: gateway.status(
            function, refused if status >= 400 else world.request(function), token_of(world, caller, function)
        )
        for caller, status in wanted.items()
    }
    assert found == wanted


def test_there_are_forty_endpoints_and_nine_kinds_of_callers() -> None:
    assert (len(ENDPOINTS), len(Caller)) == (40, 9)
