"""The team service through its handlers, with the events that API Gateway makes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bbws_access.catalogue import FUNCTIONS, Service
from tests.conftest import Platform
from tests.lambdas.gateway import Reply, ask, handler_of, proxy_event, send
from tests.services.holders import holder, member
from tests.services.staff import require_exact_counts

pytestmark = [pytest.mark.usefixtures("functions"), pytest.mark.slow]

ADMIN = "team:* site:* org:user:manage user:read"
TEAM = {"name": "Web", "description": "Sites", "divisionId": "south"}
ROLE = {"name": "GUEST", "displayName": "Guest", "capabilities": ["CAN_VIEW_SITES", "CAN_VIEW_MEMBERS"]}


@pytest.fixture
def org(platform: Platform) -> str:
    found = platform.organisation().organisation_id
    for user_id in ("u-1", "u-2"):
        member(platform, found, user_id)
    return found


@pytest.fixture
def team_id(org: str) -> str:
    return str(ask("team-create-team", holder(org, ADMIN), TEAM, orgId=org).json["teamId"])


def role_id(platform: Platform, org: str, name: str) -> str:
    return platform.services.teams.load_role_named(org, name).team_role_id


def add(platform: Platform, org: str, team_id: str, user_id: str, role: str = "MEMBER") -> Reply:
    body = {"userId": user_id, "teamRoleId": role_id(platform, org, role)}
    return ask("team-add-member", holder(org, ADMIN), body, orgId=org, teamId=team_id)


def test_every_function_of_the_service_has_its_handler() -> None:
    names = [f.name for f in FUNCTIONS if f.service is Service.TEAM]
    assert len(names) == 14
    assert all(callable(handler_of(name)) for name in names)


def test_a_team_is_created_read_and_changed(org: str) -> None:
    made = ask("team-create-team", holder(org, "team:create"), TEAM, orgId=org)
    at = {"orgId": org, "teamId": made.json["teamId"]}
    assert (made.status, made.json["memberCount"], made.json["version"]) == (201, 0, 1)
    assert made.json["_links"]["self"]["href"] == f"/v1/organisations/{org}/teams/{at['teamId']}"
    assert ask("team-get-team", holder(org, "team:read"), **at).json == made.json
    again = ask("team-create-team", holder(org, ADMIN), TEAM | {"name": "WEB"}, orgId=org)
    assert (again.status, again.code) == (409, "TEAM_EXISTS")
    changed = ask("team-update-team", holder(org, ADMIN), {"name": "Net", "divisionId": None, "version": 1}, **at)
    assert (changed.status, changed.json["name"], changed.json["version"]) == (200, "Net", 2)
    assert "divisionId" not in changed.json
    stale = ask("team-update-team", holder(org, ADMIN), {"name": "Late", "version": 1}, **at)
    assert (stale.status, stale.code) == (409, "CONFLICT")
    assert ask("team-update-team", holder(org, ADMIN), {"active": False}, **at).json["active"] is False
    assert ask("team-list-teams", holder(org, ADMIN), orgId=org).json["items"] == []
    gone = ask("team-list-teams", holder(org, ADMIN), query={"active": "false"}, orgId=org)
    assert [t["name"] for t in gone.json["items"]] == ["Net"]


def test_a_team_role_is_created_read_and_changed(platform: Platform, org: str, team_id: str) -> None:
    made = ask("team-create-team-role", holder(org, ADMIN), ROLE, orgId=org)
    at = {"orgId": org, "teamRoleId": made.json["teamRoleId"]}
    assert (made.status, made.json["capabilities"]) == (201, ["CAN_VIEW_MEMBERS", "CAN_VIEW_SITES"])
    assert made.json["_links"]["self"]["href"] == f"/v1/organisations/{org}/team-roles/{at['teamRoleId']}"
    assert ask("team-get-team-role", holder(org, "team:read"), **at).json == made.json
    changed = ask("team-update-team-role", holder(org, ADMIN), {"sortOrder": 3, "version": 1}, **at)
    assert (changed.status, changed.json["sortOrder"], changed.json["version"]) == (200, 3, 2)
    add(platform, org, team_id, "u-1", "GUEST")
    used = ask("team-update-team-role", holder(org, ADMIN), {"active": False}, **at)
    assert (used.status, used.code) == (409, "TEAM_ROLE_IN_USE")
    listed = ask("team-list-team-roles", holder(org, "team:read"), query={"pageSize": "2"}, orgId=org)
    assert (listed.json["count"], listed.json["moreAvailable"]) == (2, True)
    assert listed.json["items"][0]["name"] == "GUEST"


def test_a_membership_from_its_beginning_to_its_end(platform: Platform, org: str, team_id: str) -> None:
    made = add(platform, org, team_id, "u-1", "TEAM_LEAD")
    at = {"orgId": org, "teamId": team_id, "userId": "u-1"}
    assert (made.status, made.json["active"], made.json["teamRoleName"]) == (201, True, "TEAM_LEAD")
    assert made.json["_links"]["self"]["href"] == f"/v1/organisations/{org}/teams/{team_id}/members/u-1"
    reader = holder(org, "team:member:read")
    assert ask("team-get-member", reader, **at).json == made.json
    again = add(platform, org, team_id, "u-1")
    assert (again.status, again.code) == (409, "ALREADY_MEMBER")
    last = ask("team-update-member", holder(org, ADMIN), {"active": False}, **at)
    assert (last.status, last.code) == (409, "LAST_LEAD")
    assert last.json["error"]["details"] == {"teams": [{"teamId": team_id, "name": "Web"}]}
    add(platform, org, team_id, "u-2", "TEAM_LEAD")
    less = {"teamRoleId": role_id(platform, org, "VIEWER"), "version": 1}
    changed = ask("team-update-member", holder(org, ADMIN), less, **at)
    assert (changed.status, changed.json["teamRoleName"], changed.json["version"]) == (200, "VIEWER", 2)
    listed = ask("team-list-members", reader, orgId=org, teamId=team_id)
    assert [(m["userId"], m["teamRoleName"]) for m in listed.json["items"]] == [("u-1", "VIEWER"), ("u-2", "TEAM_LEAD")]
    gone = ask("team-update-member", holder(org, ADMIN), {"active": False}, **at)
    assert (gone.status, gone.json["active"]) == (200, False)
    assert ask("team-get-member", reader, **at).code == "MEMBER_NOT_FOUND"
    require_exact_counts(platform)


def test_a_transfer_and_the_teams_of_a_user(platform: Platform, org: str, team_id: str) -> None:
    add(platform, org, team_id, "u-1")
    shop = ask("team-create-team", holder(org, ADMIN), {"name": "Shop"}, orgId=org).json["teamId"]
    at = {"orgId": org, "teamId": team_id, "userId": "u-1"}
    moved = ask("team-transfer-member", holder(org, "org:user:manage"), {"teamId": shop}, **at)
    assert (moved.status, moved.json["teamId"]) == (200, shop)
    assert moved.json["_links"]["self"]["href"].endswith(f"/teams/{shop}/members/u-1")
    for actor in (holder(org, "", "u-1"), holder(org, "user:read")):
        own = ask("team-get-user-teams", actor, orgId=org, userId="u-1")
        assert [(t["teamName"], t["teamRoleName"], t["active"]) for t in own.json["items"]] == [
            ("Shop", "MEMBER", True)
        ]
        assert own.json["items"][0]["_links"]["self"]["href"].endswith(f"/teams/{shop}")
    assert ask("team-get-user-teams", holder(org, "team:*", "u-2"), orgId=org, userId="u-1").status == 403
    require_exact_counts(platform)


def test_a_lead_manages_through_the_authorizers_context(platform: Platform, org: str, team_id: str) -> None:
    lead = replace(holder(org, ""), team_capabilities={team_id: frozenset({"CAN_MANAGE_MEMBERS", "CAN_VIEW_MEMBERS"})})
    body = {"userId": "u-1", "teamRoleId": role_id(platform, org, "VIEWER")}
    assert ask("team-add-member", lead, body, orgId=org, teamId=team_id).status == 201
    assert ask("team-list-members", lead, orgId=org, teamId=team_id).json["count"] == 1
    above = body | {"userId": "u-2", "teamRoleId": role_id(platform, org, "TEAM_LEAD")}
    refused = ask("team-add-member", lead, above, orgId=org, teamId=team_id)
    assert (refused.status, refused.code) == (403, "PRIVILEGE_BOUNDARY")
    assert ask("team-update-team", lead, {"description": "x"}, orgId=org, teamId=team_id).status == 403


def test_members_are_listed_over_pages(platform: Platform, org: str, team_id: str) -> None:
    users = [f"p-{n}" for n in range(5)]
    for user_id in users:
        member(platform, org, user_id)
        add(platform, org, team_id, user_id)
    seen, query = [], {"pageSize": "2"}
    while True:
        page = ask("team-list-members", holder(org, "team:member:read"), query=query, orgId=org, teamId=team_id)
        seen += [item["userId"] for item in page.json["items"]]
        if not page.json["moreAvailable"]:
            break
        query["startAt"] = page.json["_links"]["next"]["href"].partition("startAt=")[2]
    assert seen == users
    shop = ask("team-create-team", holder(org, ADMIN), {"name": "Shop"}, orgId=org).json["teamId"]
    moved = ask("team-list-members", holder(org, "team:member:read"), query=query, orgId=org, teamId=shop)
    assert (moved.status, moved.code) == (400, "INVALID_CURSOR")


BAD: list[tuple[str, Any, str]] = [
    ("team-create-team", {"name": 5}, "name"),
    ("team-create-team", {"name": None}, "name"),
    ("team-create-team", {"name": " x "}, "name"),
    ("team-create-team", {"name": "x" * 101}, "name"),
    ("team-create-team", {"name": "\ufdfa" * 100}, "name"),
    ("team-create-team", '{"name": "\\ud800 lone"}', "body"),
    ("team-create-team", {"name": "Web2", "description": "x" * 501}, "description"),
    ("team-create-team", {"name": "Web2", "divisionId": "a#TEAM#b"}, "divisionId"),
    ("team-create-team", {"name": "Web2", "teamId": "mine"}, "teamId"),
    ("team-create-team", {"name": "Web2", "memberCount": 7}, "memberCount"),
    ("team-create-team", {"name": "Web2", "__proto__": {}}, "__proto__"),
    ("team-create-team", '{"name": "Web2", "name": "Web3"}', "name"),
    ("team-create-team", {}, "name"),
    ("team-update-team", {}, "body"),
    ("team-update-team", {"version": 1}, "body"),
    ("team-update-team", {"name": None}, "name"),
    ("team-update-team", {"active": "false"}, "active"),
    ("team-update-team", {"leadCount": 0}, "leadCount"),
    ("team-update-team", {"name": "Web2", "version": "1"}, "version"),
    ("team-create-team-role", ROLE | {"name": "guest"}, "name"),
    ("team-create-team-role", ROLE | {"name": "GUEST\nX"}, "name"),
    ("team-create-team-role", ROLE | {"capabilities": []}, "capabilities"),
    ("team-create-team-role", ROLE | {"capabilities": ["CAN_FLY"]}, "capabilities.0"),
    ("team-create-team-role", ROLE | {"capabilities": {"CAN_VIEW_SITES": True}}, "capabilities"),
    ("team-create-team-role", ROLE | {"sortOrder": True}, "sortOrder"),
    ("team-create-team-role", ROLE | {"userCount": 3}, "userCount"),
    ("team-create-team-role", {"name": "GUEST", "displayName": "Guest"}, "capabilities"),
    ("team-update-team-role", {"isDefault": True}, "isDefault"),
    ("team-update-team-role", {"capabilities": None}, "capabilities"),
    ("team-add-member", {"userId": "u-1"}, "teamRoleId"),
    ("team-add-member", {"userId": "", "teamRoleId": "r"}, "userId"),
    ("team-add-member", {"userId": ["u-1"], "teamRoleId": "r"}, "userId"),
    ("team-add-member", {"userId": "x" * 101, "teamRoleId": "r"}, "userId"),
    ("team-add-member", {"userId": "u-1", "teamRoleId": "r", "addedBy": "boss"}, "addedBy"),
    ("team-update-member", {"active": True}, "active"),
    ("team-update-member", {"active": 0}, "active"),
    ("team-update-member", {"active": False, "teamRoleId": "r"}, "body"),
    ("team-update-member", {"teamRoleId": None}, "teamRoleId"),
    ("team-transfer-member", {}, "teamId"),
    ("team-transfer-member", {"teamId": "t", "version": 0}, "version"),
    ("team-transfer-member", {"teamId": "t", "organisationId": "org-other"}, "organisationId"),
]


@pytest.mark.parametrize(("name", "body", "field"), BAD, ids=lambda v: str(v)[:40])
def test_a_bad_field_is_named(platform: Platform, org: str, team_id: str, name: str, body: Any, field: str) -> None:
    at = {"orgId": org, "teamId": team_id, "userId": "u-1", "teamRoleId": role_id(platform, org, "MEMBER")}
    add(platform, org, team_id, "u-1")
    before = platform.items()
    refused = ask(name, holder(org, "*:*"), body, **at)
    assert (refused.status, refused.code, set(refused.fields)) == (400, "VALIDATION_ERROR", {field})
    assert platform.items() == before


BAD_BODIES = [None, "", "null", "[]", '"x"', "7", "{", "\x00", "[" * 5000, "x" * 100_001, '{"a": NaN}']
WITH_BODY = [f.name for f in FUNCTIONS if f.service is Service.TEAM and f.method in {"POST", "PUT"}]


@pytest.mark.parametrize("name", WITH_BODY)
def test_a_body_that_is_not_one(platform: Platform, org: str, team_id: str, name: str) -> None:
    at = {"orgId": org, "teamId": team_id, "userId": "u-1", "teamRoleId": role_id(platform, org, "MEMBER")}
    add(platform, org, team_id, "u-1")
    for body in BAD_BODIES:
        refused = ask(name, holder(org, "*:*"), body, **at)
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR"), repr(body)[:20]
        assert refused.fields


def test_names_in_any_script(org: str) -> None:
    for name in (
        "Ünïcödé",
        "\u7f51\u7ad9\u7ec4",
        "\U0001f680\U0001f680",
        "'; DROP TABLE x --",
        "<script>",
        "a#b#TEAM#c",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # with the joiner that Persian needs
    ):
        made = ask("team-create-team", holder(org, ADMIN), {"name": name}, orgId=org)
        assert (made.status, made.json["name"]) == (201, name)
        at = {"orgId": org, "teamId": made.json["teamId"]}
        assert ask("team-get-team", holder(org, ADMIN), **at).json["name"] == name
        assert ask("team-create-team", holder(org, ADMIN), {"name": name.upper()}, orgId=org).code == "TEAM_EXISTS"


@pytest.mark.parametrize("name", ["x\x00y", "two\nlines", "\x1b[2J", "\u202egnp.exe", "\u2066x"])
def test_a_name_that_hides_something_is_refused(org: str, name: str) -> None:
    refused = ask("team-create-team", holder(org, ADMIN), {"name": name}, orgId=org)
    assert (refused.status, refused.code, list(refused.fields)) == (400, "VALIDATION_ERROR", ["name"])


@pytest.mark.parametrize("hostile", ["nothing", "../x", "TEAM#", "MEMBER#u-1", "é" * 2000, "\ud800", "\x00", " ", ""])
def test_ids_of_nothing(platform: Platform, org: str, team_id: str, hostile: str) -> None:
    add(platform, org, team_id, "u-1")
    good = {"orgId": org, "teamId": team_id, "userId": "u-1", "teamRoleId": role_id(platform, org, "MEMBER")}
    for name, parameter in (
        ("team-get-team", "teamId"),
        ("team-get-team-role", "teamRoleId"),
        ("team-list-members", "teamId"),
        ("team-get-member", "teamId"),
        ("team-get-member", "userId"),
        ("team-get-user-teams", "userId"),
    ):
        assert ask(name, holder(org, "*:*"), **good | {parameter: hostile}).status == 404, (name, parameter)


@pytest.mark.parametrize("name", [f.name for f in FUNCTIONS if f.service is Service.TEAM])
def test_without_a_token_or_from_another_tenant(platform: Platform, org: str, team_id: str, name: str) -> None:
    bodies: dict[str, Any] = {
        "team-create-team": {"name": "Mine"},
        "team-update-team": {"name": "Mine"},
        "team-create-team-role": ROLE,
        "team-update-team-role": {"sortOrder": 1},
        "team-add-member": {"userId": "u-1", "teamRoleId": "r"},
        "team-update-member": {"active": False},
        "team-transfer-member": {"teamId": "t"},
    }
    at = {"orgId": org, "teamId": team_id, "userId": "u-1", "teamRoleId": "r"}
    before = platform.items()
    outsider = ask(name, holder("org-other", "*:*", "u-1"), bodies.get(name), **at)
    assert (outsider.status, outsider.code) == (403, "ORG_ACCESS_DENIED")
    assert ask(name, None, bodies.get(name), **at).status == 401
    assert platform.items() == before


def test_a_base64_body(org: str) -> None:
    event = proxy_event("team-create-team", holder(org, ADMIN), {"orgId": org}, {"name": "Web"}, encoded=True)
    assert send("team-create-team", event).status == 201
