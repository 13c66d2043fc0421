"""Reading and copying a table: rates against bare boto3 loops, and memory against the table's size."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bbws_access.clock import SystemClock
from bbws_access.emulator.process import Emulator
from bbws_access.keeper.archive import open_archive
from bbws_access.keeper.backup import back_up
from bbws_access.keeper.restore import Restorer
from bbws_access.keeper.verify import Verifier
from bbws_access.store.schema import table_definition
from bbws_access.store.table import MAX_TRANSACTION, Table
from benchmarks.keeper_tables import PER_ORGANISATION, client, fill, items
from benchmarks.measure import report

ORGANISATIONS = 25
ITEMS = ORGANISATIONS * PER_ORGANISATION
ROUNDS = 5
FEW, MANY = 25, 250
"""Organisations; 20,225 and 202,250 items."""
RATE = 1.11
"""Of the times, which is at least 0.9 of the items a second."""
MEMORY = 1.2


def rates() -> None:
    """Verify and backup against a bare scan, restore against a bare write loop; interleaved."""
    with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as name:
        folder, emulator = Path(name), Emulator(Path(name) / "emulator")
        dynamodb = client(emulator.start().endpoint)
        fill(dynamodb, "rates", ORGANISATIONS)
        kept = list(items(ORGANISATIONS))
        runs: dict[str, Callable[[int], None]] = {
            "scan": lambda _: _bare_scan(dynamodb, "rates"),
            "verify": lambda _: _verify(dynamodb),
            "backup": lambda n: _back_up(dynamodb, folder / f"{n}.gz"),
            "write": lambda n: _bare_write(dynamodb, f"written-{n}", kept),
            "restore": lambda n: _restore(dynamodb, f"restored-{n}", folder / f"{n}.gz"),
        }
        times: dict[str, list[float]] = {what: [] for what in runs}
        for turn in range(ROUNDS + 1):
            for what, run in runs.items():
                began = time.perf_counter()
                run(turn)
                if turn:
                    times[what].append(time.perf_counter() - began)
        emulator.erase()
    found = {what: statistics.median(took) for what, took in times.items()}
    for what, bare in (("verify", "scan"), ("backup", "scan"), ("restore", "write")):
        detail = f"{ITEMS / found[what]:.0f} to {ITEMS / found[bare]:.0f} items/s, medians of {ROUNDS} interleaved runs"
        report(f"table {what} / bare boto3 {bare} loop, time", found[what] / found[bare], RATE, detail)


def memory() -> None:
    """Peak memory of processes of their own."""
    with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as name:
        folder, emulator = Path(name), Emulator(Path(name) / "emulator")
        endpoint = emulator.start().endpoint
        peaks: dict[tuple[str, int], int] = {}
        for count in (FEW, MANY):
            fill(client(endpoint), f"memory-{count}", count)
            for what, table in (
                ("backup", f"memory-{count}"),
                ("verify", f"memory-{count}"),
                ("restore", f"copy-{count}"),
            ):
                if what == "restore":
                    client(endpoint).create_table(**table_definition(table))
                words = [sys.executable, "-m", "benchmarks.keeper_child", what, endpoint, table]
                done = subprocess.run([*words, str(folder / f"{count}.gz")], capture_output=True, text=True, check=True)
                peaks[what, count] = int(done.stdout)
        emulator.erase()
    for what in ("backup", "verify", "restore"):
        few, many = peaks[what, FEW], peaks[what, MANY]
        detail = f"{many // 1024} MiB to {few // 1024} MiB"
        report(
            f"peak memory of table {what}, {MANY * PER_ORGANISATION:,} / {FEW * PER_ORGANISATION:,} items",
            many / few,
            MEMORY,
            detail,
        )


def _bare_scan(dynamodb: Any, table: str) -> None:
    last: dict[str, Any] = {}
    while True:
        page = dynamodb.scan(TableName=table, ConsistentRead=True, **last)
        if "LastEvaluatedKey" not in page:
            return
        last = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _verify(dynamodb: Any) -> None:
    assert Verifier(Table(dynamodb, "rates"), SystemClock()).verify().clean


def _back_up(dynamodb: Any, path: Path) -> None:
    back_up(dynamodb, "rates", path, SystemClock(), lambda _: None)


def _bare_write(dynamodb: Any, table: str, kept: list[dict[str, Any]]) -> None:
    """A restore must not overwrite, and a batch cannot be conditional: so both write transactions."""
    dynamodb.create_table(**table_definition(table))
    absent = {"TableName": table, "ConditionExpression": "attribute_not_exists(PK)"}
    for start in range(0, len(kept), MAX_TRANSACTION):
        puts = [{"Put": {"Item": item, **absent}} for item in kept[start : start + MAX_TRANSACTION]]
        dynamodb.transact_write_items(TransactItems=puts)
    dynamodb.delete_table(TableName=table)


def _restore(dynamodb: Any, table: str, path: Path) -> None:
    dynamodb.create_table(**table_definition(table))
    Restorer(dynamodb, table).restore(open_archive(path, lambda _: None), lambda _: None)
    dynamodb.delete_table(TableName=table)
