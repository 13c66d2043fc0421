"""The matrix over HTTP, against the deployed API: gateway, authorizer, functions and table as they run there.

People are put into the deployed table, and their tokens are signed with the pool's own key: an expired one
is a good one of an hour ago.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import fields
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from bbws_access.bootstrap import Services, World
from bbws_access.catalogue import ENDPOINTS, Function
from bbws_access.clock import SystemClock
from bbws_access.provisioning.stack import DEPLOYED
from bbws_access.store.table import Table
from tests.e2e.conftest import Deployed
from tests.e2e.pool import Pool
from tests.fakes import FakeDirectory, FakeIds, FakeMailer
from tests.matrix.cast import Ask, Cast
from tests.matrix.expected import Caller, expected

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]

SERVED = [f for f in ENDPOINTS if f in DEPLOYED]
_addresses = count(1)

Send = Callable[[Function, str | None, Ask], int]


@pytest.fixture(scope="module")
def cast(deployed: Deployed) -> Cast:
    pool, outputs = Pool.of(deployed), deployed.outputs()
    table, ids = Table(deployed.client("dynamodb"), outputs["dynamodb_table_name"]), FakeIds()
    known = {
        "table": table,
        "clock": SystemClock(),
        "ids": ids,
        "mailer": FakeMailer(),
        "directory": FakeDirectory(),
        "link_to": lambda token: f"https://api.example/invite/{token}",
    }
    # What making people does not need is not there.
    world = World(**{field.name: known.get(field.name) for field in fields(World)})  # type: ignore[arg-type]

    def sign(user_id: str, org_id: str, expired: bool) -> str:
        return pool.token(user_id, org_id, **({"exp": int(time.time()) - 1} if expired else {}))

    return Cast(Services(world), table, world.clock, ids, sign)


@pytest.fixture(scope="module")
def send(deployed: Deployed) -> Send:
    url = str(deployed.outputs()["api_url"])

    def send(function: Function, token: str | None, ask: Ask) -> int:
        path = str(function.path)
        for name, value in ask.params.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        query = f"?{urlencode(ask.query)}" if ask.query else ""
        # The look-ups of one address are limited; the local gateway believes this header, AWS's own does not.
        headers = {"X-Forwarded-For": f"198.51.100.{next(_addresses)}"}
        if token is not None:
            headers["Authorization"] = token
        data: Any = None if ask.body is None else json.dumps(ask.body).encode()
        request = urllib.request.Request(f"{url}{path}{query}", data=data, headers=headers, method=function.method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    return send


@pytest.mark.parametrize("function", SERVED, ids=lambda f: f.name)
def test_who_may_call_what(cast: Cast, send: Send, function: Function) -> None:
    found = {caller: send(function, cast.token(function, caller), cast.ask(function, caller)) for caller in Caller}
    assert found == {caller: expected(function, caller) for caller in Caller}
