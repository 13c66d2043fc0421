"""One environment's stack: from its settings and the code to a running platform, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bbws_access import monitoring
from bbws_access.catalogue import FUNCTIONS, Function, Trigger
from bbws_access.errors import Refused
from bbws_access.openapi.document import document
from bbws_access.openapi.gateway import as_terraform_template
from bbws_access.provisioning import kept_plan, locks
from bbws_access.provisioning.drift import Difference, differences
from bbws_access.provisioning.guard import require_no_data_loss
from bbws_access.provisioning.guarded import GuardedRunner
from bbws_access.provisioning.installation import terraform_in
from bbws_access.provisioning.kept_plan import (
    Basis,
    KeptPlan,
    StateMark,
    commit_of,
    digest_of,
    mark_of,
    plan_digest,
    require_approved,
    require_unmoved,
)
from bbws_access.provisioning.layer import LOCK, kept_layer, require_fit
from bbws_access.provisioning.locks import Lock
from bbws_access.provisioning.package import build_code_package, source_root
from bbws_access.provisioning.plans import PlanSummary
from bbws_access.provisioning.runner import OnEvent, Outcome, TerraformRunner
from bbws_access.provisioning.settings import EnvironmentSettings, terraform_root
from bbws_access.provisioning.workspace import Workspace, local_backend, s3_backend
from bbws_access.provisioning.zips import Package

DEPLOYED: Final = FUNCTIONS
"""The functions that are deployed."""

EMULATED_PARALLELISM: Final = 40
"""Resources at once on an emulator: the provider waits 5 s for each function, and nothing throttles us there."""

OPENAPI_FILE: Final = "openapi.json.tftpl"
CODE_FILE: Final = "code.zip"

PROTECTED: Final = ("module.table", "module.cognito")
"""What ``deletion_protection`` protects."""

OnStep = Callable[[str], None]
Agree = Callable[[PlanSummary], None]


@dataclass(frozen=True, slots=True)
class Applied:
    """What standing an environment up came to; ``outcome`` is ``None`` where there was nothing to do."""

    outputs: dict[str, Any]
    summary: PlanSummary
    outcome: Outcome | None
    package: Package

    @property
    def changed(self) -> int:
        """Resources that were added, changed and removed, as Terraform counts them."""
        return self.outcome.summary.total if self.outcome is not None and self.outcome.summary is not None else 0


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A workspace that is ready, and what it was made from."""

    guarded: GuardedRunner
    package: Package
    basis: Basis


def _agreed(_summary: PlanSummary) -> None:
    """Nobody is asked."""


