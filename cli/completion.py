"""Names that a shell completes: read from a cache at once, and fetched beside that, so that nobody waits for a key.

``python -m cli.completion ENV [ORG]`` fetches them. A name that a shell would not take as one plain word is
not offered, its id is: nothing that somebody was called can become a command.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from bbws_access.errors import AccessError
from cli.options import Overrides

if TYPE_CHECKING:
    from cli.session import Session

_FRESH: Final = 60.0
"""Seconds for which names are taken from the cache without being fetched anew."""

_FETCHING: Final = 30.0
"""Seconds within which nobody else begins to fetch."""

_AT_MOST: Final = 2_000
"""Names of a kind that are kept."""

_PLAIN: Final = re.compile(r"[\w@.+%:][\w@.+%:-]*")

Names = list[tuple[str, str]]
"""Of each thing its name and its id."""


def organisations(context: typer.Context, incomplete: str) -> list[str]:
    return _offered(context, incomplete, "organisations")


def users(context: typer.Context, incomplete: str) -> list[str]:
    return _offered(context, incomplete, "users")


def roles(context: typer.Context, incomplete: str) -> list[str]:
    return _offered(context, incomplete, "roles")


def teams(context: typer.Context, incomplete: str) -> list[str]:
    return _offered(context, incomplete, "teams")


def team_roles(context: typer.Context, incomplete: str) -> list[str]:
    return _offered(context, incomplete, "teamRoles")


def _offered(context: typer.Context, incomplete: str, kind: str) -> list[str]:
    from cli.session import Session

    def given(name: str) -> Any:
        return context.params.get(name) or context.find_root().params.get(name)

    try:
        session = Session(Overrides(env=given("env"), org=given("org")))
        cache = _cache(session)
        if _age(cache) > _FRESH:
            _fetch_beside(session, cache)
        found: Names = json.loads(cache.read_text(encoding="utf-8"))[kind]
        words = [name if _PLAIN.fullmatch(name) else thing_id for name, thing_id in found]
    except (AccessError, OSError, ValueError, KeyError, TypeError):
        return []
    return [word for word in words if _PLAIN.fullmatch(word) and word.startswith(incomplete)]


def _cache(session: Session) -> Path:
    digest = hashlib.sha256((session.org_name or "").encode()).hexdigest()[:16]
    return session.env_dir / "names" / f"{digest}.json"


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")


def _fetch_beside(session: Session, cache: Path) -> None:
    """In a process of its own, which nobody waits for."""
    begun = cache.with_suffix(".fetching")
    if _age(begun) < _FETCHING:
        return
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    begun.touch()
    import subprocess

    subprocess.Popen(
        [sys.executable, "-m", "cli.completion", session.env, *filter(None, [session.org_name])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def fetch(session: Session) -> None:
    """Writes the cache anew; raises as the services do."""
    from bbws_access.services.pages import every

    services, actor = session.services, session.actor
    found: dict[str, Names] = {
        "organisations": _kept(
            (one.name, one.organisation_id) for one in every(lambda page: services.organisations.page(actor, page))
        )
    }
    if session.org_name is not None:
        org = session.org_id
        found |= {
            "users": _kept((u.email, u.user_id) for u in every(lambda page: services.users.page(actor, org, page))),
            "roles": _kept((r.name, r.role_id) for r in every(lambda page: services.roles.page(actor, org, page))),
            "teams": _kept((t.name, t.team_id) for t in every(lambda page: services.teams.page(actor, org, page))),
            "teamRoles": _kept(
                (r.name, r.team_role_id) for r in every(lambda page: services.team_roles.page(actor, org, page))
            ),
        }
    cache = _cache(session)
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = cache.with_suffix(f".{os.getpid()}.part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    part.replace(cache)


def _kept(names: Iterable[tuple[str, str]]) -> Names:
    return sorted(islice(names, _AT_MOST))


def main() -> None:
    """Fetches in silence: there is nobody to read an error."""
    from cli.session import Session

    env, org = [*sys.argv[1:], None][:2] if len(sys.argv) > 1 else (None, None)
    session = Session(Overrides(env=env, org=org, quiet=True))
    session.hurried = True
    try:
        fetch(session)
    except AccessError:
        sys.exit(1)


if __name__ == "__main__":
    main()
