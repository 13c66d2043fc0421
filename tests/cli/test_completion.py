"""What a shell is offered: at once, from the cache, and nothing that it would run."""

from __future__ import annotations

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

from cli import completion
from cli.options import Overrides
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
def offered(
    office: Run, fetches: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Offered:
    """What bash would offer for a line."""

    def ask(line: str) -> list[str]:
        monkeypatch.setenv("_BBWS_ACCESS_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", f"bbws-access {line}")
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" "))))
        with pytest.raises(SystemExit):
            office()
        return capsys.readouterr().out.split()

    return ask


def cached(org: str | None = "Acme") -> Path:
    return completion._cache(Session(Overrides(org=org)))


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
    ],
)
def test_names_of_the_environment(offered: Offered, fetches: list[list[str]], line: str, found: list[str]) -> None:
    completion.fetch(Session(Overrides(org="Acme")))
    assert offered(line) == found
    assert fetches == []


def test_without_names_they_are_fetched_beside_and_only_once(offered: Offered, fetches: list[list[str]]) -> None:
    assert offered("users show ") == []
    assert offered("users show t") == []
    assert [words[1:] for words in fetches] == [["-m", "cli.completion", "local", "Acme"]]
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
            "COMP_WORDS": "bbws-access users show t",
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
    completion.fetch(Session(Overrides(org="Acme")))
    assert cached().stat().st_mode & 0o077 == 0
    assert list(cached().parent.glob("*.part")) == []


def test_fetching_without_a_platform_is_silent(
    bare: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[Any]
) -> None:
    monkeypatch.setattr("sys.argv", ["completion", "local", "Acme"])
    with pytest.raises(SystemExit) as ended:
        completion.main()
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "")
