"""What the README and the guides tell to type exists, and each guide is run by a test."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.parsing import parse
from tests.e2e.guides import GUIDES, commands

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_command_and_flag_exists(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in commands(page.read_text(encoding="utf-8")):
        words = shlex.split(command)[1:]
        for word in words:
            if Path(word).suffix in {".csv", ".yaml"}:  # which the reader has
                Path(word).touch()
        parse(words)


def test_every_guide_is_run() -> None:
    with_commands = {p.name for p in PAGES[1:] if list(commands(p.read_text(encoding="utf-8")))}
    assert with_commands == {*GUIDES, "environments.md"}  # which test_environments.py follows
