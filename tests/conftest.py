"""A platform in memory: moto's DynamoDB in this process, everything else faked."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bbws_access.access.actor import Actor, operator
from bbws_access.bootstrap import Services, World
from bbws_access.emulator.process import Emulator, RunningEmulator
from bbws_access.models.invitation import Invitation, NewInvitation
from bbws_access.models.organisation import NewOrganisation, Organisation
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Item, Table
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeIds, FakeMailer, FixedClock
from tests.quick_botocore import quick_botocore
from tests.quick_moto import quick_moto

TABLE_NAME = "bbws-access-test-ddb-access-management"


def pytest_configure() -> None:
    """A shell's background job is started with interrupts ignored, and so would be every process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was imported and collected stays: to search it for garbage again and again took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def _no_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own AWS configuration reaches a test."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "BBWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator for all tests that only use it."""
    emulator = Emulator(tmp_path_factory.mktemp("aws") / "emulator")
    yield emulator.start()
    emulator.stop()


@dataclass
class Platform:
    """The services over a table in memory, and the fakes around them."""

    client: Any
    table: Table
    clock: FixedClock
    ids: FakeIds
    mailer: FakeMailer
    directory: FakeDirectory
    storage: FakeAuditStorage
    world: World
    services: Services
    operator: Actor

    def items(self) -> list[Item]:
        """The whole table."""
        from bbws_access.store.codec import decode

        pages = self.client.get_paginator("scan").paginate(TableName=self.table.name)
        return [decode(item) for page in pages for item in page["Items"]]

    def organisation(self, name: str = "Acme") -> Organisation:
        return self.services.organisations.create(self.operator, NewOrganisation(name=name))

    def invite(self, org: Organisation, email: str = "thandi@example.com", **more: Any) -> tuple[Invitation, str]:
        """An invitation and its token."""
        role = self.services.roles.find(self.operator, org.organisation_id, more.pop("role", "ORG_ADMIN"))
        request = NewInvitation(email=email, role_id=role.role_id, **more)
        invitation = self.services.invitations.create(self.operator, org.organisation_id, request)
        return invitation, self.ids.tokens[-1]


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    with quick_moto(), quick_botocore():
        yield


@pytest.fixture(scope="session")
def dynamodb_client() -> Any:
    """One client for all tests: making one costs more than most tests do."""
    return boto3.client(
        "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture
def platform(_no_real_aws: None, dynamodb_client: Any) -> Iterator[Platform]:
    with mock_aws():
        client = dynamodb_client
        client.create_table(**table_definition(TABLE_NAME))
        table, clock, ids = Table(client, TABLE_NAME), FixedClock(), FakeIds()
        mailer, directory, storage = FakeMailer(), FakeDirectory(), FakeAuditStorage()
        world = World(
            table, clock, ids, mailer, directory, storage, lambda token: f"https://api.example/invite/{token}"
        )
        who = operator("arn:aws:iam::000000000000:user/ops", "ops@example.com")
        yield Platform(client, table, clock, ids, mailer, directory, storage, world, Services(world), who)
