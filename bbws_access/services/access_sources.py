"""Where a user's rights come from: what the authorizer has read of them, as grants with their giver and their reach."""

from __future__ import annotations

from collections.abc import Mapping, Set

from bbws_access.access.grants import covers
from bbws_access.access.principal import Principal, PrincipalLoader, Source
from bbws_access.errors import Denied
from bbws_access.keys import PLATFORM
from bbws_access.models.effective_access import Grant, Reach
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole


def grants_of(principal: Principal, teams: Mapping[str, str]) -> tuple[Grant, ...]:
    """Widest first, by name; ``teams`` has names by id."""
    found = [_grant(source, teams) for source in principal.sources]
    order = list(Reach)
    return tuple(sorted(found, key=lambda g: (order.index(g.reach), g.team_name or "", g.name)))


def _grant(source: Source, teams: Mapping[str, str]) -> Grant:
    given, rests = source.given, source.rests
    if source.reach == "SEAT":
        return Grant(
            reach=Reach.SEAT,
            source_id=str(given["teamRoleId"]),
            name=str((source.definition or given).get("name", given.get("teamRoleName"))),
            team_id=str(given["teamId"]),
            team_name=teams.get(str(given["teamId"])),
            given_by=str(given["addedBy"]),
            given_at=str(given["joinedAt"]),
            yields=tuple(sorted(source.yields)),
            rests=rests,
        )
    return Grant(
        reach=Reach(source.reach),
        source_id=str(given["roleId"]),
        name=str((source.definition or given).get("name", given.get("roleName"))),
        given_by=str(given["assignedBy"]),
        given_at=str(given["assignedAt"]),
        yields=tuple(sorted(source.yields)),
        rests=rests,
    )


def seat_grant(seat: TeamMember, role: TeamRole, team: Team) -> Grant:
    return Grant(
        reach=Reach.SEAT, source_id=role.team_role_id, name=role.name, team_id=team.team_id, team_name=team.name,
        given_by=seat.added_by, given_at=seat.joined_at,
    )  # fmt: skip


def reach_of(owner: str, role: Role) -> Reach:
    if role.scope.value == "TEAM":
        return Reach.TEAM
    return Reach.PLATFORM if owner == PLATFORM and role.scope.value == "PLATFORM" else Reach.ORGANISATION


def gives(grant: Grant, permission: str, capabilities: Set[str | None], team_id: str | None, seats: Set[str]) -> bool:
    if grant.reach is Reach.SEAT:
        return grant.team_id == team_id and bool(capabilities & set(grant.yields))
    if grant.reach is Reach.TEAM and team_id not in seats:
        return False
    return covers(frozenset(grant.yields), permission)


def counts_in(org_id: str, held: RoleAssignment, loader: PrincipalLoader) -> bool:
    """Whether the authorizer counts a role of the platform for who holds it, when they ask for ``org_id``."""
    try:
        principal = loader.load(held.user_id, None, or_elsewhere=True)
    except Denied as denied:
        if "awsCode" in denied.details:
            raise  # to who asks
        return False
    source = next((s for s in principal.sources if s.given.get("roleId") == held.role_id), None)
    if source is None or source.rests is not None:
        return False
    return source.reach == Reach.PLATFORM or principal.actor.organisation_id == org_id
