"""``table migrate`` against bare boto3 loops that scan the same items and write them, on the same emulator."""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bbws_access.access.actor import operator
from bbws_access.clock import SystemClock
from bbws_access.emulator.process import Emulator
from bbws_access.ids import RandomIds
from bbws_access.migrations.quarantine import QuarantineFile
from bbws_access.migrations.runner import Migrator, Settings
from bbws_access.services.trail import Trail
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Table
from tests.migrations.conftest import create_tables, put_all
from tests.migrations.legacy import LegacyTable

ITEMS = 6_000
SINGLY = 1_000
"""Items that the slowest loop writes: it is measured by its rate."""

ROUNDS = 3
AIM = 0.9
WORKERS = 4


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as folder:
        emulator = Emulator(Path(folder) / "emulator")
        try:
            _measure(emulator.start().endpoint, Path(folder))
        finally:
            emulator.stop()


def _measure(endpoint: str, folder: Path) -> None:
    source = "source"
    client = _client(endpoint)
    create_tables(client, source, "unused")
    put_all(client, source, LegacyTable(random.Random(1)).crowd(ITEMS))
    ways: dict[str, Callable[[], int]] = {
        "migrate": lambda: _migrate(endpoint, source, folder),
        "put": lambda: _scan_and_put(client, source),
        "batch": lambda: _scan_and_batch(client, source),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            items = way()
            rates[name].append(items / (time.perf_counter() - began))
    found = {name: statistics.median(per_second) for name, per_second in rates.items()}
    _report("table migrate / scan and put_item with a condition", found["put"], found["migrate"])
    _report("table migrate / scan and batch_write_item, without conditions", found["batch"], found["migrate"])


def _report(name: str, floor: float, ours: float) -> None:
    verdict = "ok" if ours / floor >= AIM else "MISSED"
    sys.stdout.write(
        f"{name}, in items/s: {ours / floor:.2f} (aim: at least {AIM}) {verdict}; "
        f"{ours:.0f} to {floor:.0f} items/s, medians of {ROUNDS} interleaved runs over {ITEMS} items\n"
    )


def _client(endpoint: str, *, bulk: bool = False) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=not bulk, max_pool_connections=32 if bulk else 10),
    )


def _new_table(client: Any) -> str:
    name = f"target-{uuid.uuid4().hex[:8]}"
    client.create_table(**table_definition(name))
    return name


def _migrate(endpoint: str, source: str, folder: Path) -> int:
    """All of it: the survey, the copy and the comparison of every item."""
    client = _client(endpoint, bulk=True)
    target, clock, ids = _new_table(client), SystemClock(), RandomIds()
    trail = Trail(Table(client, target), clock, ids)
    migrator = Migrator(client, target, trail, clock, ids, Settings(source, WORKERS))
    (migration,) = migrator.outstanding(None)
    done = migrator.up(operator("arn:bench", "ops@example.com"), migration, QuarantineFile(folder / "quarantine.jsonl"))
    assert done.tally.migrated.total() == ITEMS
    return ITEMS


def _scan_and_put(client: Any, source: str) -> int:
    target, done = _new_table(client), 0
    for page in client.get_paginator("scan").paginate(TableName=source, PaginationConfig={"MaxItems": SINGLY}):
        for item in page["Items"]:
            client.put_item(TableName=target, Item=item, ConditionExpression="attribute_not_exists(PK)")
        done += len(page["Items"])
    return done


def _scan_and_batch(client: Any, source: str) -> int:
    target = _new_table(client)
    for page in client.get_paginator("scan").paginate(TableName=source):
        put_all(client, target, page["Items"])
    return ITEMS
