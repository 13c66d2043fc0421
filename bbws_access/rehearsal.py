"""The world of a command, watched; or of its dry run, in which nothing can change."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from bbws_access.audit_storage import AuditStorage, StoredObject
from bbws_access.bootstrap import World
from bbws_access.clock import iso
from bbws_access.directory import Account, Directory
from bbws_access.errors import Refused
from bbws_access.mail import Mail
from bbws_access.store.journal import Journal, JournalledTable
from bbws_access.store.rehearsal import RehearsalTable


def watched(world: World, journal: Journal) -> World:
    """The same world; ``journal`` gets what is written in it."""
    return replace(world, table=JournalledTable(world.table, journal))


def rehearsed(world: World, journal: Journal) -> World:
    """A world that reads as ``world`` does and changes nothing; ``journal`` gets what would have changed."""
    return replace(
        world,
        table=RehearsalTable(world.table, journal),
        mailer=_UnsentMail(journal),
        directory=_UntouchedDirectory(world.directory, journal),
        audit_storage=_RehearsedStorage(world.audit_storage, journal),
    )


class _UnsentMail:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def send(self, mail: Mail) -> None:
        self._journal.beside.append(f"email to {mail.to}: {mail.subject}")


class _UntouchedDirectory:
    """Finds the accounts that are there, and those that would be made."""

    def __init__(self, directory: Directory, journal: Journal) -> None:
        self._directory = directory
        self._journal = journal
        self._made: dict[str, Account] = {}

    def find(self, email: str) -> Account | None:
        return self._made.get(email) or self._directory.find(email)

    def create(self, email: str, organisation_id: str, first_name: str, last_name: str) -> Account:
        del first_name, last_name
        there = self.find(email)
        if there is not None:
            return there
        self._note("create", email)
        self._made[email] = Account("(a new user's id)", email, organisation_id, confirmed=False)
        return self._made[email]

    def set_password(self, account: Account, password: str) -> None:
        del password
        self._note("set the password of", account.email)

    def delete(self, account: Account) -> None:
        self._note("delete", account.email)

    def enable(self, account: Account) -> None:
        self._note("enable", account.email)

    def disable(self, account: Account) -> None:
        self._note("disable", account.email)

    def _note(self, verb: str, email: str) -> None:
        self._journal.beside.append(f"{verb} the account {email}")


class _RehearsedStorage:
    """The audit bucket, over which lies what would have been written to it: that is kept in a folder that goes away."""

    def __init__(self, storage: AuditStorage, journal: Journal) -> None:
        self._storage = storage
        self._journal = journal
        self._written: dict[str, StoredObject] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="bbws-access-")
        self.bucket, self.lock_mode = storage.bucket, storage.lock_mode

    def thaw(self, key: str, days: int) -> None:
        self._journal.beside.append(f"thaw s3://{self.bucket}/{key} for {days} days")

    def protection(self) -> dict[str, Any]:
        return self._storage.protection()

    def versions_below(self, prefix: str) -> Any:
        return self._storage.versions_below(prefix)

    def put_export(self, key: str, source: Path, content_type: str, sha256: str) -> None:
        del content_type
        self._write(key, source, sha256, None)

    def put_once(self, key: str, source: Path, content_type: str, sha256: str, retain_until: datetime) -> bool:
        del content_type
        if self.describe(key) is not None:
            return False
        self._write(key, source, sha256, retain_until)
        return True

    def _write(self, key: str, source: Path, sha256: str, until: datetime | None) -> None:
        size = source.stat().st_size
        shutil.copyfile(source, self._place(key))
        self._written[key] = StoredObject(key, size, sha256, until)
        locked = "" if until is None else f", locked until {iso(until)}"
        self._journal.beside.append(f"write s3://{self.bucket}/{key}: {size} bytes{locked}")

    def _place(self, key: str) -> Path:
        return Path(self._folder.name) / hashlib.sha256(key.encode()).hexdigest()

    def link(self, key: str, lasts: timedelta) -> str:
        return self._storage.link(key, lasts)

    def describe(self, key: str) -> StoredObject | None:
        return self._written.get(key) or self._storage.describe(key)

    def read(self, key: str) -> BinaryIO:
        return self._place(key).open("rb") if key in self._written else self._storage.read(key)

    def keys_below(self, prefix: str) -> list[str]:
        new = [key for key in self._written if key.startswith(prefix)]
        return sorted({*self._storage.keys_below(prefix), *new})


READING = ("BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan", "AdminGet", "AdminList")
"""How the names of AWS operations begin that change nothing."""


def refuse_writes(client: Any) -> None:
    """From now on, a boto3 client sends nothing that could change something; it raises :class:`Refused` instead."""
    client.meta.events.register_first("before-parameter-build.*.*", _refuse_write)


def _refuse_write(model: Any, **_: Any) -> None:
    if not str(model.name).startswith(READING):
        raise _refused(f"call {model.name}")


def _refused(what: str) -> Refused:
    return Refused(f"this is a dry run: it does not {what}", code="DRY_RUN")
