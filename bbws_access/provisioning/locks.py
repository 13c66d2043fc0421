"""Terraform's lock on a state: whose it is, and since when."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bbws_access.errors import Conflict, ProvisioningFailed

LOCK_INFO: Final = ".terraform.tfstate.lock.info"
"""Where Terraform writes who holds the lock of a state that is a file."""

LOCK_SUFFIX: Final = ".tflock"
"""What S3's own lock is called: the state's key with this behind it."""

_FIELD: Final = re.compile(r"^\s*(ID|Operation|Who|Created):\s*(.*?)\s*$", re.MULTILINE)
_OPERATIONS: Final = {
    "OperationTypeApply": "an apply",
    "OperationTypePlan": "a plan",
    "OperationTypeRefresh": "a refresh",
}


@dataclass(frozen=True, slots=True)
class Lock:
    """``created`` is as Terraform writes it: a time in UTC, with nanoseconds."""

    lock_id: str
    operation: str
    who: str
    created: str

    @property
    def held_for(self) -> str:
        return _OPERATIONS.get(self.operation, self.operation or "an unknown operation")

    @property
    def since(self) -> str:
        """The time to the second, in ISO 8601."""
        return re.sub(r"^(\S+)[ T](\d\d:\d\d:\d\d).*$", r"\1T\2Z", self.created)

    def told(self) -> str:
        """One phrase: for what, by whom, since when."""
        return f"for {self.held_for} by {self.who or 'somebody'} since {self.since or 'an unknown time'}"


class StateLocked(Conflict):
    """Somebody else is changing the environment, or died while doing so."""

    default_code = "STATE_LOCKED"


def locked(lock: Lock) -> StateLocked:
    """The error of whoever wanted the lock."""
    return StateLocked(
        f"the state is locked {lock.told()}",
        hint="wait for it, or, where it has died: bbws-access env unlock",
        details={"lock": {"id": lock.lock_id, "operation": lock.operation, "who": lock.who, "created": lock.created}},
    )


@contextmanager
def looked_at(find: Callable[[], Lock | None]) -> Iterator[None]:
    """For whoever may not write, and so takes no lock: ``find`` says who holds it, before and afterwards.

    Raises :class:`StateLocked` where somebody does. An apply that begins and ends in between is not seen.
    """
    require_unlocked(find())
    yield
    require_unlocked(find())


def require_unlocked(lock: Lock | None) -> None:
    """Raises :class:`StateLocked` where there is one."""
    if lock is not None:
        raise locked(lock)


def from_text(detail: str) -> Lock | None:
    """From Terraform's own message; ``None`` where it names no lock."""
    found = dict(_FIELD.findall(detail))
    if not found.get("ID"):
        return None
    return Lock(found["ID"], found.get("Operation", ""), found.get("Who", ""), found.get("Created", ""))


def from_json(text: str | bytes) -> Lock:
    """From the lock's own file; raises :class:`ProvisioningFailed` for anything else."""
    try:
        found = json.loads(text)
        return Lock(*(str(found.get(name) or "") for name in ("ID", "Operation", "Who", "Created")))
    except (ValueError, AttributeError, RecursionError) as error:
        raise ProvisioningFailed("the lock's own record cannot be read", code="STATE_LOCK_UNREADABLE") from error


def of_file(state: Path) -> Lock | None:
    """The lock of a state that is a file, where a living process holds it.

    What a killed process leaves beside it holds nothing: the operating system let go of it.
    """
    try:
        with state.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return _recorded(state) or Lock("", "", "", "")
            fcntl.lockf(file, fcntl.LOCK_UN)
    except FileNotFoundError:
        return None
    return None


def _recorded(state: Path) -> Lock | None:
    try:
        return from_json((state.parent / LOCK_INFO).read_bytes())
    except (OSError, ProvisioningFailed):
        return None


def of_bucket(s3: Any, bucket: str, key: str) -> Lock | None:
    """The lock of a state in S3. ``s3`` is a boto3 client; its errors are the caller's to translate."""
    try:
        return from_json(s3.get_object(Bucket=bucket, Key=f"{key}{LOCK_SUFFIX}")["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None
