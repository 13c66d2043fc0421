"""One environment's stack: from its settings and the code to a running platform, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bbws_access import monitoring
from bbws_access.catalogue import FUNCTIONS, Function, Trigger
from bbws_access.openapi.document import document
from bbws_access.openapi.gateway import as_terraform_template
from bbws_access.provisioning.binary import find_terraform
from bbws_access.provisioning.mirror import cli_configuration, conventional_roots, find_mirror
from bbws_access.provisioning.package import Package, build_code_package, source_root
from bbws_access.provisioning.runner import OnEvent, Outcome, TerraformRunner
from bbws_access.provisioning.settings import EnvironmentSettings, terraform_root
from bbws_access.provisioning.workspace import Workspace, local_backend, s3_backend

DEPLOYED: Final = FUNCTIONS
"""The functions that are deployed."""

EMULATED_PARALLELISM: Final = 40
"""Resources at once on an emulator: the provider waits 5 s for each function, and nothing throttles us there."""

OPENAPI_FILE: Final = "openapi.json.tftpl"
CODE_FILE: Final = "code.zip"


@dataclass(frozen=True, slots=True)
class Applied:
    """What standing an environment up came to."""

    outputs: dict[str, Any]
    outcome: Outcome
    package: Package


class Stack:
    """``folder`` is the environment's place in the user's state; ``environment`` points Terraform at AWS.

    ``endpoint`` is the emulator's address, or ``None`` on AWS.
    """

    def __init__(
        self,
        settings: EnvironmentSettings,
        folder: Path,
        environment: Mapping[str, str],
        endpoint: str | None,
        functions: Sequence[Function] = DEPLOYED,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._environment = dict(environment)
        self._endpoint = endpoint
        self._functions = functions
        self._workspace = Workspace(folder / "terraform")

    def apply(self, on_event: OnEvent, on_step: Callable[[str], None]) -> Applied:
        """Makes AWS be as the settings and the sources say; raises ``ProvisioningFailed``."""
        on_step("Packaging the functions")
        package = build_code_package(source_root(), self._folder / CODE_FILE)
        runner = self._prepared(package, on_step)
        on_step("Applying")
        outcome = runner.apply(on_event)
        return Applied(runner.outputs(), outcome, package)

    def code_version(self) -> str:
        """SHA-256 of the code package that the sources make now."""
        return build_code_package(source_root(), self._folder / "look.zip").sha256

    def destroy(self, on_event: OnEvent, on_step: Callable[[str], None]) -> Outcome:
        """Removes everything that the state knows; raises ``ProvisioningFailed``."""
        package = build_code_package(source_root(), self._folder / CODE_FILE)
        runner = self._prepared(package, on_step)
        on_step("Destroying")
        return runner.destroy(on_event)

    def _prepared(self, package: Package, on_step: Callable[[str], None]) -> TerraformRunner:
        on_step("Preparing Terraform")
        self._workspace.prepare(terraform_root(), self._variables(package), self._backend())
        template = as_terraform_template(document(self._functions, aws=True))
        self._workspace.write(OPENAPI_FILE, template)
        parallelism = EMULATED_PARALLELISM if self._endpoint is not None else None
        runner = TerraformRunner(self._program(), self._workspace.folder, self._terraform_environment(), parallelism)
        runner.init()
        return runner

    def _variables(self, package: Package) -> dict[str, Any]:
        found = self._settings.model_dump(mode="json")
        return found | {
            "emulated": self._endpoint is not None,
            "emulator_endpoint": self._endpoint or "",
            "functions": {f.name: _function(f) for f in self._functions},
            "metric_filters": monitoring.as_terraform(),
            "code_package": {"path": str(package.path), "sha256": package.sha256},
            "openapi_template": str(self._workspace.folder / OPENAPI_FILE),
        }

    def _backend(self) -> dict[str, Any]:
        if self._settings.environment == "local":
            return local_backend()
        return s3_backend(self._settings.environment, self._settings.region, emulated=self._endpoint is not None)

    def _program(self) -> str:
        return find_terraform(self._folder.parent / "bin", self._environment.get("PATH"))

    def _terraform_environment(self) -> dict[str, str]:
        """With a mirror to install from where one is found, unless the user has a configuration of their own."""
        found = dict(self._environment)
        chosen = found.get("TF_CLI_CONFIG_FILE")
        if chosen and Path(chosen).is_file():
            return found
        found.pop("TF_CLI_CONFIG_FILE", None)
        home = Path(found["HOME"]) if "HOME" in found else Path.home()
        if (home / ".terraformrc").is_file():
            return found
        mirror = find_mirror(conventional_roots(home, found))
        if mirror is not None:
            path = self._folder / "terraformrc"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(cli_configuration(mirror), encoding="utf-8")
            found["TF_CLI_CONFIG_FILE"] = str(path)
        return found


def _function(function: Function) -> dict[str, Any]:
    return {
        "service": function.service.value,
        "handler": function.handler,
        "memory": function.memory,
        "timeout": function.timeout,
        "http": function.trigger is Trigger.HTTP,
        "schedule": function.schedule,
        "event": function.event,
    }
