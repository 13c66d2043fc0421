"""Team roles: made, edited, and kept as they are where members rely on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bbws_access.defaults import PERMISSIONS
from bbws_access.errors import Conflict, Denied, InvalidInput, NotFound
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import Capability
from bbws_access.models.team import MemberChanges, NewMember, NewTeam, NewTeamRole, Team, TeamRole, TeamRoleChanges
from bbws_access.services.boundary import CAPABILITY_PERMISSIONS
from bbws_access.services.pages import PageRequest
from bbws_access.store.table import Table
from bbws_access.validation import build
from tests.conftest import Platform
from tests.services.holders import holder, member
from tests.services.staff import require_exact_counts

pytestmark = pytest.mark.slow

ADMIN = "team:* site:*"
LOOK = frozenset({Capability.VIEW_MEMBERS, Capability.VIEW_SITES})
LEAD = LOOK | {Capability.MANAGE_MEMBERS}


@pytest.fixture
def org(platform: Platform) -> str:
    return platform.organisation().organisation_id


@pytest.fixture
def role(platform: Platform, org: str) -> TeamRole:
    request = NewTeamRole(name="GUEST", display_name="Guest", capabilities=LOOK)
    return platform.services.team_roles.create(holder(org, ADMIN), org, request)


@pytest.fixture
def team(platform: Platform, org: str) -> Team:
    return platform.services.teams.create(holder(org, ADMIN), org, NewTeam(name="Web"))


def join(platform: Platform, team: Team, role: TeamRole, user_id: str = "u-1") -> None:
    member(platform, team.organisation_id, user_id)
    request = NewMember(user_id=user_id, team_role_id=role.team_role_id)
    platform.services.members.add(holder(team.organisation_id, ADMIN), team.organisation_id, team.team_id, request)


def test_a_team_role_is_made_and_found(platform: Platform, org: str, role: TeamRole) -> None:
    team_roles, reader = platform.services.team_roles, holder(org, "team:read")
    assert (role.user_count, role.sort_order, role.is_default, role.leads) == (0, 100, False, False)
    assert team_roles.get(reader, org, role.team_role_id) == role
    assert team_roles.find(reader, org, "guest") == role
    assert platform.services.teams.load_role_named(org, "Guest") == role
    for missing in ("nothing", ""):
        with pytest.raises(NotFound) as refused:
            team_roles.get(reader, org, missing)
        assert refused.value.code == "TEAM_ROLE_NOT_FOUND"


def test_team_roles_are_listed_with_the_defaults(platform: Platform, org: str, role: TeamRole) -> None:
    team_roles, admin = platform.services.team_roles, holder(org, ADMIN)
    names = [r.name for r in team_roles.page(admin, org, PageRequest()).items]
    assert names == ["GUEST", "MEMBER", "SENIOR_MEMBER", "TEAM_LEAD", "VIEWER"]
    team_roles.update(admin, org, role.team_role_id, TeamRoleChanges(active=False))
    assert [r.name for r in team_roles.page(admin, org, PageRequest(), active=False).items] == ["GUEST"]


def test_a_taken_name(platform: Platform, org: str, role: TeamRole) -> None:
    for name in ("GUEST", "MEMBER"):
        with pytest.raises(Conflict) as refused:
            platform.services.team_roles.create(
                holder(org, ADMIN), org, NewTeamRole(name=name, display_name="Other", capabilities=LOOK)
            )
        assert refused.value.code == "TEAM_ROLE_EXISTS"
    with pytest.raises(NotFound):
        platform.services.team_roles.create(
            platform.operator, "org-nowhere", NewTeamRole(name="X1", display_name="X1", capabilities=LOOK)
        )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "guest"}, "name"),
        ({"displayName": "x"}, "displayName"),
        ({"capabilities": []}, "capabilities"),
        ({"capabilities": ["CAN_FLY"]}, "capabilities.0"),
        ({"capabilities": "CAN_VIEW_SITES"}, "capabilities"),
        ({"sortOrder": 0}, "sortOrder"),
        ({"sortOrder": 1000}, "sortOrder"),
        ({"userCount": 5}, "userCount"),
    ],
)
def test_limits(wrong: dict[str, Any], field: str) -> None:
    good = {"name": "GUEST", "displayName": "Guest", "capabilities": ["CAN_VIEW_SITES"], "sortOrder": 5}
    assert build(NewTeamRole, **good).capabilities == {Capability.VIEW_SITES}
    with pytest.raises(InvalidInput) as refused:
        build(NewTeamRole, **good | wrong)
    assert set(refused.value.details["fields"]) == {field}


def test_only_what_is_given_changes(platform: Platform, org: str, role: TeamRole) -> None:
    team_roles, admin = platform.services.team_roles, holder(org, ADMIN)
    changes = TeamRoleChanges(name="VISITOR", display_name="Visitor", sort_order=7, description="Looks", version=1)
    changed = team_roles.update(admin, org, role.team_role_id, changes)
    assert (changed.name, changed.sort_order, changed.capabilities, changed.version) == ("VISITOR", 7, LOOK, 2)
    assert team_roles.find(admin, org, "visitor") == changed
    before = platform.items()
    same = TeamRoleChanges(name="VISITOR", capabilities=LOOK, active=True)
    assert team_roles.update(admin, org, role.team_role_id, same) == changed
    assert platform.items() == before
    with pytest.raises(Conflict) as refused:
        team_roles.update(admin, org, role.team_role_id, TeamRoleChanges(sort_order=8, version=1))
    assert refused.value.code == "CONFLICT"


def test_default_team_roles_keep_their_names(platform: Platform, org: str) -> None:
    default = platform.services.teams.load_role_named(org, "MEMBER")
    with pytest.raises(Conflict) as refused:
        platform.services.team_roles.update(platform.operator, org, default.team_role_id, TeamRoleChanges(name="MATE"))
    assert refused.value.code == "DEFAULT_ROLE_NAME"


@pytest.mark.parametrize("changes", [{"active": False}, {"name": "VISITOR"}, {"capabilities": LEAD}])
def test_a_team_role_in_use_stays(
    platform: Platform, org: str, role: TeamRole, team: Team, changes: dict[str, Any]
) -> None:
    team_roles, admin = platform.services.team_roles, holder(org, ADMIN)
    join(platform, team, role)
    with pytest.raises(Conflict) as refused:
        team_roles.update(admin, org, role.team_role_id, TeamRoleChanges(**changes))
    assert (refused.value.code, refused.value.details) == ("TEAM_ROLE_IN_USE", {"userCount": 1})
    require_exact_counts(platform)


def test_a_lead_role_in_use_goes_on_leading(platform: Platform, org: str, team: Team) -> None:
    team_roles, admin = platform.services.team_roles, holder(org, ADMIN)
    lead = platform.services.teams.load_role_named(org, "TEAM_LEAD")
    join(platform, team, lead)
    with pytest.raises(Conflict) as refused:
        team_roles.update(admin, org, lead.team_role_id, TeamRoleChanges(capabilities=LOOK))
    assert refused.value.code == "TEAM_ROLE_IN_USE"
    less = team_roles.update(admin, org, lead.team_role_id, TeamRoleChanges(capabilities=LEAD))
    assert (less.capabilities, less.user_count) == (LEAD, 1)
    require_exact_counts(platform)


def test_a_team_role_that_is_used_no_more_can_change(platform: Platform, org: str, role: TeamRole, team: Team) -> None:
    admin = holder(org, ADMIN)
    join(platform, team, role)
    platform.services.members.update(admin, org, team.team_id, "u-1", MemberChanges(active=False))
    changed = platform.services.team_roles.update(admin, org, role.team_role_id, TeamRoleChanges(capabilities=LEAD))
    assert changed.leads
    join(platform, team, changed, "u-2")
    assert platform.services.teams.load(org, team.team_id).lead_count == 1
    require_exact_counts(platform)


def overtaking(monkeypatch: pytest.MonkeyPatch, first: Any) -> None:
    """Lets ``first`` happen between the next reading and its writing."""
    transact, once = Table.transact, iter([first])

    def overtaken(table: Table, writes: Any) -> None:
        for act in once:
            act()
        transact(table, writes)

    monkeypatch.setattr(Table, "transact", overtaken)


@pytest.mark.parametrize("changes", [{"active": False}, {"capabilities": LEAD}])
def test_who_joins_at_the_same_moment_keeps_it_as_it_is(
    platform: Platform,
    org: str,
    role: TeamRole,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
) -> None:
    member(platform, org, "u-1")
    request = NewMember(user_id="u-1", team_role_id=role.team_role_id)
    overtaking(monkeypatch, lambda: platform.services.members.add(platform.operator, org, team.team_id, request))
    with pytest.raises(Conflict) as refused:
        platform.services.team_roles.update(platform.operator, org, role.team_role_id, TeamRoleChanges(**changes))
    assert refused.value.code == "TEAM_ROLE_IN_USE"
    require_exact_counts(platform)


@pytest.mark.parametrize("changes", [{"active": False}, {"capabilities": LEAD}])
def test_who_comes_later_than_the_change_does_not_join(
    platform: Platform,
    org: str,
    role: TeamRole,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
) -> None:
    member(platform, org, "u-1")
    edit = TeamRoleChanges(**changes)
    overtaking(
        monkeypatch, lambda: platform.services.team_roles.update(platform.operator, org, role.team_role_id, edit)
    )
    request = NewMember(user_id="u-1", team_role_id=role.team_role_id)
    with pytest.raises(Conflict) as refused:
        platform.services.members.add(platform.operator, org, team.team_id, request)
    assert refused.value.code == "ROLE_CHANGED"
    require_exact_counts(platform)


def test_permissions(platform: Platform, org: str, role: TeamRole) -> None:
    team_roles = platform.services.team_roles
    request = NewTeamRole(name="X1", display_name="X1", capabilities=LOOK)
    manager = holder(org, "team:create team:read team:update team:member:*")
    outsider = holder("org-other", "*:*")
    for attempt in (
        lambda: team_roles.create(manager, org, request),
        lambda: team_roles.update(manager, org, role.team_role_id, TeamRoleChanges(sort_order=1)),
        lambda: team_roles.page(holder(org, "role:*"), org, PageRequest()),
        lambda: team_roles.get(holder(org, "role:*"), org, role.team_role_id),
        lambda: team_roles.find(holder(org, "role:*"), org, "GUEST"),
        lambda: team_roles.create(outsider, org, request),
        lambda: team_roles.get(outsider, org, role.team_role_id),
    ):
        with pytest.raises(Denied):
            attempt()


def test_the_trail_tells(platform: Platform, org: str, role: TeamRole) -> None:
    changes = TeamRoleChanges(capabilities=frozenset({Capability.VIEW_SITES}))
    platform.services.team_roles.update(holder(org, ADMIN), org, role.team_role_id, changes)
    (event,) = platform.services.audit.events(platform.operator, AuditQuestion(org, action="team-role.update"))
    assert event.details == {
        "name": "GUEST",
        "before": {"capabilities": ["CAN_VIEW_MEMBERS", "CAN_VIEW_SITES"]},
        "after": {"capabilities": ["CAN_VIEW_SITES"]},
    }


MANAGER = "team:role:manage team:read"
"""Who makes team roles, and holds nothing that one could give."""


@pytest.mark.parametrize("capability", Capability)
def test_nobody_makes_a_team_role_above_them(platform: Platform, org: str, capability: Capability) -> None:
    team_roles, wanted = platform.services.team_roles, frozenset({capability})
    request = NewTeamRole(name="SOME", display_name="Some", capabilities=wanted)
    needed = CAPABILITY_PERMISSIONS[capability]
    other = " ".join(permission.id for permission in PERMISSIONS if permission.id not in needed)
    for lacking in (MANAGER, other, *(f"{MANAGER} {' '.join(needed - {one})}" for one in needed)):
        before = platform.items()
        with pytest.raises(Denied) as refused:
            team_roles.create(holder(org, lacking), org, request)
        assert (refused.value.code, refused.value.details) == ("PRIVILEGE_BOUNDARY", {"capabilities": [capability]})
        assert platform.items() == before
    made = team_roles.create(holder(org, f"{MANAGER} {' '.join(needed)}"), org, request)
    assert made.capabilities == wanted


def test_nobody_widens_a_team_role_beyond_themselves(platform: Platform, org: str, role: TeamRole, team: Team) -> None:
    """Least of all the one that they are in."""
    join(platform, team, role, "u-caller")
    seated = replace(holder(org, MANAGER), team_capabilities={team.team_id: frozenset(Capability)})
    team_roles, wider = platform.services.team_roles, LOOK | {Capability.DELETE_SITES}
    for caller in (holder(org, MANAGER), seated, holder(org, f"{MANAGER} site:read site:delete")):
        with pytest.raises(Denied) as refused:
            team_roles.update(caller, org, role.team_role_id, TeamRoleChanges(capabilities=wider))
        assert refused.value.code == "PRIVILEGE_BOUNDARY"
    assert team_roles.load(org, role.team_role_id).capabilities == LOOK
    holding = holder(org, f"{MANAGER} site:read site:delete team:member:read")
    assert team_roles.update(holding, org, role.team_role_id, TeamRoleChanges(capabilities=wider)).capabilities == wider


def test_nobody_revives_a_team_role_that_is_above_them(platform: Platform, org: str, role: TeamRole) -> None:
    team_roles, caller = platform.services.team_roles, holder(org, MANAGER)
    assert not team_roles.update(caller, org, role.team_role_id, TeamRoleChanges(active=False)).active
    assert team_roles.update(caller, org, role.team_role_id, TeamRoleChanges(sort_order=9)).sort_order == 9
    with pytest.raises(Denied):
        team_roles.update(caller, org, role.team_role_id, TeamRoleChanges(active=True))
    assert team_roles.update(holder(org, ADMIN), org, role.team_role_id, TeamRoleChanges(active=True)).active
