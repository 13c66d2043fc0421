"""What a shell is offered: at once, from the cache, and nothing that it would run."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.completion import fetching, index, names, shells
from cli.overrides import Overrides
from cli.place import Place
from cli.session import Session
from tests.cli.conftest import Run

Offered = Callable[[str], list[str]]


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines of processes that would have been started."""
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **_: started.append(words))
    return started


@pytest.fixture
def offered(office: Run, fetches: list[list[str]]) -> Offered:
    """What bash would offer for a line."""

    def ask(line: str) -> list[str]:
        words = ["bbws-access", *line.split(" ")]
        asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
        return told("bash", **asked)[0].split()

    return ask


def told(shell: str, **environment: str) -> tuple[str, int]:
    """What is printed for a shell, and the exit code."""
    out = io.StringIO()
    code = shells.answer(f"complete_{shell}", {**os.environ, **environment}, out)
    return out.getvalue(), code


def cached(org: str | None = "Acme") -> Path:
    return names.cache_of(Place(Overrides(org=org)))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("us", ["users"]),
        ("teams members tr", ["transfer"]),
        ("users show th", ["thandi@example.com"]),
        ("users deactivate --org Acme a", ["ada@example.com"]),
        ("roles assign SITE_V", ["SITE_VIEWER"]),
        ("roles assign SITE_VIEWER li", ["li@example.com"]),
        ("teams show S", ["Shop"]),
        ("users invite x@example.com --team W", ["Web"]),
        ("teams members update Web li@example.com --role TEAM", ["TEAM_LEAD"]),
        ("users list --org Gl", ["Globex"]),
        ("--org A", ["Acme"]),
        ("team-roles show nothing", []),
        ("users show --env local --org Acme -q -o json li", ["li@example.com"]),
        ("users list -ojson --org Gl", ["Globex"]),
        ("users list --as th", ["thandi@example.com"]),
        ("teams members list -- W", ["Web"]),
        ("roles set-permissions SITE_VIEWER site:read site:b", ["site:backup"]),
        ("roles show SITE_VIEWER S", []),
        ("users import th", []),
        ("env up l", ["local"]),
        ("orgs list -o j", ["json", "jsonl"]),
        ("orgs list --ou", ["--output"]),
        ("invitations list --status p", ["PENDING"]),
        ("permissions show site:b", ["site:backup"]),
        ("roles create X --permission site:bac", ["site:backup"]),
        ("nobody knows", []),
        ("users nobody knows", []),
        ("undo x", []),
    ],
)
def test_names_of_the_environment(offered: Offered, fetches: list[list[str]], line: str, found: list[str]) -> None:
    fetching.fetch(Session(Overrides(org="Acme")))
    assert offered(line) == found
    assert fetches == []


def test_without_names_they_are_fetched_beside_and_only_once(offered: Offered, fetches: list[list[str]]) -> None:
    assert offered("users show ") == []
    assert offered("users show t") == []
    assert [words[1:] for words in fetches] == [["-m", "cli.completion.fetching", "local", "Acme"]]
    stale = cached()
    stale.write_text(json.dumps({"users": [["old@example.com", "u-1"]]}))
    old = time.time() - 3600
    os.utime(stale, (old, old))
    os.utime(stale.with_suffix(".fetching"), (old, old))
    assert offered("users show ") == ["old@example.com"]
    assert len(fetches) == 2


HOSTILE = ["$(reboot)", "`id`", "a b", "a;b", "a\nb", "\x1b[2J", "a'b", 'a"b', "a|b", "a>b", "*", "~", "a\\b", "-", ""]


def test_what_a_shell_might_run_is_not_offered(offered: Offered) -> None:
    cache = cached()
    cache.parent.mkdir(parents=True)
    names = [[name, f"t-{n}"] for n, name in enumerate(HOSTILE)] + [["$(x)", "$(y)"], ["漢字", "t-99"]]
    cache.write_text(json.dumps({"teams": names}))
    found = offered("teams show ")
    assert found == [*(f"t-{n}" for n in range(len(HOSTILE))), "漢字"]


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"users": 3}', '{"users": [1]}', '{"users": [["a"]]}'])
def test_a_damaged_cache_offers_nothing(offered: Offered, text: str) -> None:
    cache = cached()
    cache.parent.mkdir(parents=True)
    cache.write_text(text)
    assert offered("users show ") == []


