"""Who may call what: the expected status of each kind of caller, from the catalogue alone."""

from __future__ import annotations

from enum import StrEnum

from bbws_access.catalogue import Function, Guard
from bbws_access.openapi.contracts import CONTRACTS


class Caller(StrEnum):
    NO_TOKEN = "no token"
    EXPIRED = "expired token"
    STRANGER = "member of another organisation, with everything there"
    WITHOUT = "member without the permission"
    WITH = "member with the permission"
    INSIDE = "leads the team, and holds no role"
    OUTSIDE = "leads another team, and holds no role"
    DEACTIVATED = "deactivated, with everything"
    PLATFORM_ADMIN = "platform admin"


def expected(function: Function, caller: Caller) -> int:
    """The status; a success is the one that the contract of the endpoint names."""
    success = CONTRACTS[function.name].status
    if function.guard is Guard.PUBLIC:
        return success
    if caller in {Caller.NO_TOKEN, Caller.EXPIRED}:
        return 401
    if caller is Caller.DEACTIVATED:
        return 403
    if function.guard is Guard.ANY or caller in {Caller.WITH, Caller.PLATFORM_ADMIN}:
        return success
    if function.capability is None:
        return 403
    if caller is Caller.INSIDE:
        return success
    # Without a team in the path, a capability opens what concerns the caller's own teams.
    own_teams = caller is Caller.OUTSIDE and "{teamId}" not in (function.path or "")
    return success if own_teams else 403
