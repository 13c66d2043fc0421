"""Tokens at the deployed API's door: the gateway's 401 for each that the pool would not have given for this."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bbws_access import keys
from bbws_access.store.table import Item, Query, Table
from bbws_access.store.writes import Put
from tests.access import jwts
from tests.access.jwts import b64
from tests.e2e.conftest import Deployed
from tests.e2e.pool import Pool

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]

EMAIL = "thandi@tokens.example"


@dataclass(frozen=True)
class Door:
    """The deployed API, somebody who may go in, and the trail of their organisation."""

    url: str
    table: Table
    pool: Pool
    org_id: str
    user_id: str

    def status(self, token: str | None) -> int:
        request = urllib.request.Request(self.url, headers={"Authorization": token} if token is not None else {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def decisions(self) -> list[Item]:
        return list(self.table.query_all(Query(keys.events_of_type(self.org_id, "AUTHORIZATION"), index=5)))

    def claims(self, **more: Any) -> dict[str, Any]:
        return self.pool.claims(self.user_id, self.org_id, **more)

    def signed(self, **more: Any) -> str:
        return self.pool.sign(self.pool.header(), self.claims(**more))

    def headed(self, **more: Any) -> str:
        return self.pool.sign(self.pool.header(**more), self.claims())

    def unsigned(self, algorithm: str) -> str:
        head, payload = self.pool.header(alg=algorithm), self.claims()
        return f"{b64(json.dumps(head).encode())}.{b64(json.dumps(payload).encode())}"

    def with_the_public_key(self) -> str:
        text = self.unsigned("HS256")
        return f"{text}.{b64(hmac.new(self.pool.public_pem, text.encode(), hashlib.sha256).digest())}"


@pytest.fixture(scope="module")
def door(deployed: Deployed) -> Door:
    org_id = deployed.json("orgs", "create", "Tokens")["organisationId"]
    user_id = deployed.member("Tokens", EMAIL)["userId"]
    outputs = deployed.outputs()
    table = Table(deployed.client("dynamodb"), outputs["dynamodb_table_name"])
    return Door(f"{outputs['api_url']}/v1/platform/permissions", table, Pool.of(deployed), org_id, user_id)


DENIED: dict[str, Callable[[Door], str | None]] = {
    "none at all": lambda door: None,
    "alg none": lambda door: door.unsigned("none") + ".",
    "HS256 with the public key": lambda door: door.with_the_public_key(),
    "a key that is not the pool's": lambda door: jwts.sign(door.pool.header(), door.claims()),
    "a key id that is not in the set": lambda door: door.headed(kid="another"),
    "an unknown crit": lambda door: door.headed(crit=["b64"], b64=False),
    "jku": lambda door: door.headed(jku="https://evil.example/jwks.json"),
    "x5u": lambda door: door.headed(x5u="https://evil.example/cert.pem"),
    "jwk": lambda door: jwts.sign(door.pool.header(jwk=jwts.jwk_of("first")), door.claims()),
    "another issuer": lambda door: door.signed(iss="https://evil.example"),
    "a slash after the issuer": lambda door: door.signed(iss=f"{door.pool.issuer}/"),
    "another client": lambda door: door.signed(aud="another"),
    "for refreshing": lambda door: door.signed(token_use="refresh"),
    "expired by a second": lambda door: door.signed(exp=int(time.time()) - 1),
    "not yet valid": lambda door: door.signed(nbf=int(time.time()) + 60),
    "nobody's": lambda door: door.signed(sub=None),
    "10 kB of rubbish": lambda door: "A" * 10_000,
}


def test_who_is_denied_and_leaves_nothing_in_the_trail(door: Door) -> None:
    assert door.status(door.signed()) == 200
    before = door.decisions()
    assert [event["userId"] for event in before] == [door.user_id]
    found = {name: door.status(make(door)) for name, make in DENIED.items()}
    assert found == dict.fromkeys(DENIED, 401)
    assert door.decisions() == before


def test_the_pools_own_refresh_token_opens_nothing(door: Door, deployed: Deployed) -> None:
    answer = deployed.client("cognito-idp").admin_initiate_auth(
        UserPoolId=door.pool.pool_id,
        ClientId=door.pool.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": EMAIL, "PASSWORD": "Correct-horse-7"},
    )["AuthenticationResult"]
    kinds = ("IdToken", "AccessToken", "RefreshToken")
    assert [door.status(answer[kind]) for kind in kinds] == [200, 200, 401]


def test_a_fault_of_our_own_is_not_kept_by_the_gateway(door: Door) -> None:
    """A profile that cannot be read stands for whatever the authorizer may stumble over."""
    profile, token = keys.user_key(door.org_id, door.user_id), door.signed(jti="of this test")
    whole = door.table.get(profile)
    assert whole is not None
    door.table.write(Put({name: value for name, value in whole.items() if name != "email"}))
    try:
        assert [door.status(token) for _ in range(2)] == [500, 500]
    finally:
        door.table.write(Put(whole))
    assert door.status(token) == 200
