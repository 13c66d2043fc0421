"""Terraform's own words, real lines and rubbish."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bbws_access.provisioning.events import Diagnostic, Finished, Planned, Started, Summary, parse_line

REAL = (Path(__file__).parent / "events" / "apply.jsonl").read_text().splitlines()


def test_a_recorded_apply() -> None:
    events = [event for line in REAL if (event := parse_line(line)) is not None]
    assert [e for e in events if isinstance(e, Planned)] == [
        Planned("terraform_data.a", "create"),
        Planned("terraform_data.b", "create"),
    ]
    summaries = [e for e in events if isinstance(e, Summary)]
    assert [(s.operation, s.total) for s in summaries] == [("plan", 2)]
    assert [e.address for e in events if isinstance(e, Started)] == ["terraform_data.a", "terraform_data.b"]
    finished = [e for e in events if isinstance(e, Finished)]
    assert [(e.address, e.failed) for e in finished] == [("terraform_data.a", False), ("terraform_data.b", True)]
    (diagnostic,) = [e for e in events if isinstance(e, Diagnostic)]
    assert diagnostic.severity == "error"
    assert diagnostic.where == "terraform_data.b"


def recorded(name: str) -> list[object]:
    lines = (Path(__file__).parent / "events" / f"{name}.jsonl").read_text().splitlines()
    return [event for line in lines if (event := parse_line(line)) is not None]


def test_a_recorded_change_of_every_kind() -> None:
    events = recorded("change")
    assert sorted((e.address, e.action) for e in events if isinstance(e, Planned)) == [
        ("terraform_data.added", "create"),
        ("terraform_data.changed", "update"),
        ("terraform_data.gone", "delete"),
        ("terraform_data.replaced", "replace"),
    ]
    assert [e for e in events if isinstance(e, Summary)] == [Summary("plan", 2, 1, 2), Summary("apply", 2, 1, 2)]
    finished = [e for e in events if isinstance(e, Finished)]
    assert sorted((e.address, e.action) for e in finished) == [
        ("terraform_data.added", "create"),
        ("terraform_data.changed", "update"),
        ("terraform_data.gone", "delete"),
        ("terraform_data.replaced", "create"),
        ("terraform_data.replaced", "delete"),
    ]
    assert max(e.seconds for e in finished) >= 10


def test_a_recorded_destroy() -> None:
    events = recorded("destroy")
    assert [e for e in events if isinstance(e, Summary)][-1] == Summary("destroy", 0, 0, 3)
    assert {e.action for e in events if isinstance(e, Finished)} == {"delete"}


RUBBISH = [
    "",
    "Error: not JSON",
    "{",
    "[]",
    "null",
    "1",
    '"x"',
    "{}",
    '{"type": 1}',
    '{"type": "planned_change"}',
    '{"type": "planned_change", "change": []}',
    '{"type": "change_summary", "changes": {"operation": "plan", "add": "x"}}',
    '{"type": "apply_start", "hook": null}',
    '{"type": "apply_complete", "hook": {"resource": {}}}',
    '{"type": "diagnostic", "diagnostic": "x"}',
    '{"type": "something_new", "a": 1}',
    "\x00\x1b[31m",
    "[" * 100_000,
    json.dumps({"type": "outputs"}) + "trailing",
]


@pytest.mark.parametrize("line", RUBBISH)
def test_what_says_nothing_is_passed_over(line: str) -> None:
    assert parse_line(line) is None


def test_a_diagnostic_without_an_address_names_its_file() -> None:
    found = {"severity": "error", "summary": "s", "range": {"filename": "main.tf", "start": {"line": 7}}}
    event = parse_line(json.dumps({"type": "diagnostic", "diagnostic": found}))
    assert event == Diagnostic("error", "s", "", "main.tf:7")
