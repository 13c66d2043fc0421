"""An environment goes down and comes back, and says plainly when it is not there."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Deployed

pytestmark = [pytest.mark.emulator, pytest.mark.terraform]


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.xdist_group("deployed")
def test_what_was_there_is_there_after_a_reboot(deployed: Deployed) -> None:
    deployed.run("orgs", "create", "Phoenix")
    deployed.member("Phoenix", "phoenix@example.com")
    before = deployed.json("audit", "query", "--org", "Phoenix")["items"]
    deployed.run("env", "down", "local")
    gone = deployed.run("users", "list", "--org", "Phoenix", check=False)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr == "error: the local AWS is not running; try: bbws-access env up local\n"
    assert deployed.json("env", "up", "local")["changed"] == 0
    assert [u["email"] for u in deployed.json("users", "list", "--org", "Phoenix")["items"]] == ["phoenix@example.com"]
    assert deployed.json("audit", "query", "--org", "Phoenix")["items"] == before
    assert deployed.token("phoenix@example.com")


@pytest.mark.xdist_group("deployed")
def test_a_killed_emulator_loses_nothing_that_it_had_time_to_save(deployed: Deployed) -> None:
    from bbws_access.emulator.process import Emulator

    deployed.run("orgs", "create", "Power Cut")
    emulator = Emulator(deployed.state_dir / "emulator")
    while emulator.unsaved():
        time.sleep(0.05)
    found = emulator.require()
    os.kill(found.pid, signal.SIGKILL)
    while running(found.pid):
        time.sleep(0.05)
    deployed.run("env", "up", "local")
    assert "Power Cut" in {o["name"] for o in deployed.json("orgs", "list")["items"]}


UNWRITTEN = ("aws_iam_role", "aws_cloudwatch_log_group")


def made(state: Path) -> list[str]:
    """The type of each resource that Terraform has written down so far."""
    try:
        return [found["type"] for found in json.loads(state.read_text())["resources"] if found["instances"]]
    except (OSError, ValueError):
        return []


def interrupt(fresh: Deployed, order: signal.Signals, once: Callable[[list[str]], bool]) -> str:
    """An ``env up local`` that is told to end ``once`` what it has made is enough; what it said."""
    state = fresh.state_dir / "local" / "terraform" / "terraform.tfstate"
    child = fresh.start("env", "up", "local")
    while not once(made(state)):
        assert child.poll() is None, child.communicate()
        time.sleep(0.05)
    child.send_signal(order)
    out, said = child.communicate(timeout=300)
    assert (child.returncode, out) == (130, ""), said
    assert not state.with_name(".terraform.tfstate.lock.info").exists()
    assert made(state)  # some of what was begun may be gone again, for it was not finished
    return said


def unwrite(state: Path) -> None:
    """Takes the first role and the first log group out of the state, as if their answer had come too late."""
    written = json.loads(state.read_text())
    for kind in UNWRITTEN:
        found = next(r for r in written["resources"] if r["type"] == kind and r["instances"])
        found["instances"].pop(0)
    written["serial"] += 1
    state.write_text(json.dumps(written))


@pytest.mark.heavy
@pytest.mark.timeout(900)  # three applies on end, on a machine that may have other things to do
def test_an_interrupted_up_is_taken_up_again_and_down_and_erasing_leave_nothing(tmp_path: Path) -> None:
    """Ctrl-C and an order to end, each in the middle of an apply; then the whole way up, and down."""
    from bbws_access.emulator.process import Emulator

    fresh = Deployed(tmp_path / "state")
    assert "Stopping: Terraform ends what it has begun" in interrupt(fresh, signal.SIGINT, lambda kinds: len(kinds) > 4)
    state = fresh.state_dir / "local" / "terraform" / "terraform.tfstate"
    before = len(made(state))
    assert "What was done is kept" in interrupt(
        fresh, signal.SIGTERM, lambda kinds: len(kinds) > before and set(UNWRITTEN) <= set(kinds)
    )
    assert "not locked" in fresh.run("env", "unlock", "local").stderr
    unwrite(state)
    fresh.run("env", "up", "local")
    assert not fresh.json("env", "plan", "local")["pending"]
    pid = Emulator(fresh.state_dir / "emulator").require().pid
    fresh.run("env", "down", "local")
    assert not running(pid)
    assert "not running" in fresh.run("env", "down", "local").stderr
    refused = fresh.run("env", "down", "local", "--erase", check=False)
    assert refused.returncode == 4
    assert "--yes" in refused.stderr
    fresh.run("env", "down", "local", "--erase", "--yes")
    assert not (fresh.state_dir / "local").exists()
    outputs = fresh.run("env", "outputs", "local", check=False)
    assert outputs.stderr.endswith("has not been stood up from here; try: bbws-access env up local\n")


def test_an_environment_without_an_account_is_refused(tmp_path: Path) -> None:
    fresh = Deployed(tmp_path / "state")
    refused = fresh.run("env", "up", "dev", check=False, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert refused.stderr == (
        "error: environment dev names no AWS account, so nothing is done in any; "
        "set account_id in terraform/environments/dev.tfvars.json, or BBWS_ACCESS_ACCOUNTS=dev=<twelve digits>\n"
    )
