"""What the runner makes of a Terraform that crashes, babbles, is interrupted or has lost its providers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.events import Event
from bbws_access.provisioning.runner import TerraformRunner

SUMMARY = '{"type":"change_summary","changes":{"add":1,"change":0,"remove":0,"operation":"plan"}}'


def ignore(_event: Event) -> None: ...


def fake(folder: Path, script: str, **environment: str) -> TerraformRunner:
    """A runner of a program that does what ``script`` says."""
    program = folder / "bin" / "terraform"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{textwrap.dedent(script)}")
    program.chmod(0o755)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return TerraformRunner(str(program), work, {"PATH": os.environ["PATH"], **environment})


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 1", "it ended with code 1 and gave no reason"),
        ("exit 2", "it ended with code 2 and gave no reason"),
        (f"echo '{SUMMARY}'; echo 'fatal error: out of memory' >&2; echo 'goroutine 1' >&2; exit 2", "out of memory"),
        ("kill -9 $$", "signal 9 ended it"),
        (r"printf '\377\376 oops\n'; exit 1", "oops"),
        ("echo '{'; echo 'Error: Too many arguments'; echo 'For help, run'; exit 1", "Error: Too many arguments"),
    ],
)
def test_an_apply_that_did_not_end_well_is_a_failure(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(ProvisioningFailed, match="terraform apply failed: ") as failed:
        fake(tmp_path, script).apply(ignore)
    assert message in failed.value.message
    assert "\n" not in failed.value.message


def test_changes_planned_and_a_crash_end_with_the_same_code(tmp_path: Path) -> None:
    assert fake(tmp_path, f"echo '{SUMMARY}'; exit 2").plan(ignore, tmp_path / "plan").changes_planned
    with pytest.raises(ProvisioningFailed):
        fake(tmp_path, "exit 2").plan(ignore, tmp_path / "plan")


def test_of_many_errors_the_first_is_told_and_all_are_kept(tmp_path: Path) -> None:
    line = '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"s%s","detail":"a\\nb","address":"x.y"}}'
    with pytest.raises(ProvisioningFailed) as failed:
        fake(tmp_path, f"printf '%s\\n' '{line % 1}' '{line % 2}'; exit 1").apply(ignore)
    assert failed.value.message == "terraform apply failed (x.y): s1: a, and 1 more"
    assert [error["summary"] for error in failed.value.details["errors"]] == ["s1", "s2"]


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    broken = tmp_path / "terraform"
    broken.write_bytes(b"\x7fELF")
    for program in (broken, tmp_path / "nothing"):
        for act in ("init", "apply"):
            runner = TerraformRunner(str(program), tmp_path, {})
            with pytest.raises(ProvisioningFailed, match="cannot be run") as failed:
                runner.init() if act == "init" else runner.apply(ignore)
            assert failed.value.code == "TERRAFORM_MISSING"


@pytest.mark.parametrize("state", ["", "{", "null"])
def test_a_state_that_a_killed_terraform_left_is_terraforms_to_judge(tmp_path: Path, state: str) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "terraform.tfstate").write_text(state)
    fake(tmp_path, "exit 0").apply(ignore)


def test_the_users_own_steering_stays_outside(tmp_path: Path) -> None:
    inherited = {
        "TF_WORKSPACE": "other",
        "TF_DATA_DIR": "/elsewhere",
        "TF_CLI_ARGS": "-no-color",
        "TF_CLI_ARGS_apply": "-target=nothing",
        "TF_VAR_environment": "prod",
    }
    fake(tmp_path, "env > seen", **inherited, TF_LOG="INFO", AWS_PROFILE="mine").apply(ignore)
    seen = dict(line.split("=", 1) for line in (tmp_path / "work" / "seen").read_text().splitlines())
    assert not inherited.keys() & seen.keys()
    assert (seen["TF_LOG"], seen["AWS_PROFILE"], seen["TF_IN_AUTOMATION"]) == ("INFO", "mine", "1")


INIT = """
    echo "$@" >> calls
    [ -f refuse ] && case "$*" in *-upgrade*) rm refuse;; *) exit 1;; esac
    mkdir -p .terraform/providers/r/n/aws/5.100.0 ../mirror
    ln -sfn "$(cd ../mirror && pwd)" .terraform/providers/r/n/aws/5.100.0/linux_amd64
