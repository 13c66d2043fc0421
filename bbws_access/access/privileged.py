"""Which rights are privileged: those with which somebody could give themselves or others more, or cover it up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bbws_access.access.grants import EVERYTHING
from bbws_access.access.rights import known_permissions
from bbws_access.models.kinds import Capability

PRIVILEGED: Final = frozenset(
    {
        "role:create", "role:update", "role:delete", "role:assign",  # what others may do
        "permission:create", "permission:update", "team:role:manage",
        "team:member:add", "org:user:manage", "invitation:create",  # who gets in
        "user:create", "user:update", "user:delete",
        "org:create", "org:update", "org:delete", "org:hierarchy:manage",  # the tenant itself
        "audit:export",  # a copy of everything that anybody did
    }
)  # fmt: skip
"""Permissions of the contract's list; reading is none of them, and neither is the work on sites."""

PRIVILEGED_CAPABILITIES: Final = frozenset({Capability.MANAGE_MEMBERS.value})
"""Of a seat in a team: who comes into it."""


def privileged(granted: Iterable[str]) -> tuple[str, ...]:
    """Those of ``granted``, grants or capabilities, that are privileged; wildcards resolved, sorted."""
    given = frozenset(granted)
    if EVERYTHING in given:
        return (EVERYTHING,)
    return tuple(sorted((known_permissions(given) & PRIVILEGED) | (given & PRIVILEGED_CAPABILITIES)))
