"""A source in the old layout beside a target, and the platform over the target."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bbws_access.access.actor import operator
from bbws_access.bootstrap import Services, World
from bbws_access.emulator.process import RunningEmulator
from bbws_access.migrations.quarantine import QuarantineFile
from bbws_access.migrations.runner import Done, Migrator, Settings
from bbws_access.migrations.tables import Source
from bbws_access.migrations.wire import Attributes, KeyPair, pair
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Table
from tests.emulator.conftest import client_for
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeIds, FakeMailer, FixedClock
from tests.migrations.legacy import LegacyTable

Items = dict[KeyPair, Attributes]


def create_tables(client: Any, source: str, target: str) -> None:
    """The old one has two indexes."""
    definition = table_definition(source)
    definition["GlobalSecondaryIndexes"] = definition["GlobalSecondaryIndexes"][:2]
    definition["AttributeDefinitions"] = definition["AttributeDefinitions"][:6]
    client.create_table(**definition)
    client.create_table(**table_definition(target))


def put_all(client: Any, table: str, items: Iterable[Attributes]) -> None:
    every = list(items)
    for start in range(0, len(every), 25):
        requests = [{"PutRequest": {"Item": item}} for item in every[start : start + 25]]
        client.batch_write_item(RequestItems={table: requests})


def all_items(client: Any, table: str) -> Items:
    return {pair(item): item for page in Source(client, table).pages(0, 1) for item in page.items}


class Scene:
    """A source, a target, and runs from one to the other."""

    def __init__(self, client: Any, folder: Path, workers: int = 4) -> None:
        self.client = client
        self.workers = workers
        name = uuid.uuid4().hex[:8]
        self.source_name, self.target_name = f"old-{name}", f"new-{name}"
        create_tables(client, self.source_name, self.target_name)
        self.quarantine_file = folder / f"quarantine-{name}.jsonl"
        self.clock = FixedClock(datetime(2026, 1, 10, 9, 30, tzinfo=UTC))
        self.ids, self.mailer, self.directory = FakeIds(), FakeMailer(), FakeDirectory()
        world = World(
            Table(client, self.target_name),
            self.clock,
            self.ids,
            self.mailer,
            self.directory,
            FakeAuditStorage(),
            lambda token: token,
        )
        self.services = Services(world)
        self.operator = operator("arn:aws:iam::000000000000:user/ops", "ops@example.com")

    def own_client(self) -> Any:
        """Another client for the same tables in memory, for who does something to it."""
        return boto3.client("dynamodb", region_name="eu-west-1")

    def fill(self, *items: Attributes) -> None:
        put_all(self.client, self.source_name, items)

    def migrator(self, client: Any = None, **more: Any) -> Migrator:
        settings = Settings(
            self.source_name,
            workers=self.workers,
            max_units=more.pop("max_units", None),
            lease_seconds=more.pop("lease_seconds", 3600),
            with_deletions=more.pop("with_deletions", False),
        )
        return Migrator(
            client or self.client, self.target_name, self.services.trail, self.clock, self.ids, settings, **more
        )

    def migrate(self, client: Any = None, **more: Any) -> Done:
        """Also where it was done already."""
        migrator = self.migrator(client, **more)
        (migration,) = migrator.outstanding(None, again=True)
        return migrator.up(self.operator, migration, self.quarantine())

    def quarantine(self) -> QuarantineFile:
        return QuarantineFile(self.quarantine_file)

    def source(self) -> Items:
        return all_items(self.client, self.source_name)

    def target(self) -> Items:
        return all_items(self.client, self.target_name)

    def migrated(self) -> Items:
        """What the migration brought, without guards and without what it keeps for itself."""
        return {key: item for key, item in self.target().items() if "migratedFrom" in item}

    def quarantined(self) -> list[dict[str, Any]]:
        if not self.quarantine_file.exists():
            return []
        return [json.loads(line) for line in self.quarantine_file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def scene(dynamodb_client: Any, tmp_path: Path) -> Iterator[Scene]:
    """In memory, for a handful of items: one thread, since this DynamoDB is not made for more."""
    with mock_aws():
        yield Scene(dynamodb_client, tmp_path, workers=1)


@pytest.fixture
def real(running: RunningEmulator, tmp_path: Path) -> Scene:
    """On the local AWS, for many items and many threads."""
    return Scene(client_for(running, "dynamodb"), tmp_path)


@pytest.fixture
def legacy() -> LegacyTable:
    return LegacyTable(random.Random(7))
