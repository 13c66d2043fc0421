"""The audit service through its handlers, with the events that API Gateway makes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bbws_access.catalogue import FUNCTIONS, Service
from bbws_access.clock import iso
from bbws_access.errors import AccessError
from bbws_access.models.kinds import EventType
from bbws_access.models.role import NewRole
from bbws_access.store.writes import Put
from lambdas.audit import archive_expired
from tests.conftest import Platform
from tests.lambdas.gateway import CONTEXT, ask, handler_of
from tests.services.holders import holder
from tests.services.test_audit import event

pytestmark = [pytest.mark.usefixtures("functions"), pytest.mark.slow]

LISTS = ["audit-get-access-logs", "audit-get-permission-logs", "audit-get-org-audit"]


@pytest.fixture
def org(platform: Platform) -> str:
    """An organisation in which a role was made, a team changed and a request allowed."""
    org_id = platform.organisation().organisation_id
    role = NewRole(name="PUBLISHER", display_name="Publisher", permissions=frozenset({"site:read"}))
    platform.services.roles.create(platform.operator, org_id, role)
    now = platform.clock.now()
    for one in (
        event(1, now, organisation_id=org_id, event_type=EventType.AUTHORIZATION, action="authorize"),
        event(2, now, organisation_id=org_id, event_type=EventType.TEAM_MEMBERSHIP, resource_type="team"),
    ):
        platform.table.write(Put(one.to_item()))
    return org_id


def params(name: str, org: str) -> dict[str, str]:
    return {"orgId": org} if name == "audit-get-org-audit" else {}


def test_every_function_of_the_service_has_its_handler() -> None:
    names = [f.name for f in FUNCTIONS if f.service is Service.AUDIT]
    assert len(names) == 6
    assert all(callable(handler_of(name)) for name in names)


def test_each_list_holds_its_kind_of_events(org: str) -> None:
    auditor = holder(org, "audit:read")
    found = {name: ask(name, auditor, **params(name, org)).json["items"] for name in LISTS}
    assert {e["action"] for e in found["audit-get-access-logs"]} == {"authorize"}
    assert {e["action"] for e in found["audit-get-permission-logs"]} == {"role.create", "organisation.seed"}
    assert len(found["audit-get-org-audit"]) == 5
    assert all("ttl" not in e and "PK" not in e for e in found["audit-get-org-audit"])
    assert found["audit-get-org-audit"][0]["_links"] == {"trail": {"href": f"/v1/audit/organisations/{org}"}}


def test_a_list_goes_on_where_it_stopped(org: str) -> None:
    auditor, seen, query = holder(org, "audit:read"), [], {"pageSize": "2", "order": "oldest"}
    while True:
        page = ask("audit-get-org-audit", auditor, query=query, orgId=org)
        assert page.status == 200
        seen += [e["eventId"] for e in page.json["items"]]
        if not page.json["moreAvailable"]:
            break
        query = {**query, "startAt": page.json["_links"]["next"]["href"].partition("startAt=")[2]}
    assert len(seen) == len(set(seen)) == 5


def test_a_list_is_narrowed(platform: Platform, org: str) -> None:
    auditor = holder(org, "audit:read")

    def count(**query: str) -> int:
        return int(ask("audit-get-org-audit", auditor, query=query, orgId=org).json["count"])

    assert count(type="AUTHORIZATION") == 1
    assert count(action="role.create") == 1
    assert count(userId="u-1") == 2
    assert count(outcome="DENIED") == 0
    tomorrow = iso(platform.clock.now() + timedelta(days=1))
    assert count(**{"from": tomorrow, "to": iso(platform.clock.now() + timedelta(days=2))}) == 0


@pytest.mark.parametrize(
    "query",
    [
        {"type": "NOTHING"},
        {"outcome": "success"},
        {"order": "up"},
        {"from": "yesterday"},
        {"from": "2026-03-01T00:00:00"},  # no zone
        {"to": "9" * 5000},
        {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
        {"pageSize": "0"},
        {"startAt": "forged"},
    ],
)
def test_a_question_that_does_not_fit_names_what_is_wrong(org: str, query: dict[str, str]) -> None:
    reply = ask("audit-get-org-audit", holder(org, "audit:read"), query=query, orgId=org)
    assert reply.status == 400
    assert reply.json["error"]["details"]["fields"]


@pytest.mark.parametrize("text", ["", "nobody", "💥", "x" * 3000, "\x00"])
def test_hostile_values_find_nothing(org: str, text: str) -> None:
    auditor = holder(org, "audit:read")
    for name in ("userId", "action"):
        reply = ask("audit-get-org-audit", auditor, query={name: text}, orgId=org)
        assert reply.status in {200, 400}, reply.text
    other = ask("audit-get-access-logs", auditor, query={"organisationId": text})
    assert other.status == (200 if text == "" else 403)


@pytest.mark.parametrize("name", [*LISTS, "audit-get-audit-summary", "audit-export-audit"])
def test_another_tenants_trail_is_closed(org: str, name: str) -> None:
    """Whether or not the organisation exists, the answer is the same."""
    stranger = holder("org-other", "audit:* audit:read audit:export")
    texts = set()
    for asked in (org, "org-nowhere"):
        body = {"organisationId": asked} if name == "audit-export-audit" else None
        query = None if "orgId" in params(name, asked) or body else {"organisationId": asked}
        reply = ask(name, stranger, body, query, **params(name, asked))
        assert reply.status == 403
        texts.add(json.dumps(reply.json["error"] | {"requestId": ""}).replace(asked, ""))
    assert len(texts) == 1


@pytest.mark.parametrize("name", [*LISTS, "audit-get-audit-summary"])
def test_a_question_past_the_table_reads_the_archive_and_says_so(platform: Platform, org: str, name: str) -> None:
    begun, auditor = iso(platform.clock.now() - timedelta(hours=1)), holder(org, "audit:read")
    hot = ask(name, auditor, query={"from": begun}, **params(name, org)).json
    platform.clock.advance(days=1)
    assert not platform.services.archive.run(platform.operator, [org]).failures
    platform.clock.advance(days=50)
    for item in platform.items():
        if "ttl" in item:
            key = {"PK": {"S": item["PK"]}, "SK": {"S": item["SK"]}}
            platform.client.delete_item(TableName=platform.table.name, Key=key)
    cold = ask(name, auditor, query={"from": begun}, **params(name, org)).json
    assert (hot.get("archivedDays", 0), cold["archivedDays"]) == (0, 1)
    assert cold["count"] == hot["count"] > 0
    assert cold.get("items") == hot.get("items")


def test_who_only_audits_a_team_sees_that_team(org: str) -> None:
    lead = replace(holder(org, ""), team_capabilities={"x": frozenset({"CAN_VIEW_AUDIT"})})
    reply = ask("audit-get-org-audit", lead, orgId=org)
    assert [e["eventType"] for e in reply.json["items"]] == ["TEAM_MEMBERSHIP"]
    assert ask("audit-get-access-logs", lead).status == 403


def test_a_summary_counts(org: str) -> None:
    reply = ask("audit-get-audit-summary", holder(org, "audit:read"))
    assert reply.status == 200
    assert (reply.json["count"], reply.json["complete"], reply.json["organisationId"]) == (5, True, org)
    assert reply.json["byType"]["AUTHORIZATION"] == 1


def test_an_export_is_made_and_can_be_fetched(platform: Platform, org: str) -> None:
    reply = ask("audit-export-audit", holder(org, "audit:export"), {"format": "jsonl", "type": "AUTHORIZATION"})
    assert (reply.status, reply.json["count"], reply.json["format"]) == (201, 1, "jsonl")
    (name, beside) = platform.storage.objects
    body = platform.storage.objects[name]
    assert json.loads(body)["action"] == "authorize"
    line = f"{hashlib.sha256(body).hexdigest()}  {name.rpartition('/')[2]}\n"
    assert (beside, platform.storage.objects[beside]) == (f"{name}.sha256", line.encode())
    assert reply.json["url"].startswith("https://")
    assert ask("audit-export-audit", holder(org, "audit:read"), {"format": "csv"}).status == 403


def test_an_export_begins_no_trail_of_an_organisation_that_does_not_exist(platform: Platform) -> None:
    officer = replace(holder("org-1", ""), platform_permissions=frozenset({"audit:*"}))
    for unknown in ("org-nowhere", "../archive"):
        reply = ask("audit-export-audit", officer, {"organisationId": unknown})
        assert (reply.status, reply.code) == (404, "ORGANISATION_NOT_FOUND")
    assert (platform.items(), platform.storage.objects) == ([], {})
    assert ask("audit-export-audit", officer, {"organisationId": "PLATFORM"}).status == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "body"),
        ("[]", "body"),
        ({"format": "xlsx"}, "format"),
        ({"from": 5}, "from"),
        ({"from": "2026-03-01"}, "from"),
        ({"userId": ""}, "userId"),
        ({"userId": 7}, "userId"),
        ({"action": "x" * 300}, "action"),
        ({"teamIds": ["t"]}, "teamIds"),
        ({"from_": "2026-03-01T00:00:00Z"}, "from_"),
    ],
)
def test_an_export_that_does_not_fit_names_the_field(org: str, body: Any, field: str) -> None:
    reply = ask("audit-export-audit", holder(org, "audit:export"), body)
    assert (reply.status, reply.code) == (400, "VALIDATION_ERROR")
    assert field in reply.json["error"]["details"]["fields"]


def test_the_log_keeps_an_anchor_of_each_change(platform: Platform, org: str, caplog: pytest.LogCaptureFixture) -> None:
    """Out of reach of whoever rewrites the table: ``audit verify --anchor`` compares it."""
    body = {"name": "READER", "displayName": "Reader", "permissions": ["site:read"]}
    assert ask("role-create-role", holder(org, "role:create site:read"), body, orgId=org).status == 201
    (kept,) = [vars(r)["auditHead"] for r in caplog.records if "auditHead" in vars(r)]
    found, sequence, digest = kept.split(":")
    verify = platform.services.audit_verify
    assert found == org
    assert verify.verify(platform.operator, org, anchors={int(sequence): digest}).sound
    assert not verify.verify(platform.operator, org, anchors={int(sequence): "0" * 64}).sound


def test_the_nightly_run_archives_every_organisation(
    platform: Platform, org: str, caplog: pytest.LogCaptureFixture
) -> None:
    platform.clock.advance(days=1)
    assert archive_expired({}, CONTEXT) == {"parts": 1, "unfinished": False}
    assert len(platform.storage.keys_below(f"archive/{org}/")) == 2
    platform.clock.advance(days=1)
    platform.storage.fail_at = {"put_once"}
    with pytest.raises(AccessError, match="could not be archived"):
        archive_expired({}, CONTEXT)
    failed = [record for record in caplog.records if record.getMessage() == "audit archive failed"]
    assert {vars(record)["organisation"] for record in failed} == {org, "PLATFORM"}
