"""From a user's id to the actor they are: two round trips, however many roles and teams they have.

1. One query of GSI3 finds the user's profiles, role assignments and team memberships.
2. One consistent batch read fetches the profile, the organisation, the definitions of the roles and team roles,
   and the teams; beyond 98 of these, of which none is remembered yet, it takes another one beside it.

The profile is always read anew and consistently, so that deactivating a user takes effect at the next
decision. The organisation, definitions of roles, and teams are kept in memory for :data:`DEFINITIONS_LAST`.

This is on the cold path of every request: it works on plain items and imports no models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.access.grants import GRANT_PATTERN
from bbws_access.clock import Clock
from bbws_access.errors import Denied
from bbws_access.keys import PLATFORM, Keys
from bbws_access.store.table import Item, Query, Table

DEFINITIONS_LAST: Final = timedelta(seconds=30)

_CLOSED: Final = "ORG_ACCESS_DENIED"

_KeyPair = tuple[str, str]


class Rests(StrEnum):
    """Why something that a user was given gives them nothing."""

    TAKEN = "TAKEN"
    """The assignment or the membership is not active."""
    INACTIVE = "INACTIVE"
    """The role or the team role was deactivated."""
    TEAM_INACTIVE = "TEAM_INACTIVE"
    """The team was deactivated."""
    GONE = "GONE"
    """There is no such role, or no such team."""


@dataclass(frozen=True, slots=True)
class Source:
    """A role that is assigned, or a seat in a team, and what comes of it.

    ``given`` is the assignment's or the membership's item, ``definition`` that of the role or the team role, where
    there is one. ``reach`` is ``PLATFORM``, ``ORGANISATION``, ``TEAM`` (inside the user's teams), or ``SEAT``
    (inside the one team, for ``yields`` are capabilities then). ``rests`` is why ``yields`` is empty.
    """

    given: Item
    definition: Item | None
    reach: str
    yields: frozenset[str] = frozenset()
    rests: Rests | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """The actor, which roles made them so, and all that they were ever given."""

    actor: Actor
    role_ids: tuple[str, ...]
    sources: tuple[Source, ...] = ()


class PrincipalLoader:
    """Loads principals; one instance lives as long as its process and keeps role definitions."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._definitions: dict[_KeyPair, tuple[datetime, Item]] = {}

    def load(
        self,
        user_id: str,
        organisation_id: str | None,
        origin: Origin | None = None,
        *,
        or_elsewhere: bool = False,
    ) -> Principal:
        """``organisation_id`` is the tenant that the token names, where it names one.

        With ``or_elsewhere``, whoever was deactivated there, or whose organisation was, and is active in another one
        acts in that: an account keeps the tenant that it was made for, also when its owner goes to another.

        Raises :class:`Denied`: ``USER_NOT_FOUND`` for somebody without a profile in that organisation;
        ``USER_INACTIVE`` for one who was deactivated, and ``ORG_ACCESS_DENIED`` where the organisation was, both
        with the profile's ``organisationId`` and ``email``.
        """
        held = list(self._table.query_all(Query(keys.everything_of_user(user_id), index=3)))
        org_id = organisation_id or _home(held)
        if org_id is None:
            raise Denied("this account belongs to no organisation", code="USER_NOT_FOUND")
        first, *others = _still_open(held, org_id) if or_elsewhere else [org_id]
        try:
            return self._load_in(first, user_id, held, origin, beside=others)
        except Denied as denied:
            open_ones = (other for other in others if self._is_open(other))
            elsewhere = next(open_ones, None) if denied.code == _CLOSED else None
            if elsewhere is None:
                raise
        return self._load_in(elsewhere, user_id, held, origin)

    def _load_in(
        self, org_id: str, user_id: str, held: list[Item], origin: Origin | None, beside: Iterable[str] = ()
    ) -> Principal:
        """The organisations ``beside`` it are read with it, for :meth:`_is_open`."""
        assignments = [i for i in held if _is(i, keys.ROLE_PREFIX) and i["organisationId"] in {org_id, PLATFORM}]
        memberships = [i for i in held if _is(i, keys.MEMBER_PREFIX) and i["organisationId"] == org_id]
        profile_key = keys.user_key(org_id, user_id)
        seats = [m for m in memberships if m.get("active", True)]
        definitions = self._read(
            profile_key,
            [keys.organisation_key(one) for one in (org_id, *beside)],
            [keys.role_key(a["organisationId"], a["roleId"]) for a in assignments if a.get("active", True)],
            [keys.team_role_key(org_id, m["teamRoleId"]) for m in seats],
            [keys.team_key(org_id, m["teamId"]) for m in seats],
        )
        profile = definitions.get(_pair(profile_key))
        if profile is None:
            raise Denied("this account does not belong to the organisation", code="USER_NOT_FOUND")
        who = {"organisationId": org_id, "email": str(profile["email"])}
        if not profile.get("active", False):
            raise Denied("this account has been deactivated", code="USER_INACTIVE", details=who)
        if not self._is_open(org_id):
            raise Denied("this organisation has been deactivated", code=_CLOSED, details=who)
        return principal_of(profile, org_id, assignments, memberships, definitions, origin or Origin())

    def _is_open(self, org_id: str) -> bool:
        """Of an organisation that was just read."""
        _, organisation = self._definitions.get(_pair(keys.organisation_key(org_id)), (None, {}))
        return bool(organisation.get("active", True))

    def _read(self, profile: Keys, *definitions: Iterable[Keys]) -> dict[_KeyPair, Item]:
        now = self._clock.now()
        wanted = {_pair(key): key for group in definitions for key in group}
        fresh = {
            pair: self._definitions[pair][1]
            for pair in wanted
            if pair in self._definitions and now - self._definitions[pair][0] < DEFINITIONS_LAST
        }
        missing = [key for pair, key in wanted.items() if pair not in fresh]
        found = {_pair(item): item for item in self._table.get_many([profile, *missing])}
        self._definitions = {
            pair: entry for pair, entry in self._definitions.items() if now - entry[0] < DEFINITIONS_LAST
        } | {pair: (now, item) for pair, item in found.items() if pair != _pair(profile)}
        return fresh | found


def principal_of(
    profile: Item,
    org_id: str,
    assignments: list[Item],
    memberships: list[Item],
    definitions: Mapping[_KeyPair, Item],
    origin: Origin,
) -> Principal:
    """``definitions`` has the items of roles, team roles and teams; what is not among them gives nothing."""

    def defined(key: Keys) -> Item | None:
        return definitions.get(_pair(key))

    sources = (
        *(_of_role(a, defined(keys.role_key(a["organisationId"], a["roleId"]))) for a in assignments),
        *(
            _of_seat(
                m, defined(keys.team_role_key(org_id, m["teamRoleId"])), defined(keys.team_key(org_id, m["teamId"]))
            )
            for m in memberships
        ),
    )
    granted: dict[str, set[str]] = {"PLATFORM": set(), "ORGANISATION": set(), "TEAM": set()}
    role_ids: list[str] = []
    capabilities: dict[str, frozenset[str]] = {}
    for source in sources:
        if source.rests is not None:
            continue
        if source.reach == "SEAT":
            capabilities[str(source.given["teamId"])] = source.yields
        else:
            role_ids.append(str(source.given["roleId"]))
            granted[source.reach] |= source.yields
    actor = Actor(
        id=str(profile["userId"]),
        email=str(profile["email"]),
        kind=ActorKind.USER,
        organisation_id=org_id,
        permissions=frozenset(granted["ORGANISATION"]),
        platform_permissions=frozenset(granted["PLATFORM"]),
        team_permissions=frozenset(granted["TEAM"]),
        team_capabilities=capabilities,
        origin=origin,
    )
    return Principal(actor, tuple(sorted(role_ids)), sources)


def _of_role(assignment: Item, role: Item | None) -> Source:
    rests = _rests(assignment, role)
    if role is None or rests is not None:
        return Source(assignment, role, str(assignment.get("scope", "")), rests=rests)
    return Source(assignment, role, _reach(assignment, role), frozenset(_grants(role)))


def _of_seat(membership: Item, team_role: Item | None, team: Item | None) -> Source:
    rests = _rests(membership, team_role)
    if rests is None:
        rests = Rests.GONE if team is None else None if team.get("active", False) else Rests.TEAM_INACTIVE
    if team_role is None or rests is not None:
        return Source(membership, team_role, "SEAT", rests=rests)
    return Source(membership, team_role, "SEAT", frozenset(team_role.get("capabilities", ())))


def _rests(given: Item, definition: Item | None) -> Rests | None:
    if not given.get("active", True):
        return Rests.TAKEN
    if definition is None:
        return Rests.GONE
    return None if definition.get("active", False) else Rests.INACTIVE


def _reach(assignment: Item, role: Item) -> str:
    """The narrower of where the role was given and what its item claims; of what is no scope, the narrowest."""
    scope = role.get("scope")
    if scope not in {"PLATFORM", "ORGANISATION"}:
        return "TEAM"
    return "PLATFORM" if scope == "PLATFORM" and assignment["organisationId"] == PLATFORM else "ORGANISATION"


def _grants(role: Item) -> set[str]:
    """What is not a grant, however it came into the table, gives nothing."""
    return {str(grant) for grant in role.get("permissions", ()) if GRANT_PATTERN.match(str(grant))}


def _home(held: Iterable[Item]) -> str | None:
    """The organisation of a token that names none: that of the oldest profile, which the account was made for."""
    return next(iter(_by_age(i for i in held if _is(i, keys.USER_PREFIX))), None)


def _by_age(profiles: Iterable[Item]) -> list[str]:
    """Their organisations, the oldest profile's first."""
    ages = sorted((str(p.get("dateCreated", "")), str(p["organisationId"])) for p in profiles)
    return [org_id for _, org_id in ages]


def _still_open(held: list[Item], org_id: str) -> list[str]:
    """The organisation itself, unless the user was deactivated there, then the others in which they are active.

    The oldest profile first, and never none. The index may lag behind; the profile that it leads to is read anew,
    and decides.
    """
    profiles = [i for i in held if _is(i, keys.USER_PREFIX)]
    here = next((p for p in profiles if p["organisationId"] == org_id), None)
    if here is None:
        return [org_id]
    active = _by_age(p for p in profiles if p is not here and p.get("active", False))
    return [org_id, *active] if here.get("active", False) or not active else active


def _is(item: Item, prefix: str) -> bool:
    return str(item["SK"]).startswith(prefix)


def _pair(keyed: Mapping[str, Any]) -> _KeyPair:
    return str(keyed["PK"]), str(keyed["SK"])
