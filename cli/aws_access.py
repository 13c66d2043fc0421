"""The environment's AWS: which it is, clients for it, and whose credentials act there."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any, Final

from bbws_access.errors import Refused
from cli.overrides import Overrides
from cli.place import Place
from cli.render import Renderer

EMULATED_ACCOUNT: Final = "000000000000"

_DUMMY_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""What the emulator takes; the user's own never go to it."""


class AwsAccess(Place):
    """AWS at a place, shown through ``show``. In a ``dry_run`` its clients refuse to write."""

    hurried = False
    """Whether somebody waits for a glance only: every client then gives up soon."""

    def __init__(self, overrides: Overrides, show: Renderer, *, dry_run: bool) -> None:
        super().__init__(overrides)
        self.show = show
        self.dry_run = dry_run
        self.announced = False
        """Whether it was said where something changes: what came before was no try yet."""

    @cached_property
    def endpoint(self) -> str | None:
        """Where AWS is: the local emulator, ``AWS_ENDPOINT_URL``, or AWS itself (``None``)."""
        if self.is_local:
            return self.emulator.require().endpoint
        return os.environ.get("AWS_ENDPOINT_URL") or None

    def aws_environment(self) -> dict[str, str]:
        """Environment variables that point a child process at this environment's AWS."""
        kept = {k: v for k, v in os.environ.items() if self.endpoint is None or not k.startswith("AWS_")}
        if self.endpoint is None:
            profile = {} if self.profile is None else {"AWS_PROFILE": self.profile}
            return kept | {"AWS_REGION": self.settings.region} | profile
        return kept | _DUMMY_CREDENTIALS | {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": self.settings.region}

    def client(self, service: str, *, bulk: bool = False, brief: bool = False) -> Any:
        """A client, with timeouts and retries; the account has been checked before it is handed out.

        ``bulk`` is for many large requests from many threads, whose parameters are known to be right; a ``brief``
        one gives up soon, for what may get lost.
        """
        self.check_account()
        return self._client(service, bulk=bulk, brief=brief)

    def unchecked_client(self, service: str) -> Any:
        """A client for looking at what is wrong with the credentials themselves; only reading."""
        return self._client(service)

    def _client(self, service: str, *, bulk: bool = False, brief: bool = False) -> Any:
        from botocore.config import Config

        from bbws_access.adapters.clients import make_client, s3_config
        from bbws_access.aws_errors import translated

        brief = brief or self.hurried
        chosen: dict[str, Any] = {"region_name": self.settings.region}
        if self.endpoint is not None:
            chosen |= {"endpoint_url": self.endpoint} | {k.lower(): v for k, v in _DUMMY_CREDENTIALS.items()}
        config = Config(
            connect_timeout=2 if brief else 5,
            read_timeout=4 if brief else 30,
            retries={"mode": "standard", "total_max_attempts": 1 if brief else 6},
            parameter_validation=not bulk,
            max_pool_connections=32 if bulk else 10,
        )
        if service == "s3":
            config = config.merge(s3_config(self.endpoint))
        profile = self.profile if self.endpoint is None else None
        with translated("the AWS profile"):
            client = make_client(service, profile=profile, config=config, **chosen)
        if self.dry_run:
            from bbws_access.rehearsal import refuse_writes

            refuse_writes(client)
        if self._overrides.verbose:
            client.meta.events.register("after-call.*.*", self._show_request)
        return client

    def _show_request(self, http_response: Any, model: Any, **_: Any) -> None:
        self.show.note(f"{model.service_model.service_name} {model.name} {http_response.status_code}", always=True)

    @cached_property
    def caller(self) -> tuple[str, str]:
        """Account and ARN of whoever acts."""
        if self.is_local:
            return EMULATED_ACCOUNT, f"arn:aws:iam::{EMULATED_ACCOUNT}:user/{self.user_name}"
        from bbws_access.aws_errors import translated

        with translated("AWS STS"):
            identity = self._client("sts").get_caller_identity()
        return str(identity["Account"]), str(identity["Arn"])

    def check_account(self) -> None:
        """Raises :class:`Refused` unless the credentials belong to the environment's account."""
        expected = self.settings.account_id
        if self.endpoint is not None or expected is not None:
            account, _ = self.caller
            if self.endpoint is not None and account == EMULATED_ACCOUNT:
                return
        if expected is None:
            from bbws_access.provisioning.settings import where_account_is_set

            raise Refused(
                f"environment {self.env} names no AWS account, so nothing is done in any",
                hint=where_account_is_set(self.env),
            )
        if account != expected:
            raise Refused(
                f"environment {self.env} belongs to account {expected}, but the credentials are of {account}",
                hint=f"sign in to account {expected} first",
            )

    def announce(self) -> None:
        """Says, before something changes, where it will: one line on stderr."""
        self.check_account()
        account, arn = self.caller
        where = "emulator" if self.endpoint else "AWS"
        mode = "dry run · " if self.dry_run else ""
        caller = arn.split(":", 5)[-1]  # the account stands in the line already
        who = caller if self.acting_as is None else f"{caller} · as {self.acting_as}"
        line = f"{mode}{self.env} · {where} account {account} · {self.settings.region} · {who}"
        # Outside of the own machine the target is never in doubt, not even for those who want quiet.
        self.show.note(line, always=not self.is_local)
        self.announced = True
