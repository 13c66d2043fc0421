from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bbws_access.emulator import launch, lock, process, record
from bbws_access.emulator.process import Emulator
from bbws_access.errors import Conflict, ProvisioningFailed, Unreachable

REAL = {"pid": 4711, "port": 14566, "region": "eu-west-1", "started": "2026-01-01T00:00:00.000Z", "instance": "a" * 32}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An emulator's directory, in which none was ever started."""
    path = tmp_path / "emulator"
    path.mkdir()
    return path


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of ours."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield other
    other.kill()
    other.wait()


class Stranger(BaseHTTPRequestHandler):
    """A web server that happens to be on the emulator's port."""

    answer = json.dumps({"instance": "b" * 32, "pid": 4711, "region": "eu-west-1"}).encode()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http.server_port
        http.shutdown()


def write_record(home: Path, **more: Any) -> None:
    (home / "emulator.json").write_text(json.dumps({**REAL, **more}))


class TestNotRunning:
    def test_there_is_none(self, tmp_path: Path) -> None:
        emulator = Emulator(tmp_path / "never")
        assert emulator.find() is None
        assert emulator.stop() is False
        emulator.erase()
        with pytest.raises(Unreachable) as caught:
            emulator.require()
        assert caught.value.hint == "bbws-access env up local"
        assert not (tmp_path / "never").exists()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "not json",
            "null",
            "[]",
            "[" * 100_000,
            "\x00\xff",
            json.dumps(REAL) + " " * 10_000_000,
            json.dumps({**REAL, "pid": "4711"}),
            json.dumps({**REAL, "pid": True}),
            json.dumps({**REAL, "pid": -1}),
            json.dumps({**REAL, "port": 0}),
            json.dumps({**REAL, "port": 70_000}),
            json.dumps({**REAL, "port": 14566.5}),
            json.dumps({**REAL, "instance": ""}),
            json.dumps({**REAL, "instance": None}),
            json.dumps({name: value for name, value in REAL.items() if name != "region"}),
        ],
        ids=range(16),
    )
    def test_a_record_that_makes_no_sense(self, home: Path, text: str) -> None:
        (home / "emulator.json").write_text(text, encoding="latin-1")
        assert record.read(home / "emulator.json") is None
        assert Emulator(home).find() is None
        assert Emulator(home).stop() is False

    def test_a_record_whose_process_id_belongs_to_another_now(
        self, home: Path, bystander: subprocess.Popen[bytes]
    ) -> None:
        write_record(home, pid=bystander.pid)
        (home / "emulator.lock").write_text(f"{bystander.pid}\n")
        assert Emulator(home).find() is None
        assert Emulator(home).stop() is False
        Emulator(home).erase()
        assert bystander.poll() is None

    def test_a_stranger_on_the_port(self, home: Path, stranger: int, bystander: subprocess.Popen[bytes]) -> None:
        write_record(home, port=stranger, pid=bystander.pid)
        assert Emulator(home).find() is None
        assert Emulator(home).stop() is False
        assert bystander.poll() is None

    def test_a_stranger_is_asked_and_not_believed(self, home: Path, stranger: int) -> None:
        write_record(home, port=stranger)
        with lock.held(home / "emulator.lock", 0.0) as mine:  # so that only the answer can tell
            assert mine
            assert Emulator(home).find() is None
            with pytest.raises(ProvisioningFailed):
                Emulator(home).stop()

    def test_a_stranger_that_says_nothing(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "_ANSWER", 0.2)
        with closing(socket.create_server(("127.0.0.1", 0))) as silent:
            write_record(home, port=silent.getsockname()[1])
            with lock.held(home / "emulator.lock", 0.0):
                assert Emulator(home).find() is None

    def test_an_explicit_port_that_is_taken(self, home: Path, stranger: int) -> None:
        with pytest.raises(Conflict, match=str(stranger)):
            Emulator(home).start(port=stranger)

    def test_without_the_package(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(ProvisioningFailed) as caught:
            Emulator(home).start()
        assert caught.value.hint == "pip install 'bbws-access[local]'"

    def test_a_directory_that_cannot_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ProvisioningFailed, match="file"):
            Emulator(tmp_path / "file" / "emulator").start()

    def test_looking_for_it_loads_neither_boto3_nor_ministack(self) -> None:
        heavy = "{'boto3', 'botocore', 'ministack', 'pydantic', 'hypercorn'}"
        modules = "bbws_access.emulator.process, bbws_access.emulator.mailbox"
        code = f"import sys, {modules}; print(sorted({heavy} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


def test_nothing_of_the_users_aws_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "HTTP_PROXY", "PYTHONPATH", "SMTP_HOST"):
        monkeypatch.setenv(name, "the-users-own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-users-own")
    found = launch.environment(launch.Layout(tmp_path), instance="i", port=14566, region="eu-west-1")
    assert "the-users-own" not in found.values()
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("test", "test")
    assert found["BIND_HOST"] == "127.0.0.1"


def test_two_emulators_do_not_wait_for_the_same_port(tmp_path: Path) -> None:
    """One that is stopped for a moment finds its port free again."""
    first = {next(launch.free_ports(None, tmp_path / str(n))) for n in range(20)}
    assert len(first) > 15
    port = first.pop()
    assert next(launch.free_ports(port, tmp_path / "0")) == port
    assert next(launch.free_ports(None, tmp_path / "0")) == next(launch.free_ports(None, tmp_path / "0"))
