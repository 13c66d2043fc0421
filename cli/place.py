"""Where a command works, and what this machine knows of it: flags, environment variables, contexts, kept state."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bbws_access.errors import NotFound, Refused
from cli.contexts import Contexts
from cli.overrides import Overrides

if TYPE_CHECKING:
    from bbws_access.emulator.process import Emulator
    from bbws_access.provisioning.settings import EnvironmentSettings

LOCAL: Final = "local"
PROD: Final = "prod"


class Place:
    """Environment, organisation and AWS profile: flag before environment variable before context before default."""

    usual_profile: str | None = None
    """What to sign in with where nothing else says it."""

    def __init__(self, overrides: Overrides) -> None:
        self._overrides = overrides
        context = self.contexts.current
        # What a context says beside its environment holds there only.
        self._context = context if context is not None and overrides.env in {None, context.env} else None
        self.env = overrides.env or (LOCAL if context is None else context.env)

    @cached_property
    def contexts(self) -> Contexts:
        return Contexts.read(self.state_dir)

    @property
    def given_env(self) -> str | None:
        """What a flag or an environment variable says."""
        return self._overrides.env

    @property
    def given_org(self) -> str | None:
        return self._overrides.org

    @property
    def env_from(self) -> str:
        """Why the command works where it does."""
        if self._overrides.env is not None:
            return "--env or BBWS_ACCESS_ENV"
        return "the default" if self._context is None else f"context {self.contexts.in_use}"

    @property
    def acting_as(self) -> str | None:
        """The member whose rights are to be had, where ``--as`` names one; raises ``Refused`` outside of local."""
        if self._overrides.acting_as is not None and not self.is_local:
            raise Refused("--as is for the local environment: elsewhere you are who AWS says you are", code="NOT_LOCAL")
        return self._overrides.acting_as

    @property
    def org_name(self) -> str | None:
        """The organisation as it was named."""
        return self._overrides.org or (None if self._context is None else self._context.org)

    @property
    def profile(self) -> str | None:
        """The AWS profile to sign in with; ``None`` leaves it to the AWS SDK."""
        chosen = None if self._context is None else self._context.profile
        return os.environ.get("AWS_PROFILE") or chosen or self.usual_profile

    @property
    def is_local(self) -> bool:
        return self.env == LOCAL

    @cached_property
    def settings(self) -> EnvironmentSettings:
        """Raises ``InvalidInput`` for an environment that is not configured."""
        from bbws_access.provisioning.settings import ACCOUNTS, load, with_account

        settings = load(self.env)
        # The local environment is in no AWS account, and needs none of them to be well written.
        return settings if self.is_local else with_account(settings, os.environ.get(ACCOUNTS))

    @cached_property
    def state_dir(self) -> Path:
        """State of this tool for this user; ``BBWS_ACCESS_STATE_DIR`` moves it."""
        chosen = os.environ.get("BBWS_ACCESS_STATE_DIR")
        if chosen:
            return Path(chosen)
        from platformdirs import user_state_path

        return user_state_path("bbws-access", appauthor=False)

    @property
    def env_dir(self) -> Path:
        """State of the environment; on an emulator another one than on AWS, so that neither is taken for the other."""
        emulated = not self.is_local and bool(os.environ.get("AWS_ENDPOINT_URL"))
        return self.state_dir / (f"{self.env}-emulated" if emulated else self.env)

    @cached_property
    def emulator(self) -> Emulator:
        from bbws_access.emulator.process import Emulator

        return Emulator(self.state_dir / "emulator")

    @property
    def user_name(self) -> str:
        """Of whoever sits at this machine."""
        import getpass

        try:
            return getpass.getuser()
        except (KeyError, OSError):  # no name for the user id, as in some containers
            return "operator"

    # --- what was kept of the environment ---------------------------------------------------------

    @property
    def _outputs_file(self) -> Path:
        return self.env_dir / "outputs.json"

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """What Terraform said of the environment when it was last stood up from here."""
        try:
            found: dict[str, Any] = json.loads(self._outputs_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # Whoever else has stood it up, as CI does, has left its outputs in the state.
            raise NotFound(
                f"environment {self.env} has not been stood up from here",
                hint=f"bbws-access env {'up' if self.is_local else 'outputs'} {self.env}",
            ) from None
        return found

    def keep_outputs(self, outputs: dict[str, Any]) -> None:
        """For whoever looks later; two commands may do so at a time. Raises :class:`AccessError`."""
        from bbws_access.whole_file import draft_of

        self.env_dir.mkdir(parents=True, exist_ok=True)
        with draft_of(self._outputs_file, option="BBWS_ACCESS_STATE_DIR") as draft:
            draft.out.write(json.dumps(outputs, indent=2, sort_keys=True).encode())
        self.__dict__.pop("outputs", None)

    def forget_state(self) -> None:
        """After the environment itself is gone."""
        import shutil

        shutil.rmtree(self.env_dir, ignore_errors=True)
