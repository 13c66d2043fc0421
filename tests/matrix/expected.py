"""The matrix: for each endpoint and each kind of caller the status of the answer, read off the catalogue.

Nothing here knows an endpoint by its name. What is expected follows from an endpoint's guard, permission,
capability and path alone; the product's grants, policy and services are what it judges.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from bbws_access.catalogue import Function, Guard


class Caller(StrEnum):
    """Who asks. All but the stranger and the platform's admin are of the organisation that is asked about."""

    NOBODY = "no token"
    EXPIRED = "expired token"
    STRANGER = "holds everything, in another organisation"
    WITHOUT = "without the permission"
    WITH = "with the permission"
    CAPABLE_INSIDE = "with the capability, in the team"
    CAPABLE_OUTSIDE = "with the capability, in another team"
    TEAM_ROLE_INSIDE = "with the permission in their teams, in the team"
    TEAM_ROLE_OUTSIDE = "with the permission in their teams, in another team"
    DEACTIVATED = "deactivated"
    PLATFORM_ADMIN = "platform admin"


OUTSIDE: Final = frozenset({Caller.CAPABLE_OUTSIDE, Caller.TEAM_ROLE_OUTSIDE})

CAPABLE: Final = frozenset({Caller.CAPABLE_INSIDE, Caller.CAPABLE_OUTSIDE})

_CREATES: Final = ("create", "add", "export")
"""Verbs of actions that are answered with 201."""


def expected(function: Function, caller: Caller) -> int:
    """The status of the answer to ``caller``, who asks for something that is there, in the right way."""
    done = 201 if function.action.split("-")[0] in _CREATES else 200
    if function.guard is Guard.PUBLIC:
        return done
    match caller:
        case Caller.NOBODY | Caller.EXPIRED:
            return 401
        case Caller.DEACTIVATED:
            return 403
        case Caller.PLATFORM_ADMIN:
            return done
    if function.guard is Guard.ANY or _is_open(function, caller):
        return done
    return 403


def _is_open(function: Function, caller: Caller) -> bool:
    match caller:
        case Caller.WITH:
            return True
        case Caller.CAPABLE_INSIDE:
            return function.capability is not None
        case Caller.CAPABLE_OUTSIDE:
            # What names no team shows what concerns the caller's own.
            return function.capability is not None and not in_a_team(function)
        case Caller.TEAM_ROLE_INSIDE:
            # A role that counts for teams opens what is about the team itself.
            return in_a_team(function) and str(function.permission).startswith("team:")
        case _:
            return False


def in_a_team(function: Function) -> bool:
    return "{teamId}" in str(function.path)