def test_nobody_waits_for_an_environment_that_hangs(bare: Run, tmp_path: Path) -> None:
    """The server takes what is sent and never answers: whoever waited for it would wait until the test has ended."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
            "BBWS_ACCESS_ENV": "dev",
            "BBWS_ACCESS_ORG": "Acme",
            "_BBWS_ACCESS_COMPLETE": "complete_bash",
            "COMP_WORDS": "bbws-access users show t",  # as one types it
            "COMP_CWORD": "3",
        }
        cache = tmp_path / "state" / "dev-emulated" / "names" / cached().name
        cache.parent.mkdir(parents=True)
        cache.write_text(json.dumps({"users": [["thandi@example.com", "u-1"]]}))
        os.utime(cache, (0, 0))
        done = subprocess.run(
            [sys.executable, "-m", "cli.main"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert (done.stdout.split(), done.stderr) == (["thandi@example.com"], "")
        connection, _ = server.accept()  # they are being fetched all the same, by somebody else
        connection.close()
    assert json.loads(cache.read_text())["users"] == [["thandi@example.com", "u-1"]]


def test_names_are_nobody_elses_to_read(office: Run) -> None:
    fetching.fetch(Session(Overrides(org="Acme")))
    assert cached().stat().st_mode & 0o077 == 0
    assert list(cached().parent.glob("*.part")) == []


def test_fetching_without_a_platform_is_silent(
    bare: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[Any]
) -> None:
    monkeypatch.setattr("sys.argv", ["fetching", "local", "Acme"])
    with pytest.raises(SystemExit) as ended:
        fetching.main()
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "replies"),
    [
        # As bash takes them apart, and what it puts in the place of what it takes for the last word.
        (["users", "show", "thandi", "@"], ["@example.com"]),
        (["users", "show", "thandi", "@", "ex"], ["@example.com"]),
        (["users", "list", "--org", "=", "Gl"], ["Globex"]),
        (["users", "list", "--org", "=", "Globex", ""], []),
        (["users", "list", "--as", "=", "thandi", "@", "e"], ["@example.com"]),
        (["permissions", "show", "team", ":", "member", ":", "a"], ["add"]),
        (["users", "list", "--org", '"Gl'], ["Globex"]),
        (["users", "list", "--org", "", "--quiet"], ["Acme", "Globex"]),
    ],
)
def test_words_that_bash_takes_apart(offered: Offered, words: list[str], replies: list[str]) -> None:
    fetching.fetch(Session(Overrides(org="Acme")))
    at = words.index("") if "" in words else len(words) - 1
    asked = {"COMP_WORDS": "\n".join(["bbws-access", *words]), "COMP_CWORD": str(at + 1)}
    assert told("bash", **asked)[0].splitlines() == replies


def test_the_script_that_bash_is_given(office: Run, tmp_path: Path) -> None:
    """Bash itself runs it."""
    fetching.fetch(Session(Overrides(org="Acme")))
    program = tmp_path / "bbws-access"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli.main "$@"\n')
    program.chmod(0o755)
    script = """
    source <(_BBWS_ACCESS_COMPLETE=source_bash bbws-access)
    COMP_WORDS=(bbws-access users show thandi @ ex) COMP_CWORD=5
    _bbws_access_completion bbws-access
    printf '%s\n' "${COMPREPLY[@]}"
    """
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("@example.com\n", "")


def test_zsh_is_told_what_to_run_and_nothing_else_is_run(office: Run) -> None:
    line = "bbws-access users "
    code = told("zsh", _TYPER_COMPLETE_ARGS=line)[0]
    assert code.startswith("local -a offered; offered=('deactivate:Take a member'\\''s access, ")
    assert code.endswith("; _describe bbws-access offered\n")
    assert len(code.splitlines()) == 1
    assert told("zsh", _TYPER_COMPLETE_ARGS="bbws-access permissions show site:b")[0] == (
        "local -a offered; offered=('site\\:backup'); _describe bbws-access offered\n"
    )
    assert told("zsh", _TYPER_COMPLETE_ARGS="bbws-access users list --org=Gl")[0] == "_files\n"
    assert told("zsh", _TYPER_COMPLETE_ARGS="bbws-access users import peo")[0] == "_files\n"


def test_fish_is_told_what_there_is_and_whether_there_is_anything(office: Run) -> None:
    fetching.fetch(Session(Overrides(org="Acme")))
    line = "bbws-access users list --org=Gl"
    assert told("fish", _TYPER_COMPLETE_ARGS=line, _TYPER_COMPLETE_FISH_ACTION="get-args") == ("--org=Globex\n", 0)
    assert told("fish", _TYPER_COMPLETE_ARGS=line, _TYPER_COMPLETE_FISH_ACTION="is-args") == ("", 0)
    assert told("fish", _TYPER_COMPLETE_ARGS="bbws-access a", _TYPER_COMPLETE_FISH_ACTION="get-args")[0].startswith(
        "access\tWho may do what, and why.\n"
    )
    nothing = "bbws-access users import peo"
    assert told("fish", _TYPER_COMPLETE_ARGS=nothing, _TYPER_COMPLETE_FISH_ACTION="is-args") == ("", 1)


def test_contexts_are_completed(office: Run, offered: Offered) -> None:
    assert office("context", "create", "acme-dev", "--env", "dev").code == 0
    assert offered("context use ac") == ["acme-dev"]


@pytest.mark.parametrize("words", ['bbws-access "', "bbws-access users \\", "", "\x00", "bbws-access '$(reboot)"])
def test_no_line_is_answered_with_a_traceback(office: Run, words: str) -> None:
    environment = {
        **os.environ,
        "COMP_WORDS": words.replace("\x00", "\x01"),
        "COMP_CWORD": "7",
        "_TYPER_COMPLETE_ARGS": "",
    }
    for shell in ("bash", "zsh", "fish", "nosuchshell"):
        done = subprocess.run(
            [sys.executable, "-m", "cli.main"],
            env={**environment, "_BBWS_ACCESS_COMPLETE": f"complete_{shell}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""


def test_the_index_is_not_stale() -> None:
    assert index.FILE.read_text(encoding="utf-8") == index.made(), "python -m cli.completion.index"


def test_an_answer_imports_next_to_nothing(office: Run) -> None:
    fetching.fetch(Session(Overrides(org="Acme")))
    code = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules}))))\n"
        "from cli.main import main\n"
        "main()"
    )
    asked = {"_BBWS_ACCESS_COMPLETE": "complete_bash", "COMP_WORDS": "bbws-access users show th", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    name, modules = done.stdout.splitlines()
    assert name == "thandi@example.com"
    assert not {"typer", "click", "rich", "pydantic", "boto3", "yaml", "subprocess"} & set(json.loads(modules))
