"""What an account needs before an environment can stand in it: a bucket for the state, and roles for CI.

Terraform makes the bucket that it is to keep its state in. So the first state lies here, and moves into the
bucket as soon as that is there; whatever dies in between is taken up by the next run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bbws_access.aws_errors import error_code
from bbws_access.errors import ProvisioningFailed, Refused
from bbws_access.provisioning.guard import require_no_data_loss
from bbws_access.provisioning.guarded import GuardedRunner
from bbws_access.provisioning.installation import terraform_in
from bbws_access.provisioning.plans import PlanSummary
from bbws_access.provisioning.runner import OnEvent, Outcome
from bbws_access.provisioning.settings import EnvironmentSettings, terraform_root
from bbws_access.provisioning.workspace import STATE_FILE, Workspace, local_backend, s3_backend, state_bucket

ROOT: Final = "bootstrap"
STATE_KEY: Final = "bootstrap/terraform.tfstate"

_MISSING: Final = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """What there was to do; ``outcome`` is ``None`` where it was nothing."""

    outputs: dict[str, Any]
    summary: PlanSummary
    outcome: Outcome | None


class Account:
    """``s3`` is a boto3 client for the environment's account and region; its errors are the caller's to translate."""

    def __init__(
        self,
        settings: EnvironmentSettings,
        folder: Path,
        environment: Mapping[str, str],
        endpoint: str | None,
        s3: Any,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._environment = dict(environment)
        self._endpoint = endpoint
        self._s3 = s3
        self._workspace = Workspace(folder / "bootstrap", ROOT)

    @property
    def bucket(self) -> str:
        return state_bucket(self._settings.environment)

    def bucket_is_there(self) -> bool:
        """Whether the state's bucket exists, whoever made it."""
        return self._there(lambda: self._s3.head_bucket(Bucket=self.bucket))

    def bootstrap(
        self,
        repository: str,
        on_event: OnEvent,
        on_step: Callable[[str], None],
        agree: Callable[[PlanSummary], None],
        *,
        oidc_provider: bool = True,
    ) -> Bootstrapped:
        """Makes the account ready; twice is once. ``repository`` is owner/name on GitHub.

        ``oidc_provider`` is whether to make GitHub's, of which an account has one. Raises ``Refused`` where the
        bucket is there and nothing says that this made it, or where nobody agrees; ``ProvisioningFailed``.
        """
        on_step("Preparing")
        beginning = self._state_lies_here()
        if not beginning and not self._state_is_in_bucket():
            if self.bucket_is_there():
                raise Refused(
                    f"bucket {self.bucket} is there already, and holds no state of bootstrap: somebody else made it",
                    code="BUCKET_EXISTS",
                    hint="use the machine that began it; docs/environments.md says what to do where it is gone",
                )
            beginning = True
        runner = self._runner(self._here() if beginning else self._there_backend(), repository, oidc_provider)
        guarded = GuardedRunner(runner, self._folder / "bootstrap-plan")
        on_step("Planning")
        summary = guarded.plan(on_event)
        require_no_data_loss(summary, allowed=False)
        outcome = None
        if not summary.is_empty:
            agree(summary)
            on_step("Applying")
            outcome = guarded.apply(on_event, summary, allow_data_loss=False)
        outputs = runner.outputs()
        if beginning:
            on_step("Moving the state into its bucket")
            self._move(repository, oidc_provider)
        return Bootstrapped(outputs, summary, outcome)

    def _move(self, repository: str, oidc_provider: bool) -> None:
        self._prepare(self._there_backend(), repository, oidc_provider)
        self._terraform().move_state()
        if not self._state_is_in_bucket():
            raise ProvisioningFailed("the state did not arrive in its bucket", hint="repeat the command")
        # Only now: until the bucket has it, this is the only one.
        for leftover in self._workspace.folder.glob(f"{STATE_FILE}*"):
            leftover.unlink()

    def _runner(self, backend: Mapping[str, Any], repository: str, oidc_provider: bool) -> Any:
        self._prepare(backend, repository, oidc_provider)
        runner = self._terraform()
        runner.init()
        return runner

    def _terraform(self) -> Any:
        return terraform_in(self._workspace.folder, self._folder, self._environment)

    def _prepare(self, backend: Mapping[str, Any], repository: str, oidc_provider: bool) -> None:
        sources = terraform_root()
        if not (sources / ROOT / "main.tf").is_file():
            raise ProvisioningFailed("this installation lacks terraform/bootstrap", hint="install bbws-access again")
        variables = {
            "environment": self._settings.environment,
            "region": self._settings.region,
            "account_id": self._settings.account_id,
            "emulated": self._endpoint is not None,
            "repository": repository,
            "create_oidc_provider": oidc_provider,
        }
        self._workspace.prepare(sources, variables, backend)

    def _here(self) -> dict[str, Any]:
        return local_backend()

    def _there_backend(self) -> dict[str, Any]:
        settings = self._settings
        return s3_backend(settings.environment, settings.region, emulated=self._endpoint is not None, key=STATE_KEY)

    def _state_lies_here(self) -> bool:
        try:
            return bool(json.loads((self._workspace.folder / STATE_FILE).read_bytes())["resources"])
        except FileNotFoundError:
            return False
        except (ValueError, KeyError, TypeError) as error:
            raise ProvisioningFailed(f"{self._workspace.folder / STATE_FILE} is damaged") from error

    def _state_is_in_bucket(self) -> bool:
        return self._there(lambda: self._s3.head_object(Bucket=self.bucket, Key=STATE_KEY))

    def _there(self, ask: Callable[[], Any]) -> bool:
        try:
            ask()
        except self._s3.exceptions.ClientError as error:
            if error_code(error) in _MISSING:
                return False
            raise
        return True
