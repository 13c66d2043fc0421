"""One invitation, sixteen who accept it at once, against the emulator, which serves each request atomically."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config

from bbws_access.access.actor import Origin, operator
from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.emulator.process import RunningEmulator
from bbws_access.errors import Conflict
from bbws_access.models.invitation import Acceptance, NewInvitation
from bbws_access.models.organisation import NewOrganisation
from bbws_access.store.codec import decode
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Table
from tests.fakes import FakeDirectory, FakeIds, FakeMailer

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

THREADS = 16


def test_one_of_sixteen_succeeds(running: RunningEmulator) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=running.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(max_pool_connections=THREADS),
    )
    client.create_table(**table_definition("accept-race"))
    ids = FakeIds()
    table, directory = Table(client, "accept-race"), FakeDirectory()
    services = Services(World(table, SystemClock(), ids, FakeMailer(), directory, lambda token: token))
    who = operator("arn:test", "ops@example.com")
    org_id = services.organisations.create(who, NewOrganisation(name="Race")).organisation_id
    role = services.roles.find(who, org_id, "ORG_ADMIN")
    services.invitations.create(who, org_id, NewInvitation(email="race@example.com", role_id=role.role_id))
    token, start = ids.tokens[-1], threading.Barrier(THREADS)

    def accept(n: int) -> str:
        acceptance = Acceptance(first_name=f"N{n}", last_name="R", password=f"Correct-horse-{n}")
        start.wait()
        try:
            services.accept_invitation.accept(token, acceptance, Origin())
        except Conflict:
            return "conflict"
        return f"Correct-horse-{n}"

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(accept, range(THREADS)))

    assert outcomes.count("conflict") == THREADS - 1
    (winner,) = [outcome for outcome in outcomes if outcome != "conflict"]
    assert directory.passwords == {"race@example.com": winner}  # and no loser's password
    items = [decode(item) for item in client.scan(TableName="accept-race")["Items"]]
    assert len([i for i in items if i["SK"].startswith("USER#")]) == 1
    assert len([i for i in items if "#USER#" in i["PK"]]) == 1
    assert len([i for i in items if i.get("action") == "invitation.accept"]) == 1
    assert services.roles.load(org_id, role.role_id).user_count == 1
    sequences = sorted(i["sequence"] for i in items if i["SK"].startswith("EVENT#"))
    assert sequences == list(range(1, len(sequences) + 1))
