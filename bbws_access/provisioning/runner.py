"""The one adapter around Terraform: commands are made by python-terraform, output is read as it comes."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from python_terraform import IsFlagged, Terraform

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning import failures
from bbws_access.provisioning.events import Diagnostic, Event, Outputs, Planned, Stopping, Summary, parse_line
from bbws_access.provisioning.interrupts import held_interrupts
from bbws_access.provisioning.workspace import BACKEND_FILE

OnEvent = Callable[[Event], None]

LOCK_FILE: Final = ".terraform.lock.hcl"
ADOPTED_FILE: Final = "adopted.tf"
INITIALISED: Final = "initialised.sha256"
"""Records what the last successful ``init`` was made from, so that it is not repeated for nothing."""

_STEERING: Final = ("TF_WORKSPACE", "TF_DATA_DIR", "TF_CLI_ARGS", "TF_VAR_")
"""Beginnings of the user's variables that would change what is applied, or where its state lies."""


@dataclass(slots=True)
class Outcome:
    """What a run came to. ``outputs`` is ``None`` where the run told none."""

    summary: Summary | None = None
    errors: list[Diagnostic] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    outputs: dict[str, Any] | None = None
    changes_planned: bool = False


class _Commands(Terraform):  # type: ignore[misc]
    """python-terraform as the maker of commands. It reads the state whenever it is made, and fails on one
    that a killed Terraform left empty; nothing here asks it about the state."""

    def read_state_file(self, file_path: str | None = None) -> None:
        """Left to Terraform."""


