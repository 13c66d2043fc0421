"""Stand-ins for what lies outside the table: a clock that is set, accounts and letters in memory."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bbws_access.directory import Account
from bbws_access.errors import AccessError, InvalidInput
from bbws_access.ids import RandomIds
from bbws_access.mail import Mail


@dataclass
class FixedClock:
    """Stands still until it is moved."""

    moment: datetime = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


class FakeIds(RandomIds):
    """Random, but for the tokens, which a test wants to know."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    def token(self) -> str:
        self.tokens.append(super().token())
        return self.tokens[-1]


@dataclass
class FakeMailer:
    """Keeps the letters; refuses them while ``broken``."""

    sent: list[Mail] = field(default_factory=list)
    broken: bool = False

    def send(self, mail: Mail) -> None:
        if self.broken:
            raise AccessError("the mail service is down")
        self.sent.append(mail)


@dataclass
class FakeDirectory:
    """Accounts by address. ``fail_after`` names the method after which the directory breaks."""

    accounts: dict[str, Account] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    fail_after: str | None = None
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def find(self, email: str) -> Account | None:
        return self.accounts.get(email)

    def create(self, email: str, organisation_id: str, first_name: str, last_name: str) -> Account:
        account = self.accounts.setdefault(
            email, Account(f"00000000-0000-4000-8000-{next(self._numbers):012d}", email, organisation_id, False)
        )
        self._maybe_fail("create")
        return account

    def set_password(self, account: Account, password: str) -> None:
        if "policy" in password:
            raise InvalidInput("the password does not meet the policy")
        self.passwords[account.email] = password
        self.accounts[account.email] = replace(account, confirmed=True)
        self._maybe_fail("set_password")

    def delete(self, account: Account) -> None:
        self.accounts.pop(account.email, None)
        self.passwords.pop(account.email, None)

    def enable(self, account: Account) -> None:
        self._set_enabled(account, True)
        self._maybe_fail("enable")

    def disable(self, account: Account) -> None:
        self._set_enabled(account, False)
        self._maybe_fail("disable")

    def _set_enabled(self, account: Account, enabled: bool) -> None:
        if account.email in self.accounts:
            self.accounts[account.email] = replace(self.accounts[account.email], enabled=enabled)

    def _maybe_fail(self, method: str) -> None:
        if self.fail_after == method:
            raise AccessError(f"the directory broke after {method}")
