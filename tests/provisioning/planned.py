"""What Terraform would make, as data: plans of the real sources, read back as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bbws_access.provisioning.binary import find_terraform
from bbws_access.provisioning.mirror import cli_configuration, conventional_roots, find_mirror
from bbws_access.provisioning.runner import TerraformRunner

OFFLINE_PROVIDER = """
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
"""


def environment(folder: Path) -> dict[str, str]:
    """For Terraform: nothing of the machine's AWS, and the mirror that the machine may have."""
    found = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
    mirror = find_mirror(conventional_roots(Path.home(), found))
    if mirror is not None:
        configuration = folder / "terraformrc"
        configuration.write_text(cli_configuration(mirror))
        found["TF_CLI_CONFIG_FILE"] = str(configuration)
    return found


def plan(work: Path, surroundings: Mapping[str, str]) -> dict[str, Any]:
    """The plan of the root module in ``work``, as ``terraform show -json`` gives it."""
    program = find_terraform(work / "bin", surroundings.get("PATH"))
    runner = TerraformRunner(program, work, surroundings)
    runner.init()
    runner.plan(lambda event: None, work / "plan")
    words = [program, "show", "-json", "plan"]
    shown = subprocess.run(words, cwd=work, env=dict(surroundings), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def resources(values: Mapping[str, Any], kind: str | None = None) -> Iterator[dict[str, Any]]:
    """Every resource of ``planned_values`` or of a state's ``values``, in whatever module."""

    def walk(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield from module.get("resources", [])
        for child in module.get("child_modules", []):
            yield from walk(child)

    return (r for r in walk(values["root_module"]) if r["mode"] == "managed" and kind in {None, r["type"]})
