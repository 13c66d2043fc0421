"""Who gains and who loses what by a change that was rehearsed: asked of the authorizer's own reading, before and after.

Nothing is worked out from the change itself. It says only who is concerned; what each of them may do is read
twice, from the table as it is and from the table as it would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.access.principal import PrincipalLoader
from bbws_access.access.rights import Right, endpoints_of, rights_of
from bbws_access.clock import Clock
from bbws_access.errors import Denied
from bbws_access.models.access_impact import Impact, Shift
from bbws_access.models.role import RoleAssignment
from bbws_access.models.team import Team, TeamMember
from bbws_access.store.table import Query, Table

_NOTHING: frozenset[Right] = frozenset()


class AccessImpact:
    """``before`` is the table; ``after`` reads as it would once the change was made."""

    def __init__(self, before: Table, after: Table, clock: Clock) -> None:
        self._after = after
        self._readers = [PrincipalLoader(before, clock), PrincipalLoader(after, clock)]

    def of(self, actor: Actor, org_id: str, events: Iterable[Mapping[str, Any]], at_most: int | None = None) -> Impact:
        """Of the change that ``events`` tell of, to people of the organisation; no more than ``at_most`` of them.

        Four requests a person, two for the holders of a role, and for a team role one for each team. Raises
        ``Denied`` to whoever may not read users, roles and teams.
        """
        for permission in ("user:read", "role:read", "team:read"):
            actor.require(permission, org_id)
        concerned = dict.fromkeys(user for event in events for user in self._concerned(org_id, event))
        looked_at = list(concerned if at_most is None else islice(concerned, at_most))
        teams = self._team_names(org_id) if looked_at else {}
        shifts = [shift for user in looked_at if (shift := self._shift(org_id, user, teams)) is not None]
        shifts.sort(key=lambda shift: (shift.email, shift.user_id))
        return Impact(shifts=tuple(shifts), looked_at=len(looked_at), complete=len(looked_at) == len(concerned))

    def _concerned(self, org_id: str, event: Mapping[str, Any]) -> Iterator[str]:
        """Whose access an event may change; of the platform's own roles, only by giving and taking them."""
        details = event["details"]
        if event["resourceType"] == "user":
            yield str(event["resourceId"])
        elif event["organisationId"] != org_id:
            return
        elif event["resourceType"] == "role":
            yield from self._holders(org_id, str(event["resourceId"]))
        elif event["resourceType"] == "team-role":
            yield from self._seated(org_id, str(event["resourceId"]))
        elif event["action"] == "team.update":
            if "active" in details.get("after", {}):
                yield from (seat.user_id for seat in self._seats(org_id, str(event["resourceId"])))
        elif str(event["action"]).startswith("team.member."):
            sides = {**details.get("before", {}), **details.get("after", {})}
            yield str(details.get("userId") or sides.get("userId"))

    def _holders(self, org_id: str, role_id: str) -> Iterator[str]:
        query = Query(keys.assignments_of_role(org_id, role_id), index=1, begins_with=keys.USER_PREFIX)
        held = map(RoleAssignment.from_item, self._after.query_all(query))
        return (one.user_id for one in held if one.active)

    def _seated(self, org_id: str, team_role_id: str) -> Iterator[str]:
        for team_id in self._team_names(org_id):
            yield from (seat.user_id for seat in self._seats(org_id, team_id) if seat.team_role_id == team_role_id)

    def _seats(self, org_id: str, team_id: str) -> Iterator[TeamMember]:
        query = Query(keys.members_of_team(org_id, team_id), begins_with=keys.MEMBER_PREFIX)
        return (seat for seat in map(TeamMember.from_item, self._after.query_all(query)) if seat.active)

    def _shift(self, org_id: str, user_id: str, teams: Mapping[str, str]) -> Shift | None:
        before, after = (self._read(reader, org_id, user_id) for reader in self._readers)
        email = next((actor.email for actor in (after, before) if actor is not None), "")
        old, new = (rights_of(one) if one else _NOTHING for one in (before, after))
        shut, open_ = (endpoints_of(one) if one else _NOTHING for one in (before, after))
        if old == new and shut == open_:
            return None
        return Shift(
            user_id=user_id,
            email=email,
            gains=_beyond(new, old, teams),
            loses=_beyond(old, new, teams),
            opens=_beyond(open_, shut, teams),
            closes=_beyond(shut, open_, teams),
        )

    def _read(self, reader: PrincipalLoader, org_id: str, user_id: str) -> Actor | None:
        try:
            return reader.load(user_id, org_id).actor
        except Denied:
            return None

    def _team_names(self, org_id: str) -> dict[str, str]:
        query = Query(keys.owner(org_id), begins_with=keys.TEAM_PREFIX)
        return {team.team_id: team.name for team in map(Team.from_item, self._after.query_all(query))}


def _beyond(these: frozenset[Right], others: frozenset[Right], teams: Mapping[str, str]) -> tuple[str, ...]:
    """In words. What the others hold everywhere is not more by being held in a team as well."""
    more = [right for right in these - others if right.team_id is None or Right(right.what) not in others]
    return tuple(sorted(_words(right, teams) for right in more))


def _words(right: Right, teams: Mapping[str, str]) -> str:
    if right.team_id is None:
        return right.what
    return f"{right.what} in team {teams.get(right.team_id, right.team_id)}"
