"""A process that accepts an invitation and is killed right after one of its steps.

Its configuration is one JSON document on standard input: ``endpoint``, ``table``, ``pool``, ``token``,
``step`` and ``seconds``, by which its clock is ahead.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import boto3

from bbws_access.access.actor import Origin
from bbws_access.adapters.cognito import CognitoDirectory
from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.directory import Account
from bbws_access.errors import AccessError
from bbws_access.ids import Ids, RandomIds
from bbws_access.models.invitation import Acceptance
from bbws_access.store.table import Table
from bbws_access.store.writes import Write
from tests.fakes import FakeAuditStorage, FakeMailer

ACCEPTANCE = Acceptance(first_name="Thandi", last_name="Nkosi", password="Correct-horse-7")


class ClockAhead(SystemClock):
    """The machine's clock, by some seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self._ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self._ahead


class Fate:
    """Kills the process once ``step`` was taken; nothing of Python gets to run after that."""

    def __init__(self, step: str | None) -> None:
        self._step = step

    def after(self, step: str) -> None:
        if step == self._step:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalTable(Table):
    """Its transactions are called ``claim`` and ``commit``, in their order."""

    def __init__(self, client: Any, name: str, fate: Fate) -> None:
        super().__init__(client, name)
        self._fate = fate
        self._names = ["commit", "claim"]

    def transact(self, writes: Sequence[Write]) -> None:
        super().transact(writes)
        if self._names:
            self._fate.after(self._names.pop())


class MortalDirectory(CognitoDirectory):
    def __init__(self, client: Any, pool: str, fate: Fate) -> None:
        super().__init__(client, pool)
        self._fate = fate

    def create(self, email: str, organisation_id: str, first_name: str, last_name: str) -> Account:
        account = super().create(email, organisation_id, first_name, last_name)
        self._fate.after("create")
        return account

    def set_password(self, account: Account, password: str) -> None:
        super().set_password(account, password)
        self._fate.after("set_password")


def client(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def services(
    endpoint: str, table: str, pool: str, seconds: float = 0, step: str | None = None, ids: Ids | None = None
) -> Services:
    """The platform on the emulator; without a ``step`` it lives."""
    fate = Fate(step)
    return Services(
        World(
            MortalTable(client("dynamodb", endpoint), table, fate),
            ClockAhead(seconds),
            ids or RandomIds(),
            FakeMailer(),
            MortalDirectory(client("cognito-idp", endpoint), pool, fate),
            FakeAuditStorage(),
            lambda token: token,
        )
    )


def main() -> int:
    given = json.load(sys.stdin)
    token = given.pop("token")
    try:
        services(**given).accept_invitation.accept(token, ACCEPTANCE, Origin())
    except AccessError as error:
        sys.stdout.write(error.code)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
