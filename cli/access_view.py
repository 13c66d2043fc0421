"""What somebody holds, as it is shown to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bbws_access.models.effective_access import EffectiveAccess, Grant
    from cli.session import Session


_RESTS: Final[Mapping[str, str]] = {
    "TAKEN": "taken away",
    "INACTIVE": "deactivated",
    "TEAM_INACTIVE": "the team is deactivated",
    "GONE": "not there any more",
}


_DENIED: Final[Mapping[str, str]] = {
    "USER_NOT_FOUND": "no member",
    "USER_INACTIVE": "the member is deactivated",
    "ORG_ACCESS_DENIED": "the organisation is deactivated",
}


def show_held(session: Session, held: EffectiveAccess, where: str) -> None:
    """A tree by what gives it; ``where`` follows the address."""
    session.show.parts((held.email, "bold"), (f" {where}", None))
    if held.denied is not None:
        session.show.parts(
            ("  turned away: ", "red"), (held.denied, None), (f"  {_DENIED.get(held.denied, '')}", "dim")
        )
    elif not held.grants:
        session.show.note("They hold no role and sit in no team.")
    for grant in held.grants:
        _show_grant(session, grant)


def _show_grant(session: Session, grant: Grant) -> None:
    pieces: list[tuple[str, Any]] = [("  ", None), (grant.where, None if grant.rests else "bold")]
    session.show.parts(*pieces, (f"  {given(grant)}", "dim"))
    if grant.rests is not None:
        session.show.parts((f"    gives nothing: {_RESTS.get(grant.rests, grant.rests)}", "yellow"))
    for right in grant.yields:
        session.show.parts((f"    {right}", None))


def given(grant: Grant) -> str:
    """By whom and when; of what only later events speak, it is not known."""
    return f"given by {grant.given_by}" + (f" on {grant.given_at[:10]}" if grant.given_at else "")
