"""Terraform as it is installed here: the program, and where it gets its provider from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bbws_access.provisioning.binary import find_terraform
from bbws_access.provisioning.mirror import cli_configuration, conventional_roots, find_mirror
from bbws_access.provisioning.runner import TerraformRunner


def terraform_in(
    work: Path, folder: Path, environment: Mapping[str, str], parallelism: int | None = None
) -> TerraformRunner:
    """Terraform working in ``work``; ``folder`` is the environment's place in the user's state.

    Raises ``ProvisioningFailed`` where there is none.
    """
    program = find_terraform(folder.parent / "bin", environment.get("PATH"))
    return TerraformRunner(program, work, surroundings(environment, folder), parallelism)


def surroundings(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """With a mirror to install from where one is found, unless the user has a configuration of their own."""
    found = dict(environment)
    if own_configuration(found) is not None:
        return found
    found.pop("TF_CLI_CONFIG_FILE", None)
    mirror = mirror_for(found)
    if mirror is not None:
        path = folder / "terraformrc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(cli_configuration(mirror), encoding="utf-8")
        found["TF_CLI_CONFIG_FILE"] = str(path)
    return found


def own_configuration(environment: Mapping[str, str]) -> Path | None:
    """The user's own configuration of Terraform's command line, where there is one."""
    chosen = environment.get("TF_CLI_CONFIG_FILE")
    if chosen and Path(chosen).is_file():
        return Path(chosen)
    usual = _home(environment) / ".terraformrc"
    return usual if usual.is_file() else None


def mirror_for(environment: Mapping[str, str]) -> Path | None:
    """A folder of this machine that holds the provider."""
    return find_mirror(conventional_roots(_home(environment), environment))


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment["HOME"]) if "HOME" in environment else Path.home()
