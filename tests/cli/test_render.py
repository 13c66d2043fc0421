"""Data reaches the terminal as data."""

from __future__ import annotations

import json

import pytest

from cli.options import Output
from cli.render import Renderer, error_line, safe


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        ("a\x1b[31mred\x07\r\n\tb", "a�[31mred����b"),
        ("\x9b31m c1", "�31m c1"),
        ("abc\u202egnp.exe", "abc�gnp.exe"),
        ("😀 שלום", "😀 שלום"),
        (frozenset({"b", "a"}), "a, b"),
        (["x\x00"], "x�"),
        ({"k": "\x1b"}, '{"k": "\\u001b"}'),
    ],
)
def test_no_control_character_of_the_data_is_printed(value: object, shown: str) -> None:
    assert safe(value) == shown


ROWS = [{"name": "[bold]not markup[/bold] :smile:", "id": "x" * 60, "more": "\x1b[2J"}]
COLUMNS = {"Name": "name", "Id": "id", "More": "more"}


def test_a_table_without_a_screen_has_every_character(capsys: pytest.CaptureFixture[str]) -> None:
    Renderer(Output.TABLE).table(ROWS, COLUMNS, empty="none")
    out = capsys.readouterr().out
    assert "[bold]not markup[/bold] :smile:" in out
    assert "x" * 60 in out
    assert "\x1b" not in out


def test_json_is_data_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    Renderer(Output.JSON).table(ROWS, COLUMNS, empty="none", more_available=True)
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"items": ROWS, "count": 1, "moreAvailable": True}
    assert captured.err == ""


def test_an_empty_list_says_so_beside_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    Renderer(Output.TABLE).table([], COLUMNS, empty="Nothing here.")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Nothing here.\n")


def test_a_record_is_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    Renderer(Output.TABLE).record({"link": "https://" + "y" * 200}, {"Link": "link"})
    assert capsys.readouterr().out == "Link  https://" + "y" * 200 + "\n"


def test_an_error_is_one_line_with_what_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    error_line("it\nbroke \x1b[1m", "bbws-access env up")
    assert capsys.readouterr().err == "error: it�broke �[1m; try: bbws-access env up\n"
