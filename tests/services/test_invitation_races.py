"""Sixteen at once, against the emulator, which serves each request atomically."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

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
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeIds, FakeMailer

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

THREADS = 16
ROUNDS = 50
OPERATOR = operator("arn:test", "ops@example.com")


@dataclass(frozen=True)
class Race:
    """The services over a table of the emulator, with one organisation."""

    client: Any
    table: str
    ids: FakeIds
    directory: FakeDirectory
    services: Services
    org_id: str

    def items(self) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.table)
        return [decode(item) for page in pages for item in page["Items"]]


@pytest.fixture
def race(running: RunningEmulator) -> Race:
    client = boto3.client(
        "dynamodb",
        endpoint_url=running.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(max_pool_connections=THREADS),
    )
    name = f"race-{uuid.uuid4()}"
    client.create_table(**table_definition(name))
    ids, directory = FakeIds(), FakeDirectory()
    services = Services(
        World(Table(client, name), SystemClock(), ids, FakeMailer(), directory, FakeAuditStorage(), lambda token: token)
    )
    org_id = services.organisations.create(OPERATOR, NewOrganisation(name="Race")).organisation_id
    return Race(client, name, ids, directory, services, org_id)


def test_one_of_sixteen_accepts(race: Race) -> None:
    role = race.services.roles.find(OPERATOR, race.org_id, "ORG_ADMIN")
    invitation = NewInvitation(email="race@example.com", role_id=role.role_id)
    race.services.invitations.create(OPERATOR, race.org_id, invitation)
    token, start = race.ids.tokens[-1], threading.Barrier(THREADS)

    def accept(n: int) -> str:
        acceptance = Acceptance(first_name=f"N{n}", last_name="R", password=f"Correct-horse-{n}")
        start.wait()
        try:
            race.services.accept_invitation.accept(token, acceptance, Origin())
        except Conflict:
            return "conflict"
        return f"Correct-horse-{n}"

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(accept, range(THREADS)))

    assert outcomes.count("conflict") == THREADS - 1
    (winner,) = [outcome for outcome in outcomes if outcome != "conflict"]
    assert race.directory.passwords == {"race@example.com": winner}  # and no loser's password
    items = race.items()
    assert len([i for i in items if i["SK"].startswith("USER#")]) == 1
    assert len([i for i in items if "#USER#" in i["PK"]]) == 1
    assert len([i for i in items if i.get("action") == "invitation.accept"]) == 1
    assert race.services.roles.load(race.org_id, role.role_id).user_count == 1
    sequences = sorted(i["sequence"] for i in items if i["SK"].startswith("EVENT#"))
    assert sequences == list(range(1, len(sequences) + 1))


def test_an_address_invited_by_sixteen_at_once_has_one_pending_invitation(race: Race) -> None:
    role = race.services.roles.find(OPERATOR, race.org_id, "SITE_VIEWER")

    def invite(email: str) -> str:
        try:
            race.services.invitations.create(OPERATOR, race.org_id, NewInvitation(email=email, role_id=role.role_id))
        except Conflict as error:
            return error.code
        return "invited"

    with ThreadPoolExecutor(THREADS) as pool:
        for n in range(ROUNDS):
            outcomes = Counter(pool.map(invite, [f"u{n}@example.com"] * THREADS))
            assert outcomes == {"invited": 1, "DUPLICATE_INVITATION": THREADS - 1}

    pending = Counter(i["email"] for i in race.items() if i["SK"].startswith("INV#") and i["status"] == "PENDING")
    assert pending == {f"u{n}@example.com": 1 for n in range(ROUNDS)}
