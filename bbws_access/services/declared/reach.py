"""What users may do, before and after a plan: the pure part of it, without the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from bbws_access.access.rights import known_permissions
from bbws_access.models.kinds import Scope
from bbws_access.services.declared.steps import AccessChange


@dataclass(slots=True)
class Reach:
    """Roles, team roles and teams by a key that a rename does not change; who has them by address.

    Only what is in force stands here.
    """

    grants: dict[str, tuple[Scope, frozenset[str]]] = field(default_factory=dict)
    capabilities: dict[str, frozenset[str]] = field(default_factory=dict)
    team_names: dict[str, str] = field(default_factory=dict)
    held: set[tuple[str, str]] = field(default_factory=set)
    seats: dict[tuple[str, str], str] = field(default_factory=dict)

    def copy(self) -> Reach:
        return Reach(
            dict(self.grants), dict(self.capabilities), dict(self.team_names), set(self.held), dict(self.seats)
        )

    def allowed(self) -> Mapping[str, Set[str]]:
        """Of each user: ``site:read`` in the whole organisation, ``site:read in team Web`` there only."""
        everywhere: dict[str, set[str]] = defaultdict(set)
        in_teams: dict[str, set[str]] = defaultdict(set)
        for user, role in self.held:
            scope, grants = self.grants.get(role, (Scope.TEAM, frozenset()))
            (in_teams if scope is Scope.TEAM else everywhere)[user] |= grants
        found: dict[str, set[str]] = defaultdict(set)
        for user, given in everywhere.items():
            found[user] |= known_permissions(frozenset(given))
        for (user, team), team_role in self.seats.items():
            inside = {*known_permissions(frozenset(in_teams[user])), *self.capabilities.get(team_role, ())}
            inside -= found[user]
            found[user] |= {f"{one} in team {self.team_names[team]}" for one in inside}
        return found


def differences(before: Reach, after: Reach) -> list[AccessChange]:
    """By address; only who gains or loses something. A team is called what it is called afterwards."""
    renamed = before.copy()
    renamed.team_names |= {key: name for key, name in after.team_names.items() if key in before.team_names}
    old, new = renamed.allowed(), after.allowed()
    nothing: frozenset[str] = frozenset()
    changed = (
        AccessChange(
            user,
            sorted(new.get(user, nothing) - old.get(user, nothing)),
            sorted(old.get(user, nothing) - new.get(user, nothing)),
        )
        for user in sorted({*old, *new})
    )
    return [one for one in changed if one.gains or one.loses]
