"""A person's first ten minutes, at a terminal of 80 columns."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.text import Text

from bbws_access import keys
from bbws_access.names import Names
from bbws_access.store.table import Table
from bbws_access.store.writes import Update
from tests.e2e.conftest import ROOT, Deployed
from tests.e2e.tmux import Screen, Tmux

pexpect = pytest.importorskip("pexpect")
pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]

COLUMNS, LINES = 80, 24
HOSTILE = "😀 שלום مرحبا \x1b]0;owned\x07\x1b[2J" + "W" * 60
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""What the renderer itself sends; everything else that begins with an escape is somebody's data."""


class Terminal:
    """Runs the command line as somebody sits before it."""

    def __init__(self, deployed: Deployed) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BBWS_", "TF_"))}
        for name in ("COLUMNS", "LINES", "NO_COLOR", "PAGER"):
            kept.pop(name, None)
        state = {"BBWS_ACCESS_STATE_DIR": str(deployed.state_dir), "BBWS_ACCESS_PAGER": "", "TERM": "xterm-256color"}
        self.environment: dict[str, Any] = kept | state

    def run(self, *words: str, **more: str) -> str:
        """What is on the screen afterwards; the command must have succeeded, and its rows must fit."""
        child = pexpect.spawn(
            sys.executable,
            ["-m", "cli.main", *words],
            cwd=str(ROOT),
            env=self.environment | more,
            dimensions=(LINES, COLUMNS),
            encoding="utf-8",
            timeout=120,
        )
        seen: str = child.read()
        child.close()
        assert child.exitstatus == 0, seen
        assert "Traceback" not in seen
        assert "\x1b" not in COLOURS.sub("", seen)
        return seen.replace("\r\n", "\n")


def rows(seen: str) -> list[str]:
    """The lines of a table, its title first, without what is noted below it."""
    lines = [Text.from_ansi(line).plain for line in seen.splitlines()]
    lines = [line for line in lines if not line.endswith("See --columns, -o json.")]
    too_wide = [line for line in lines if cell_len(line) > COLUMNS]
    assert not too_wide, too_wide[:3]
    return lines


@pytest.fixture
def terminal(deployed: Deployed) -> Terminal:
    return Terminal(deployed)


def test_the_first_ten_minutes(deployed: Deployed, terminal: Terminal) -> None:
    org = "Ten Minutes"
    overview = terminal.run()
    assert "bbws-access --help" in overview
    assert "✓ table" in COLOURS.sub("", overview)
    assert "env up local" in terminal.run("--help")
    assert "Examples:" in terminal.run("users", "invite", "--help")
    terminal.run("orgs", "create", org)
    terminal.run("users", "invite", "ten@example.com", "--org", org, "--role", "ORG_ADMIN")
    assert any("ten@example.com" in row for row in rows(terminal.run("invitations", "list", "--org", org)))
    mails = json.loads(terminal.run("local", "mail", "--to", "ten@example.com", "-o", "json"))
    clean = "".join(letter for letter in HOSTILE if letter.isprintable())
    accept = ("--first-name", "Thandi", "--last-name", clean[:20])
    link = mails["items"][-1]["links"][0]
    terminal.run("invitations", "accept", link, *accept, BBWS_ACCESS_PASSWORD="Correct-horse-7")
    assert deployed.run("teams", "create", HOSTILE, "--org", org, check=False).returncode == 2
    terminal.run("teams", "create", clean, "--org", org)
    _call_somebody_what_nobody_may_be_called_any_more(deployed, org)
    for line in (
        "orgs list",
        "users list",
        "invitations list",
        "roles list",
        "roles members ORG_ADMIN",
        "roles diff ORG_ADMIN SITE_VIEWER",
        "users roles ten@example.com",
        "users teams ten@example.com",
        "permissions list",
        "permission-sets list",
        "teams list",
        "team-roles list",
        "audit query",
        "api routes",
        "context list",
        "env list",
        "commands",
    ):
        of = ("--org", org) if line.split()[0] not in {"context", "env", "commands", "api", "permissions"} else ()
        assert rows(terminal.run(*line.split(), *of)), line


def _call_somebody_what_nobody_may_be_called_any_more(deployed: Deployed, org: str) -> None:
    (user,) = deployed.json("users", "list", "--org", org)["items"]
    key = keys.user_key(user["organisationId"], user["userId"])
    table = Table(deployed.client("dynamodb"), Names("local").table)
    table.write(Update(key, assign={"lastName": HOSTILE}))


def test_a_long_list_is_paged_and_the_pager_sees_all_of_it(terminal: Terminal) -> None:
    pager = f"{sys.executable} -c 'import sys; print(len(sys.stdin.readlines()), \"lines in the pager\")'"
    seen = terminal.run("commands", BBWS_ACCESS_PAGER=pager)
    assert re.search(r"\d\d\d? lines in the pager", seen)
    assert "users invite" not in seen


@pytest.fixture
def tmux(terminal: Terminal, tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux")
    program = f"{shlex.quote(sys.executable)} -m cli.main"
    wanted = {name: value for name, value in terminal.environment.items() if name.startswith("BBWS_")}
    found = Tmux(tmp_path, COLUMNS, program, {**wanted, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"})
    yield found
    found.end()


def test_the_same_in_tmux(deployed: Deployed, tmux: Tmux) -> None:
    """What a person sees who gets some of it wrong: each line of a table in its place, and what to type instead."""
    org = "In tmux"
    deployed.run("orgs", "create", org)
    deployed.run("teams", "create", "Café ☕ 漢字 שלום " + "W" * 70, "--org", org)
    deployed.run("users", "invite", "tmux@example.com", "--org", org, "--role", "ORG_ADMIN")

    def see(words: str, code: int = 0) -> Screen:
        seen = tmux.run(f"bbws-access {words}")
        assert seen.code == code, seen.whole
        assert not [line for line in seen.lines if "Traceback" in line]
        return seen

    assert "usrs" in see("usrs", 2).whole[0]
    assert "Did you mean 'users'? Try: bbws-access --help" in see("usrs", 2).whole[0]
    assert "What a command takes, with examples: bbws-access users COMMAND --help" in see("users --help").lines[-1]
    assert any("--role ROLE" in line for line in see("users invite --help").lines)
    assert "which organisation? Give --org" in see("users list", 2).whole[0]
    for words in ("orgs list", "teams list", "invitations list", "roles list", "permissions list", "audit query"):
        seen = see(f"{words} --org {shlex.quote(org)}" if words != "permissions list" else words)
        noted = [line for line in seen.whole if line.endswith("See --columns, -o json.")]
        assert len(seen.lines) - len(seen.whole) == len([line for line in noted if cell_len(line) > COLUMNS])
        assert max(cell_len(line) for line in seen.whole if line not in noted) <= COLUMNS
