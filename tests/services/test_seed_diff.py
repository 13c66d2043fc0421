"""A default that has changed is offered; what an organisation has edited stays as it wants it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bbws_access.errors import Conflict
from bbws_access.keeper.verify import Verifier
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import Category
from bbws_access.models.role import RoleChanges
from bbws_access.services import seed_diff
from bbws_access.services.pages import PageRequest
from tests.conftest import Platform

pytestmark = pytest.mark.slow


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tomorrow's program: two roles and a team role are described, and allow, something else."""

    def with_new(defaults: Any, name: str, **new: Any) -> Any:
        return tuple(replace(d, **new) if d.name == name else d for d in defaults)

    roles = with_new(seed_diff.ORGANISATION_ROLES, "SITE_VIEWER", permissions=frozenset({"site:read", "usage:read"}))
    roles = with_new(roles, "SITE_ADMIN", description="Everything about sites.")
    monkeypatch.setattr(seed_diff, "ORGANISATION_ROLES", roles)
    monkeypatch.setattr(seed_diff, "TEAM_ROLES", with_new(seed_diff.TEAM_ROLES, "VIEWER", sort_order=9))
    monkeypatch.setattr(seed_diff, "PLATFORM_ROLES", with_new(seed_diff.PLATFORM_ROLES, "SUPPORT_AGENT", priority=11))


def test_today_there_is_no_difference(platform: Platform) -> None:
    platform.services.seeder.seed(platform.operator)
    org = platform.organisation().organisation_id
    assert platform.services.seed_diff.differences(platform.operator, org) == []
    assert platform.services.seed_diff.differences(platform.operator, PLATFORM) == []


def test_what_nobody_edited_is_taken_over_and_what_was_edited_stays(platform: Platform, changed: None) -> None:
    services, who = platform.services, platform.operator
    services.seeder.seed(who)
    org = platform.organisation().organisation_id
    viewer = services.roles.find(who, org, "SITE_VIEWER")
    services.roles.update(who, org, viewer.role_id, RoleChanges(description="Ours."))

    found = services.seed_diff.differences(who, org)
    rows = {(r["name"], r["attribute"]): r for d in found for r in d.rows()}
    assert {key: row["edited"] for key, row in rows.items()} == {
        ("SITE_VIEWER", "description"): True,
        ("SITE_VIEWER", "permissions"): True,
        ("SITE_ADMIN", "description"): False,
        ("VIEWER", "sortOrder"): False,
    }
    assert rows["SITE_VIEWER", "permissions"]["default"] == ["site:read", "usage:read"]
    taken = services.seed_diff.take(who, org, found)
    assert {d.record.name for d in taken} == {"SITE_ADMIN", "VIEWER"}
    assert services.roles.find(who, org, "SITE_ADMIN").description == "Everything about sites."
    assert services.roles.find(who, org, "SITE_VIEWER").description == "Ours."
    assert {d.record.name for d in services.seed_diff.differences(who, org)} == {"SITE_VIEWER"}
    assert "seed.take" in {i.get("action") for i in platform.items()}
    (platforms,) = services.seed_diff.differences(who, PLATFORM)
    assert platforms.record.name == "SUPPORT_AGENT"


def test_permissions_too_are_offered_and_found_where_they_then_belong(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, so that they do not fit into one transaction with their events."""
    services, who = platform.services, platform.operator
    services.seeder.seed(who)
    moved = tuple(replace(p, category=Category.BILLING) for p in seed_diff.PERMISSIONS)
    others = [p.category for p in seed_diff.PERMISSIONS if p.category is not Category.BILLING]
    monkeypatch.setattr(seed_diff, "PERMISSIONS", moved)
    monkeypatch.setattr(seed_diff, "_AT_ONCE", 20)
    found = services.seed_diff.differences(who, PLATFORM)
    assert len(found) == len(others) > 20
    assert not any(d.edited for d in found)
    assert services.seed_diff.take(who, PLATFORM, found) == found
    page = services.permissions.page(who, PageRequest(100), category=Category.BILLING)
    assert {p.permission_id for p in page.items} == {p.id for p in moved}
    assert services.seed_diff.differences(who, PLATFORM) == []
    assert Verifier(platform.table, platform.clock).verify().clean


def test_who_edits_at_the_same_moment_wins(platform: Platform, changed: None) -> None:
    services, who = platform.services, platform.operator
    org = platform.organisation().organisation_id
    found = services.seed_diff.differences(who, org)
    admin = services.roles.find(who, org, "SITE_ADMIN")
    services.roles.update(who, org, admin.role_id, RoleChanges(description="Ours."))
    with pytest.raises(Conflict):
        services.seed_diff.take(who, org, found)
    assert services.roles.find(who, org, "SITE_ADMIN").description == "Ours."


def test_seeding_again_changes_no_default_that_is_there(platform: Platform, changed: None) -> None:
    services, who = platform.services, platform.operator
    services.seeder.seed(who)
    before = platform.items()
    assert services.seeder.seed(who).written == 0
    assert platform.items() == before


def test_the_next_default_is_offered_as_well(
    platform: Platform, changed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, who = platform.services, platform.operator
    org = platform.organisation().organisation_id
    services.seed_diff.take(who, org, services.seed_diff.differences(who, org))
    later = tuple(replace(d, priority=d.priority + 10) for d in seed_diff.ORGANISATION_ROLES)
    monkeypatch.setattr(seed_diff, "ORGANISATION_ROLES", later)
    assert {d.edited for d in services.seed_diff.differences(who, org)} == {False}


def test_what_came_from_the_old_platform_may_have_been_edited_there(platform: Platform, changed: None) -> None:
    services, who = platform.services, platform.operator
    org = platform.organisation().organisation_id
    role = services.roles.find(who, org, "SITE_ADMIN")
    platform.client.update_item(
        TableName=platform.table.name,
        Key={"PK": {"S": f"ORG#{org}"}, "SK": {"S": f"ROLE#{role.role_id}"}},
        UpdateExpression="SET migratedFrom = :m",
        ExpressionAttributeValues={":m": {"S": "1:0"}},
    )
    edited = {d.record.name: d.edited for d in services.seed_diff.differences(who, org)}
    assert edited["SITE_ADMIN"]
    assert not edited["SITE_VIEWER"]
