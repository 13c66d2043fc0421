"""What the functions work with: made once per process of what the environment names, or put in place by a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from bbws_access.access.decisions import DecisionLog
from bbws_access.adapters.cognito import CognitoDirectory
from bbws_access.adapters.kms import KmsSealer
from bbws_access.adapters.s3 import S3AuditStorage
from bbws_access.adapters.ses import SesMailer
from bbws_access.audit_storage import AuditStorage
from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.cursors import Cursors
from bbws_access.directory import Directory
from bbws_access.ids import RandomIds
from bbws_access.models.kinds import LockMode
from bbws_access.on_demand import on_demand
from bbws_access.store.table import Table
from lambdas.clients import client, dynamodb, impatient_dynamodb
from lambdas.links import Links
from lambdas.logs import logger
from lambdas.settings import Settings


@dataclass(frozen=True, slots=True)
class _Wiring:
    services: Services
    cursors: Cursors
    decisions: DecisionLog | None


_wired: _Wiring | None = None


@contextmanager
def wired(services: Services, cursors: Cursors, decisions: DecisionLog | None = None) -> Iterator[None]:
    """Meanwhile all functions of this process work with these, instead of with what the environment names.

    Without ``decisions`` no denial is recorded.
    """
    global _wired
    before, _wired = _wired, _Wiring(services, cursors, decisions)
    try:
        yield
    finally:
        _wired = before


def services() -> Services:
    """Of this process."""
    return _wired.services if _wired is not None else _deployed_services()


def cursors() -> Cursors:
    return _wired.cursors if _wired is not None else _deployed_cursors()


def decisions() -> DecisionLog | None:
    return _wired.decisions if _wired is not None else _deployed_decisions()


@cache
def _deployed_services() -> Services:
    """Most functions use nothing but the table: the cold start of none waits for clients that it may not need."""
    settings = Settings.read()
    return Services(
        World(
            table=Table(dynamodb(), settings.table),
            clock=SystemClock(),
            ids=RandomIds(),
            mailer=on_demand(lambda: SesMailer(client("ses"), settings.mail_from)),
            directory=on_demand(lambda: _directory(settings)),
            audit_storage=on_demand(lambda: _audit_storage(settings)),
            link_to=Links(settings.public_url, settings.endpoint_url).invitation,
        )
    )


def _directory(settings: Settings) -> Directory:
    return CognitoDirectory(client("cognito-idp"), settings.user_pool_id)


def _audit_storage(settings: Settings) -> AuditStorage:
    return S3AuditStorage(client("s3"), settings.audit_bucket, LockMode(settings.audit_lock_mode))


@cache
def _deployed_cursors() -> Cursors:
    return Cursors(KmsSealer(on_demand(lambda: client("kms")), Settings.read().cursor_key_id))


@cache
def _deployed_decisions() -> DecisionLog:
    table = Table(impatient_dynamodb(), Settings.read().table)
    return DecisionLog(table, SystemClock(), RandomIds(), _warn)


def _warn(cause: str) -> None:
    logger.warning("decision not recorded", extra={"cause": cause})
