"""Streams as a night at work finds them: full, closed, without a reader, in an encoding that knows few letters."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bbws_access.errors import AccessError
from bbws_access.evidence.bundle import Bundle
from bbws_access.import_report import ImportReport
from bbws_access.keeper.backup import _appearing
from bbws_access.whole_file import draft_of
from cli import streams
from cli.asking import Asking

pytestmark = pytest.mark.slow

PROGRAM = f"{sys.executable} -m cli.main"


def typed(line: str, tmp_path: Path, **more: str) -> subprocess.CompletedProcess[bytes]:
    """A line of a shell, with nothing set that this machine may have set."""
    environment = {**os.environ, "BBWS_ACCESS_STATE_DIR": str(tmp_path), **more}
    return subprocess.run(
        ["bash", "-c", line.replace("bbws-access", PROGRAM)], env=environment, capture_output=True, check=False
    )


@pytest.mark.parametrize("command", ["commands", "commands -o json", "--help"])
def test_output_that_finds_no_room_is_one_line_that_says_so(command: str, tmp_path: Path) -> None:
    done = typed(f"bbws-access {command} > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("error: cannot write the output: No space left on device; make room")
    assert done.stderr.count(b"\n") == 1


def test_the_exit_code_is_told_where_an_error_finds_no_room(tmp_path: Path) -> None:
    assert typed("bbws-access comands 2> /dev/full", tmp_path).returncode == 2


def test_closed_streams_are_no_failure_and_nobody_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed("bbws-access commands >&- 2>&- <&-", tmp_path).returncode == 0
    monkeypatch.setattr(sys, "stdin", None)
    streams.prepare_streams()
    assert not Asking().interactive


@pytest.mark.parametrize("how", ["", "-o json", "-o jsonl", "-o yaml"])
def test_a_reader_that_has_seen_enough_is_no_failure(how: str, tmp_path: Path) -> None:
    done = typed(f"bbws-access commands {how} | head -c 1; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_file_or_a_pipe_gets_utf_8_whatever_the_locale_says(tmp_path: Path) -> None:
    done = typed("bbws-access context create Größe -q; bbws-access context list", tmp_path, PYTHONIOENCODING="ascii")
    assert "───" in done.stdout.decode()
    assert "Größe" in done.stdout.decode()


def test_a_terminal_with_few_letters_gets_others_as_wide_and_escapes_that_json_knows() -> None:
    streams.prepare_streams()
    assert "── ✓ · …".encode("ascii", errors="plain") == b"-- + | ."
    text = json.dumps("é🦊", ensure_ascii=False).encode("ascii", errors="plain")
    assert json.loads(text) == "é🦊"


def test_every_command_is_described_in_yaml_as_in_json(tmp_path: Path) -> None:
    shown = [typed(f"bbws-access commands -o {output}", tmp_path).stdout for output in ("yaml", "json")]
    assert yaml.safe_load(shown[0]) == json.loads(shown[1])


def test_a_file_never_takes_the_place_of_a_device_a_pipe_or_a_link(tmp_path: Path) -> None:
    pipe, link, kept = tmp_path / "pipe", tmp_path / "link", tmp_path / "kept"
    os.mkfifo(pipe)
    kept.write_text("as it was")
    link.symlink_to(kept)
    for target, what in ((pipe, "no plain file"), (link, "a link"), (tmp_path, "no plain file")):
        with pytest.raises(AccessError, match=f"it is {what}$"), draft_of(target) as draft:
            draft.out.write(b"new")
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert kept.read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "link", "pipe"]


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    """No file may get longer than ``size`` bytes, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _reported(path: Path) -> None:
    with ImportReport(path, {"file": "people.csv"}, resume=False) as report:
        for line in range(100):
            report.add(line, "li@example.com", "invited")


def _backed_up(path: Path) -> None:
    with _appearing(path) as (part, keep):
        part.write(os.urandom(500))  # less than its buffer, so that it fails as late as can be
        keep()


def _bundled(path: Path) -> None:
    with draft_of(path) as draft, Bundle(draft.out, datetime.now(UTC)) as bundle:
        bundle.stream("archive/day.gz", (os.urandom(1_000) for _ in range(100)))


@pytest.mark.parametrize(("write", "size"), [(_reported, 200), (_backed_up, 200), (_bundled, 200), (_bundled, 40_000)])
def test_a_file_that_finds_no_room_is_named_once(
    write: Callable[[Path], None], size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraised: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda failure: unraised.append(failure.exc_value))
    with pytest.raises(AccessError, match=r"^cannot write .*kept: File too large$") as refused, _room_for(size):
        write(tmp_path / "kept")
    refused.value.__traceback__ = refused.value.__context__ = refused.value.__cause__ = None
    del refused
    gc.collect()
    assert unraised == []


def test_a_backup_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AccessError), _room_for(200):
        _backed_up(tmp_path / "table.jsonl.gz")
    assert list(tmp_path.iterdir()) == []


def test_an_import_goes_on_by_a_report_that_found_no_room(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    with pytest.raises(AccessError) as refused, _room_for(200):
        _reported(path)
    assert refused.value.hint == "choose another place with --report"
    with ImportReport(path, {"file": "people.csv"}, resume=True) as report:
        assert report.has(1)
        assert not report.has(99)
