"""The permission service through its handlers, with the events that API Gateway makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bbws_access.catalogue import FUNCTIONS, Service
from bbws_access.defaults import PERMISSIONS
from tests.conftest import Platform
from tests.lambdas.gateway import ask, handler_of, proxy_event, send
from tests.services.holders import holder, tenant

pytestmark = pytest.mark.usefixtures("functions")

ADMIN = "permission:* site:*"
BODY = {"name": "Publishers", "description": "Those who publish sites", "permissions": ["site:read", "site:publish"]}
CREATE, UPDATE = "permission-create-permission-set", "permission-update-permission-set"
GET, LIST = "permission-get-permission-set", "permission-list-permission-sets"


@pytest.fixture
def org(platform: Platform) -> str:
    return tenant(platform)


@pytest.fixture
def seeded(platform: Platform) -> None:
    platform.services.seeder.seed(platform.operator)


@pytest.fixture
def set_id(org: str) -> str:
    return str(ask(CREATE, holder(org, ADMIN), BODY, orgId=org).json["setId"])


def test_every_function_of_the_service_has_its_handler() -> None:
    names = [f.name for f in FUNCTIONS if f.service is Service.PERMISSION]
    assert len(names) == 6
    assert all(callable(handler_of(name)) for name in names)


def test_permissions_are_open_to_any_token_and_to_none_without(seeded: None, org: str) -> None:
    anybody = holder(org, "")
    listed = ask("permission-list-permissions", anybody, query={"pageSize": "100"})
    assert {p["permissionId"] for p in listed.json["items"]} == {p.id for p in PERMISSIONS}
    found = ask("permission-get-permission", anybody, permissionId="team:member:add")
    assert (found.status, found.json["category"]) == (200, "TEAM")
    assert found.json["_links"]["self"]["href"] == "/v1/platform/permissions/team:member:add"
    assert ask("permission-list-permissions", None).status == 401
    assert ask("permission-get-permission", None, permissionId="site:read").status == 401


@pytest.mark.parametrize("permission", ["site:fly", "*:*", "", "é" * 2000, "\ud800", "METADATA"])
def test_a_permission_that_is_not_there(org: str, permission: str) -> None:
    assert ask("permission-get-permission", holder(org, ""), permissionId=permission).status == 404


def test_permissions_of_a_category_have_cursors_of_their_own(seeded: None, org: str) -> None:
    def page(**query: str) -> Any:
        return ask("permission-list-permissions", holder(org, ""), query=query)

    teams = page(category="TEAM", pageSize="5")
    assert {p["category"] for p in teams.json["items"]} == {"TEAM"}
    cursor = teams.json["_links"]["next"]["href"].partition("startAt=")[2]
    assert page(category="TEAM", startAt=cursor, pageSize="100").json["count"] == 3
    for moved in (page(category="SITE", startAt=cursor), page(startAt=cursor), page(startAt="forged")):
        assert (moved.status, moved.code) == (400, "INVALID_CURSOR")
    assert set(page(category="team").fields) == {"category"}
    for size in ("0", "101", "x", "1e1", "-1", "+1", "1.0", "1_0", " 5", "5\n", "", "٣", "9" * 5000):
        assert (page(pageSize=size).status, page(pageSize=size).code) == (400, "INVALID_PAGE_SIZE")
    assert [page(pageSize=size).status for size in ("1", "100", "007")] == [200, 200, 200]


def test_a_set_is_created_read_and_listed(org: str) -> None:
    made = ask(CREATE, holder(org, ADMIN), BODY, orgId=org)
    assert made.status == 201
    assert made.json["_links"]["self"]["href"] == f"/v1/organisations/{org}/permission-sets/{made.json['setId']}"
    assert made.json["permissions"] == ["site:publish", "site:read"]
    reader = holder(org, "permission:read")
    assert ask(GET, reader, orgId=org, setId=made.json["setId"]).json == made.json
    assert ask(LIST, reader, orgId=org).json["items"] == [made.json]
    assert ask(LIST, reader, query={"active": "false"}, orgId=org).json["items"] == []


def test_the_platforms_sets_are_read_and_not_changed(seeded: None, org: str) -> None:
    found = ask(GET, holder(org, ADMIN), orgId=org, setId="permset-viewer")
    assert (found.status, found.json["isSystem"]) == (200, True)
    assert found.json["_links"]["self"]["href"] == f"/v1/organisations/{org}/permission-sets/permset-viewer"
    refused = ask(UPDATE, holder(org, ADMIN), {"active": False}, orgId=org, setId="permset-viewer")
    assert (refused.status, refused.code) == (403, "SYSTEM_READ_ONLY")


def test_a_set_is_changed_once_a_version(org: str, set_id: str) -> None:
    changes = {"name": "Editors", "scope": "TEAM", "permissions": ["site:update"], "active": False, "version": 1}
    changed = ask(UPDATE, holder(org, ADMIN), changes, orgId=org, setId=set_id)
    assert (changed.status, changed.json["version"]) == (200, 2)
    assert {k: changed.json[k] for k in changes} == changes | {"version": 2}
    stale = ask(UPDATE, holder(org, ADMIN), {"active": True, "version": 1}, orgId=org, setId=set_id)
    assert (stale.status, stale.code) == (409, "CONFLICT")


def test_refusals_have_their_codes(org: str, set_id: str) -> None:
    taken = ask(CREATE, holder(org, ADMIN), BODY | {"name": "PUBLISHERS"}, orgId=org)
    assert (taken.status, taken.code) == (409, "PERMISSION_SET_EXISTS")
    unknown = ask(CREATE, holder(org, ADMIN), BODY | {"permissions": ["site:fly"]}, orgId=org)
    assert (unknown.status, unknown.code) == (400, "INVALID_PERMISSIONS")
    beyond = ask(UPDATE, holder(org, ADMIN), {"permissions": ["audit:read"]}, orgId=org, setId=set_id)
    assert (beyond.status, beyond.code) == (403, "PRIVILEGE_BOUNDARY")
    lacking = ask(CREATE, holder(org, "permission:read site:*"), BODY, orgId=org)
    assert (lacking.status, lacking.code) == (403, "PERMISSION_DENIED")
    outsider = ask(GET, holder("org-other", "*:*"), orgId=org, setId=set_id)
    assert (outsider.status, outsider.code) == (403, "ORG_ACCESS_DENIED")
    missing = ask(GET, holder(org, ADMIN), orgId=org, setId="x" * 5000)
    assert missing.status == 404
    assert all("hint" not in reply.json["error"] for reply in (taken, unknown, beyond, lacking, outsider, missing))


BAD_SETS: list[tuple[dict[str, Any], str]] = [
    ({"name": "ab"}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": "  ab  "}, "name"),
    ({"name": "\ufdfa" * 100}, "name"),
    ({"name": {"$ne": 1}}, "name"),
    ({"description": "too short"}, "description"),
    ({"description": "x" * 501}, "description"),
    ({"permissions": []}, "permissions"),
    ({"permissions": [f"site:{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]}, "permissions"),
    ({"permissions": ["site:*:read"]}, "permissions.0"),
    ({"permissions": [None]}, "permissions.0"),
    ({"permissions": ["x:" + "y" * 200]}, "permissions.0"),
    ({"scope": "org"}, "scope"),
    ({"isSystem": True}, "isSystem"),
    ({"setId": "permset-viewer"}, "setId"),
    ({"set_id": "x"}, "set_id"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD_SETS, ids=lambda v: str(v)[:40])
def test_a_bad_field_is_named(platform: Platform, org: str, set_id: str, wrong: dict[str, Any], field: str) -> None:
    before = platform.items()
    for refused in (
        ask(CREATE, holder(org, "*:*"), BODY | wrong, orgId=org),
        ask(UPDATE, holder(org, "*:*"), wrong, orgId=org, setId=set_id),
    ):
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
        assert field in refused.fields
    assert platform.items() == before


@pytest.mark.parametrize(
    "body", [None, "", "null", "[]", "{", "not json", "\ufeff{}", json.dumps(BODY) + "x", " " * 200_000]
)
def test_a_body_that_is_not_one(org: str, set_id: str, body: str | None) -> None:
    for name in (CREATE, UPDATE):
        refused = ask(name, holder(org, ADMIN), body, orgId=org, setId=set_id)
        assert (refused.status, set(refused.fields)) == (400, {"body"})


def test_a_field_that_stands_twice_is_named(org: str) -> None:
    twice = json.dumps(BODY)[:-1] + ', "name": "Others"}'
    refused = ask(CREATE, holder(org, ADMIN), twice, orgId=org)
    assert (refused.status, refused.fields) == (400, {"name": "is given more than once"})


def test_a_body_may_come_in_base64(org: str) -> None:
    event = proxy_event(CREATE, holder(org, ADMIN), {"orgId": org}, BODY | {"name": "Größe 😀"}, encoded=True)
    made = send(CREATE, event)
    assert (made.status, made.json["name"]) == (201, "Größe 😀")
    for broken in ("***", "/w==", "é"):
        refused = send(CREATE, event | {"body": broken})
        assert (refused.status, set(refused.fields)) == (400, {"body"})


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "Robert'); DROP TABLE", "日本語の名前", "../../etc", "${jndi:x}"]
)
def test_a_name_is_only_a_name(org: str, name: str) -> None:
    made = ask(CREATE, holder(org, ADMIN), BODY | {"name": name}, orgId=org)
    assert (made.status, made.json["name"]) == (201, name)
