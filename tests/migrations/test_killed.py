"""A run over 20,000 items is killed ten times at random points: what comes of it is what an undisturbed run leaves."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bbws_access.emulator.process import RunningEmulator
from bbws_access.migrations.wire import digest
from bbws_access.store.schema import table_definition
from tests.emulator.conftest import client_for
from tests.migrations.conftest import all_items, create_tables, put_all
from tests.migrations.legacy import LegacyTable
from tests.migrations.migrate_child import LEASE_SECONDS

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.slow,
    pytest.mark.xdist_group("emulator"),
    pytest.mark.timeout(900),  # a dozen runs over 20,000 items; on a machine that does much else it takes its time
]

ITEMS = 6_000
KILLS = 10
ROOT = Path(__file__).parents[2]


def start(given: dict[str, str]) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.migrations.migrate_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(given))
    child.stdin.close()
    child.stdin = None
    return child


def left_behind(client: Any, table: str) -> dict[Any, str]:
    """Everything but the migration's own records and its event, which have times and ids of their own."""
    return {
        key: digest(item)
        for key, item in all_items(client, table).items()
        if key[0] != "MIGRATIONS" and not key[0].startswith(("PLATFORM", "ORG#PLATFORM"))
    }


def test_killed_ten_times(running: RunningEmulator, tmp_path: Path) -> None:
    client, chance = client_for(running, "dynamodb"), random.Random(11)
    create_tables(client, "killed-source", "killed-target")
    client.create_table(**table_definition("undisturbed"))
    items = list(LegacyTable(chance).crowd(ITEMS - 2))
    legacy = LegacyTable(chance)
    items += [legacy.member("org-0000", "t1", "gone", "lead"), legacy.user("org-0000", "broken", lastName=None)]
    put_all(client, "killed-source", items)

    # How long it takes undisturbed says where the points are at which the others are killed.
    calm = {"endpoint": running.endpoint, "source": "killed-source", "target": "undisturbed"}
    began = time.monotonic()
    out, err = start(calm | {"quarantine": str(tmp_path / "calm.jsonl")}).communicate()
    whole = time.monotonic() - began
    assert json.loads(out), err

    given = calm | {"target": "killed-target", "quarantine": str(tmp_path / "killed.jsonl")}
    killed = 0
    for _ in range(KILLS):
        child = start(given)
        try:
            child.communicate(timeout=chance.uniform(0.08, 0.3) * whole)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.communicate()
            killed += 1
            time.sleep(LEASE_SECONDS + 0.1)  # its lease runs out
    out, err = start(given).communicate()
    assert killed >= KILLS // 2
    assert "Error" not in err
    expected, found = left_behind(client, "undisturbed"), left_behind(client, "killed-target")
    assert len(expected) > ITEMS
    # An event's time to live counts from when the migration began, and the two began at different times.
    different = {key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}
    assert {key for key in different if "#DATE#" not in key[0]} == set()
    assert expected.keys() == found.keys()
    assert lines(tmp_path / "killed.jsonl") == lines(tmp_path / "calm.jsonl")


def lines(path: Path) -> list[str]:
    return sorted(path.read_text(encoding="utf-8").splitlines())
