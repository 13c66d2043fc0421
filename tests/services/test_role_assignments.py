"""Giving roles and taking them: within the boundary, counted exactly, told in the trail."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access import keys
from bbws_access.access.principal import PrincipalLoader
from bbws_access.errors import Conflict, Denied, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.role import NewRole, Role, RolePermissions
from bbws_access.services.pages import PageRequest
from bbws_access.store.table import Table
from bbws_access.store.writes import Update
from tests.conftest import Platform
from tests.services.holders import holder, member, tenant

ADMIN = "role:* site:* user:read"


@pytest.fixture
def org(platform: Platform) -> str:
    return tenant(platform)


@pytest.fixture
def role(platform: Platform, org: str) -> Role:
    member(platform, org, "u-1")
    request = NewRole(name="PUBLISHER", display_name="Publisher", permissions=frozenset({"site:publish"}))
    return platform.services.roles.create(holder(org, ADMIN), org, request)


def count(platform: Platform, role: Role) -> int:
    return platform.services.roles.load(role.organisation_id, role.role_id).user_count


def test_what_is_given_can_be_taken_and_given_again(platform: Platform, org: str, role: Role) -> None:
    assignments, admin = platform.services.role_assignments, holder(org, ADMIN)
    for _ in range(2):
        given = assignments.assign(admin, org, "u-1", role.role_id)
        assert count(platform, role) == 1
        assert assignments.revoke(admin, org, "u-1", role.role_id) == given
        assert count(platform, role) == 0
        platform.clock.advance(seconds=1)
    assert assignments.of_user(admin, org, "u-1", PageRequest()).items == []


def test_the_event_keeps_what_the_assignment_said(platform: Platform, org: str, role: Role) -> None:
    assignments, admin = platform.services.role_assignments, holder(org, ADMIN)
    assignments.assign(admin, org, "u-1", role.role_id)
    assignments.revoke(holder(org, ADMIN, "u-2"), org, "u-1", role.role_id)
    (event,) = platform.services.audit.events(platform.operator, AuditQuestion(org, action="role.revoke"))
    assert (event.user_id, event.resource_id) == ("u-2", "u-1")
    assert event.details["before"]["roleName"] == "PUBLISHER"
    assert event.details["before"]["assignedBy"] == "u-caller@example.com"
    assert event.details["after"] == {}


def test_a_role_is_given_once_and_taken_once(platform: Platform, org: str, role: Role) -> None:
    assignments, admin = platform.services.role_assignments, holder(org, ADMIN)
    with pytest.raises(NotFound) as missing:
        assignments.revoke(admin, org, "u-1", role.role_id)
    assert missing.value.code == "ASSIGNMENT_NOT_FOUND"
    assignments.assign(admin, org, "u-1", role.role_id)
    with pytest.raises(Conflict) as refused:
        assignments.assign(admin, org, "u-1", role.role_id)
    assert refused.value.code == "ROLE_ALREADY_ASSIGNED"
    assert count(platform, role) == 1


def test_two_who_take_the_same_role_count_once(
    platform: Platform, org: str, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    assignments, admin = platform.services.role_assignments, holder(org, ADMIN)
    assignments.assign(admin, org, "u-1", role.role_id)
    transact, once = Table.transact, iter([0])

    def overtaken(table: Table, writes: Any) -> None:
        for _ in once:
            assignments.revoke(admin, org, "u-1", role.role_id)
        transact(table, writes)

    monkeypatch.setattr(Table, "transact", overtaken)
    with pytest.raises(Conflict) as refused:
        assignments.revoke(admin, org, "u-1", role.role_id)
    assert refused.value.code == "ROLE_CHANGED"
    assert count(platform, role) == 0


def rest(platform: Platform, org: str, role: Role) -> None:
    """What the deactivation of a user does to an assignment."""
    key, role_key = keys.assignment_key(org, "u-1", role.role_id), keys.role_key(org, role.role_id)
    asleep = Update(key, assign={"active": False, "deactivatedWith": "mark"})
    platform.table.transact([asleep, Update(role_key, add={"userCount": -1})])


def test_an_assignment_at_rest_counts_for_nobody(platform: Platform, org: str, role: Role) -> None:
    assignments, admin = platform.services.role_assignments, holder(org, ADMIN)
    assignments.assign(admin, org, "u-1", role.role_id)
    rest(platform, org, role)
    assert assignments.members(admin, org, role.role_id, PageRequest()).items == []
    assert not assignments.revoke(admin, org, "u-1", role.role_id).active
    assert count(platform, role) == 0
    assert platform.table.get(keys.assignment_key(org, "u-1", role.role_id)) is None


def test_an_assignment_at_rest_can_be_given_anew(platform: Platform, org: str, role: Role) -> None:
    assignments, admin = platform.services.role_assignments, holder(org, ADMIN)
    assignments.assign(admin, org, "u-1", role.role_id)
    rest(platform, org, role)
    assert assignments.assign(admin, org, "u-1", role.role_id).active
    assert count(platform, role) == 1
    assert "deactivatedWith" not in (platform.table.get(keys.assignment_key(org, "u-1", role.role_id)) or {})


@pytest.mark.parametrize("grants", ["role:assign", "role:* site:read", "site:*"])
def test_nobody_gives_or_takes_what_is_above_them(platform: Platform, org: str, role: Role, grants: str) -> None:
    assignments, lesser = platform.services.role_assignments, holder(org, grants, team="site:* role:*")
    with pytest.raises(Denied):
        assignments.assign(lesser, org, "u-1", role.role_id)
    assignments.assign(holder(org, ADMIN), org, "u-1", role.role_id)
    with pytest.raises(Denied):
        assignments.revoke(lesser, org, "u-1", role.role_id)
    assert count(platform, role) == 1


def test_only_an_active_user_of_the_organisation_gets_a_role(platform: Platform, org: str, role: Role) -> None:
    assignments, admin = platform.services.role_assignments, holder(org, ADMIN)
    member(platform, org, "u-gone", active=False)
    with pytest.raises(Conflict) as refused:
        assignments.assign(admin, org, "u-gone", role.role_id)
    assert refused.value.code == "USER_INACTIVE"
    elsewhere = tenant(platform, "Elsewhere")
    member(platform, elsewhere, "u-elsewhere")
    for stranger in ("u-elsewhere", "nobody", "", "ROLE#", "é" * 200):
        with pytest.raises(NotFound):
            assignments.assign(admin, org, stranger, role.role_id)
    assert count(platform, role) == 0


def test_who_holds_a_role_is_listed_by_user_over_pages(platform: Platform, org: str, role: Role) -> None:
    assignments, admin = platform.services.role_assignments, holder(org, ADMIN)
    for n in (3, 2, 4):
        member(platform, org, f"u-{n}")
    for n in (3, 1, 2, 4):
        assignments.assign(admin, org, f"u-{n}", role.role_id)
    first = assignments.members(admin, org, role.role_id, PageRequest(3))
    assert first.last is not None
    rest = assignments.members(admin, org, role.role_id, PageRequest(3, first.last))
    assert [a.user_id for a in first.items + rest.items] == ["u-1", "u-2", "u-3", "u-4"]
    for grants in ("role:read", "user:read"):
        with pytest.raises(Denied):
            assignments.members(holder(org, grants), org, role.role_id, PageRequest())
    with pytest.raises(NotFound):
        assignments.members(admin, org, "nothing", PageRequest())


def test_ones_own_roles_are_open_to_oneself(platform: Platform, org: str, role: Role) -> None:
    assignments = platform.services.role_assignments
    assignments.assign(holder(org, ADMIN), org, "u-1", role.role_id)
    own = assignments.of_user(holder(org, "", "u-1"), org, "u-1", PageRequest())
    assert [a.role_id for a in own.items] == [role.role_id]
    with pytest.raises(Denied):
        assignments.of_user(holder(org, "", "u-2"), org, "u-1", PageRequest())


def test_a_role_that_changed_since_is_not_given_by_what_was_read(platform: Platform, org: str, role: Role) -> None:
    roles, admin = platform.services.roles, holder(org, ADMIN)
    stale = roles.load(org, role.role_id)
    roles.set_permissions(admin, org, role.role_id, RolePermissions(permissions=frozenset({"site:read"})))
    writes = roles.assignment_writes(roles.new_assignment(admin, "u-1", stale), stale)
    with pytest.raises(Conflict) as refused:
        platform.table.transact(writes)
    assert refused.value.code == "ROLE_CHANGED"


def test_a_platform_role_reaches_everywhere_until_it_is_taken(platform: Platform, org: str, role: Role) -> None:
    platform.services.seeder.seed(platform.operator)
    assignments = platform.services.role_assignments
    support = platform.services.roles.find(platform.operator, PLATFORM, "SUPPORT_AGENT")

    def actor() -> Any:
        return PrincipalLoader(platform.table, platform.clock).load("u-1", org).actor

    given = assignments.assign_platform(platform.operator, org, "u-1", support.role_id)
    assert given.organisation_id == PLATFORM
    assert actor().may("site:read", "org-any")
    assert count(platform, support) == 1
    held = assignments.members(platform.operator, PLATFORM, support.role_id, PageRequest()).items
    assert [a.user_id for a in held] == ["u-1"]
    assignments.revoke(platform.operator, PLATFORM, "u-1", support.role_id)
    assert actor().platform_permissions == frozenset()
    assert count(platform, support) == 0


def test_platform_roles_are_for_those_who_hold_everything_there(platform: Platform, org: str, role: Role) -> None:
    platform.services.seeder.seed(platform.operator)
    assignments, everything_here = platform.services.role_assignments, holder(org, "*:*")
    support = platform.services.roles.find(platform.operator, PLATFORM, "SUPPORT_AGENT").role_id
    assignments.assign_platform(platform.operator, org, "u-1", support)
    agent = PrincipalLoader(platform.table, platform.clock).load("u-1", org).actor
    for actor in (everything_here, agent):
        for attempt in (
            lambda who: assignments.assign_platform(who, org, "u-1", support),
            lambda who: assignments.assign(who, PLATFORM, "u-1", support),
            lambda who: assignments.revoke(who, PLATFORM, "u-1", support),
        ):
            with pytest.raises(Denied):
                attempt(actor)
    with pytest.raises(NotFound):
        assignments.assign_platform(platform.operator, "org-other", "u-1", support)
