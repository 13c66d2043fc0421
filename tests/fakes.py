"""Stand-ins for what lies outside the table: a clock that is set, accounts and letters in memory."""

from __future__ import annotations

import hashlib
import io
import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from bbws_access.audit_storage import ObjectVersion, StoredObject, Tier
from bbws_access.directory import Account
from bbws_access.errors import AccessError, Conflict, InvalidInput, NotFound
from bbws_access.ids import RandomIds
from bbws_access.mail import Mail
from bbws_access.models.kinds import LockMode


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
class FakeAuditStorage:
    """A bucket in memory. ``fail_at`` names calls that break, as ``method`` or ``method:key``."""

    bucket: str = "audit"
    lock_mode: LockMode = LockMode.GOVERNANCE
    objects: dict[str, bytes] = field(default_factory=dict)
    locked: dict[str, datetime] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    replication: dict[str, str] = field(default_factory=dict)
    fail_at: set[str] = field(default_factory=set)
    other_versions: list[ObjectVersion] = field(default_factory=list)
    tiers: dict[str, Tier] = field(default_factory=dict)

    def _called(self, method: str, key: str) -> None:
        if self.fail_at & {method, f"{method}:{key}"}:
            raise AccessError("the bucket is gone")

    def put_export(self, key: str, source: Path, content_type: str, sha256: str) -> None:
        self._called("put_export", key)
        self.objects[key] = source.read_bytes()

    def link(self, key: str, lasts: timedelta) -> str:
        return f"https://{self.bucket}.example/{key}?expires={int(lasts.total_seconds())}"

    def put_once(self, key: str, source: Path, content_type: str, sha256: str, retain_until: datetime) -> bool:
        self._called("put_once", key)
        if key in self.objects:
            return False
        body = source.read_bytes()
        assert hashlib.sha256(body).hexdigest() == sha256
        self.objects[key], self.locked[key] = body, retain_until
        return True

    def describe(self, key: str) -> StoredObject | None:
        if key not in self.objects:
            return None
        body, tier = self.objects[key], self.tiers.get(key, Tier.WARM)
        return StoredObject(
            key,
            len(body),
            hashlib.sha256(body).hexdigest(),
            self.locked.get(key),
            self.modes.get(key, "GOVERNANCE"),
            "v1",
            tier,
            self.replication.get(key),
        )

    def read(self, key: str) -> BinaryIO:
        self._called("read", key)
        if key not in self.objects:
            raise NotFound(f"there is no object {key}", code="NO_SUCH_OBJECT")
        if self.tiers.get(key) in {Tier.COLD, Tier.THAWING}:
            raise Conflict(f"{key} is in Glacier", code="ARCHIVE_COLD")
        return io.BytesIO(self.objects[key])

    def keys_below(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def versions_below(self, prefix: str) -> list[ObjectVersion]:
        extra = [version for version in self.other_versions if version.key.startswith(prefix)]
        hidden = {version.key for version in extra if version.latest}
        return [*extra, *(ObjectVersion(key, "v1", key not in hidden) for key in self.keys_below(prefix))]

    def thaw(self, key: str, days: int) -> None:
        self.tiers[key] = Tier.THAWING

    def protection(self) -> dict[str, Any]:
        return {"objectLock": {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}, "replication": None}


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
