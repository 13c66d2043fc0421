"""The world of a command, watched; or of its dry run, in which nothing can change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bbws_access.audit_storage import AuditStorage
from bbws_access.bootstrap import World
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
        audit_storage=_ReadOnlyStorage(world.audit_storage),
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


class _ReadOnlyStorage:
    """The audit bucket without the calls that write to it."""

    def __init__(self, storage: AuditStorage) -> None:
        self._storage = storage
        self.bucket = storage.bucket

    def thaw(self, key: str, days: int) -> None:
        del days
        raise _refused(f"thaw {key}")

    def protection(self) -> dict[str, Any]:
        return self._storage.protection()

    def versions_below(self, prefix: str) -> Any:
        return self._storage.versions_below(prefix)

    def put_export(self, key: str, source: Path, content_type: str, sha256: str) -> None:
        del source, content_type, sha256
        raise _refused(f"write {key}")

    def put_once(self, key: str, source: Path, content_type: str, sha256: str, retain_until: datetime) -> bool:
        del source, content_type, sha256, retain_until
        raise _refused(f"write {key}")

    def link(self, key: str, lasts: timedelta) -> str:
        return self._storage.link(key, lasts)

    def describe(self, key: str) -> Any:
        return self._storage.describe(key)

    def read(self, key: str) -> Any:
        return self._storage.read(key)

    def keys_below(self, prefix: str) -> Any:
        return self._storage.keys_below(prefix)


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
