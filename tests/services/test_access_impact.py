"""What a change is said to do to people's access is what it does: the authorizer's answers, before and after it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bbws_access.access.authorizer import decide_for
from bbws_access.access.principal import PrincipalLoader
from bbws_access.bootstrap import Services, World
from bbws_access.catalogue import ENDPOINTS
from bbws_access.errors import Denied
from bbws_access.models.access_impact import Impact
from bbws_access.models.kinds import Capability
from bbws_access.models.role import Role, RolePermissions
from bbws_access.models.team import TeamRole, TeamRoleChanges
from bbws_access.rehearsal import rehearsed
from bbws_access.services.access_impact import AccessImpact
from bbws_access.services.effective_access import EffectiveAccessQuestions
from bbws_access.store.journal import Journal
from tests.access.contract import GUARDED, Request, allows
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeIds, FakeMailer, FixedClock
from tests.services.test_effective_access_agrees import API, GRANTS, OPERATOR, Random
from tests.services.writing_cases import Stage

pytestmark = pytest.mark.slow

SITES = ["site:read", "site:update", "site:publish", "site:backup"]
"""Permissions for which no capability stands."""

NARROWED = {f.path for f in ENDPOINTS if f.capability and "{teamId}" not in str(f.path)}
"""Open to whoever leads a team, and told of that team alone: the policy does not say of which."""

Act = Callable[[Services], object]


def foretold(world: World, org: str, act: Act, at_most: int | None = None, actor: Any = OPERATOR) -> Impact:
    journal = Journal()
    services = Services(rehearsed(world, journal))
    act(services)
    return AccessImpact(world.table, services.table, world.clock).of(actor, org, journal.events, at_most)


def held(world: World, org: str, users: list[str], teams: dict[str, str]) -> dict[str, set[str]]:
    """Of each user what ``access can`` says of sites and of capabilities."""
    questions = EffectiveAccessQuestions(world.table, world.clock)
    found: dict[str, set[str]] = {}
    for user in users:
        can = {one for one in SITES if questions.can(OPERATOR, org, user, one).allowed}
        can |= set(Capability) if questions.can(OPERATOR, org, user, "*:*").allowed else set()
        can |= {
            f"{one} in team {name}"
            for team, name in teams.items()
            for one in (*SITES, *sorted(Capability))
            if one not in can and questions.can(OPERATOR, org, user, one, team).allowed
        }
        found[user] = can
    return found


def opened(world: World, org: str, users: list[str], teams: dict[str, str]) -> dict[str, set[str]]:
    """Of each user the endpoints that the authorizer's policy opens."""
    found: dict[str, set[str]] = {}
    for user in users:
        policy = decide_for(PrincipalLoader(world.table, world.clock), user, org, API).policy
        can: set[str] = set()
        for row in GUARDED:
            if row.permission == "any" or row.path in NARROWED:
                continue
            says = f"{row.method} {row.path}"

            def is_open(team: str, row: Any = row, policy: Any = policy) -> bool:
                return allows(policy, f"{API}/{Request(row, org, team, 'somebody-else').text}")

            if is_open("0" * 36) or ("{teamId}" not in row.path and is_open(next(iter(teams)))):
                can.add(says)
            else:
                can |= {f"{says} in team {name}" for team, name in teams.items() if is_open(team)}
        found[user] = can
    return found


def drawn(chance: random.Random, world: World, org: str) -> Act | None:
    """A change of a role or a team role of the organisation."""
    items = [item for item in world.table._written.values() if item and item["PK"] == f"ORG#{org}"]  # type: ignore[attr-defined]
    roles = [Role.from_item(i) for i in items if i["SK"].startswith("ROLE#")]
    team_roles = [TeamRole.from_item(i) for i in items if i["SK"].startswith("TEAMROLE#")]
    if roles and chance.random() < 0.5:
        role = chance.choice(roles)
        wanted = RolePermissions(permissions=frozenset(chance.sample([*GRANTS, *SITES * 3], 3)))
        return lambda services: services.roles.set_permissions(OPERATOR, org, role.role_id, wanted)
    one = chance.choice(team_roles)
    changes = TeamRoleChanges(capabilities=frozenset(chance.sample(sorted(Capability), chance.randint(1, 3))))
    return lambda services: services.team_roles.update(OPERATOR, org, one.team_role_id, changes)