"""


def calls(folder: Path) -> list[str]:
    return (folder / "work" / "calls").read_text().splitlines()


def test_init_comes_again_when_what_it_depends_on_changes(tmp_path: Path) -> None:
    configuration = tmp_path / "rc"
    runner = fake(tmp_path, INIT, TF_CLI_CONFIG_FILE=str(configuration))
    work = tmp_path / "work"

    def asked_again() -> bool:
        before = len(calls(tmp_path))
        runner.init()
        return len(calls(tmp_path)) > before

    runner.init()
    assert not asked_again()
    (work / "run.auto.tfvars.json").write_text("{}")
    (work / "openapi.json.tftpl").write_text("{}")
    assert not asked_again()
    (work / "monitoring.tf").write_text('module "alarms" {}')
    assert asked_again()
    (work / "modules" / "alarms").mkdir(parents=True)
    assert asked_again()
    (work / "modules" / "alarms" / "versions.tf").write_text("terraform {}")
    assert asked_again()
    configuration.write_text("another mirror")
    assert asked_again()
    (tmp_path / "mirror").rmdir()
    assert asked_again()
    assert not asked_again()


def test_a_provider_that_no_longer_fits_is_chosen_anew(tmp_path: Path) -> None:
    runner = fake(tmp_path, INIT)
    (tmp_path / "work" / ".terraform.lock.hcl").write_text("")
    (tmp_path / "work" / "refuse").touch()
    runner.init()
    assert ["-upgrade" in call for call in calls(tmp_path)] == [False, True]


def test_a_first_init_that_fails_is_not_repeated(tmp_path: Path) -> None:
    runner = fake(tmp_path, INIT)
    (tmp_path / "work" / "refuse").touch()
    with pytest.raises(ProvisioningFailed, match="init failed"):
        runner.init()
    assert len(calls(tmp_path)) == 1


CHILD = """
    import os, sys
    from pathlib import Path
    from bbws_access.provisioning.runner import TerraformRunner
    try:
        TerraformRunner(sys.argv[1], Path(sys.argv[2]), dict(os.environ)).apply(lambda event: None)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""

STUBBORN = "trap 'echo INT >> signals' INT\ntouch started\nuntil [ -f release ]; do sleep 0.05; done\ntouch ended"


def wait_for(path: Path) -> None:
    for _ in range(2400):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"no {path.name}")


def test_an_impatient_user_interrupts_terraform_only_once(tmp_path: Path) -> None:
    fake(tmp_path, STUBBORN)
    work = tmp_path / "work"
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path / "bin" / "terraform"), str(work)],
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(work / "started")
    child.send_signal(signal.SIGINT)
    wait_for(work / "signals")
    for _ in range(3):
        child.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert child.poll() is None
    (work / "release").touch()
    out, _ = child.communicate(timeout=60)
    assert out == "interrupted\n"
    assert (work / "ended").exists()
    assert (work / "signals").read_text() == "INT\n"


def test_an_interrupt_while_terraform_starts_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs already, and whoever starts it does not have it in hand yet."""
    obedient = "trap 'echo INT > signals; exit 1' INT\ntouch started\nfor _ in $(seq 400); do sleep 0.05; done"
    runner, start = fake(tmp_path, obedient), subprocess.Popen.__init__

    def interrupted_start(self: Any, *words: Any, **more: Any) -> None:
        start(self, *words, **more)
        wait_for(tmp_path / "work" / "started")
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess.Popen, "__init__", interrupted_start)
    with pytest.raises(KeyboardInterrupt):
        runner.apply(ignore)
    assert (tmp_path / "work" / "signals").read_text() == "INT\n"
