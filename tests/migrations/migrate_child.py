"""A process that migrates, to be killed: ``python -m tests.migrations.migrate_child`` with JSON on standard input.

It is given ``endpoint``, ``source``, ``target`` and ``quarantine``, prints the name of each phase as it enters it,
and at the end its counts as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bbws_access.access.actor import operator
from bbws_access.clock import SystemClock
from bbws_access.ids import RandomIds
from bbws_access.migrations.quarantine import QuarantineFile
from bbws_access.migrations.runner import Migrator, Settings
from bbws_access.services.trail import Trail
from bbws_access.store.table import Table

LEASE_SECONDS = 1.0


class Phases:
    """Prints each name once, when the first page of the phase is done."""

    def __init__(self) -> None:
        self._now = ""

    def __call__(self, progress: Any) -> None:
        if progress.phase != self._now:
            self._now = progress.phase
            sys.stdout.write(f"{progress.phase}\n")
            sys.stdout.flush()


def main() -> None:
    given = json.load(sys.stdin)
    client: Any = boto3.client(
        "dynamodb",
        endpoint_url=given["endpoint"],
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, max_pool_connections=32),
    )
    clock, ids = SystemClock(), RandomIds()
    trail = Trail(Table(client, given["target"]), clock, ids)
    settings = Settings(given["source"], workers=4, lease_seconds=LEASE_SECONDS)
    migrator = Migrator(client, given["target"], trail, clock, ids, settings, Phases())
    for migration in migrator.outstanding(None):
        file = QuarantineFile(Path(given["quarantine"]))
        done = migrator.up(operator("arn:test", "ops@example.com"), migration, file)
        sys.stdout.write(json.dumps(done.tally.rows()) + "\n")


if __name__ == "__main__":
    main()
