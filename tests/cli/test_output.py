"""The same data in each format, shaped by columns and queries, and safe in all of them."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from typing import Any

import pytest
import yaml

from bbws_access.errors import InvalidInput
from cli.overrides import Output
from cli.render import Renderer
from cli.safety import CONTROL

HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31m c1",
    "abc\u202egnp.exe",
    "\u2028line\u2029",
    "a\r\nb\tc",
    '"quoted" \\ back',
    "=1+1",
    "😀 שלום مرحبا",
    "yes",
    "1.0",
    "- item",
    "x: y # z",
    "\ufeff",
    " ",
    "",
]
ROWS: list[dict[str, Any]] = [
    {"name": text, "count": n, "tags": ["a", text], "more": None, "on": n % 2 == 0} for n, text in enumerate(HOSTILE)
]
COLUMNS = {"Name": "name", "How many": "count"}


def printed(capsys: pytest.CaptureFixture[str], output: Output | None, **how: Any) -> str:
    Renderer(output, **how).table(ROWS, COLUMNS, empty="none")
    return capsys.readouterr().out


@pytest.mark.parametrize("output", list(Output))
def test_no_control_character_of_the_data_is_printed(capsys: pytest.CaptureFixture[str], output: Output) -> None:
    out = printed(capsys, output)
    allowed = {"\n", "\r"} if output is Output.CSV else {"\n"}
    if output is Output.CSV:
        out = out.replace("\t", "").replace("\r\n", "\n")
    assert set(CONTROL.findall(out)) <= allowed
    assert "שלום" in out


def test_json_jsonl_and_yaml_lose_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, Output.JSON))["items"] == ROWS
    assert [json.loads(line) for line in printed(capsys, Output.JSONL).split("\n")[:-1]] == ROWS
    assert yaml.safe_load(printed(capsys, Output.YAML))["items"] == ROWS


def test_csv_has_every_key_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(csv.DictReader(io.StringIO(printed(capsys, Output.CSV), newline="")))
    assert list(found[0]) == ["name", "count", "tags", "more", "on"]
    by_number = {row["count"]: row for row in found}
    assert by_number["6"]["name"] == "'=1+1"
    assert by_number["4"]["name"] == "a�\nb\tc"
    assert by_number["7"]["tags"] == '["a","😀 שלום مرحبا"]'
    assert (by_number["0"]["on"], by_number["0"]["more"]) == ("true", "")


@pytest.mark.parametrize("output", list(Output))
def test_columns_by_title_or_key_in_the_order_they_are_asked_for(
    capsys: pytest.CaptureFixture[str], output: Output
) -> None:
    out = printed(capsys, output, columns="HOW MANY, tags ,Name")
    match output:
        case Output.TABLE:
            assert out.splitlines()[0].split() == ["How", "many", "tags", "Name"]
        case Output.CSV:
            assert out.splitlines()[0] == "count,tags,name"
        case Output.JSONL:
            assert list(json.loads(out.splitlines()[0])) == ["count", "tags", "name"]
        case _:
            assert list(yaml.safe_load(out)["items"][0]) == ["count", "tags", "name"]


def test_a_column_that_is_not_there_names_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        printed(capsys, Output.TABLE, columns="name,nmae")
    assert refused.value.message == "there is no column 'nmae'; there are: name, count, tags, more, on"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("count", len(ROWS)),
        ("items[?on].count | [0]", 0),
        ("items[0].nothing", None),
        ("length(items)", len(ROWS)),
        ("items[?name=='yes'].{n: name, c: count}", [{"n": "yes", "c": 8}]),
    ],
)
def test_a_query_shapes_json_and_yaml_and_asks_for_json_by_itself(
    capsys: pytest.CaptureFixture[str], query: str, found: Any
) -> None:
    assert json.loads(printed(capsys, None, query=query)) == found
    assert json.loads(printed(capsys, Output.JSON, query=query)) == found
    assert yaml.safe_load(printed(capsys, Output.YAML, query=query)) == found


@pytest.mark.parametrize("output", [Output.TABLE, Output.CSV, Output.JSONL])
def test_a_query_does_not_go_with_what_has_no_document(output: Output) -> None:
    with pytest.raises(InvalidInput, match="--query shapes json and yaml"):
        Renderer(output, query="items")


@pytest.mark.parametrize("query", ["items[", "", "items[?", "foo(@)", "length(count)", "\x1b"])
def test_a_query_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str], query: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        printed(capsys, Output.JSON, query=query)
    assert "\n" not in refused.value.message
    assert refused.value.message.startswith("--query ")


def test_a_record_in_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"name": "Acme", "tags": ["a", "b"], "id": "1"}
    said = {}
    for output in Output:
        Renderer(output, columns="name,tags").record(data, COLUMNS)
        said[output] = capsys.readouterr().out
    assert said[Output.TABLE] == "Name  Acme\ntags  a, b\n"
    assert said[Output.YAML] == "name: Acme\ntags:\n- a\n- b\n"
    assert said[Output.JSONL] == '{"name":"Acme","tags":["a","b"]}\n'
    assert said[Output.CSV] == 'name,tags\r\nAcme,"[""a"",""b""]"\r\n'


def test_jsonl_is_written_as_it_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    def rows() -> Any:
        yield {"n": 1}
        sys.stdout.flush()
        assert capsys.readouterr().out == '{"n":1}\n'
        yield {"n": 2}

    Renderer(Output.JSONL).table(rows(), COLUMNS, empty="none")


@pytest.mark.parametrize("columns", [80, 200])
def test_on_a_screen_no_line_is_wrapped_and_what_is_missing_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    from cli.layout import width

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    rows = [{"name": "W" * 100, "email": "thandi@example.com", "description": "d" * 90, "roleId": "r" * 36}]
    titles = {"Name": "name", "Email": "email", "Description": "description", "Id": "roleId"}
    Renderer(Output.TABLE).table(rows, titles, empty="none")
    captured = capsys.readouterr()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", captured.out).splitlines()
    assert len(lines) == 3
    assert all(width(line) <= columns for line in lines)
    assert "thandi@example.com" in lines[2]
    assert ("Left out: Id." in re.sub(r"\x1b\[[0-9;]*m", "", captured.err)) is (columns == 80)
    assert "Shortened: Name, Description." in captured.err


def test_a_query_sees_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Renderer(query="items[0].links[0]").table([{"links": ("a", "b")}], {"Links": "links"}, empty="none")
    assert capsys.readouterr().out == '"a"\n'
