"""A guided tour of a running platform: each command as it would be typed, then what it prints."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bbws_access.errors import AccessError
from cli.render import Renderer

_ACCOUNTS = "tour-accounts.json"


def keep_account(folder: Path, email: str, password: str) -> None:
    """Remembers how to sign in as somebody whom a tour invited; for its own user's eyes only."""
    accounts = _accounts(folder) | {email: password}
    part = folder / f"{_ACCOUNTS}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(accounts, file)
    part.replace(folder / _ACCOUNTS)


def password_of(folder: Path, email: str) -> str | None:
    """The password that a tour gave to ``email``; ``None`` for everybody else."""
    return _accounts(folder).get(email)


def _accounts(folder: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((folder / _ACCOUNTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


class Tour:
    """Runs the product's own commands, each in a process of its own, in the environment ``env``.

    ``state`` is where its accounts are remembered.
    """

    def __init__(self, show: Renderer, env: str, state: Path) -> None:
        self._show = show
        self._state = state
        # A tour can be taken again: its names do not collide with those of the last one.
        self._suffix = secrets.token_hex(2)
        self._password = f"Tour-{secrets.token_urlsafe(16)}-1a"
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "BBWS_ACCESS_ORG"},
            "BBWS_ACCESS_ENV": env,
            "BBWS_ACCESS_PASSWORD": self._password,
        }

    def run(self, folder: Path) -> Path:
        """Leaves the audit trail of what it did in ``folder``; raises :class:`AccessError` where a step fails."""
        folder.mkdir(parents=True, exist_ok=True)
        org, email = f"Acme {self._suffix}", f"thandi.{self._suffix}@example.com"
        trail = folder / "tour-audit.csv"
        self._step("The platform's permissions and roles", "table", "seed")
        self._step("An organisation, with its default roles", "orgs", "create", org)
        self._step("Somebody is invited to run it", "users", "invite", email, "--org", org, "--role", "ORG_ADMIN")
        self._step("The email that they got", "local", "mail", "--to", email)
        self._step(
            "They accept", "invitations", "accept", self._link(email), "--first-name", "Thandi", "--last-name", "Nkosi"
        )
        keep_account(self._state, email, self._password)
        self._step("And are a member", "users", "show", email, "--org", org)
        self._step("The trail of it all", "audit", "query", "--org", org)
        again = ["--overwrite"] if trail.exists() else []
        self._step(
            "As a file, for an auditor", "audit", "export", "--org", org, "--format", "csv", "--to", str(trail), *again
        )
        self._farewell(org, email)
        return trail

    def _step(self, title: str, *words: str) -> None:
        self._show.chapter(title, f"$ {shlex.join(['bbws-access', *words])}")
        done = self._call(words, capture=False)
        if done.returncode != 0:
            raise AccessError(f"the tour stopped: {words[0]} {words[1]} failed", hint="bbws-access env status")

    def _link(self, email: str) -> str:
        answer = self._call(["local", "mail", "--to", email, "--output", "json"], capture=True)
        if answer.returncode != 0:
            raise AccessError("the tour stopped: the email could not be read", hint="bbws-access local mail")
        link: str = json.loads(answer.stdout)["items"][-1]["links"][0]
        return link

    def _call(self, words: Sequence[str], *, capture: bool) -> subprocess.CompletedProcess[str]:
        sys.stdout.flush()
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *words],
            env=self._environment,
            stdout=subprocess.PIPE if capture else None,
            text=True,
            check=False,
        )

    def _farewell(self, org: str, email: str) -> None:
        quoted = shlex.quote(org)
        self._show.chapter(
            "What to try next",
            f"bbws-access users invite you@example.com --org {quoted} --role SITE_VIEWER",
            f"bbws-access roles list --org {quoted}",
            f"bbws-access audit query --org {quoted} --since 1h --output json",
            f"bbws-access api call GET /organisations/{{orgId}}/roles --org {quoted} --as {email}",
            "bbws-access env status local",
            "bbws-access env down local       # its data stays; env up brings it back",
        )
