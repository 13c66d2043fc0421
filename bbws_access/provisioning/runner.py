"""The one adapter around Terraform: commands are made by python-terraform, output is read as it comes."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from python_terraform import IsFlagged, Terraform

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.events import Diagnostic, Event, Summary, parse_line
from bbws_access.provisioning.workspace import BACKEND_FILE

OnEvent = Callable[[Event], None]

INITIALISED: Final = "initialised.sha256"
"""Records what the last successful ``init`` was made from, so that it is not repeated for nothing."""

_NO_REGISTRY: Final = ("could not connect to registry", "failed to query available provider packages")


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    summary: Summary | None = None
    errors: list[Diagnostic] = field(default_factory=list)
    changes_planned: bool = False


class TerraformRunner:
    """Runs Terraform in a workspace. ``environment`` is all that the child process sees of ours.

    ``parallelism`` is how many resources are worked on at once; ``None`` leaves it to Terraform (10).
    """

    def __init__(
        self, program: str, folder: Path, environment: Mapping[str, str], parallelism: int | None = None
    ) -> None:
        self._terraform = Terraform(working_dir=str(folder), terraform_bin_path=program)
        self._program = program
        self._parallelism = parallelism
        self._folder = folder
        self._environment = {**environment, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0"}

    def init(self) -> None:
        """Installs providers and modules, unless nothing that it depends on has changed.

        Raises :class:`ProvisioningFailed`; with ``PROVIDER_MISSING`` where no provider can be had.
        """
        fingerprint = self._fingerprint()
        record = self._folder / ".terraform" / INITIALISED
        if record.is_file() and record.read_text(encoding="utf-8") == fingerprint:
            return
        done = self._complete("init", input=False, no_color=IsFlagged, reconfigure=IsFlagged)
        if done.returncode != 0:
            raise _init_failure(done.stdout + done.stderr)
        record.parent.mkdir(exist_ok=True)
        record.write_text(fingerprint, encoding="utf-8")

    def plan(self, on_event: OnEvent, target: Path) -> Outcome:
        """Plans into the file ``target``; raises :class:`ProvisioningFailed`."""
        return self._stream("plan", on_event, out=str(target), detailed_exitcode=IsFlagged)

    def apply(self, on_event: OnEvent, plan: Path | None = None) -> Outcome:
        """Applies ``plan``, or whatever differs now; raises :class:`ProvisioningFailed`."""
        if plan is not None:
            return self._stream("apply", on_event, str(plan))
        return self._stream("apply", on_event, auto_approve=IsFlagged)

    def destroy(self, on_event: OnEvent) -> Outcome:
        """Destroys everything in the state; raises :class:`ProvisioningFailed`."""
        return self._stream("destroy", on_event, auto_approve=IsFlagged)

    def outputs(self) -> dict[str, Any]:
        """The root module's outputs, by name; raises :class:`ProvisioningFailed`."""
        done = self._complete("output", json=IsFlagged)
        try:
            found = json.loads(done.stdout)
            return {name: output["value"] for name, output in found.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProvisioningFailed(f"Terraform's outputs cannot be read: {_first_line(done.stderr)}") from error

    def resources(self) -> list[str]:
        """Addresses of everything in the state."""
        done = self._complete("state list")
        if done.returncode != 0:
            if "No state file" in done.stderr:
                return []
            raise ProvisioningFailed(f"Terraform's state cannot be read: {_first_line(done.stderr)}")
        return done.stdout.split()

    def _complete(self, command: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        words = self._terraform.generate_cmd_string(command, *arguments, **options)
        return subprocess.run(
            words, cwd=self._folder, env=self._environment, capture_output=True, text=True, check=False
        )

    def _stream(self, command: str, on_event: OnEvent, *arguments: str, **options: Any) -> Outcome:
        options |= {"input": False, "json": IsFlagged, "parallelism": self._parallelism}
        words = self._terraform.generate_cmd_string(command, *arguments, **options)
        outcome = Outcome()
        with subprocess.Popen(
            words,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # An interrupt at the terminal reaches us alone, and is passed on once: Terraform takes a
            # second one as an order to drop everything, lock and state included.
            start_new_session=True,
        ) as process:
            said: list[str] = []
            try:
                for event in _events(process, said):
                    _note(outcome, event)
                    on_event(event)
            except BaseException:
                _wind_down(process)
                raise
            code = process.wait()
        outcome.changes_planned = code == 2
        if code not in (0, 2):
            raise _failure(command, outcome, said)
        return outcome

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self._program.encode())
        digest.update(self._environment.get("TF_CLI_CONFIG_FILE", "").encode())
        for name in ("versions.tf", "main.tf", BACKEND_FILE):
            path = self._folder / name
            digest.update(path.read_bytes() if path.is_file() else b"-")
        for path in sorted(self._folder.glob("modules/*")):
            digest.update(path.name.encode())
        return digest.hexdigest()


def _events(process: subprocess.Popen[str], said: list[str]) -> Iterator[Event]:
    assert process.stdout is not None
    for line in process.stdout:
        event = parse_line(line)
        if event is not None:
            yield event
        elif line.strip() and not line.lstrip().startswith("{"):
            said.append(line.strip())


def _note(outcome: Outcome, event: Event) -> None:
    if isinstance(event, Summary):
        outcome.summary = event
    elif isinstance(event, Diagnostic) and event.severity == "error":
        outcome.errors.append(event)


def _wind_down(process: subprocess.Popen[str]) -> None:
    """Asks Terraform to stop and waits until it has written its state and released its lock."""
    process.send_signal(signal.SIGINT)
    while True:
        try:
            process.communicate()
            return
        except KeyboardInterrupt:
            continue  # it has been asked already; its state is worth the wait


def _failure(command: str, outcome: Outcome, said: list[str]) -> ProvisioningFailed:
    if not outcome.errors:
        return ProvisioningFailed(f"terraform {command} failed: {said[-1] if said else 'it gave no reason'}")
    first = outcome.errors[0]
    where = f" ({first.where})" if first.where else ""
    more = f", and {len(outcome.errors) - 1} more" if len(outcome.errors) > 1 else ""
    detail = f": {_first_line(first.detail)}" if first.detail else ""
    return ProvisioningFailed(
        f"terraform {command} failed{where}: {first.summary}{detail}{more}",
        details={"errors": [{"summary": e.summary, "detail": e.detail, "where": e.where} for e in outcome.errors]},
    )


def _init_failure(text: str) -> ProvisioningFailed:
    if any(sign in text.lower() for sign in _NO_REGISTRY):
        return ProvisioningFailed(
            "Terraform cannot get its AWS provider: its registry is out of reach and no mirror was found",
            code="PROVIDER_MISSING",
            hint="put a mirror of hashicorp/aws 5.100 into ~/.terraform.d/plugins (terraform providers mirror)",
        )
    return ProvisioningFailed(f"terraform init failed: {_first_line(_after_error(text))}")


def _after_error(text: str) -> str:
    return text.partition("Error:")[2] or text


def _first_line(text: str) -> str:
    return next((line.strip(" │╷╵") for line in text.splitlines() if line.strip(" │╷╵")), "no output")
