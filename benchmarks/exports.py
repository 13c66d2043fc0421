"""Exports against a bare boto3 loop that writes nothing; and how their memory grows with what they write."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bbws_access import keys
from bbws_access.access.actor import operator
from bbws_access.clock import SystemClock, iso
from bbws_access.emulator.process import Emulator
from bbws_access.export.files import write_file
from bbws_access.ids import RandomIds
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import FileFormat
from bbws_access.services.audit import Audit
from bbws_access.services.trail import Trail
from bbws_access.store.codec import encode
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Query, Table
from benchmarks.events import A_DAY, ORG, START, TABLE, client_of, event_item
from benchmarks.measure import report

EVENTS = 50_000
DAYS = EVENTS // A_DAY
ROUNDS = 7
LEAST = 0.8
FEW, MANY = 10_000, 1_000_000
MOST_MEMORY = 1.2


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as folder:
        emulator = Emulator(Path(folder) / "emulator")
        endpoint = emulator.start().endpoint
        client = client_of(endpoint)
        try:
            _fill(client)
            _speed(client, Path(folder))
            _memory_of_reading(endpoint)
        finally:
            emulator.stop()


def run_memory() -> None:
    """From pages that are made as they are asked for: a million events are not waited for in an emulator."""
    for kind in (FileFormat.CSV, FileFormat.JSON, FileFormat.JSONL, FileFormat.PARQUET, "report"):
        few, many = _peak(kind, FEW), _peak(kind, MANY)
        detail = f"{many / 1024:.0f} MB to {few / 1024:.0f} MB at the peak"
        report(f"memory of {kind}, {MANY:,} events / {FEW:,}", many / few, MOST_MEMORY, detail)


def _fill(client: Any) -> None:
    client.create_table(**table_definition(TABLE))
    for n in range(0, EVENTS, 25):
        items = [encode(event_item(k, START + timedelta(days=k * DAYS // EVENTS))) for k in range(n, n + 25)]
        client.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": item}} for item in items]})


def _speed(client: Any, folder: Path) -> None:
    end = START + timedelta(days=1) - timedelta(milliseconds=1)
    question = AuditQuestion(ORG, since=START, until=end, newest_first=False)
    table, actor = Table(client, TABLE), operator("arn:aws:iam::000000000000:user/bench", "bench@local")
    audit = Audit(table, Trail(table, SystemClock(), RandomIds()), SystemClock(), RandomIds(), None)  # type: ignore[arg-type]
    bounds = (f"{keys.EVENT_PREFIX}{iso(START)}", f"{keys.EVENT_PREFIX}{iso(end)}")
    same = Query(keys.events_of_day(ORG, START.date().isoformat()), between=bounds)
    work: dict[str, Callable[[], int]] = {"bare": lambda: _bare(client, same)}
    for chosen in (FileFormat.CSV, FileFormat.JSONL, FileFormat.PARQUET):
        work[chosen] = lambda chosen=chosen: write_file(audit.rows(actor, question), folder / "out", chosen).count  # type: ignore[misc]
    times: dict[str, list[float]] = {name: [] for name in work}
    efforts: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(ROUNDS + 1):
        for name, do in work.items():
            began, worked = time.perf_counter(), time.process_time()
            count = do()
            took, effort = time.perf_counter() - began, time.process_time() - worked
            if count != A_DAY:
                raise RuntimeError(f"{name} read {count} of {A_DAY} events")
            if turn:
                times[name].append(took)
                efforts[name].append(effort)
    rates = {name: A_DAY / statistics.median(found) for name, found in times.items()}
    processor = {name: statistics.median(found) for name, found in efforts.items()}
    for name in list(work)[1:]:
        own = f"; in processor time of this side {processor['bare'] / processor[name]:.2f}"
        detail = (
            f"{rates[name]:,.0f} to {rates['bare']:,.0f} events/s, {A_DAY:,} events, medians of {ROUNDS} rounds{own}"
        )
        report(f"export to {name} / bare boto3 query loop", rates[name] / rates["bare"], LEAST, detail, at_least=True)


def _bare(client: Any, query: Query) -> int:
    """The same question, page after page, and nothing done with the answer."""
    count, asked = 0, query.request()
    while True:
        answer = client.query(TableName=TABLE, **asked)
        count += len(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return count
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _memory_of_reading(endpoint: str) -> None:
    """With a real client and real answers, which are larger in memory than what is made of them."""
    few, many = _peak(FileFormat.CSV, 4 * A_DAY, endpoint), _peak(FileFormat.CSV, EVENTS, endpoint)
    detail = f"{many / 1024:.0f} MB to {few / 1024:.0f} MB at the peak, from the emulator"
    report(f"memory of csv, {EVENTS:,} events / {4 * A_DAY:,}", many / few, MOST_MEMORY, detail)


def _peak(kind: str, count: int, *more: str) -> int:
    """The most memory (KB) of a process that exports ``count`` events."""
    words = [sys.executable, "-m", "benchmarks.export_child", kind, str(count), *more]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout)
    if found["count"] != count:
        raise RuntimeError(f"{kind} wrote {found['count']} of {count} events")
    return found["peak"]
