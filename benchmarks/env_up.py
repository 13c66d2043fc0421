"""``env up local`` against a bare ``terraform apply`` of the same root, each into an emulator just started."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bbws_access.emulator.process import Emulator
from bbws_access.provisioning.binary import find_terraform
from benchmarks.measure import report

ROUNDS = 3
AIM = 1.1
MOST_SECONDS = 40


def run() -> None:
    ours, bare, our_plans, bare_plans = [], [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as folder:
            environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BBWS_", "TF_"))}
            environment["BBWS_ACCESS_STATE_DIR"] = folder
            ours.append(_env_up(environment, Path(folder)))
            our_plans.append(_timed_cli(environment, "env", "plan", "local"))
            bare_plans.append(_bare(environment, Path(folder), "plan", "-out=bare.tfplan"))
            bare.append(_bare_apply(environment, Path(folder)))
            _cli(environment, "env", "down", "local", "--erase", "--yes")
    mine, floor = statistics.median(ours), statistics.median(bare)
    detail = f"{mine:.1f} s to {floor:.1f} s, medians of {ROUNDS} interleaved runs"
    report("env up local / terraform apply", mine / floor, AIM, detail)
    plan, bare_plan = statistics.median(our_plans), statistics.median(bare_plans)
    detail = f"{plan:.1f} s to {bare_plan:.1f} s, medians of {ROUNDS} interleaved runs, where nothing differs"
    report("env plan local / terraform plan", plan / bare_plan, AIM, detail)
    report("env up local, as a part of 40 s", mine / MOST_SECONDS, 1.0, f"{mine:.1f} s")


def _cli(environment: dict[str, str], *words: str) -> None:
    command = [str(Path(sys.executable).parent / "bbws-access"), *words]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _started(folder: Path) -> str:
    emulator = Emulator(folder / "emulator")
    emulator.erase()
    return emulator.start().endpoint


def _timed_cli(environment: dict[str, str], *words: str) -> float:
    began = time.perf_counter()
    _cli(environment, *words)
    return time.perf_counter() - began


def _env_up(environment: dict[str, str], folder: Path) -> float:
    _started(folder)
    return _timed_cli(environment, "env", "up", "local")


def _bare_apply(environment: dict[str, str], folder: Path) -> float:
    """The same sources and variables, the same provider: only without us around them."""
    for leftover in (folder / "local" / "terraform").glob("terraform.tfstate*"):
        leftover.unlink()
    _started(folder)
    return _bare(environment, folder, "apply", "-auto-approve")


def _bare(environment: dict[str, str], folder: Path, *words: str) -> float:
    work = folder / "local" / "terraform"
    known = environment | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": Emulator(folder / "emulator").require().endpoint,
        "TF_CLI_CONFIG_FILE": str(folder / "local" / "terraformrc"),
        "CHECKPOINT_DISABLE": "1",
    }
    if not Path(known["TF_CLI_CONFIG_FILE"]).is_file():
        del known["TF_CLI_CONFIG_FILE"]
    program = find_terraform(folder / "bin")
    # Its init is not counted; ours, which env up does on a first run, is.
    subprocess.run([program, "init", "-reconfigure"], cwd=work, env=known, stdout=subprocess.DEVNULL, check=True)
    began = time.perf_counter()
    line = [program, *words, "-input=false", "-no-color"]
    subprocess.run(line, cwd=work, env=known, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
