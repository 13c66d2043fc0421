"""Roles: made, edited and put out of force within the boundary."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access.defaults import ORGANISATION_ROLES, SEED_VERSION, TEAM_ROLES
from bbws_access.errors import Conflict, Denied, InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import Scope
from bbws_access.models.role import NewRole, Role, RoleChanges, RolePermissions
from bbws_access.services.pages import PageRequest
from bbws_access.store.table import Table
from tests.conftest import Platform
from tests.services.holders import holder, member, tenant

ADMIN = "role:* site:* user:read"


def new(name: str = "PUBLISHER", grants: str = "site:read site:publish", **more: Any) -> NewRole:
    return NewRole(name=name, display_name="Publisher", permissions=frozenset(grants.split()), **more)


def grants(words: str, **more: Any) -> RolePermissions:
    return RolePermissions(permissions=frozenset(words.split()), **more)


@pytest.fixture
def org(platform: Platform) -> str:
    return tenant(platform)


@pytest.fixture
def whole(platform: Platform) -> str:
    """An organisation with its default roles."""
    return platform.organisation().organisation_id


@pytest.fixture
def role(platform: Platform, org: str) -> Role:
    return platform.services.roles.create(holder(org, ADMIN), org, new())


def test_only_what_is_given_changes(platform: Platform, org: str, role: Role) -> None:
    platform.clock.advance(minutes=1)
    changed = platform.services.roles.update(holder(org, ADMIN, "u-2"), org, role.role_id, RoleChanges(priority=7))
    assert (changed.priority, changed.display_name, changed.version) == (7, role.display_name, 2)
    assert (changed.last_updated_by, changed.created_by) == ("u-2@example.com", "u-caller@example.com")
    assert platform.services.roles.load(org, role.role_id) == changed


def test_grants_that_cover_nothing_are_named(platform: Platform, org: str, role: Role) -> None:
    roles, anything = platform.services.roles, holder(org, "*:*")
    for attempt in (
        lambda: roles.create(anything, org, new("OTHER", "site:fly")),
        lambda: roles.set_permissions(anything, org, role.role_id, grants("site:fly site:read")),
    ):
        with pytest.raises(InvalidInput) as refused:
            attempt()
        assert (refused.value.code, refused.value.details["permissions"]) == ("INVALID_PERMISSIONS", ["site:fly"])


def test_a_role_of_an_organisation_does_not_claim_the_platform(platform: Platform, org: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        platform.services.roles.create(platform.operator, org, new(scope=Scope.PLATFORM))
    assert set(refused.value.details["fields"]) == {"scope"}


def test_the_editor_holds_what_was_and_what_will_be(platform: Platform, org: str, role: Role) -> None:
    roles = platform.services.roles
    for held, wanted in (
        ("role:* site:read", "site:read"),  # would take site:publish from others
        ("role:* site:read site:publish", "site:read site:publish site:delete"),
        ("role:* site:read site:publish", "site:*"),
        ("role:* site:read site:publish", "*:*"),
    ):
        with pytest.raises(Denied) as refused:
            roles.set_permissions(holder(org, held, team="site:*"), org, role.role_id, grants(wanted))
        assert refused.value.code == "PRIVILEGE_BOUNDARY"
    changed = roles.set_permissions(holder(org, "role:update site:*"), org, role.role_id, grants("site:backup"))
    assert (changed.permissions, changed.version) == ({"site:backup"}, 2)


@pytest.mark.parametrize(
    "changes", [{"active": False}, {"display_name": "Mine"}, {"name": "MINE"}, {"priority": 1}, {"description": "x"}]
)
def test_nobody_edits_a_role_above_them(platform: Platform, org: str, role: Role, changes: dict[str, Any]) -> None:
    with pytest.raises(Denied) as refused:
        platform.services.roles.update(holder(org, "role:* site:read"), org, role.role_id, RoleChanges(**changes))
    assert refused.value.code == "PRIVILEGE_BOUNDARY"


def test_nobody_revives_a_role_above_them(platform: Platform, org: str, role: Role) -> None:
    roles, admin = platform.services.roles, holder(org, ADMIN)
    roles.update(admin, org, role.role_id, RoleChanges(active=False))
    with pytest.raises(Denied):
        roles.update(holder(org, "role:*"), org, role.role_id, RoleChanges(active=True))
    assert roles.update(admin, org, role.role_id, RoleChanges(active=True)).active


def test_a_role_out_of_force_is_listed_apart(platform: Platform, org: str, role: Role) -> None:
    roles, admin = platform.services.roles, holder(org, ADMIN)
    roles.update(admin, org, role.role_id, RoleChanges(active=False))
    assert [r.name for r in roles.page(admin, org, PageRequest(), active=False).items] == ["PUBLISHER"]
    assert "PUBLISHER" not in {r.name for r in roles.page(admin, org, PageRequest()).items}


def test_a_rename_frees_the_old_name_and_takes_the_new(platform: Platform, org: str, role: Role) -> None:
    roles, admin = platform.services.roles, holder(org, ADMIN)
    roles.update(admin, org, role.role_id, RoleChanges(name="PRINTER"))
    other = roles.create(admin, org, new("PUBLISHER"))
    assert roles.find(admin, org, "printer").role_id == role.role_id
    with pytest.raises(Conflict) as refused:
        roles.update(admin, org, other.role_id, RoleChanges(name="PRINTER"))
    assert refused.value.code == "ROLE_EXISTS"


def test_default_roles_keep_their_names(platform: Platform, whole: str) -> None:
    default = platform.services.roles.find(platform.operator, whole, "SITE_VIEWER")
    with pytest.raises(Conflict) as refused:
        platform.services.roles.update(platform.operator, whole, default.role_id, RoleChanges(name="LOOKER"))
    assert refused.value.code == "DEFAULT_ROLE_NAME"


@pytest.mark.parametrize("changes", [{"active": False}, {"name": "PRINTER"}])
def test_a_role_in_use_stays_and_keeps_its_name(
    platform: Platform, org: str, role: Role, changes: dict[str, Any]
) -> None:
    roles, admin = platform.services.roles, holder(org, ADMIN)
    member(platform, org, "u-1")
    roles.assign(admin, org, "u-1", role.role_id)
    with pytest.raises(Conflict) as refused:
        roles.update(admin, org, role.role_id, RoleChanges(**changes))
    assert (refused.value.code, refused.value.details) == ("ROLE_IN_USE", {"userCount": 1})
    roles.update(admin, org, role.role_id, RoleChanges(display_name="Still editable"))


def overtaking(monkeypatch: pytest.MonkeyPatch, first: Any) -> None:
    """Lets ``first`` happen between the next reading and its writing."""
    transact, once = Table.transact, iter([first])

    def overtaken(table: Table, writes: Any) -> None:
        for act in once:
            act()
        transact(table, writes)

    monkeypatch.setattr(Table, "transact", overtaken)


def test_an_assignment_at_the_same_moment_keeps_the_role_in_force(
    platform: Platform, org: str, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles, admin = platform.services.roles, holder(org, ADMIN)
    member(platform, org, "u-1")
    overtaking(monkeypatch, lambda: roles.assign(admin, org, "u-1", role.role_id))
    with pytest.raises(Conflict) as refused:
        roles.update(admin, org, role.role_id, RoleChanges(active=False))
    assert refused.value.code == "ROLE_IN_USE"
    kept = roles.load(org, role.role_id)
    assert (kept.active, kept.user_count) == (True, 1)


def test_a_role_that_grew_meanwhile_is_not_assigned_beyond_the_boundary(
    platform: Platform, org: str, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = platform.services.roles
    member(platform, org, "u-1")
    overtaking(monkeypatch, lambda: roles.set_permissions(platform.operator, org, role.role_id, grants("*:*")))
    with pytest.raises(Conflict) as refused:
        roles.assign(holder(org, ADMIN), org, "u-1", role.role_id)
    assert refused.value.code == "ROLE_CHANGED"
    assert roles.load(org, role.role_id).user_count == 0


def test_the_version_that_was_seen_decides(platform: Platform, org: str, role: Role) -> None:
    roles, admin = platform.services.roles, holder(org, ADMIN)
    roles.update(admin, org, role.role_id, RoleChanges(priority=2, version=1))
    for stale in (
        lambda: roles.update(admin, org, role.role_id, RoleChanges(priority=3, version=1)),
        lambda: roles.set_permissions(admin, org, role.role_id, grants("site:read", version=1)),
    ):
        with pytest.raises(Conflict) as refused:
            stale()
        assert refused.value.code == "CONFLICT"


def test_the_platforms_roles_are_open_to_all_and_changed_by_none(platform: Platform, org: str) -> None:
    platform.services.seeder.seed(platform.operator)
    roles, anybody = platform.services.roles, holder(org, "")
    found = roles.page(anybody, PLATFORM, PageRequest()).items
    assert {r.name for r in found} == {"PLATFORM_ADMIN", "SUPPORT_AGENT", "BILLING_ADMIN", "SECURITY_OFFICER"}
    role_id = roles.get(anybody, PLATFORM, found[0].role_id).role_id
    for attempt in (
        lambda: roles.update(platform.operator, PLATFORM, role_id, RoleChanges(active=False)),
        lambda: roles.set_permissions(platform.operator, PLATFORM, role_id, grants("site:read")),
        lambda: roles.create(platform.operator, PLATFORM, new()),
    ):
        with pytest.raises(Denied) as refused:
            attempt()
        assert refused.value.code == "SYSTEM_READ_ONLY"


def test_another_tenants_roles_are_closed(platform: Platform, org: str, role: Role) -> None:
    roles, outsider = platform.services.roles, holder("org-other", "*:*")
    for attempt in (
        lambda: roles.create(outsider, org, new("OTHER")),
        lambda: roles.update(outsider, org, role.role_id, RoleChanges(active=False)),
        lambda: roles.set_permissions(outsider, org, role.role_id, grants("site:read")),
        lambda: roles.get(outsider, org, role.role_id),
        lambda: roles.page(outsider, org, PageRequest()),
        lambda: roles.seed_defaults(outsider, org),
    ):
        with pytest.raises(Denied):
            attempt()
    with pytest.raises(NotFound):
        roles.update(outsider, "org-other", role.role_id, RoleChanges(active=False))


def test_a_role_needs_its_organisation(platform: Platform) -> None:
    with pytest.raises(NotFound) as refused:
        platform.services.roles.create(platform.operator, "org-nowhere", new())
    assert refused.value.code == "ORGANISATION_NOT_FOUND"


def test_the_trail_tells_what_a_role_allowed_before(platform: Platform, org: str, role: Role) -> None:
    platform.services.roles.set_permissions(holder(org, ADMIN), org, role.role_id, grants("site:read"))
    events = platform.services.audit.events(platform.operator, AuditQuestion(org, action="role.permissions"))
    assert [e.details for e in events] == [
        {
            "name": "PUBLISHER",
            "before": {"permissions": ["site:publish", "site:read"]},
            "after": {"permissions": ["site:read"]},
        }
    ]


def test_seeding_adds_what_is_missing_once(platform: Platform, whole: str) -> None:
    lost = platform.services.roles.find(platform.operator, whole, "SITE_EDITOR")
    for key in (
        {"PK": f"ORG#{whole}", "SK": f"ROLE#{lost.role_id}"},
        {"PK": f"ORG#{whole}", "SK": "UNIQUE#ROLE#site_editor"},
    ):
        platform.client.delete_item(TableName=platform.table.name, Key={k: {"S": v} for k, v in key.items()})
    added = platform.services.roles.seed_defaults(platform.operator, whole)
    assert ([r.name for r in added.roles], list(added.team_roles)) == (["SITE_EDITOR"], [])
    before = platform.items()
    again = platform.services.roles.seed_defaults(platform.operator, whole)
    assert (list(again.roles), list(again.team_roles), platform.items()) == ([], [], before)


def test_seeding_an_organisation_that_has_nothing(
    platform: Platform, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another run does it at the same moment: each role is there once.
    overtaking(monkeypatch, lambda: platform.services.roles.seed_defaults(platform.operator, org))
    assert not platform.services.roles.seed_defaults(platform.operator, org).roles
    names = [i["name"] for i in platform.items() if str(i["SK"]).startswith(("ROLE#", "TEAMROLE#"))]
    assert sorted(names) == sorted([r.name for r in ORGANISATION_ROLES] + [r.name for r in TEAM_ROLES])
    assert platform.services.organisations.load(org).seed_version == SEED_VERSION
    with pytest.raises(NotFound):
        platform.services.roles.seed_defaults(platform.operator, "org-nowhere")