def beyond(these: set[str], others: set[str]) -> set[str]:
    return {one for one in these - others if one.partition(" in team ")[0] not in others}


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(min_value=0, max_value=2**32))
def test_what_is_foretold_is_what_happens(seed: int) -> None:
    chance = random.Random(seed)
    drawn_world = Random(chance)
    org = drawn_world.orgs[0]
    world = World(
        drawn_world.table, FixedClock(), FakeIds(), FakeMailer(), FakeDirectory(), FakeAuditStorage(), lambda t: t
    )
    names = {i["teamId"]: i["name"] for i in drawn_world.table._written.values() if i and i["SK"].startswith("TEAM#")}
    act = drawn(chance, world, org)
    assert act is not None
    try:
        impact = foretold(world, org, act)
    except Exception as refused:  # noqa: BLE001 - then the change is refused in the same way
        with pytest.raises(type(refused)):
            act(Services(world))
        return
    before = [look(world, org, drawn_world.users, names) for look in (held, opened)]
    act(Services(world))
    after = [look(world, org, drawn_world.users, names) for look in (held, opened)]
    shifts = {shift.user_id: shift for shift in impact.shifts}
    watched = {*SITES, *Capability}
    for user in drawn_world.users:
        shift = shifts.get(user)
        gains, loses = (set(shift.gains), set(shift.loses)) if shift else (set(), set())
        opens, closes = (set(shift.opens), set(shift.closes)) if shift else (set(), set())
        old, new = before[0][user], after[0][user]
        assert {one for one in gains if one.partition(" in team ")[0] in watched} == beyond(new, old)
        assert {one for one in loses if one.partition(" in team ")[0] in watched} == beyond(old, new)
        opens, closes = (
            {one for one in side if one.partition(" ")[2].partition(" ")[0] not in NARROWED} for side in (opens, closes)
        )
        old, new = before[1][user], after[1][user]
        assert (opens, closes) == (beyond(new, old), beyond(old, new))


def with_more(stage: Stage) -> Act:
    role = stage.role("SITE_VIEWER")
    request = RolePermissions(permissions=frozenset({"site:read", "site:backup"}))
    return lambda services: services.roles.set_permissions(OPERATOR, stage.org, role, request)


def test_nothing_is_written(stage: Stage) -> None:
    before = stage.memory.table.state()
    assert len(foretold(stage.memory.world, stage.org, with_more(stage)).shifts) == 3
    assert stage.memory.table.state() == before


def test_who_was_deactivated_gains_nothing(stage: Stage) -> None:
    stage.services.users.deactivate(OPERATOR, stage.org, "ada@example.com")
    found = foretold(stage.memory.world, stage.org, with_more(stage))
    assert [shift.email for shift in found.shifts] == ["li@example.com", "thandi@example.com"]


def test_what_is_kept_through_something_else_is_no_loss(stage: Stage) -> None:
    user = stage.user("ada")
    for name in ("ORG_ADMIN",):
        stage.services.role_assignments.assign(OPERATOR, stage.org, user, stage.role(name))
    viewer = stage.role("SITE_VIEWER")
    found = foretold(
        stage.memory.world, stage.org, lambda s: s.role_assignments.revoke(OPERATOR, stage.org, user, viewer)
    )
    kept = [shift for shift in found.shifts if "site:read" in " ".join(shift.loses)]
    assert kept == []


def test_no_more_than_were_asked_for(stage: Stage) -> None:
    found = foretold(stage.memory.world, stage.org, with_more(stage), at_most=2)
    assert (found.looked_at, found.complete, len(found.shifts)) == (2, False, 2)


def test_who_may_not_read_people_is_told_nothing(stage: Stage) -> None:
    from bbws_access.access.actor import Actor, ActorKind

    someone = Actor("u", "u@example.com", ActorKind.USER, stage.org, permissions=frozenset({"role:read"}))
    with pytest.raises(Denied):
        foretold(stage.memory.world, stage.org, with_more(stage), actor=someone)
