"""A process that migrates, to be killed: ``python -m tests.migrations.migrate_child`` with JSON on standard input.

It is given ``endpoint``, ``source``, ``target`` and ``quarantine``, and prints ``begun`` when it holds the lease.
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
    migrator = Migrator(client, given["target"], trail, clock, ids, settings)
    for migration in migrator.outstanding(None):
        file = QuarantineFile(Path(given["quarantine"]))
        done = migrator.up(operator("arn:test", "ops@example.com"), migration, file)
        sys.stdout.write(json.dumps(done.tally.rows()))


if __name__ == "__main__":
    main()
