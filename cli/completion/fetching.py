"""``python -m cli.completion.fetching ENV [ORG]`` fetches the names that a shell completes, and keeps them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from itertools import islice
from typing import Final

from bbws_access.errors import AccessError
from cli.completion.names import Names, cache_of
from cli.overrides import Overrides
from cli.session import Session

_AT_MOST: Final = 2_000
"""Names of a kind that are kept."""


def fetch(session: Session) -> None:
    """Writes the cache anew; raises as the services do."""
    from bbws_access.services.pages import every

    services, actor = session.services, session.actor
    found: dict[str, Names] = {
        "organisations": _first(
            (one.name, one.organisation_id) for one in every(lambda page: services.organisations.page(actor, page))
        )
    }
    if session.org_name is not None:
        org = session.org_id
        found |= {
            "users": _first((u.email, u.user_id) for u in every(lambda page: services.users.page(actor, org, page))),
            "roles": _first((r.name, r.role_id) for r in every(lambda page: services.roles.page(actor, org, page))),
            "teams": _first((t.name, t.team_id) for t in every(lambda page: services.teams.page(actor, org, page))),
            "teamRoles": _first(
                (r.name, r.team_role_id) for r in every(lambda page: services.team_roles.page(actor, org, page))
            ),
        }
    cache = cache_of(session)
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = cache.with_suffix(f".{os.getpid()}.part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    part.replace(cache)


def _first(names: Iterable[tuple[str, str]]) -> Names:
    return sorted(islice(names, _AT_MOST))


def main() -> None:
    """Fetches in silence: there is nobody to read an error."""
    env, org = [*sys.argv[1:], None][:2] if len(sys.argv) > 1 else (None, None)
    session = Session(Overrides(env=env, org=org, quiet=True))
    session.hurried = True
    try:
        fetch(session)
    except AccessError:
        sys.exit(1)


if __name__ == "__main__":
    main()
