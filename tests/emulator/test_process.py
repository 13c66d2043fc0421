from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
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
from bbws_access.emulator.process import Emulator, RunningEmulator
from bbws_access.errors import Conflict, ProvisioningFailed, Unreachable
from tests.emulator import stack
from tests.emulator.conftest import client_for, until, until_saved

REAL = {"pid": 4711, "port": 14566, "region": "eu-west-1", "started": "2026-01-01T00:00:00.000Z", "instance": "a" * 32}


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


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

    def log_message(self, format: str, *args: Any) -> None:
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


@pytest.mark.emulator
class TestRunning:
    def test_a_life(self, own: Emulator) -> None:
        first = own.start()
        assert first.endpoint == f"http://127.0.0.1:{first.port}"
        assert own.find() == own.require() == own.start() == own.start(port=first.port) == first
        with pytest.raises(Conflict, match=str(first.port)):
            own.start(port=first.port + 1)
        with pytest.raises(Conflict, match="eu-west-1"):
            own.start(region="af-south-1")
        assert own.stop() is True
        assert own.stop() is False
        assert own.find() is None
        assert not exists(first.pid)
        again = own.start()
        assert again.port == first.port
        assert again.pid != first.pid

    def test_it_moves_if_its_port_was_taken_meanwhile(self, own: Emulator) -> None:
        before = own.start()
        own.stop()
        with closing(launch.bind(before.port)) as other:
            other.listen()
            assert own.start().port != before.port

    def test_erasing(self, own: Emulator) -> None:
        running = own.start()
        stack.create_table(client_for(running, "dynamodb"))
        until_saved(own)
        own.erase()
        assert not exists(running.pid)
        assert [path.name for path in own.log.parent.iterdir() if not path.name.endswith(".lock")] == []
        assert client_for(own.start(), "dynamodb").list_tables()["TableNames"] == []

    def test_four_who_start_it_at_once_get_the_same(self, own: Emulator) -> None:
        code = (
            "import sys; from pathlib import Path; from bbws_access.emulator.process import Emulator;"
            "sys.stdin.read(1); print(Emulator(Path(sys.argv[1])).start())"
        )
        command = [sys.executable, "-c", code, str(own.log.parent)]
        starters = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
        ]
        for starter in starters:
            assert starter.stdin is not None
            starter.stdin.write("x")
            starter.stdin.flush()
        answers = {starter.communicate()[0].strip() for starter in starters}
        assert answers == {str(own.find())}

    def test_stopping_ends_the_functions_too(self, own: Emulator) -> None:
        running = own.start()
        workers = [stack.invoke(running, name)["pid"] for name in stack.deploy_functions(running)]
        assert len(workers) == 2
        assert all(exists(pid) for pid in workers)
        own.stop()
        assert not exists(running.pid)
        assert not any(exists(pid) for pid in workers)
        assert not any(own.log.parent.joinpath("tmp").iterdir())

    def test_a_killed_emulator_leaves_no_functions(self, own: Emulator) -> None:
        running = own.start()
        workers = [stack.invoke(running, name)["pid"] for name in stack.deploy_functions(running)]
        os.kill(running.pid, signal.SIGKILL)
        until(lambda: not any(exists(pid) for pid in workers), "the workers notice")
        assert own.find() is None
        assert own.stop() is False

    def test_functions_see_a_clean_environment(self, own: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "the-users-own")
        monkeypatch.setenv("HTTPS_PROXY", "the-users-own")
        running = own.start()
        name = stack.deploy_functions(running)[0]
        seen = stack.invoke(running, name)["environment"]
        assert not [variable for variable in seen if variable.startswith("BBWS_")]
        assert "the-users-own" not in seen.values()
        assert seen["AWS_ENDPOINT_URL"] == running.endpoint
        assert "PYTHONPATH" not in seen

    def test_one_that_hangs_is_reported_and_can_be_stopped(
        self, own: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running = own.start()
        os.kill(running.pid, signal.SIGSTOP)
        monkeypatch.setattr(process, "_ANSWER", 0.5)
        monkeypatch.setattr(process, "_SHUTDOWN", 0.5)
        assert own.find() is None
        with pytest.raises(ProvisioningFailed, match=str(running.pid)) as caught:
            own.start()
        assert caught.value.hint == "bbws-access env down local"
        assert own.stop() is True
        assert not exists(running.pid)

    def test_a_damaged_state_is_not_replaced_by_an_empty_one(self, own: Emulator) -> None:
        own.start()
        own.stop()
        state = own.log.parent / "data" / "state.sqlite3"
        state.write_bytes(b"this is no database" * 1000)
        with pytest.raises(ProvisioningFailed) as caught:
            own.start()
        assert str(own.log) in caught.value.message
        assert "file is not a database" in caught.value.message
        assert own.find() is None
        assert state.read_bytes().startswith(b"this is no database")

    def test_state_that_cannot_be_loaded_stops_the_start(self, own: Emulator) -> None:
        own.start()
        own.stop()
        stack.damage_document(own.log.parent / "data" / "state.sqlite3", "dynamodb")
        with pytest.raises(ProvisioningFailed, match="saved state"):
            own.start()

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 200),
            ({"Host": "localhost:14566"}, 200),
            ({"Host": "bucket.localhost"}, 200),
            ({"Origin": "http://localhost:3000"}, 200),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Host": "evil.example"}, 403),
            ({"Host": "localhost.evil.example"}, 403),
        ],
        ids=str,
    )
    def test_web_pages_are_kept_out(self, running: RunningEmulator, headers: dict[str, str], status: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.port)
        connection.putrequest("GET", "/_ministack/health", skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()
