"""What a change would do to what people may do, said before it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bbws_access.errors import Denied
from bbws_access.wording import number_of

if TYPE_CHECKING:
    from bbws_access.bootstrap import Services
    from bbws_access.models.access_impact import Impact
    from cli.session import Session

MOST_PEOPLE: Final = 200
"""Whom a command looks at before it makes a change: at four requests each, some seconds."""

_MOST_TOLD: Final = 3


def foretell(session: Session, act: Callable[[Services], object]) -> None:
    """Says on stderr who gains and who loses what by ``act``; raises what ``act`` will."""
    if session.show.quiet:
        return
    try:
        session.show.note(told(impact_of(session, act, MOST_PEOPLE)))
    except Denied as error:
        if error.details.get("permission") not in {"user:read", "role:read", "team:read"}:
            raise
        session.show.note(f"Who gains or loses by this cannot be told: {error.message}.")


def impact_of(session: Session, act: Callable[[Services], object], at_most: int | None = None) -> Impact:
    """Of ``act``, which is rehearsed and not done; ``at_most`` bounds whom it looks at."""
    from bbws_access.bootstrap import Services
    from bbws_access.rehearsal import rehearsed
    from bbws_access.services.access_impact import AccessImpact
    from bbws_access.store.journal import Journal

    journal = Journal()
    services = Services(rehearsed(session.world, journal))
    act(services)
    impact = AccessImpact(session.world.table, services.table, session.world.clock)
    return impact.of(session.actor, session.org_id, journal.events, at_most)


def told(impact: Impact) -> str:
    """In a line: ``2 users gain site:backup; 1 user loses site:read in team Web.``"""
    if not impact.shifts:
        found = "Nobody gains or loses anything by this."
    else:
        parts = [*_parts("gain", [s.gains for s in impact.shifts]), *_parts("lose", [s.loses for s in impact.shifts])]
        calls = sum(1 for shift in impact.shifts if shift.opens or shift.closes)
        parts += [f"what {number_of(calls, 'user')} may call changes"] if calls and not parts else []
        found = f"{'; '.join(parts)}."
    return found if impact.complete else f"Of the first {number_of(impact.looked_at, 'user')}: {found}"


def _parts(verb: str, sides: list[tuple[str, ...]]) -> list[str]:
    """The same for all is said once."""
    groups = Counter(side for side in sides if side)
    said = [
        f"{number_of(count, 'user')} {verb}{'s' if count == 1 else ''} {_shortened(what)}"
        for what, count in groups.most_common(_MOST_TOLD)
    ]
    rest = sum(groups.values()) - sum(count for _, count in groups.most_common(_MOST_TOLD))
    return said + ([f"{number_of(rest, 'other')} {verb}{'s' if rest == 1 else ''} something else"] if rest else [])


def _shortened(what: tuple[str, ...]) -> str:
    more = len(what) - _MOST_TOLD
    return ", ".join(what[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
