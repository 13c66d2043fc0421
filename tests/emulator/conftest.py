"""The local AWS as a real process, and clients for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bbws_access.emulator.process import Emulator, RunningEmulator

REGION = "eu-west-1"
CONFIG = Config(
    retries={"total_max_attempts": 1}, max_pool_connections=32, s3={"addressing_style": "path"}, read_timeout=120
)


def client_for(running: RunningEmulator, service: str, region: str = REGION) -> Any:
    """A client that tries once: what is tested is the emulator, not the retries."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=running.endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=CONFIG,
    )


def until(condition: Callable[[], object], what: str, seconds: float = 120.0) -> None:
    """Wait for a condition; the limit is there to end a broken run, and measures nothing."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


def until_saved(emulator: Emulator, *services: str) -> None:
    """Wait until these services are saved; everything, if none is named."""
    until(
        lambda: not (set(services) & set(emulator.unsaved()) if services else emulator.unsaved()), "everything is saved"
    )


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator of the test's own, not started."""
    emulator = Emulator(tmp_path / "emulator")
    yield emulator
    emulator.stop()


def create_table(client: Any, name: str) -> str:
    """A table with one index, ``GSI1``."""
    attributes = ("PK", "SK", "GSI1PK", "GSI1SK")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute in attributes],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "GSI1",
                "KeySchema": [
                    {"AttributeName": "GSI1PK", "KeyType": "HASH"},
                    {"AttributeName": "GSI1SK", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name