class Stack:
    """``folder`` is the environment's place in the user's state; ``environment`` points Terraform at AWS.

    ``endpoint`` is the emulator's address, or ``None`` on AWS. Nothing is applied but a plan that has
    passed the guard against data loss, whichever command asks for it.
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

    @property
    def kept_plan(self) -> KeptPlan | None:
        """The plan that waits to be applied."""
        return kept_plan.find(self._plan_folder)

    def drop_plan(self) -> bool:
        """Forgets the plan that is kept; whether there was one."""
        return kept_plan.drop(self._plan_folder)

    def plan(
        self, on_event: OnEvent, on_step: OnStep, *, look: Callable[[], Any] | None = None
    ) -> tuple[PlanSummary, str]:
        """What :meth:`apply` would do, and the plan's digest; the plan is kept for it.

        ``look`` makes a client for the state's bucket, as for :meth:`lock`: with it the lock is not taken, which
        writes, but only looked at. Raises ``ProvisioningFailed``, ``StateLocked``.
        """
        prepared = self._prepared(on_step)
        on_step("Planning")
        with self._looking(look):
            summary = prepared.guarded.plan(on_event, lock=look is None)
        return summary, kept_plan.keep(self._plan_folder, prepared.basis, summary.as_data()).digest

    def apply(
        self,
        on_event: OnEvent,
        on_step: OnStep,
        *,
        kept: KeptPlan | None = None,
        approved: str | None = None,
        allow_data_loss: bool = False,
        agree: Agree = _agreed,
    ) -> Applied:
        """Makes AWS be as the settings and the sources say, by the plan ``kept`` or by one made now.

        ``agree`` is shown what will be done, and raises to stop it. ``approved`` is the digest of the plan that
        somebody has agreed to elsewhere. Raises ``Refused`` where data would be lost, where what ``kept`` was made
        from has moved, or where the plan is not the approved one; ``ProvisioningFailed``; ``StateLocked``.
        """
        prepared = self._prepared(on_step)
        guarded = prepared.guarded
        if kept is None:
            on_step("Planning")
            summary = guarded.plan(on_event)
        else:
            on_step("Checking the kept plan")
            require_unmoved(kept, prepared.basis, self._state_mark(guarded.runner), self._settings.environment)
            summary = guarded.summary()
        require_approved(plan_digest(prepared.basis, summary.as_data()), approved, self._settings.environment)
        require_no_data_loss(summary, allowed=allow_data_loss)  # before anybody is asked
        outcome = None
        if not summary.is_empty:
            agree(summary)
            on_step("Applying")
            outcome = guarded.apply(on_event, summary, allow_data_loss=allow_data_loss)
        self.drop_plan()
        told = outcome.outputs if outcome is not None else None
        return Applied(told or guarded.runner.outputs(), summary, outcome, prepared.package)

    def destroy(
        self, on_event: OnEvent, on_step: OnStep, *, allow_data_loss: bool = False, agree: Agree = _agreed
    ) -> Outcome | None:
        """Removes everything that the state knows; ``None`` where it knew nothing. Raises as :meth:`apply` does."""
        if self._settings.environment == "prod" and self._endpoint is None:
            raise Refused("prod is not taken down on AWS")
        prepared = self._prepared(on_step)
        on_step("Planning")
        summary = prepared.guarded.plan(on_event, destroy=True)
        if not summary.changes:
            return None
        require_no_data_loss(summary, allowed=allow_data_loss)
        agree(summary)
        if self._settings.deletion_protection:
            self._unprotect(on_event, on_step)
            agreed = {change.address for change in summary.changes}
            on_step("Planning again")
            summary = prepared.guarded.plan(on_event, destroy=True)
            if not {change.address for change in summary.changes} <= agreed:
                raise Refused("more would be destroyed than was agreed to", hint="look at it again")
        on_step("Destroying")
        return prepared.guarded.apply(on_event, summary, allow_data_loss=allow_data_loss)

    def drift(
        self, on_event: OnEvent, on_step: OnStep, *, look: Callable[[], Any] | None = None
    ) -> tuple[Difference, ...]:
        """What has changed behind Terraform's back. ``look`` and what is raised are as for :meth:`plan`."""
        runner = self._prepared(on_step).guarded.runner
        on_step("Comparing")
        target = self._folder / "drift.tfplan"
        try:
            with self._looking(look):
                outcome = runner.plan(on_event, target, refresh_only=True, lock=look is None)
            return differences(runner.show(target)) if outcome.changes_planned else ()
        finally:
            target.unlink(missing_ok=True)

    def outputs(self) -> dict[str, Any]:
        """What the state says that was put out, wherever it was stood up from."""
        return self._prepared(_unsaid).guarded.runner.outputs()

    def lock(self, s3: Callable[[], Any]) -> Lock | None:
        """Who holds the state's lock; ``s3`` makes a client for the state's bucket."""
        backend = self._backend()
        if "s3" in backend:
            return locks.of_bucket(s3(), backend["s3"]["bucket"], backend["s3"]["key"])
        return locks.of_file(self._workspace.state_file)

    def unlock(self, lock: Lock) -> None:
        """Takes the lock away from whoever holds it. Raises ``Refused`` where only they can release it."""
        if "s3" not in self._backend():
            raise Refused(f"{lock.who or 'a process here'} still runs; the lock ends with it", hint="stop that process")
        self._prepared(_unsaid).guarded.runner.unlock(lock.lock_id)

    def code_version(self) -> str:
        """SHA-256 of the code package that the sources make now."""
        return build_code_package(source_root(), self._folder / "look.zip").sha256

    @property
    def _plan_folder(self) -> Path:
        return self._folder / "plan"

    def _looking(self, look: Callable[[], Any] | None) -> AbstractContextManager[None]:
        return nullcontext() if look is None else locks.looked_at(lambda: self.lock(look))

    def _unprotect(self, on_event: OnEvent, on_step: OnStep) -> None:
        """AWS deletes nothing that is protected, so that has to go first."""
        on_step("Taking deletion protection away")
        prepared = self._prepared(_unsaid, deletion_protection=False)
        summary = prepared.guarded.plan(on_event, only=PROTECTED)
        if summary.changes:
            prepared.guarded.apply(on_event, summary, allow_data_loss=False)

    def _state_mark(self, runner: TerraformRunner) -> StateMark:
        if "local" not in self._backend():
            return mark_of(runner.state())
        file = self._workspace.state_file
        return mark_of(file.read_bytes() if file.is_file() else b"")

    def _prepared(self, on_step: OnStep, **instead: Any) -> _Prepared:
        """``instead`` are variables that differ from the settings."""
        on_step("Preparing")
        package = build_code_package(source_root(), self._folder / CODE_FILE)
        variables = self._variables(package) | {"dependency_layer": self._layer(package, on_step)} | instead
        self._workspace.prepare(terraform_root(), variables, self._backend())
        template = as_terraform_template(document(self._functions, aws=True))
        self._workspace.write(OPENAPI_FILE, template)
        parallelism = EMULATED_PARALLELISM if self._endpoint is not None else None
        runner = terraform_in(self._workspace.folder, self._folder, self._environment, parallelism)
        runner.init()
        inputs = {"variables": json.dumps(variables, sort_keys=True).encode(), OPENAPI_FILE: template.encode()}
        basis = Basis(
            commit=commit_of(source_root()),
            sources=digest_of(self._workspace.sources()),
            variables=digest_of(inputs),
            target=self._target(),
        )
        return _Prepared(GuardedRunner(runner, self._plan_folder, alone=self._endpoint is not None), package, basis)

    def _layer(self, package: Package, on_step: OnStep) -> dict[str, str] | None:
        """Wheels for Lambda's machines; an emulator runs the functions on this one, which has its own."""
        if self._endpoint is not None:
            return None
        on_step("Building the dependency layer")
        layer = kept_layer(LOCK.read_text(encoding="utf-8"), self._folder.parent / "layers")
        require_fit(package, layer)
        return {"path": f"../../layers/{layer.path.name}", "sha256": layer.sha256}

    def _target(self) -> str:
        if self._endpoint is not None:
            return f"the emulator at {self._endpoint}"
        return f"account {self._settings.account_id} in {self._settings.region}"

    def _variables(self, package: Package) -> dict[str, Any]:
        found = self._settings.model_dump(mode="json")
        return found | {
            "emulated": self._endpoint is not None,
            "emulator_endpoint": self._endpoint or "",
            "functions": {f.name: _function(f) for f in self._functions},
            "metric_filters": monitoring.as_terraform(),
            # As seen from the workspace: a path of this machine would differ from the next one's, and be planned.
            "code_package": {"path": f"../{package.path.name}", "sha256": package.sha256},
            "openapi_template": OPENAPI_FILE,
        }

    def _backend(self) -> dict[str, Any]:
        if self._settings.environment == "local":
            return local_backend()
        return s3_backend(self._settings.environment, self._settings.region, emulated=self._endpoint is not None)


def _unsaid(_step: str) -> None:
    """Too quick to be told."""


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