class TerraformRunner:
    """Runs Terraform in a workspace. ``environment`` is all that the child process sees of ours.

    ``parallelism`` is how many resources are worked on at once; ``None`` leaves it to Terraform (10).
    """

    def __init__(
        self, program: str, folder: Path, environment: Mapping[str, str], parallelism: int | None = None
    ) -> None:
        self._terraform = _Commands(working_dir=str(folder), terraform_bin_path=program)
        self._program = program
        self._parallelism = parallelism
        self._folder = folder
        kept = {name: value for name, value in environment.items() if not name.startswith(_STEERING)}
        self._environment = {**kept, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0"}

    def init(self) -> None:
        """Installs providers and modules, unless nothing that it depends on has changed.

        Raises :class:`ProvisioningFailed`; with ``PROVIDER_MISSING`` where no provider can be had.
        """
        fingerprint = self._fingerprint()
        record = self._folder / ".terraform" / INITIALISED
        if record.is_file() and record.read_text(encoding="utf-8") == fingerprint and self._providers_are_there():
            return
        done = self._init()
        if done.returncode != 0 and (self._folder / LOCK_FILE).is_file():
            # The version chosen before is no longer to be had, or no longer wanted: let it choose again.
            done = self._init(upgrade=IsFlagged)
        if done.returncode != 0:
            raise failures.init_failed(done.stdout + done.stderr)
        record.parent.mkdir(exist_ok=True)
        record.write_text(fingerprint, encoding="utf-8")

    def move_state(self) -> None:
        """Takes the state from where ``init`` last had it to where the backend is now.

        Raises :class:`ProvisioningFailed`.
        """
        done = self._complete("init", input=False, no_color=IsFlagged, migrate_state=IsFlagged, force_copy=IsFlagged)
        if done.returncode != 0:
            raise failures.init_failed(done.stdout + done.stderr)

    def plan(
        self,
        on_event: OnEvent,
        target: Path,
        *,
        destroy: bool = False,
        refresh_only: bool = False,
        only: Sequence[str] = (),
        lock: bool = True,
    ) -> Outcome:
        """Plans into the file ``target``: what differs, the end of everything (``destroy``), or only what has
        changed outside (``refresh_only``). ``only`` narrows it to some addresses. Without ``lock`` the state's lock
        is not taken, and nothing is written but ``target``.

        Raises :class:`ProvisioningFailed`, and ``StateLocked`` while somebody else works on the state.
        """
        options: dict[str, Any] = {"destroy": IsFlagged} if destroy else {}
        options |= {"refresh_only": IsFlagged} if refresh_only else {}
        options |= {"target": list(only)} if only else {}
        options |= {} if lock else {"lock": False}
        return self._stream("plan", on_event, out=str(target), detailed_exitcode=IsFlagged, **options)

    def apply(self, on_event: OnEvent, plan: Path | None = None) -> Outcome:
        """Applies exactly ``plan``, or whatever differs now, unguarded; raises as :meth:`plan` does, and
        ``Refused`` where the state has moved since."""
        if plan is not None:
            return self._stream("apply", on_event, str(plan))
        return self._stream("apply", on_event, auto_approve=IsFlagged)

    def show(self, plan: Path) -> Any:
        """A plan as data, in Terraform's JSON output format; raises :class:`ProvisioningFailed`."""
        done = self._complete("show", str(plan), json=IsFlagged)
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise ProvisioningFailed(f"Terraform's plan cannot be read: {failures.first_line(done.stderr)}") from error

    def state(self) -> bytes:
        """The state as it is now; empty where there is none. Raises :class:`ProvisioningFailed`."""
        done = self._complete("state pull")
        if done.returncode != 0:
            raise ProvisioningFailed(f"Terraform's state cannot be read: {failures.reason(done.stderr)}")
        return done.stdout.encode()

    def untaint(self, address: str) -> None:
        """Takes the mark from a resource for which it would be replaced; raises :class:`ProvisioningFailed`."""
        done = self._complete("untaint", address)
        if done.returncode != 0:
            raise ProvisioningFailed(f"{address} cannot be untainted: {failures.reason(done.stderr)}")

    def adopt(self, found: Mapping[str, str]) -> None:
        """Has the plans from now on take what exists into the state; ``found`` has identifiers, by address.

        Import blocks, for ``terraform import`` fails where one resource's ``for_each`` waits for another's name.
        They last until the workspace is prepared again, or until :meth:`adopted`.
        """
        with (self._folder / ADOPTED_FILE).open("a", encoding="utf-8") as file:
            for address, identifier in found.items():
                quoted = json.dumps(identifier).replace("${", "$${").replace("%{", "%%{")
                file.write(f"import {{\n  to = {address}\n  id = {quoted}\n}}\n")

    def adopted(self) -> None:
        """All that was to be adopted is in the state."""
        (self._folder / ADOPTED_FILE).unlink(missing_ok=True)

    def unlock(self, lock_id: str) -> None:
        """Takes somebody's lock away; raises :class:`ProvisioningFailed`."""
        done = self._complete("force-unlock", lock_id, force=IsFlagged)
        if done.returncode != 0:
            raise ProvisioningFailed(f"the lock cannot be released: {failures.reason(done.stderr)}")

    def outputs(self) -> dict[str, Any]:
        """The root module's outputs, by name; raises :class:`ProvisioningFailed`."""
        done = self._complete("output", json=IsFlagged)
        try:
            found = json.loads(done.stdout)
            return {name: output["value"] for name, output in found.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProvisioningFailed(
                f"Terraform's outputs cannot be read: {failures.first_line(done.stderr)}"
            ) from error

    def resources(self) -> list[str]:
        """Addresses of everything in the state."""
        done = self._complete("state list")
        if done.returncode != 0:
            if "No state file" in done.stderr:
                return []
            raise ProvisioningFailed(f"Terraform's state cannot be read: {failures.first_line(done.stderr)}")
        return done.stdout.split()

    def _init(self, **options: Any) -> subprocess.CompletedProcess[str]:
        return self._complete("init", input=False, no_color=IsFlagged, reconfigure=IsFlagged, **options)

    def _complete(self, command: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        words = self._terraform.generate_cmd_string(command, *arguments, **options)
        try:
            return subprocess.run(
                words,
                cwd=self._folder,
                env=self._environment,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise failures.not_runnable(self._program, error) from error

    def _stream(self, command: str, on_event: OnEvent, *arguments: str, **options: Any) -> Outcome:
        options |= {"input": False, "json": IsFlagged, "parallelism": self._parallelism}
        words = self._terraform.generate_cmd_string(command, *arguments, **options)
        outcome = Outcome()
        said: list[str] = []
        with held_interrupts() as release, self._start(words) as process:
            try:
                release()
                for event in _events(process, said):
                    _note(outcome, event)
                    on_event(event)
            except BaseException:
                with suppress(Exception):  # whoever listens may be what has failed
                    on_event(Stopping())
                _wind_down(process)
                raise
            code = process.wait()
        # 2 is "there are changes" from plan alone; it is also how a Go program ends that has crashed.
        outcome.changes_planned = command == "plan" and code == 2 and outcome.summary is not None
        if code != 0 and not outcome.changes_planned:
            raise failures.failed(command, outcome.errors, said, code)
        return outcome

    def _start(self, words: list[str]) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                words,
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                # An interrupt at the terminal reaches us alone, and is passed on once: Terraform takes a
                # second one as an order to drop everything, lock and state included.
                start_new_session=True,
            )
        except OSError as error:
            raise failures.not_runnable(self._program, error) from error

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self._program.encode())
        configuration = self._environment.get("TF_CLI_CONFIG_FILE", "")
        digest.update(configuration.encode())
        # Any file of the root may call a module, and each module names the providers that it needs.
        sources = [*self._folder.glob("*.tf"), *self._folder.glob("modules/*/versions.tf")]
        for path in (Path(configuration), self._folder / BACKEND_FILE, *sorted(sources)):
            digest.update(path.name.encode() + b"\0")
            digest.update(path.read_bytes() if path.is_file() else b"-")
        for path in sorted(self._folder.glob("modules/*")):
            digest.update(path.name.encode() + b"\0")
        return digest.hexdigest()

    def _providers_are_there(self) -> bool:
        """What a mirror provides is linked to, not copied: it goes when the mirror goes."""
        return all(p.exists() for p in (self._folder / ".terraform" / "providers").glob("*/*/*/*/*"))


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
    elif isinstance(event, Planned):
        outcome.planned.append(event)
    elif isinstance(event, Outputs):
        outcome.outputs = event.values
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
