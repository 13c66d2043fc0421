"""One command's session: the only place in ``cli`` that reads the environment and wires the services."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bbws_access.errors import InvalidInput, NotFound, Refused
from cli.contexts import Contexts
from cli.options import Overrides
from cli.render import Renderer
from cli.safety import safe

if TYPE_CHECKING:
    from bbws_access.access.actor import Actor
    from bbws_access.bootstrap import Services, World
    from bbws_access.emulator.process import Emulator
    from bbws_access.models.organisation import Organisation
    from bbws_access.provisioning.settings import EnvironmentSettings
    from bbws_access.services.trail import Trail
    from bbws_access.store.journal import Journal

LOCAL: Final = "local"
PROD: Final = "prod"
EMULATED_ACCOUNT: Final = "000000000000"

_DUMMY_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""What the emulator takes; the user's own never go to it."""


class Session:
    """What a command needs, made when it is first asked for. In a ``dry_run`` nothing of it can change anything."""

    def __init__(self, overrides: Overrides, *, dry_run: bool = False) -> None:
        self._overrides = overrides
        self.dry_run = dry_run
        context = self.contexts.current
        # What a context says beside its environment holds there only.
        self._context = context if context is not None and overrides.env in {None, context.env} else None
        self.env = overrides.env or (LOCAL if context is None else context.env)
        self.show = Renderer(
            overrides.output,
            columns=overrides.columns,
            query=overrides.query,
            quiet=overrides.quiet,
            withheld=dry_run,
        )

    def at(self, environment: str | None) -> Session:
        """The same session in another environment, where a command names one."""
        if environment is None:
            return self
        return Session(replace(self._overrides, env=environment), dry_run=self.dry_run)

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
    def org_name(self) -> str | None:
        """The organisation as it was named."""
        return self._overrides.org or (None if self._context is None else self._context.org)

    @property
    def profile(self) -> str | None:
        """The AWS profile to sign in with; ``None`` leaves it to the AWS SDK."""
        return os.environ.get("AWS_PROFILE") or (None if self._context is None else self._context.profile)

    @property
    def is_local(self) -> bool:
        return self.env == LOCAL

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    @cached_property
    def settings(self) -> EnvironmentSettings:
        """Raises ``InvalidInput`` for an environment that is not configured."""
        from bbws_access.provisioning.settings import load

        return load(self.env)

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

    # --- AWS -------------------------------------------------------------------------------------

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
        """A boto3 client, with timeouts and retries; the account has been checked before it is handed out.

        ``bulk`` is for many large requests from many threads, whose parameters are known to be right; a ``brief``
        one gives up soon, for what may get lost.
        """
        self.check_account()
        return self._client(service, bulk=bulk, brief=brief)

    def unchecked_client(self, service: str) -> Any:
        """A client for looking at what is wrong with the credentials themselves; only reading."""
        return self._client(service)

    def _client(self, service: str, *, bulk: bool = False, brief: bool = False) -> Any:
        import boto3
        from botocore.config import Config

        from bbws_access.aws_errors import translated

        chosen: dict[str, Any] = {"region_name": self.settings.region}
        if self.endpoint is not None:
            chosen |= {"endpoint_url": self.endpoint} | {k.lower(): v for k, v in _DUMMY_CREDENTIALS.items()}
        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 1 if brief else 6},
            s3={"addressing_style": "path"} if self.endpoint else None,
            parameter_validation=not bulk,
            max_pool_connections=32 if bulk else 10,
        )
        profile = self.profile if self.endpoint is None else None
        with translated("the AWS profile"):
            source = boto3 if profile is None else boto3.Session(profile_name=profile)
            client = source.client(service, config=config, **chosen)  # type: ignore[call-overload]
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
            return EMULATED_ACCOUNT, f"arn:aws:iam::{EMULATED_ACCOUNT}:user/{_user_name()}"
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
            raise Refused(
                f"environment {self.env} names no AWS account, so nothing is done in any",
                hint=f"set account_id in terraform/environments/{self.env}.tfvars.json",
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
        line = f"{mode}{self.env} · {where} account {account} · {self.settings.region} · {arn}"
        # Outside of the own machine the target is never in doubt, not even for those who want quiet.
        self.show.note(line, always=not self.is_local)

    # --- the platform ----------------------------------------------------------------------------

    @property
    def _outputs_file(self) -> Path:
        return self.env_dir / "outputs.json"

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """What Terraform said of the environment when it was last stood up from here."""
        try:
            found: dict[str, Any] = json.loads(self._outputs_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise NotFound(
                f"environment {self.env} has not been stood up from here", hint=f"bbws-access env up {self.env}"
            ) from None
        return found

    def keep_outputs(self, outputs: dict[str, Any]) -> None:
        self.env_dir.mkdir(parents=True, exist_ok=True)
        part = self._outputs_file.with_suffix(".part")
        part.write_text(json.dumps(outputs, indent=2, sort_keys=True), encoding="utf-8")
        part.replace(self._outputs_file)
        self.__dict__.pop("outputs", None)

    def forget_state(self) -> None:
        """After the environment itself is gone."""
        shutil.rmtree(self.env_dir, ignore_errors=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Raises :class:`Refused` unless ``yes`` or whoever sits at the terminal agrees; the default is no.

        A dry run loses nothing, and does not ask.
        """
        if yes or self.dry_run:
            return
        if not self.interactive:
            raise Refused("this asks for a confirmation, and nobody is there to give it", hint="repeat it with --yes")
        import typer

        if not typer.confirm(safe(question), default=False, err=True):
            raise Refused("nothing was done")

    def confirm_name(self, question: str, *, yes: bool, given: str | None) -> None:
        """As :meth:`confirm`, but what is asked for is the environment's name; ``given`` is it, said beforehand.

        A ``yes`` alone is not enough for prod.
        """
        if given is not None:
            if given != self.env:
                raise Refused(f"--confirm says {given!r}, and this is {self.env}")
            return
        if yes and self.env != "prod":
            return
        if yes or not self.interactive:
            needed = "--yes --confirm prod" if self.env == "prod" else "--yes"
            raise Refused(f"{self.env} asks for a confirmation, and nobody is there to give it", hint=f"add {needed}")
        import typer

        if typer.prompt(f"{question} Type its name ({self.env})", default="", show_default=False, err=True) != self.env:
            raise Refused("nothing was done")

    @cached_property
    def world(self) -> World:
        """The environment itself."""
        from bbws_access.adapters.cognito import CognitoDirectory
        from bbws_access.adapters.s3 import S3AuditStorage
        from bbws_access.adapters.ses import SesMailer
        from bbws_access.bootstrap import World
        from bbws_access.clock import SystemClock
        from bbws_access.ids import RandomIds
        from bbws_access.models.kinds import LockMode
        from bbws_access.names import Names
        from bbws_access.store.table import Table

        return World(
            table=Table(self.client("dynamodb"), Names(self.env).table),
            clock=SystemClock(),
            ids=RandomIds(),
            mailer=SesMailer(self.client("ses"), self.settings.mail_from),
            directory=CognitoDirectory(self.client("cognito-idp"), self.outputs["user_pool_id"]),
            audit_storage=S3AuditStorage(
                self.client("s3"), Names(self.env).audit_bucket, LockMode(self.settings.audit_lock_mode)
            ),
            link_to=lambda token: f"{self.outputs['api_url']}/invite/{token}",
        )

    @cached_property
    def journal(self) -> Journal:
        """What this command has written, or in a dry run would have."""
        from bbws_access.store.journal import Journal

        return Journal()

    @cached_property
    def services(self) -> Services:
        from bbws_access.bootstrap import Services
        from bbws_access.rehearsal import rehearsed, watched

        if self.env == PROD and self._overrides.env is None:
            self.show.warn(f"PROD: this works in {self.env}, by context {self.contexts.in_use}")
        return Services((rehearsed if self.dry_run else watched)(self.world, self.journal))

    @property
    def operations_trail(self) -> Trail:
        """For the word on what was done to the environment: it needs nothing but the table, and gives up soon."""
        from bbws_access.backoff import Backoff
        from bbws_access.clock import SystemClock
        from bbws_access.ids import RandomIds
        from bbws_access.names import Names
        from bbws_access.services.trail import Trail
        from bbws_access.store.table import Table

        table = Table(self.client("dynamodb", brief=True), Names(self.env).table, Backoff(attempts=5))
        return Trail(table, SystemClock(), RandomIds())

    @cached_property
    def actor(self) -> Actor:
        """The operator: AWS has decided who they are, and IAM that they may write the table."""
        from bbws_access.access.actor import Origin, operator

        _, arn = self.caller
        return operator(arn, f"{_user_name()}@{self.env}", Origin(user_agent="bbws-access"))

    @cached_property
    def organisation(self) -> Organisation:
        """The organisation that ``--org`` names. Raises ``InvalidInput`` without one, ``NotFound``."""
        if self.org_name is None:
            raise InvalidInput("which organisation? Give --org or set BBWS_ACCESS_ORG", hint="bbws-access orgs list")
        from cli import naming

        return naming.organisation(self, self.org_name)

    @property
    def has_org(self) -> bool:
        """Whether an organisation was named."""
        return self._overrides.org is not None

    @property
    def org_id(self) -> str:
        return self.organisation.organisation_id

    def password(self, *, new: bool = True) -> str:
        """From ``BBWS_ACCESS_PASSWORD``, or asked for, a ``new`` one twice; never a flag, which others can see."""
        given = os.environ.get("BBWS_ACCESS_PASSWORD")
        if given:
            return given
        if not self.interactive:
            raise InvalidInput("a password is needed", hint="set BBWS_ACCESS_PASSWORD, or run this in a terminal")
        import typer

        found: str = typer.prompt("Password", hide_input=True, confirmation_prompt=new, err=True)
        return found


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for the user id, as in some containers
        return "operator"
