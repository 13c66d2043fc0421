"""A run is killed again and again at random points: what comes of it is what an undisturbed run leaves."""

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
    pytest.mark.timeout(900),  # a dozen runs over 20,000 items; on a machine that does much else it takes its time
]

READING, COMPARING = "reading the target", "comparison 1"
TEN_TIMES = ("survey", *["copy"] * 6, READING, *[COMPARING] * 2)
"""Each at a random moment of a phase: the copy goes on where it was, the others begin anew."""

ROOT = Path(__file__).parents[2]


class Child:
    """A process that migrates."""

    def __init__(self, given: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.migrations.migrate_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(given))
        self._process.stdin.close()
        self._process.stdin = None

    def until(self, phase: str) -> None:
        """Until it has done a page of the phase."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == phase:
                return
        raise AssertionError(f"it ended before its {phase}: {self._process.communicate()[1]}")

    def kill(self) -> None:
        assert self._process.poll() is None, "it had ended by itself"
        os.kill(self._process.pid, signal.SIGKILL)
        assert self._process.wait() == -signal.SIGKILL
        self._process.communicate()

    def rows(self) -> Any:
        """The counts of one that went through."""
        out, err = self._process.communicate()
        assert self._process.returncode == 0, err
        return json.loads(out.splitlines()[-1])


def left_behind(client: Any, table: str) -> dict[Any, str]:
    """Everything but the migration's own records and its event, which have times and ids of their own."""
    return {
        key: digest(item)
        for key, item in all_items(client, table).items()
        if key[0] != "MIGRATIONS" and not key[0].startswith(("PLATFORM", "ORG#PLATFORM"))
    }


@pytest.mark.parametrize(
    ("count", "killed_in"),
    [
        pytest.param(2_000, ("copy", "copy"), id="twice"),
        pytest.param(20_000, TEN_TIMES, id="ten times", marks=pytest.mark.heavy),
    ],
)
def test_killed_and_run_again(running: RunningEmulator, tmp_path: Path, count: int, killed_in: tuple[str, ...]) -> None:
    client, chance = client_for(running, "dynamodb"), random.Random(11)
    create_tables(client, "killed-source", "killed-target")
    client.create_table(**table_definition("undisturbed"))
    items = list(LegacyTable(chance).crowd(count - 2))
    legacy = LegacyTable(chance)
    items += [legacy.member("org-0000", "t1", "gone", "lead"), legacy.user("org-0000", "broken", lastName=None)]
    put_all(client, "killed-source", items)

    # How long the phases take undisturbed says where the moments are at which the others are killed.
    calm = {"endpoint": running.endpoint, "source": "killed-source", "target": "undisturbed"}
    undisturbed, began = Child(calm | {"quarantine": str(tmp_path / "calm.jsonl")}), {}
    for phase in ("survey", "copy", READING, COMPARING):
        undisturbed.until(phase)
        began[phase] = time.monotonic()
    expected = undisturbed.rows()
    ended = time.monotonic()
    took = {
        "survey": began["copy"] - began["survey"],
        "copy": began[READING] - began["copy"],
        READING: began[COMPARING] - began[READING],
        COMPARING: ended - began[COMPARING],
    }

    given = calm | {"target": "killed-target", "quarantine": str(tmp_path / "killed.jsonl")}
    for phase in killed_in:
        child = Child(given)
        child.until(phase)
        time.sleep(chance.uniform(0, 0.15 if phase == "copy" else 0.5) * took[phase])
        child.kill()
        time.sleep(LEASE_SECONDS + 0.1)  # its lease runs out
    assert Child(given).rows() == expected
    found = left_behind(client, "killed-target")
    assert len(found) > count
    assert found == left_behind(client, "undisturbed")
    assert lines(tmp_path / "killed.jsonl") == lines(tmp_path / "calm.jsonl")
    assert len(lines(tmp_path / "calm.jsonl")) == 2


def lines(path: Path) -> list[str]:
    return sorted(path.read_text(encoding="utf-8").splitlines())
