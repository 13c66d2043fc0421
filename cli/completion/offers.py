"""What a parameter is completed to, for ``autocompletion=`` of an argument or an option.

It is read when the index is made; the answer itself is given without Typer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

MARK: Final = "names of "
"""What stands before a kind, instead of a word that could be typed."""

Offer = Callable[[], list[str]]


def _names_of(kind: str) -> Offer:
    return lambda: [MARK + kind]


organisations = _names_of("organisations")
users = _names_of("users")
roles = _names_of("roles")
teams = _names_of("teams")
team_roles = _names_of("teamRoles")
contexts = _names_of("contexts")


def environments() -> Iterable[str]:
    """Those that are configured."""
    from bbws_access.provisioning.settings import names

    return sorted(names())


def permissions() -> Iterable[str]:
    """The platform's; an organisation has none of its own."""
    from bbws_access.defaults import PERMISSIONS

    return sorted(known.id for known in PERMISSIONS)
