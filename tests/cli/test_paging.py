"""Long lists go through a pager where somebody reads them, and nowhere else."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from cli import render
from cli.overrides import Output
from cli.paging import chosen_pager
from cli.render import Renderer
from tests.cli.conftest import Run

ROWS = [{"name": f"row {n}"} for n in range(500)]
COLUMNS = {"Name": "name"}


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 24 lines."""
    monkeypatch.setattr(render, "somebody_reads", lambda: True)
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "80")


def keeping(folder: Path, code: str = "file.write(sys.stdin.read())") -> list[str]:
    """A pager that writes what it is shown to ``folder/shown``."""
    program = f"import sys; file = open({str(folder / 'shown')!r}, 'w', encoding='utf-8'); {code}"
    return [sys.executable, "-c", program]


def test_a_list_longer_than_the_screen_is_paged(
    screen: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Renderer(pager=keeping(tmp_path)).table(ROWS, COLUMNS, empty="none")
    shown = (tmp_path / "shown").read_text(encoding="utf-8").splitlines()
    assert [line for line in shown if line.startswith("row ")] == [row["name"] for row in ROWS]
    assert "Name" in shown[0]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("rows", "paged"), [(20, False), (21, True)])
def test_only_what_does_not_fit_is_paged(
    screen: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: int, paged: bool
) -> None:
    Renderer(pager=keeping(tmp_path)).table(ROWS[:rows], COLUMNS, empty="none")
    assert (tmp_path / "shown").exists() == paged
    assert (capsys.readouterr().out == "") == paged


@pytest.mark.parametrize("output", [output for output in Output if output is not Output.TABLE])
def test_data_for_machines_is_not_paged(
    screen: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], output: Output
) -> None:
    Renderer(output, pager=keeping(tmp_path)).table(ROWS, COLUMNS, empty="none")
    assert "row 499" in capsys.readouterr().out
    assert not (tmp_path / "shown").exists()


def test_in_a_pipe_nothing_is_paged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Renderer(pager=keeping(tmp_path)).table(ROWS, COLUMNS, empty="none")
    assert capsys.readouterr().out.splitlines()[-1] == "row 499"
    assert not (tmp_path / "shown").exists()


@pytest.mark.parametrize("code", ["sys.exit(3)", "sys.stdin.readline(); sys.exit()"])
def test_a_pager_that_is_left_early_is_no_failure(
    screen: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    rows = [{"name": "x" * 1000}] * 2000  # more than a pipe holds
    Renderer(pager=keeping(tmp_path, code)).table(rows, COLUMNS, empty="none")
    assert capsys.readouterr().out == ""


def test_without_the_pager_the_list_is_simply_printed(screen: None, capsys: pytest.CaptureFixture[str]) -> None:
    Renderer(pager=["no-such-pager-here"]).table(ROWS, COLUMNS, empty="none")
    assert "row 499" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, ["less"]),
        ({"PAGER": "more"}, ["more"]),
        ({"PAGER": "less -S", "BBWS_ACCESS_PAGER": "most +1"}, ["most", "+1"]),
        ({"PAGER": "less", "BBWS_ACCESS_PAGER": ""}, []),
        ({"PAGER": "cat"}, []),
        ({"PAGER": "  "}, []),
        ({"PAGER": "less 'open"}, []),
    ],
)
def test_which_pager(environment: dict[str, str], words: list[str]) -> None:
    assert chosen_pager(environment) == words


def test_a_command_pages_and_keeps_its_exit_code(
    office: Run, screen: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "6")
    monkeypatch.setenv("BBWS_ACCESS_PAGER", shlex.join(keeping(tmp_path, "sys.exit(9)")))
    assert (office("roles", "list").code, office("roles", "list").out) == (0, "")
    assert (tmp_path / "shown").exists()
    differing = office("roles", "diff", "SITE_VIEWER", "ORG_ADMIN")
    without = office("roles", "diff", "SITE_VIEWER", "ORG_ADMIN", "--no-pager")
    assert (differing.code, differing.out) == (without.code, "")
    assert "site:" in without.out
    assert office("--no-pager", "roles", "list").out == office("roles", "list", "--no-pager").out != ""
