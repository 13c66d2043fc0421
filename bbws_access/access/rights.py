"""All that an actor may do in their organisation, spelt out: permissions and capabilities, and endpoints.

What is decided of a request is decided elsewhere; this lists what would be, from the same rules.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from bbws_access.access.actor import Actor
from bbws_access.access.grants import EVERYTHING, covers
from bbws_access.access.policy import open_with, opened_in_team
from bbws_access.catalogue import ENDPOINTS
from bbws_access.defaults import PERMISSIONS
from bbws_access.models.kinds import Capability

_ENDPOINTS = {function.name: f"{function.method} {function.path}" for function in ENDPOINTS}


class Right(NamedTuple):
    """Something that may be done: in the whole organisation, or where ``team_id`` is one, in that team only."""

    what: str
    team_id: str | None = None


def rights_of(actor: Actor) -> frozenset[Right]:
    """Every permission of the platform that is held, wildcards resolved, and each team's capabilities."""
    everywhere = _spelt_out(_held(actor))
    inside = _spelt_out(actor.team_permissions) - everywhere
    found = {Right(one) for one in everywhere}
    for team_id, capabilities in actor.team_capabilities.items():
        found |= {Right(one, team_id) for one in {*inside, *capabilities} - everywhere}
    return frozenset(found)


def endpoints_of(actor: Actor) -> frozenset[Right]:
    """Every endpoint that is open, as ``GET /v1/…``; what is open to anybody who is signed in, too."""
    own = open_with(_held(actor))
    found = {Right(_ENDPOINTS[name]) for name in own}
    for team_id, capabilities in actor.team_capabilities.items():
        found |= {Right(_ENDPOINTS[name], team_id) for name in opened_in_team(actor, capabilities, own)}
    return frozenset(found)


@lru_cache(maxsize=1024)
def known_permissions(grants: frozenset[str]) -> frozenset[str]:
    """The platform's permissions that ``grants`` cover."""
    return frozenset(known.id for known in PERMISSIONS if covers(grants, known.id))


def _spelt_out(grants: frozenset[str]) -> frozenset[str]:
    """Who is granted everything lacks no capability either."""
    return known_permissions(grants) | (frozenset(Capability) if EVERYTHING in grants else frozenset())


def _held(actor: Actor) -> frozenset[str]:
    return frozenset() if actor.organisation_id is None else actor.held_in(actor.organisation_id)
