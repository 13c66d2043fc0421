"""The role service through its handlers, with the events that API Gateway makes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bbws_access.access.actor import Actor
from bbws_access.catalogue import FUNCTIONS, Service
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from lambdas.role import seed_defaults
from tests.conftest import Platform
from tests.lambdas.gateway import CONTEXT, Reply, ask, handler_of, proxy_event, send
from tests.services.holders import holder, member, tenant

pytestmark = pytest.mark.usefixtures("functions")

ADMIN = "role:* site:*"
BODY = {"name": "PUBLISHER", "displayName": "Publisher", "permissions": ["site:read", "site:publish"]}


@pytest.fixture
def org(platform: Platform) -> str:
    return tenant(platform)


@pytest.fixture
def seeded(platform: Platform) -> None:
    platform.services.seeder.seed(platform.operator)


@pytest.fixture
def role_id(org: str) -> str:
    return str(ask("role-create-role", holder(org, ADMIN), BODY, orgId=org).json["roleId"])


def test_every_function_of_the_service_has_its_handler() -> None:
    names = [f.name for f in FUNCTIONS if f.service is Service.ROLE]
    assert len(names) == 8
    assert all(callable(handler_of(name)) for name in names)


def test_a_role_is_created_and_read(org: str) -> None:
    made = ask("role-create-role", holder(org, ADMIN), BODY, orgId=org)
    assert made.status == 201
    link = made.json["_links"]["self"]["href"]
    assert link == f"/v1/organisations/{org}/roles/{made.json['roleId']}"
    assert made.json["permissions"] == ["site:publish", "site:read"]
    assert (made.json["priority"], made.json["scope"], made.json["version"]) == (100, "ORGANISATION", 1)
    read = ask("role-get-role", holder(org, "role:read"), orgId=org, roleId=made.json["roleId"])
    assert (read.status, read.json) == (200, made.json)
    assert read.headers["Access-Control-Allow-Origin"] == "*"


def test_a_role_is_changed(org: str, role_id: str) -> None:
    changed = ask("role-update-role", holder(org, ADMIN), {"priority": 5, "version": 1}, orgId=org, roleId=role_id)
    assert (changed.status, changed.json["priority"], changed.json["version"]) == (200, 5, 2)
    stale = ask("role-update-role", holder(org, ADMIN), {"priority": 6, "version": 1}, orgId=org, roleId=role_id)
    assert (stale.status, stale.code) == (409, "CONFLICT")


def test_permissions_are_replaced(org: str, role_id: str) -> None:
    def put(grants: list[str], held: str = ADMIN) -> Reply:
        return ask("role-assign-permissions", holder(org, held), {"permissions": grants}, orgId=org, roleId=role_id)

    assert put(["site:backup"]).json["permissions"] == ["site:backup"]
    assert (put(["audit:read"]).status, put(["audit:read"]).code) == (403, "PRIVILEGE_BOUNDARY")
    assert (put(["site:fly"]).status, put(["site:fly"]).code) == (400, "INVALID_PERMISSIONS")
    assert put(["site:fly"]).json["error"]["details"]["permissions"] == ["site:fly"]
    assert put(["site:backup"], "role:read site:*").code == "PERMISSION_DENIED"


def test_a_role_in_use_is_not_put_out_of_force(platform: Platform, org: str, role_id: str) -> None:
    member(platform, org, "u-1")
    platform.services.roles.assign(platform.operator, org, "u-1", role_id)
    refused = ask("role-update-role", holder(org, ADMIN), {"active": False}, orgId=org, roleId=role_id)
    assert (refused.status, refused.code) == (409, "ROLE_IN_USE")


def test_roles_are_listed_over_pages(org: str, role_id: str) -> None:
    seed_defaults({"detail": {"organisationId": org}}, CONTEXT)
    seen, query = [], {"pageSize": "4"}
    while True:
        page = ask("role-list-roles", holder(org, "role:read"), query=query, orgId=org)
        assert (page.status, page.json["count"]) == (200, len(page.json["items"]))
        seen += [item["name"] for item in page.json["items"]]
        assert ("next" in page.json["_links"]) is page.json["moreAvailable"]
        if not page.json["moreAvailable"]:
            break
        query["startAt"] = page.json["_links"]["next"]["href"].partition("startAt=")[2]
    assert seen == sorted(["ORG_ADMIN", "ORG_MANAGER", "SITE_ADMIN", "SITE_EDITOR", "SITE_VIEWER", "PUBLISHER"])
    moved = ask("role-list-roles", holder(org, "role:read"), query=query | {"active": "false"}, orgId=org)
    assert (moved.status, moved.code) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize("value", ["TRUE", "1", "", "yes", "\x00"])
def test_a_flag_is_true_or_false(org: str, value: str) -> None:
    refused = ask("role-list-roles", holder(org, "role:read"), query={"active": value}, orgId=org)
    assert (refused.status, set(refused.fields)) == (400, {"active"})


def test_the_platforms_roles_are_open_to_any_token_and_to_none_without(seeded: None, org: str) -> None:
    anybody = holder(org, "")
    listed = ask("role-list-platform-roles", anybody)
    assert [r["name"] for r in listed.json["items"]] == [
        "BILLING_ADMIN",
        "PLATFORM_ADMIN",
        "SECURITY_OFFICER",
        "SUPPORT_AGENT",
    ]
    own = listed.json["items"][1]
    assert own["_links"]["self"]["href"] == f"/v1/platform/roles/{own['roleId']}"
    assert ask("role-get-platform-role", anybody, roleId=own["roleId"]).json == own
    for refused in (ask("role-list-platform-roles", None), ask("role-get-platform-role", None, roleId=own["roleId"])):
        assert refused.status == 401
    assert ask("role-get-platform-role", anybody, roleId="nothing").status == 404


def test_the_platforms_roles_are_changed_by_none(platform: Platform, seeded: None) -> None:
    role_id = platform.services.roles.find(platform.operator, PLATFORM, "SUPPORT_AGENT").role_id
    for name, body in (("role-update-role", {"active": False}), ("role-assign-permissions", {"permissions": ["*:*"]})):
        refused = ask(name, platform_admin(), body, orgId=PLATFORM, roleId=role_id)
        assert (refused.status, refused.code) == (403, "SYSTEM_READ_ONLY")


def platform_admin() -> Actor:
    return replace(holder("org-home", ""), platform_permissions=frozenset({"*:*"}))


BAD_ROLES: list[tuple[dict[str, Any], str]] = [
    ({"name": "lower"}, "name"),
    ({"name": "A"}, "name"),
    ({"name": "A" * 51}, "name"),
    ({"name": "PUBLISHER\nX"}, "name"),
    ({"name": "ÄRGER"}, "name"),
    ({"name": "PUBLISHER\u200b"}, "name"),
    ({"name": "PUBLISHER#ORG#X"}, "name"),
    ({"name": 5}, "name"),
    ({"name": None}, "name"),
    ({"displayName": " x "}, "displayName"),
    ({"displayName": "x" * 101}, "displayName"),
    ({"description": "x" * 501}, "description"),
    ({"description": ["x"]}, "description"),
    ({"permissions": []}, "permissions"),
    ({"permissions": "site:read"}, "permissions"),
    ({"permissions": {"site:read": True}}, "permissions"),
    ({"permissions": ["site:read", 7]}, "permissions.1"),
    ({"permissions": ["site:read", "SITE:READ"]}, "permissions.1"),
    ({"permissions": ["site:read,*:*"]}, "permissions.0"),
    ({"permissions": ["site:re\nad"]}, "permissions.0"),
    ({"permissions": [f"site:{a}{b}" for a in "abcdefghijk" for b in "abcdefghijk"]}, "permissions"),
    ({"scope": "GALAXY"}, "scope"),
    ({"scope": "PLATFORM"}, "scope"),
    ({"scope": 1}, "scope"),
    ({"priority": 0}, "priority"),
    ({"priority": 1000}, "priority"),
    ({"priority": "5"}, "priority"),
    ({"priority": True}, "priority"),
    ({"priority": 1.5}, "priority"),
    ({"isSystem": True}, "isSystem"),
    ({"userCount": 7}, "userCount"),
    ({"organisationId": "org-other"}, "organisationId"),
    ({"display_name": "Publisher"}, "display_name"),
    ({"__proto__": {}}, "__proto__"),
    ({"name\u0000": "X"}, "name\u0000"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD_ROLES, ids=lambda v: str(v)[:40])
def test_a_bad_field_is_named(platform: Platform, org: str, wrong: dict[str, Any], field: str) -> None:
    before = platform.items()
    refused = ask("role-create-role", holder(org, "*:*"), BODY | wrong, orgId=org)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert field in refused.fields
    assert platform.items() == before


@pytest.mark.parametrize("name", ["name", "displayName", "permissions"])
def test_a_missing_field_is_named(org: str, name: str) -> None:
    refused = ask("role-create-role", holder(org, "*:*"), {k: v for k, v in BODY.items() if k != name}, orgId=org)
    assert (refused.status, set(refused.fields)) == (400, {name})


BAD_BODIES = ["", " ", "null", "[]", '"x"', "7", "{", "{'name': 1}", "\x00", "[" * 5000, "nope", '{"a": NaN}']


@pytest.mark.parametrize("body", [None, *BAD_BODIES], ids=lambda b: repr(b)[:20])
@pytest.mark.parametrize("name", ["role-create-role", "role-update-role", "role-assign-permissions"])
def test_a_body_that_is_not_one(org: str, role_id: str, name: str, body: str | None) -> None:
    refused = ask(name, holder(org, ADMIN), body, orgId=org, roleId=role_id)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.fields


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"version": 1}, "body"),
        ({"displayName": None}, "displayName"),
        ({"active": "false"}, "active"),
        ({"active": 0}, "active"),
        ({"permissions": ["site:read"]}, "permissions"),
        ({"priority": 5, "version": "1"}, "version"),
        ({"priority": 5, "version": 0}, "version"),
        ('{"priority": 5, "priority": 6}', "priority"),
        ('{"priority": 5, "version": ' + "9" * 4000 + "}", "version"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_bad_changes(org: str, role_id: str, body: Any, field: str) -> None:
    refused = ask("role-update-role", holder(org, ADMIN), body, orgId=org, roleId=role_id)
    assert (refused.status, set(refused.fields)) == (400, {field})


@pytest.mark.parametrize("role", ["nothing", "../x", "ROLE#", "é" * 2000, "\ud800", "\x00", " "])
def test_a_role_that_is_not_there(org: str, role: str) -> None:
    assert ask("role-get-role", holder(org, ADMIN), orgId=org, roleId=role).status == 404


def test_a_tenant_does_not_see_another(platform: Platform, org: str, role_id: str) -> None:
    outsider = holder(tenant(platform, "Other"), "*:*")
    for name, body in (("role-get-role", None), ("role-update-role", {"priority": 1}), ("role-list-roles", None)):
        refused = ask(name, outsider, body, orgId=org, roleId=role_id)
        assert (refused.status, refused.code) == (403, "ORG_ACCESS_DENIED")


def test_a_defect_says_nothing_of_the_inside(platform: Platform, org: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(platform.services.roles, "get", broken)
    failed = send("role-get-role", proxy_event("role-get-role", holder(org, ADMIN), {"orgId": org, "roleId": "x"}))
    assert (failed.status, failed.code) == (500, "INTERNAL_ERROR")
    assert "secret" not in failed.text


def test_the_event_of_a_new_organisation_seeds_it_once(platform: Platform, org: str) -> None:
    event = {"version": "0", "detail-type": "OrganisationCreated", "detail": {"organisationId": org, "name": "Acme"}}
    assert len(seed_defaults(event, CONTEXT)["roles"]) == 5
    before = platform.items()
    assert seed_defaults(event, CONTEXT) == {"organisationId": org, "roles": [], "teamRoles": []}
    assert platform.items() == before


@pytest.mark.parametrize(
    "event",
    [{}, {"detail": None}, {"detail": {}}, {"detail": {"organisationId": 7}}, {"detail": {"organisationId": ""}}],
)
def test_an_event_of_something_else_fails_so_that_it_is_put_aside(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        seed_defaults(event, CONTEXT)
    with pytest.raises(NotFound):
        seed_defaults({"detail": {"organisationId": "org-nowhere"}}, CONTEXT)
