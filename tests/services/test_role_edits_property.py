"""Whatever somebody does with roles, nobody comes out of it with more than they or that somebody had."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bbws_access.access.actor import Actor
from bbws_access.access.grants import covers
from bbws_access.access.principal import PrincipalLoader
from bbws_access.errors import Conflict, Denied, NotFound
from bbws_access.models.kinds import Capability, Scope
from bbws_access.models.role import NewRole, RoleChanges, RolePermissions
from bbws_access.models.team import MemberChanges, NewMember, NewTeam, NewTeamRole, TeamRoleChanges
from bbws_access.services.boundary import CAPABILITY_PERMISSIONS
from bbws_access.store.schema import table_definition
from tests.conftest import Platform
from tests.services.holders import member, tenant

CALLER, OTHER = "u-caller", "u-other"
pytestmark = pytest.mark.slow

GRANTS = ("site:read", "site:update", "site:*", "team:read", "team:member:*", "team:*", "audit:read", "role:*", "*:*")


some_grants = st.frozensets(st.sampled_from(GRANTS), min_size=1, max_size=3)
some_capabilities = st.frozensets(st.sampled_from(Capability), min_size=1, max_size=3)
some_scope = st.sampled_from([Scope.ORGANISATION, Scope.TEAM])
some_user = st.sampled_from([CALLER, OTHER])
some_role = st.integers(0, 7)

step = st.one_of(
    st.tuples(st.just("create"), some_grants, some_scope),
    st.tuples(st.just("permit"), some_role, some_grants),
    st.tuples(st.just("activate"), some_role, st.booleans()),
    st.tuples(st.just("assign"), some_role, some_user),
    st.tuples(st.just("revoke"), some_role, some_user),
)
team_step = st.one_of(
    st.tuples(st.just("make"), some_capabilities),
    st.tuples(st.just("widen"), some_role, some_capabilities),
    st.tuples(st.just("revive"), some_role, st.booleans()),
    st.tuples(st.just("sit"), some_role),
    st.tuples(st.just("rise"), some_role),
)

_numbers = itertools.count()
PROPERTY = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@dataclass
class Office:
    """An organisation in a table of its own, with two users, and the roles that a test knows of."""

    platform: Platform
    org_id: str = ""
    roles: list[str] = field(default_factory=list)
    team_roles: list[str] = field(default_factory=list)
    team_id: str = ""

    def __post_init__(self) -> None:
        self.platform.client.delete_table(TableName=self.platform.table.name)
        self.platform.client.create_table(**table_definition(self.platform.table.name))
        self.org_id = tenant(self.platform)

    def join(self, user: str) -> str:
        member(self.platform, self.org_id, user)
        return user

    def role(self, actor: Actor, grants: frozenset[str], scope: Scope = Scope.ORGANISATION) -> str:
        request = NewRole(name=f"R{next(_numbers)}", display_name="Some role", permissions=grants, scope=scope)
        self.roles.append(self.platform.services.roles.create(actor, self.org_id, request).role_id)
        return self.roles[-1]

    def give(self, user: str, role_id: str) -> None:
        self.platform.services.roles.assign(self.platform.operator, self.org_id, user, role_id)

    def actor(self, user: str) -> Actor:
        """With what they hold at this moment."""
        return PrincipalLoader(self.platform.table, self.platform.clock).load(user, self.org_id).actor

    def allowed(self, role_id: str) -> frozenset[str]:
        return self.platform.services.roles.load(self.org_id, role_id).permissions

    def take(self, actor: Actor, what: str, *how: object) -> None:
        """One step, which may well be refused."""
        roles, assignments, org = self.platform.services.roles, self.platform.services.role_assignments, self.org_id
        try:
            match what, how:
                case "create", (frozenset() as grants, Scope() as scope):
                    self.role(actor, grants, scope)
                case "permit", (int(n), frozenset() as grants):
                    roles.set_permissions(actor, org, self._nth(n), RolePermissions(permissions=grants))
                case "activate", (int(n), bool(active)):
                    roles.update(actor, org, self._nth(n), RoleChanges(active=active))
                case "assign", (int(n), str(user)):
                    assignments.assign(actor, org, user, self._nth(n))
                case "revoke", (int(n), str(user)):
                    assignments.revoke(actor, org, user, self._nth(n))
                case "make", (frozenset() as capabilities,):
                    self.team_role(actor, capabilities)
                case "widen", (int(n), frozenset() as capabilities):
                    self._edit(actor, n, TeamRoleChanges(capabilities=capabilities))
                case "revive", (int(n), bool(active)):
                    self._edit(actor, n, TeamRoleChanges(active=active))
                case "sit", (int(n),):
                    request = NewMember(user_id=actor.id, team_role_id=self._team_role(n))
                    self.platform.services.members.add(actor, org, self.team_id, request)
                case "rise", (int(n),):
                    changes = MemberChanges(team_role_id=self._team_role(n))
                    self.platform.services.members.update(actor, org, self.team_id, actor.id, changes)
                case _:
                    raise AssertionError(what)
        except (Denied, Conflict, NotFound):
            return

    def team_role(self, actor: Actor, capabilities: frozenset[Capability]) -> str:
        request = NewTeamRole(name=f"T{next(_numbers)}", display_name="Some team role", capabilities=capabilities)
        self.team_roles.append(self.platform.services.team_roles.create(actor, self.org_id, request).team_role_id)
        return self.team_roles[-1]

    def _edit(self, actor: Actor, n: int, changes: TeamRoleChanges) -> None:
        self.platform.services.team_roles.update(actor, self.org_id, self._team_role(n), changes)

    def _team_role(self, n: int) -> str:
        return self.team_roles[n % len(self.team_roles)]

    def _nth(self, n: int) -> str:
        return self.roles[n % len(self.roles)]


@PROPERTY
@given(
    mine=some_grants,
    in_my_teams=some_grants,
    theirs=some_grants,
    idle=some_grants,
    steps=st.lists(step, min_size=1, max_size=8),
)
def test_no_sequence_of_steps_yields_what_the_caller_lacked(
    platform: Platform,
    mine: frozenset[str],
    in_my_teams: frozenset[str],
    theirs: frozenset[str],
    idle: frozenset[str],
    steps: list[tuple[object, ...]],
) -> None:
    office, operator = Office(platform), platform.operator
    office.join(CALLER), office.join(OTHER)
    office.give(CALLER, office.role(operator, mine | {"role:create", "role:update", "role:assign"}))
    office.give(CALLER, office.role(operator, in_my_teams, Scope.TEAM))
    office.give(OTHER, office.role(operator, theirs))
    dormant = office.role(operator, idle)
    platform.services.roles.update(operator, office.org_id, dormant, RoleChanges(active=False))

    held = office.actor(CALLER).permissions
    before = {user: office.actor(user) for user in (CALLER, OTHER)}
    allowed = {role_id: office.allowed(role_id) for role_id in office.roles}
    counts: dict[str, int] = {}

    for what, *how in steps:
        office.take(office.actor(CALLER), str(what), *how)

        for user, was in before.items():
            now = office.actor(user)
            assert all(covers(was.permissions, g) or covers(held, g) for g in now.permissions)
            assert all(covers(was.team_permissions, g) or covers(held, g) for g in now.team_permissions)
            assert now.platform_permissions == frozenset()
        assert all(covers(held, g) for g in office.actor(CALLER).permissions)
        for role_id in office.roles:
            known = allowed.get(role_id, frozenset())
            assert all(covers(known, g) or covers(held, g) for g in office.allowed(role_id))

    for item in platform.items():
        if str(item["PK"]).startswith(f"ORG#{office.org_id}#USER#"):
            counts[item["roleId"]] = counts.get(item["roleId"], 0) + 1
    for role_id in office.roles:
        role = platform.services.roles.load(office.org_id, role_id)
        assert role.user_count == counts.get(role_id, 0)
        assert role.active or role.user_count == 0


@PROPERTY
@given(
    mine=some_grants,
    seat=some_capabilities,
    other=some_capabilities,
    steps=st.lists(team_step, min_size=1, max_size=8),
)
def test_no_sequence_of_steps_yields_a_capability_that_the_caller_lacked(
    platform: Platform,
    mine: frozenset[str],
    seat: frozenset[Capability],
    other: frozenset[Capability],
    steps: list[tuple[object, ...]],
) -> None:
    """The caller runs team roles and members, and sits in a team."""
    office, operator = Office(platform), platform.operator
    office.join(CALLER)
    office.give(CALLER, office.role(operator, mine | {"team:role:manage", "team:member:add", "team:member:remove"}))
    office.team_id = platform.services.teams.create(operator, office.org_id, NewTeam(name="Web")).team_id
    request = NewMember(user_id=CALLER, team_role_id=office.team_role(operator, seat))
    platform.services.members.add(operator, office.org_id, office.team_id, request)
    office.team_role(operator, other)

    held = office.actor(CALLER).permissions
    own = seat | {c for c in Capability if all(covers(held, p) for p in CAPABILITY_PERMISSIONS[c])}
    for what, *how in steps:
        office.take(office.actor(CALLER), str(what), *how)
        assert office.actor(CALLER).team_capabilities.get(office.team_id, frozenset()) <= own


@PROPERTY
@given(bundles=st.lists(some_grants, min_size=1, max_size=5), data=st.data())
def test_permissions_add_up_whatever_the_order(
    platform: Platform, bundles: list[frozenset[str]], data: st.DataObject
) -> None:
    office = Office(platform)
    role_ids = [office.role(platform.operator, bundle) for bundle in bundles]
    for user in (CALLER, OTHER):
        office.join(user)
        for role_id in data.draw(st.permutations(role_ids)):
            office.give(user, role_id)
    assert office.actor(CALLER).permissions == office.actor(OTHER).permissions == frozenset().union(*bundles)
