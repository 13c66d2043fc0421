"""Data reaches the terminal as data."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest

from cli.main import run
from cli.overrides import Output
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


def test_a_screen_shows_times_to_the_second_and_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"name": "x" * 200, "at": "2026-03-01T09:30:00.123Z"}]
    columns = {"Name": "name", "At": "at"}
    Renderer().table(rows, columns, empty="none")
    assert "2026-03-01T09:30:00.123Z" in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    Renderer().table(rows, columns, empty="none")
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.endswith("…   2026-03-01T09:30:00Z")
    assert len(line) == 60


def test_no_control_character_of_a_title_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for output in Output:
        Renderer(output).table([{"\x1b[2J": "1"}], {"\x1b[2J": "\x1b[2J"}, empty="none")
        Renderer(output).record({"\x1b[2J": "1"}, {"\x1b[2J": "\x1b[2J"})
    assert "\x1b" not in capsys.readouterr().out


def test_a_traceback_moves_no_cursor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("\x1b[2J\x1b]0;owned\x07")

    import_module("cli.app")  # which keeps what it finds under that name
    monkeypatch.setattr("typer.main.get_command", lambda app: type("Broken", (), {"main": fail})())
    assert run(["--debug"]) == 1
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "Traceback" in said
    assert len(said.splitlines()) > 3


def test_what_is_told_on_a_screen_is_folded_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    said = "Deactivated organisation Acme until later."
    Renderer().done(said)
    assert capsys.readouterr().err == f"{said}\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    Renderer().done(said)
    Renderer().note("Read more of it: bbws-access audit export --to s3")
    lines = plain(capsys.readouterr().err).splitlines()
    assert [line.rstrip() for line in lines] == [
        "Deactivated",
        "organisation Acme",
        "until later.",
        "Read more of it: bbws-access audit export --to s3",
    ]


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (("ok  ", "the reason is told to its end"), ["ok  the reason is", "    told to its end"]),
        (("✓ ", "route ", " שלום is a word"), ["✓ route  שלום is a", "         word"]),
        (("  + module.audit x ", "[IT WOULD BE LOST]"), ["  + module.audit", "      x [IT WOULD BE", "      LOST]"]),
        (("Try bbws-access users list ", "--org Acme"), ["Try bbws-access users list --org Acme"]),
        (("", "x" * 25), ["x" * 20, "x" * 5]),
    ],
)
def test_a_line_is_folded_under_its_last_piece(
    parts: tuple[str, ...], shown: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    Renderer(Output.TABLE).parts(*((part, None) for part in parts))
    assert [line.rstrip() for line in plain(capsys.readouterr().out).splitlines()] == shown


def test_a_line_can_be_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    Renderer(Output.TABLE).parts(("attribute: ", None), ("a very long value", None), cut=True)
    assert plain(capsys.readouterr().out) == "attribute: a very l…\n"
