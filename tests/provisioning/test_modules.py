"""Each Terraform module by itself, with a provider that needs no AWS: its own cases run by ``terraform test``."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bbws_access.provisioning.binary import find_terraform
from bbws_access.provisioning.runner import TerraformRunner
from bbws_access.provisioning.settings import terraform_root
from tests.provisioning.planned import environment

MODULES = sorted(p.name for p in (terraform_root() / "modules").iterdir())


@pytest.mark.terraform
@pytest.mark.heavy
@pytest.mark.parametrize("module", MODULES)
def test_the_modules_own_cases(module: str, tmp_path: Path) -> None:
    work = tmp_path / module
    shutil.copytree(terraform_root() / "modules" / module, work)
    surroundings = environment(tmp_path)
    program = find_terraform(tmp_path / "bin", surroundings.get("PATH"))
    TerraformRunner(program, work, surroundings).init()
    done = subprocess.run(
        [program, "test", "-json"], cwd=work, env=surroundings, capture_output=True, text=True, check=False
    )
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    (summary,) = (event["test_summary"] for event in events if event["type"] == "test_summary")
    wrong = [event["@message"] for event in events if event.get("@level") == "error"]
    assert (summary["status"], wrong) == ("pass", [])
    assert summary["passed"] >= 1


@pytest.mark.parametrize("module", MODULES)
def test_a_module_tells_a_newcomer_what_it_is(module: str) -> None:
    folder = terraform_root() / "modules" / module
    assert (folder / "README.md").read_text().startswith(f"# {module}\n")
    assert "version = " in (folder / "versions.tf").read_text()
