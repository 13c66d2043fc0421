"""No command takes the place of a file that is there, unless somebody says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import session as session_module
from cli.reference import described
from tests.cli.conftest import Run

WRITERS = {
    "access review": ["--html", "--csv"],
    "access test": ["EXPECTATIONS --junit"],
    "api docs": ["--no-open --to"],
    "api openapi": ["--to"],
    "audit evidence": ["--bundle"],
    "audit export": ["--to"],
    "audit report": ["--html"],
    "audit restore": ["--day 2026-03-01 --to"],
    "export": ["--file"],
    "users export": [""],
}
"""How each is told of its file, which follows."""

SAMPLES = sorted((name, words) for name, ways in WRITERS.items() for words in ways)


def test_every_command_that_writes_a_file_is_looked_at() -> None:
    flagged = {one["command"] for one in described() if "overwrite" in {p["name"] for p in one["parameters"]}}
    assert flagged == set(WRITERS)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Somebody's own."""
    path = tmp_path / "mine.csv"
    path.write_text("mine")
    return path


def typed(name: str, words: str, target: Path) -> list[str]:
    expectations = target.parent / "expectations.yaml"
    expectations.write_text("expectations:\n- {user: ada@example.com, may: 'role:create', expect: denied}\n")
    found = f"{name} {words}".replace("EXPECTATIONS", str(expectations))
    return [*found.split(), str(target)]


@pytest.mark.parametrize(("name", "words"), SAMPLES)
def test_without_a_terminal_it_is_refused(office: Run, target: Path, name: str, words: str) -> None:
    done = office(*typed(name, words, target))
    assert (done.code, target.read_bytes()) == (4, b"mine"), done.err
    assert done.err == f"error: {target} is there already; choose another name, or add --overwrite\n"


@pytest.mark.parametrize(("name", "words"), SAMPLES)
def test_who_says_so_beforehand_is_not_asked(office: Run, target: Path, name: str, words: str) -> None:
    done = office(*typed(name, words, target), "--overwrite")
    if name == "audit restore":  # of a day that is not archived
        assert (done.code, "not in the archive" in done.err) == (1, True)
    else:
        assert (done.code, target.read_bytes() == b"mine") == (0, False), done.err


@pytest.mark.parametrize(("answer", "replaced"), [("y", True), ("n", False), ("", False)])
def test_at_a_terminal_it_is_asked(
    office: Run, target: Path, monkeypatch: pytest.MonkeyPatch, answer: str, replaced: bool
) -> None:
    asked: list[str] = []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return answer == "y"

    monkeypatch.setattr(session_module.Session, "interactive", True)
    monkeypatch.setattr("typer.confirm", confirm)
    done = office("users", "export", str(target))
    assert asked == [f"{target} is there already. Replace it?"]
    assert (done.code, target.read_text() != "mine") == (0 if replaced else 4, replaced)
