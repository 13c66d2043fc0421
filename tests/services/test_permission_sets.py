"""Permission sets: within the boundary, under unique names, and the platform's left alone."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access.errors import AccessError, Conflict, Denied, InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import EventType, Scope
from bbws_access.models.permission import NewPermissionSet, PermissionSet, PermissionSetChanges
from bbws_access.services.pages import PageRequest, every
from bbws_access.services.uniqueness import Named, holder_of
from bbws_access.store.table import Table
from tests.conftest import Platform
from tests.services.holders import holder, tenant

ADMIN = "permission:* site:* team:read"


def new(name: str = "Publishers", grants: str = "site:read site:publish", **more: Any) -> NewPermissionSet:
    return NewPermissionSet(
        name=name, description="Those who publish sites", permissions=frozenset(grants.split()), **more
    )


@pytest.fixture
def org(platform: Platform) -> str:
    return tenant(platform)


@pytest.fixture
def made(platform: Platform, org: str) -> PermissionSet:
    return platform.services.permission_sets.create(holder(org, ADMIN), org, new())


def test_a_set_is_kept_as_it_was_made(platform: Platform, org: str, made: PermissionSet) -> None:
    assert platform.services.permission_sets.get(holder(org, "permission:read"), org, made.set_id) == made
    assert (made.version, made.active, made.is_system, made.scope) == (1, True, False, Scope.ORGANISATION)


def test_grants_that_cover_nothing_are_named(platform: Platform, org: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        platform.services.permission_sets.create(
            holder(org, "*:*"), org, new(grants="site:read site:fly nothing:* team:member:*")
        )
    assert refused.value.code == "INVALID_PERMISSIONS"
    assert refused.value.details["permissions"] == ["nothing:*", "site:fly"]


@pytest.mark.parametrize("grants", ["audit:read", "site:read team:*", "*:*"])
def test_nobody_offers_what_they_do_not_hold(platform: Platform, org: str, made: PermissionSet, grants: str) -> None:
    sets, admin = platform.services.permission_sets, holder(org, ADMIN, team="audit:read")
    before = platform.items()
    with pytest.raises(Denied) as refused:
        sets.create(admin, org, new("Others", grants))
    assert refused.value.code == "PRIVILEGE_BOUNDARY"
    changes = PermissionSetChanges(permissions=frozenset(grants.split()))
    with pytest.raises(Denied):
        sets.update(admin, org, made.set_id, changes)
    assert platform.items() == before


def test_a_set_above_somebody_can_be_described_but_not_changed(
    platform: Platform, org: str, made: PermissionSet
) -> None:
    sets, lesser = platform.services.permission_sets, holder(org, "permission:update site:read")
    described = sets.update(lesser, org, made.set_id, PermissionSetChanges(description="Publishing, and no more"))
    assert described.permissions == made.permissions
    with pytest.raises(Denied):
        sets.update(lesser, org, made.set_id, PermissionSetChanges(permissions=made.permissions | {"site:delete"}))
    with pytest.raises(Denied):
        sets.update(lesser, org, made.set_id, PermissionSetChanges(scope=Scope.TEAM))


def test_a_set_for_the_platform_is_made_by_those_who_hold_it_there(platform: Platform, org: str) -> None:
    with pytest.raises(Denied):
        platform.services.permission_sets.create(holder(org, "*:*"), org, new(scope=Scope.PLATFORM))
    platform.services.permission_sets.create(platform.operator, org, new(scope=Scope.PLATFORM))


def test_names_are_unique_and_free_again_after_a_rename(platform: Platform, org: str, made: PermissionSet) -> None:
    sets, admin = platform.services.permission_sets, holder(org, ADMIN)
    with pytest.raises(Conflict) as refused:
        sets.create(admin, org, new("  pUBLISHERS "))
    assert refused.value.code == "PERMISSION_SET_EXISTS"
    sets.update(admin, org, made.set_id, PermissionSetChanges(name="Printers"))
    other = sets.create(admin, org, new("Publishers"))
    before = platform.items()
    with pytest.raises(Conflict):
        sets.update(admin, org, other.set_id, PermissionSetChanges(name="PRINTERS"))
    assert platform.items() == before
    elsewhere = tenant(platform, "Elsewhere")
    sets.create(holder(elsewhere, ADMIN), elsewhere, new("Publishers"))


def test_a_name_may_change_its_letters_only(platform: Platform, org: str, made: PermissionSet) -> None:
    admin = holder(org, ADMIN)
    changed = platform.services.permission_sets.update(admin, org, made.set_id, PermissionSetChanges(name="PUBLISHERS"))
    assert changed.name == "PUBLISHERS"
    assert holder_of(platform.table, org, Named.PERMISSION_SET, "publishers") == made.set_id


def test_another_version_is_a_conflict(platform: Platform, org: str, made: PermissionSet) -> None:
    sets, admin = platform.services.permission_sets, holder(org, ADMIN)
    changed = sets.update(admin, org, made.set_id, PermissionSetChanges(active=False, version=1))
    assert (changed.version, changed.active) == (2, False)
    with pytest.raises(Conflict) as refused:
        sets.update(admin, org, made.set_id, PermissionSetChanges(active=True, version=1))
    assert refused.value.code == "CONFLICT"


def test_a_writer_that_was_overtaken_changes_nothing(
    platform: Platform, org: str, made: PermissionSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets, admin = platform.services.permission_sets, holder(org, ADMIN)
    transact, edits = Table.transact, iter([PermissionSetChanges(description="Somebody was first")])

    def overtaken(table: Table, writes: Any) -> None:
        for first in edits:
            sets.update(admin, org, made.set_id, first)
        transact(table, writes)

    monkeypatch.setattr(Table, "transact", overtaken)
    with pytest.raises(Conflict) as refused:
        sets.update(admin, org, made.set_id, PermissionSetChanges(name="Second", description="Too late for this"))
    assert refused.value.code == "CONFLICT"
    kept = sets.get(admin, org, made.set_id)
    assert (kept.name, kept.description, kept.version) == ("Publishers", "Somebody was first", 2)
    assert holder_of(platform.table, org, Named.PERMISSION_SET, "Second") is None


def test_what_is_so_already_leaves_no_trace(platform: Platform, org: str, made: PermissionSet) -> None:
    before = platform.items()
    same = PermissionSetChanges(name=made.name, permissions=made.permissions, active=True)
    assert platform.services.permission_sets.update(holder(org, ADMIN), org, made.set_id, same) == made
    assert platform.items() == before


def test_the_trail_has_what_was_and_what_is(platform: Platform, org: str, made: PermissionSet) -> None:
    changes = PermissionSetChanges(permissions=frozenset({"site:read"}))
    platform.services.permission_sets.update(holder(org, ADMIN), org, made.set_id, changes)
    platform.clock.advance(seconds=1)
    events = list(
        platform.services.audit.events(
            platform.operator, AuditQuestion(org, types=frozenset({EventType.PERMISSION_CHANGE}), newest_first=False)
        )
    )
    by_action = {e.action: e.details for e in events}
    assert by_action["permission-set.update"] == {
        "before": {"permissions": ["site:publish", "site:read"]},
        "after": {"permissions": ["site:read"]},
    }
    assert by_action["permission-set.create"]["after"]["name"] == "Publishers"


def test_the_platforms_sets_are_read_by_all_and_changed_by_none(platform: Platform, org: str) -> None:
    platform.services.seeder.seed(platform.operator)
    sets = platform.services.permission_sets
    anybody = holder(org, "permission:*")
    system = list(every(lambda p: sets.page(anybody, PLATFORM, p)))
    assert len(system) == 6
    assert sets.get(anybody, org, "permset-viewer") == sets.get(anybody, PLATFORM, "permset-viewer")
    for actor, owner in ((anybody, org), (platform.operator, org), (platform.operator, PLATFORM)):
        with pytest.raises(Denied) as refused:
            sets.update(actor, owner, "permset-viewer", PermissionSetChanges(active=False))
        assert refused.value.code == "SYSTEM_READ_ONLY"
    with pytest.raises(Denied) as refused:
        sets.create(platform.operator, PLATFORM, new())
    assert refused.value.code == "SYSTEM_READ_ONLY"


def test_sets_are_listed_by_date_over_pages(platform: Platform, org: str) -> None:
    sets, admin = platform.services.permission_sets, holder(org, ADMIN)
    names = ["Zebra", "Ant", "Mole", "Bat", "Yak"]
    for n, name in enumerate(names):
        made = sets.create(admin, org, new(name))
        if n % 2:
            sets.update(admin, org, made.set_id, PermissionSetChanges(active=False))
        platform.clock.advance(seconds=1)
    seen, start = [], None
    while True:
        page = sets.page(admin, org, PageRequest(2, start))
        seen += [s.name for s in page.items]
        if (start := page.last) is None:
            break
    assert seen == names
    assert [s.name for s in sets.page(admin, org, PageRequest(), active=False).items] == ["Ant", "Bat"]


@pytest.mark.parametrize("grants", ["", "permission:read", "site:*", "role:*"])
def test_each_thing_needs_its_permission(platform: Platform, org: str, made: PermissionSet, grants: str) -> None:
    sets, actor = platform.services.permission_sets, holder(org, grants)
    with pytest.raises(Denied):
        sets.create(actor, org, new("Others"))
    with pytest.raises(Denied):
        sets.update(actor, org, made.set_id, PermissionSetChanges(active=False))
    if grants != "permission:read":
        for read in (lambda: sets.get(actor, org, made.set_id), lambda: sets.page(actor, org, PageRequest())):
            with pytest.raises(Denied):
                read()


def test_another_tenants_sets_are_closed(platform: Platform, org: str, made: PermissionSet) -> None:
    outsider, sets = holder("org-other", "*:*"), platform.services.permission_sets
    calls = (
        lambda: sets.get(outsider, org, made.set_id),
        lambda: sets.page(outsider, org, PageRequest()),
        lambda: sets.create(outsider, org, new("Others")),
        lambda: sets.update(outsider, org, made.set_id, PermissionSetChanges(active=False)),
    )
    for call in calls:
        with pytest.raises(Denied) as refused:
            call()
        assert refused.value.code == "ORG_ACCESS_DENIED"
    with pytest.raises(NotFound):
        sets.get(outsider, "org-other", made.set_id)


def test_what_does_not_exist(platform: Platform, org: str) -> None:
    sets = platform.services.permission_sets
    with pytest.raises(NotFound) as refused:
        sets.update(platform.operator, org, "nothing", PermissionSetChanges(active=False))
    assert refused.value.code == "PERMISSION_SET_NOT_FOUND"
    with pytest.raises(AccessError) as missing:
        sets.create(platform.operator, "org-nowhere", new())
    assert missing.value.code == "ORGANISATION_NOT_FOUND"
