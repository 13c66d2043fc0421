"""What an organisation has now, read at once: what a declared state is compared with, and exported from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.errors import NotFound
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User
from bbws_access.store.table import Item, Query, Table
from bbws_access.text import fold_name

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """``sequence`` is that of the trail's last event before anything was read.

    Roles, team roles and teams by folded name, also those that are not active; users by address. ``seats``
    (team id, user id) and ``held`` (user id, role id) are those in force.
    """

    organisation: Organisation
    sequence: int
    team_roles: Mapping[str, TeamRole]
    roles: Mapping[str, Role]
    teams: Mapping[str, Team]
    users: Mapping[str, User]
    seats: Mapping[Pair, TeamMember]
    held: Mapping[Pair, RoleAssignment]

    @property
    def emails(self) -> dict[str, str]:
        """User id to address."""
        return {user.user_id: user.email for user in self.users.values()}


class Standings:
    """Reads them. Everything that can be is read consistently; what an index finds is read again, consistently."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, actor: Actor, org_id: str, named: Iterable[tuple[str, str]] = ()) -> Standing:
        """``named`` are assignments, address and role name, that are looked for even if no index has them yet.

        Raises ``NotFound`` (``ORGANISATION_NOT_FOUND``) and ``Denied``.
        """
        for permission in ("role:read", "team:read", "user:read"):
            actor.require(permission, org_id)
        organisation = self._table.get(keys.organisation_key(org_id))
        if organisation is None:
            raise NotFound(f"there is no organisation {org_id!r}", code="ORGANISATION_NOT_FOUND")
        head = self._table.get(keys.audit_head_key(org_id))
        roles = {fold_name(r.name): r for r in map(Role.from_item, self._of(org_id, keys.ROLE_PREFIX))}
        users = {u.email: u for u in map(User.from_item, self._of(org_id, keys.USER_PREFIX))}
        teams = {fold_name(t.name): t for t in map(Team.from_item, self._of(org_id, keys.TEAM_PREFIX))}
        team_roles = map(TeamRole.from_item, self._of(org_id, keys.TEAM_ROLE_PREFIX))
        return Standing(
            organisation=Organisation.from_item(organisation),
            sequence=0 if head is None else int(head["sequence"]),
            team_roles={fold_name(r.name): r for r in team_roles},
            roles=roles,
            teams=teams,
            users=users,
            seats={(m.team_id, m.user_id): m for team in teams.values() for m in self._members(org_id, team.team_id)},
            held={(a.user_id, a.role_id): a for a in self._assignments(org_id, roles, users, named)},
        )

    def _of(self, org_id: str, prefix: str) -> Iterator[Item]:
        return self._table.query_all(Query(keys.owner(org_id), begins_with=prefix))

    def _members(self, org_id: str, team_id: str) -> Iterator[TeamMember]:
        query = Query(keys.members_of_team(org_id, team_id), begins_with=keys.MEMBER_PREFIX)
        return (TeamMember.from_item(item) for item in self._table.query_all(query) if item["active"])

    def _assignments(
        self, org_id: str, roles: Mapping[str, Role], users: Mapping[str, User], named: Iterable[tuple[str, str]]
    ) -> Iterator[RoleAssignment]:
        wanted = [
            keys.assignment_key(org_id, users[email].user_id, roles[fold_name(role)].role_id)
            for email, role in named
            if email in users and fold_name(role) in roles
        ]
        for role in roles.values():
            partition = keys.assignments_of_role(org_id, role.role_id)
            found = self._table.query_all(Query(partition, index=1, begins_with=keys.USER_PREFIX))
            wanted += [{"PK": str(item["PK"]), "SK": str(item["SK"])} for item in found]
        return (a for a in map(RoleAssignment.from_item, self._table.get_many(wanted)) if a.active)
