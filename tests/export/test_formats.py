"""What goes into a file comes out of it again, in every format; and the quick way writes what the long way wrote."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bbws_access.errors import AccessError
from bbws_access.export import parquet as parquet_module
from bbws_access.export.files import Written, write_file
from bbws_access.export.formats import COLUMNS, WRITERS, event_data, event_row
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import EventType, FileFormat, Outcome
from bbws_access.store.codec import decode, encode
from tests.services.test_audit import event

START = datetime(2026, 3, 1, tzinfo=UTC)

HOSTILE = [
    "a, b; c",
    'she said "no"',
    "line\nbreak\r\nand\rreturn",
    "😀 née שלום ‮evil",
    "=cmd()",
    "+1", "-1", "@SUM(A1)", "\t=1", "\r=1",
    "'=already", "''+twice", "'quoted", "'t Hooft", "'",
    "",
    "</script><b>",
    "\u2028\x00\x7f",
]  # fmt: skip


def events() -> list[AuditEvent]:
    found = [
        event(
            n,
            START + timedelta(milliseconds=n),
            event_type=EventType.ROLE_CHANGE,
            user_email=text,
            resource_id=text,
            action=text,
            user_agent=text,
            details={"before": {"name": text, "none": None}, "after": {text: [1, 2.5, True, {"x": text}]}},
            sequence=n + 1,
            previous_hash="0" * 64,
        )
        for n, text in enumerate(HOSTILE)
    ]
    found.append(event(90, START, details={"after": {"text": '=x,"\n😀' * 13_000}}, outcome=Outcome.DENIED))
    found.append(event(91, START))
    return found


def items(given_events: list[AuditEvent]) -> list[dict[str, Any]]:
    """As they come out of the table."""
    return [decode(encode(one.to_item())) for one in given_events]


def read_csv(path: Path) -> list[dict[str, Any]]:
    """By the rule that the formats' documentation gives."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        plain = {name: re.sub(r"^'(?='*[=+\-@\t\r])", "", cell) for name, cell in row.items()}
        found.append(plain | {"details": json.loads(plain["details"]), "sequence": int(plain["sequence"] or 0) or None})
    return found


def read_parquet(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet

    found = pyarrow.parquet.read_table(path).to_pylist()
    return [row | {"details": json.loads(row["details"])} for row in found]


READERS: dict[FileFormat, Callable[[Path], list[dict[str, Any]]]] = {
    FileFormat.CSV: read_csv,
    FileFormat.JSON: lambda path: json.loads(path.read_text(encoding="utf-8")),
    FileFormat.JSONL: lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]],
    FileFormat.PARQUET: read_parquet,
}


@pytest.mark.parametrize("file_format", FileFormat)
def test_everything_reads_back_the_same(file_format: FileFormat, tmp_path: Path) -> None:
    wanted = events()
    done = write_file(map(event_row, items(wanted)), tmp_path / "export", file_format)
    assert (done.count, done.size) == (len(wanted), done.path.stat().st_size)
    found = READERS[file_format](done.path)
    # CSV has no way to tell an empty cell from none.
    empty = "" if file_format is FileFormat.CSV else None
    for one, row in zip(wanted, found, strict=True):
        expected = {name: value if value != "" else empty or value for name, value in event_data(one).items()}
        got = {name: row.get(name) for name in COLUMNS}
        assert got == {name: expected.get(name, empty if name != "sequence" else None) for name in COLUMNS}


@pytest.mark.parametrize("file_format", [FileFormat.CSV, FileFormat.JSON, FileFormat.JSONL])
def test_without_models_the_bytes_are_the_same(file_format: FileFormat) -> None:
    wanted, quick, slow = items(events()), io.BytesIO(), io.BytesIO()
    WRITERS[file_format](map(event_row, wanted), quick)
    WRITERS[file_format]((event_data(AuditEvent.from_item(item)) for item in wanted), slow)
    assert quick.getvalue() == slow.getvalue()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(10**37), 10**37)
"""DynamoDB holds 38 digits."""

DETAILS = st.dictionaries(TEXT, st.recursive(st.none() | st.booleans() | NUMBERS | TEXT, st.lists, max_leaves=6))


@settings(derandomize=True)
@given(TEXT, DETAILS, st.sampled_from(Outcome), st.none() | st.integers(1, 10**12))
def test_rows_are_what_the_models_say(text: str, details: dict[str, Any], outcome: Outcome, number: int | None) -> None:
    one = event(1, START, user_email=text, request_id=text, details=details, outcome=outcome, sequence=number, ttl=1)
    (item,) = items([one])
    row = event_row(item | {"surplus": 1})
    assert row == event_data(one)
    assert list(row) == list(event_data(one))


def test_an_event_that_was_damaged_does_not_stop_the_others(tmp_path: Path) -> None:
    good, bad = items([event(1, START), event(2, START)])
    bad |= {"eventType": "NONSENSE", "details": "gone", "sequence": "x", "words": frozenset({"b", "a"})}
    del bad["userId"]
    done = write_file(map(event_row, [good, bad]), tmp_path / "x", FileFormat.JSONL)
    rows = READERS[FileFormat.JSONL](done.path)
    assert (rows[1]["eventType"], rows[1]["details"], "userId" in rows[1]) == ("NONSENSE", "gone", False)
    with pytest.raises(AccessError, match="event E00002 has the sequence 'x'"):
        write_file(map(event_row, [good, bad]), tmp_path / "y", FileFormat.PARQUET)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("file_format", FileFormat)
def test_no_events(file_format: FileFormat, tmp_path: Path) -> None:
    done = write_file([], tmp_path / "none", file_format)
    assert done.count == 0
    assert READERS[file_format](done.path) == []


def test_parquet_is_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet

    monkeypatch.setattr(parquet_module, "GROUP_ROWS", 7)
    rows = map(event_row, items([event(n, START) for n in range(20)]))
    done = write_file(rows, tmp_path / "x.parquet", FileFormat.PARQUET)
    groups = pyarrow.parquet.ParquetFile(done.path)
    assert [groups.metadata.row_group(n).num_rows for n in range(groups.num_row_groups)] == [7, 7, 6]
    assert [row["eventId"] for row in read_parquet(done.path)] == [f"E{n:05}" for n in range(20)]

    monkeypatch.setattr(parquet_module, "GROUP_CHARACTERS", 1_000)
    rows = map(event_row, items([event(n, START, details={"x": "y" * 990}) for n in range(3)]))
    big = pyarrow.parquet.ParquetFile(write_file(rows, tmp_path / "big", FileFormat.PARQUET).path)
    assert big.num_row_groups == 3


def test_what_is_not_installed_is_said_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(AccessError, match="parquet needs pyarrow") as raised:
        write_file([], tmp_path / "x", FileFormat.PARQUET)
    assert raised.value.hint == "pip install 'bbws-access[parquet]'"
    assert not list(tmp_path.iterdir())


def test_an_export_that_breaks_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "audit.csv"
    target.write_text("earlier")

    def breaking() -> Any:
        yield event_row(items([event(1, START)])[0])
        raise AccessError("the table is gone")

    with pytest.raises(AccessError, match="gone"):
        write_file(breaking(), target, FileFormat.CSV)

    def refuse(_: Written) -> None:
        raise AccessError("cannot be recorded")

    with pytest.raises(AccessError, match="recorded"):
        write_file([], target, FileFormat.CSV, refuse)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("audit.csv", "earlier")]
