"""One command's session: the only place in ``cli`` that wires the services.

With its parts it is the only one that reads the environment: :mod:`cli.place` says where a command works,
:mod:`cli.aws_access` has that place's AWS, :mod:`cli.asking` asks.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from bbws_access.errors import InvalidInput
from cli.asking import Asking
from cli.aws_access import EMULATED_ACCOUNT, AwsAccess
from cli.overrides import Overrides
from cli.paging import chosen_pager
from cli.place import LOCAL, PROD
from cli.render import Renderer
from cli.suggestions import as_typed_here

if TYPE_CHECKING:
    from bbws_access.access.actor import Actor, Origin
    from bbws_access.access.decisions import DecisionLog
    from bbws_access.audit_storage import AuditStorage
    from bbws_access.bootstrap import Services, World
    from bbws_access.directory import Directory
    from bbws_access.mail import Mailer
    from bbws_access.models.organisation import Organisation
    from bbws_access.services.trail import Trail
    from bbws_access.store.journal import Journal
    from bbws_access.store.table import Table

__all__ = ["EMULATED_ACCOUNT", "LOCAL", "PROD", "Session"]


class Session(AwsAccess, Asking):
    """What a command needs, made when it is first asked for. In a ``dry_run`` nothing of it can change anything."""

    def __init__(self, overrides: Overrides, *, dry_run: bool = False) -> None:
        show = Renderer(
            overrides.output,
            columns=overrides.columns,
            query=overrides.query,
            quiet=overrides.quiet,
            withheld=dry_run,
            pager=[] if overrides.no_pager else chosen_pager(os.environ),
            retyped=self.as_typed_here,
        )
        super().__init__(overrides, show, dry_run=dry_run)
        self._about: str | None = None

    def as_typed_here(self, message: str) -> str:
        """``message`` with the flags that the command which it suggests needs, to work where this one does."""
        return as_typed_here(message, self._overrides, os.environ)

    def at(self, environment: str | None) -> Session:
        """The same session in another environment, where a command names one."""
        if environment is None:
            return self
        return Session(replace(self._overrides, env=environment), dry_run=self.dry_run)

    def beside(self, environment: str) -> Session:
        """The same in another environment that is looked at beside others, signed in as its contexts say."""
        found = self.at(environment)
        found.usual_profile = self.contexts.profile_of(environment)
        return found

    def in_rehearsal(self) -> Session:
        """The same session, in which nothing can change; for a command that tells by itself what it would do."""
        rehearsing = Session(self._overrides, dry_run=True)
        rehearsing.show.withheld = False
        return rehearsing

    @cached_property
    def world(self) -> World:
        """The environment itself; of it a command waits for the table, and for the rest where it uses it."""
        from bbws_access.bootstrap import World
        from bbws_access.clock import SystemClock
        from bbws_access.ids import RandomIds
        from bbws_access.names import Names
        from bbws_access.on_demand import on_demand
        from bbws_access.store.table import Table

        return World(
            table=Table(self.client("dynamodb"), Names(self.env).table),
            clock=SystemClock(),
            ids=RandomIds(),
            mailer=on_demand(self._mailer),
            directory=on_demand(self._directory),
            audit_storage=on_demand(self._audit_storage),
            link_to=lambda token: f"{self.outputs['api_url']}/invite/{token}",
        )

    def _mailer(self) -> Mailer:
        from bbws_access.adapters.ses import SesMailer

        return SesMailer(self.client("ses"), self.settings.mail_from)

    def _directory(self) -> Directory:
        from bbws_access.adapters.cognito import CognitoDirectory

        return CognitoDirectory(self.client("cognito-idp"), self.outputs["user_pool_id"])

    def _audit_storage(self) -> AuditStorage:
        from bbws_access.adapters.s3 import S3AuditStorage
        from bbws_access.models.kinds import LockMode
        from bbws_access.names import Names

        bucket, mode = Names(self.env).audit_bucket, LockMode(self.settings.audit_lock_mode)
        return S3AuditStorage(self.client("s3"), bucket, mode)

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
        from bbws_access.clock import SystemClock
        from bbws_access.ids import RandomIds
        from bbws_access.services.trail import Trail

        return Trail(self._brief_table, SystemClock(), RandomIds())

    @property
    def decisions(self) -> DecisionLog:
        """For the word on what was refused or failed, likewise; it is lost where it cannot be written."""
        from bbws_access.access.decisions import DecisionLog
        from bbws_access.clock import SystemClock
        from bbws_access.ids import RandomIds

        return DecisionLog(self._brief_table, SystemClock(), RandomIds(), lambda _: None)

    @property
    def _brief_table(self) -> Table:
        from bbws_access.backoff import Backoff
        from bbws_access.names import Names
        from bbws_access.store.table import Table

        return Table(self.client("dynamodb", brief=True), Names(self.env).table, Backoff(attempts=5))

    @cached_property
    def actor(self) -> Actor:
        """The operator: AWS has decided who they are, and IAM that they may write the table.

        With ``--as`` it is the member, with what they hold and no more.
        """
        from bbws_access.access.actor import Origin, operator

        origin = Origin(user_agent="bbws-access")
        if self.acting_as is not None:
            return self._member(self.acting_as, origin)
        _, arn = self.caller
        return operator(arn, f"{self.user_name}@{self.env}", origin)

    def _member(self, email: str, origin: Origin) -> Actor:
        from bbws_access.access.principal import PrincipalLoader
        from cli import naming

        user = naming.user(self.as_operator, email)
        return PrincipalLoader(self.world.table, self.world.clock).load(user.user_id, self.org_id, origin).actor

    @cached_property
    def as_operator(self) -> Session:
        """Finds what ``--as`` and ``--org`` name, which the member may not be allowed to look for."""
        org = self._overrides.org or self._about
        return Session(replace(self._overrides, acting_as=None, org=org), dry_run=self.dry_run)

    @cached_property
    def organisation(self) -> Organisation:
        """The organisation that ``--org`` names. Raises ``InvalidInput`` without one, ``NotFound``."""
        name = self.org_name or self._about
        if name is None:
            raise InvalidInput("which organisation? Give --org or set BBWS_ACCESS_ORG", hint="bbws-access orgs list")
        from cli import naming

        return naming.organisation(self if self.acting_as is None else self.as_operator, name)

    def about(self, name: str) -> Organisation:
        """The organisation that a command's argument names; who acts is a member of it where ``--org`` is not given.

        Raises as :attr:`organisation`, and ``Denied``.
        """
        from cli import naming

        self._about = name
        return naming.organisation(self, name)

    @property
    def has_org(self) -> bool:
        """Whether an organisation was named."""
        return self._overrides.org is not None

    @property
    def org_id(self) -> str:
        return self.organisation.organisation_id
