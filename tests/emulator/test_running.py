from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from contextlib import closing

import pytest

from bbws_access.emulator import launch, process
from bbws_access.emulator.process import Emulator, RunningEmulator
from bbws_access.errors import Conflict, ProvisioningFailed
from tests.emulator import stack
from tests.emulator.conftest import client_for, until

pytestmark = pytest.mark.emulator


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_life(own: Emulator) -> None:
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


def test_it_moves_if_its_port_was_taken_meanwhile(own: Emulator) -> None:
    before = own.start()
    own.stop()
    with closing(launch.listen(before.port)):
        assert own.start().port != before.port


def test_erasing(own: Emulator) -> None:
    running = own.start()
    stack.create_table(client_for(running, "dynamodb"))
    own.erase()
    assert not exists(running.pid)
    assert [path.name for path in own.log.parent.iterdir() if not path.name.endswith(".lock")] == []
    assert client_for(own.start(), "dynamodb").list_tables()["TableNames"] == []


def test_four_who_start_it_at_once_get_the_same(own: Emulator) -> None:
    code = (
        "import sys; from pathlib import Path; from bbws_access.emulator.process import Emulator;"
        "sys.stdin.read(1); print(Emulator(Path(sys.argv[1])).start())"
    )
    command = [sys.executable, "-c", code, str(own.log.parent)]
    starters = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("x")
        starter.stdin.flush()
    answers = {starter.communicate()[0].strip() for starter in starters}
    assert answers == {str(own.find())}


def test_stopping_ends_the_functions_too(own: Emulator) -> None:
    running = own.start()
    workers = [stack.invoke(running, name)["pid"] for name in stack.deploy_functions(running)]
    assert len(workers) == 2
    assert all(exists(pid) for pid in workers)
    own.stop()
    assert not exists(running.pid)
    assert not any(exists(pid) for pid in workers)
    assert not any(own.log.parent.joinpath("tmp").iterdir())


def test_a_killed_emulator_leaves_no_functions(own: Emulator) -> None:
    running = own.start()
    workers = [stack.invoke(running, name)["pid"] for name in stack.deploy_functions(running)]
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: not any(exists(pid) for pid in workers), "the workers notice")
    assert own.find() is None
    assert own.stop() is False


def test_functions_see_a_clean_environment(own: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as users:
        users.setenv("AWS_PROFILE", "the-users-own")
        users.setenv("HTTPS_PROXY", "the-users-own")
        running = own.start()
    name = stack.deploy_functions(running)[0]
    seen = stack.invoke(running, name)["environment"]
    assert not [variable for variable in seen if variable.startswith("BBWS_")]
    assert "the-users-own" not in seen.values()
    assert seen["AWS_ENDPOINT_URL"] == running.endpoint
    assert "PYTHONPATH" not in seen


def test_one_that_hangs_is_reported_and_can_be_stopped(own: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_damaged_state_is_not_replaced_by_an_empty_one(own: Emulator) -> None:
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


def test_state_that_cannot_be_loaded_stops_the_start(own: Emulator) -> None:
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
def test_web_pages_are_kept_out(running: RunningEmulator, headers: dict[str, str], status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port)
    connection.putrequest("GET", "/_ministack/health", skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()
