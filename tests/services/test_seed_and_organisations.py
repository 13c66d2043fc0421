"""What every platform and every organisation starts with."""

from __future__ import annotations

import pytest

from bbws_access.access.actor import Actor, ActorKind
from bbws_access.access.grants import covers
from bbws_access.defaults import ORGANISATION_ROLES, PERMISSION_SETS, PERMISSIONS, PLATFORM_ROLES, TEAM_ROLES
from bbws_access.errors import Conflict, Denied, InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import Category
from bbws_access.services.pages import MAX_PAGE_SIZE, PageRequest, every
from tests.conftest import Platform

CORE = """
site:create site:read site:update site:delete site:publish site:backup site:restore team:read
team:update team:member:add team:member:remove team:member:read org:read org:update
org:hierarchy:manage org:user:manage invitation:create invitation:read invitation:revoke
invitation:resend role:create role:update role:assign audit:read audit:export
""".split()

BEYOND = """
team:create team:delete team:role:manage org:create org:delete role:read role:delete user:create
user:read user:update user:delete permission:create permission:read permission:update
subscription:read subscription:update usage:read
""".split()


def test_the_permissions_are_those_of_the_contract() -> None:
    assert len(CORE) == 25
    assert {p.id for p in PERMISSIONS} == {*CORE, *BEYOND}
    assert {p.category for p in PERMISSIONS} == set(Category)


def test_every_default_grant_covers_some_permission() -> None:
    defaults = [*PLATFORM_ROLES, *ORGANISATION_ROLES, *PERMISSION_SETS]
    for grant in {g for default in defaults for g in default.permissions}:
        assert any(covers({grant}, p.id) for p in PERMISSIONS), grant


def test_support_reads_everything_but_the_audit_trail() -> None:
    support = next(r for r in PLATFORM_ROLES if r.name == "SUPPORT_AGENT").permissions
    assert support == {p.id for p in PERMISSIONS if p.id.endswith(":read")} - {"audit:read"}


def test_seeding_twice_writes_once(platform: Platform) -> None:
    first = platform.services.seeder.seed(platform.operator)
    before = platform.items()
    second = platform.services.seeder.seed(platform.operator)
    assert first.written == first.expected == len(PERMISSIONS) + len(PLATFORM_ROLES) + len(PERMISSION_SETS)
    assert second.written == 0
    assert platform.items() == before


def test_seeding_again_restores_what_is_missing_and_leaves_the_rest(platform: Platform) -> None:
    platform.services.seeder.seed(platform.operator)
    key = {"PK": {"S": "PERM#site:read"}, "SK": {"S": "METADATA"}}
    platform.client.delete_item(TableName=platform.table.name, Key=key)
    assert platform.services.seeder.seed(platform.operator).written == 1


def test_permissions_are_listed_by_category_over_pages(platform: Platform) -> None:
    platform.services.seeder.seed(platform.operator)
    whole = [p.permission_id for p in platform.services.permissions.page(platform.operator, PageRequest(100)).items]
    assert sorted(whole) == sorted(p.id for p in PERMISSIONS)
    for size in (1, 7, 21, 42):
        seen, start = [], None
        while True:
            page = platform.services.permissions.page(platform.operator, PageRequest(size, start))
            assert page.items or page.last is None
            seen += [p.permission_id for p in page.items]
            start = page.last
            if start is None:
                break
        assert seen == whole


@pytest.mark.parametrize("size", [0, -1, MAX_PAGE_SIZE + 1])
def test_page_sizes_out_of_range(size: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        PageRequest(size)
    assert refused.value.code == "INVALID_PAGE_SIZE"


def test_an_organisation_gets_its_default_roles_and_team_roles(platform: Platform) -> None:
    org = platform.organisation()
    roles = list(every(lambda p: platform.services.roles.page(platform.operator, org.organisation_id, p)))
    assert {r.name: r.permissions for r in roles} == {r.name: r.permissions for r in ORGANISATION_ROLES}
    for default in TEAM_ROLES:
        found = platform.services.teams.load_role_named(org.organisation_id, default.name)
        assert found.capabilities == default.capabilities


def test_an_organisation_is_found_by_id_and_by_name_however_written(platform: Platform) -> None:
    org = platform.organisation("Straße  Café")
    for name in (org.organisation_id, "Straße  Café", "STRASSE café", "strasse cafe\u0301"):
        assert platform.services.organisations.find(platform.operator, name) == org


def test_two_organisations_cannot_share_a_name(platform: Platform) -> None:
    platform.organisation("Acme")
    with pytest.raises(Conflict) as refused:
        platform.organisation("aCME")
    assert refused.value.code == "ORGANISATION_EXISTS"


@pytest.mark.parametrize("name", ["nobody", "org-x", "", " ", "ORG#", "\x00", "é" * 500])
def test_an_unknown_organisation(platform: Platform, name: str) -> None:
    platform.organisation()
    with pytest.raises(NotFound):
        platform.services.organisations.find(platform.operator, name)


def test_organisations_are_listed_by_name(platform: Platform) -> None:
    for name in ("Beta", "Alpha", "Gamma"):
        platform.organisation(name)
    listed = platform.services.organisations.page(platform.operator, PageRequest()).items
    assert [o.name for o in listed] == ["Alpha", "Beta", "Gamma"]


def test_a_tenant_neither_lists_nor_makes_organisations(platform: Platform) -> None:
    org = platform.organisation()
    admin = Actor("u", "u@example.com", ActorKind.USER, org.organisation_id, frozenset({"*:*"}))
    with pytest.raises(Denied):
        platform.services.organisations.page(admin, PageRequest())
    with pytest.raises(Denied):
        platform.services.seeder.seed(admin)
    assert admin.held_in(PLATFORM) == frozenset()
