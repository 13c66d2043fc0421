"""Events for reports: an ordinary month, and one that somebody hostile has written."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from bbws_access.clock import iso
from bbws_access.models.archive import ArchivedPart
from bbws_access.models.kinds import EventType, Outcome
from bbws_access.report.collect import Collector
from bbws_access.report.data import Finding, ReportData, Subject, Verification
from bbws_access.services.archive import RETAINED

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 4, 1, tzinfo=UTC)
LEADS = frozenset({"TEAM_LEAD"})

Rows = list[dict[str, Any]]

EXPORTED = ("target", "format", "count", "sha256")

HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "</style></svg><img src=x onerror=alert(1)>",
    "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\U0001f469\u200d\U0001f4bb\U0001f9e8" * 12,
    "W" * 100,
    "\u540d\u524d\u306e\u9577\u3044\u4eba" * 16,
    "\ufdfd" * 40,
    "\u1671" * 40,  # three times as wide as its neighbours, in the fonts of a Debian machine
    "{{ 7 * 7 }} ${x} \x00\x1b[31m\x7f",
    '" onmouseover="alert(1)',
    "",
]


def subject(organisation: str = "Acme", since: datetime = SINCE, until: datetime = UNTIL) -> Subject:
    return Subject(organisation, "org-acme", since, until, datetime(2026, 4, 2, 8, 30, tzinfo=UTC), "ops@example.com")


def row(moment: datetime, n: int = 0, **more: Any) -> dict[str, Any]:
    found = {
        "eventId": f"E{n:06}",
        "eventType": "CONFIGURATION",
        "timestamp": iso(moment),
        "userId": "u-1",
        "userEmail": "thandi@example.com",
        "organisationId": "org-acme",
        "resourceType": "thing",
        "resourceId": "x",
        "action": "thing.change",
        "outcome": "SUCCESS",
        "details": {},
    }
    return found | more


def month(count: int = 900, seed: int = 1) -> Rows:
    """What an organisation does in a month, in the order of time."""
    chance = random.Random(seed)
    times = sorted(SINCE + timedelta(seconds=chance.randrange(31 * 86400)) for _ in range(count))
    return [_ordinary(chance, moment, n) for n, moment in enumerate(times)]


def _ordinary(chance: random.Random, moment: datetime, n: int) -> dict[str, Any]:
    who = chance.choice(
        ["thandi@example.com", "sipho@example.com", "lerato.mokoena@shop.example.com", "ci@example.com"]
    )
    one = row(moment, n, userEmail=who, userId=who, ipAddress="192.0.2.7")
    kind = chance.choices(list(EventType), [9, 2, 1, 2, 2, 2, 3])[0]
    one["eventType"] = kind.value
    permissions = ["site:read", "site:update", "site:publish", "team:read"]
    match kind:
        case EventType.AUTHORIZATION:
            denied = chance.random() < 0.35
            path = chance.choice(
                ["/v1/organisations/{orgId}/roles", "/v1/audit/export", "/v1/organisations/{orgId}/teams"]
            )
            outcome = Outcome.DENIED if denied else Outcome.SUCCESS
            one |= {"action": "authorize", "outcome": outcome.value, "details": {"method": "GET", "path": path}}
        case EventType.PERMISSION_CHANGE:
            change = {"before": {"permissions": permissions[:2]}, "after": {"permissions": permissions[1:]}}
            one |= {"action": "role.permissions", "resourceType": "role", "details": change | {"name": "SITE_EDITOR"}}
        case EventType.USER_MANAGEMENT:
            change = {"before": {"active": True}, "after": {"active": False}, "email": "former@example.com"}
            one |= {"action": "user.deactivate", "resourceType": "user", "details": change}
        case EventType.TEAM_MEMBERSHIP:
            side = {"userId": "u-9", "email": "new@example.com", "teamRole": chance.choice(["MEMBER", "TEAM_LEAD"])}
            one |= {"action": "team.member.add", "resourceType": "team", "details": {"after": side}}
        case EventType.ROLE_CHANGE:
            change = {"after": {"roleId": "r", "roleName": "ORG_MANAGER", "email": who}}
            one |= {"action": "role.assign", "resourceType": "user", "details": change}
        case EventType.INVITATION:
            one |= {"action": "invitation.create", "outcome": chance.choice(["SUCCESS", "SUCCESS", "FAILURE"])}
        case EventType.CONFIGURATION:
            told = {"target": "s3://audit/exports/x.csv", "format": "csv", "count": n, "sha256": f"{n:064x}"}
            one |= {"action": "audit.export", "resourceType": "audit", "details": told}
    return one


def hostile() -> Rows:
    """Names in every place that somebody could write to, and events that are no events any more."""
    rows: Rows = []
    for n, name in enumerate(HOSTILE_NAMES):
        common = {"userEmail": name, "resourceId": name, "ipAddress": name}
        sides = {
            "before": {name: name, "list": [name], "teamRole": "TEAM_LEAD"},
            "after": {name: name * 3, "list": [name, "x"]},
        }
        moment = SINCE + timedelta(days=n)
        rows += [
            row(moment, **common, eventType="AUTHORIZATION", outcome="DENIED", details={"method": name, "path": name}),
            row(moment, **common, eventType="ROLE_CHANGE", action=name, resourceType=name, details=sides),
            row(moment, **common, eventType="ROLE_CHANGE", action="role.assign", details=sides | {"name": name}),
            row(moment, **common, eventType="USER_MANAGEMENT", action="user.deactivate", details=sides),
            row(moment, **common, eventType="TEAM_MEMBERSHIP", action="team.member.remove", details=sides),
            row(moment, **common, action="audit.export", details=dict.fromkeys(EXPORTED, name)),
            row(moment, **common, eventType=name, outcome=name),
        ]  # fmt: skip
    rows.append({})
    rows.append(dict.fromkeys(rows[0], 7))
    rows.append({key: ["x", {"y": None}] for key in rows[0]})
    rows.append(
        row(SINCE, timestamp="not a time", eventType="ROLE_CHANGE", action="role.update", details={"before": 7})
    )
    return rows


def parts(*days: int, count: int = 3) -> list[ArchivedPart]:
    return [
        ArchivedPart(
            organisation_id="org-acme",
            date=f"2026-03-{day:02}",
            part=0,
            number=day,
            count=count,
            chained=count,
            first_sequence=day * 10,
            last_sequence=day * 10 + count - 1,
            sha256=f"{day:064x}",
            manifest_digest="0" * 64,
            archived_at=f"2026-03-{day:02}T02:00:00.000Z",
        )
        for day in days
    ]


def verification(*findings: Finding) -> Verification:
    made = datetime(2026, 4, 2, 8, 0, tzinfo=UTC)
    return Verification(made, ["the chain of events", "the archive"], list(findings), len(findings), f"900:{'5e' * 32}")


def report(rows: Rows, archived: list[ArchivedPart] | None = None, checked: Verification | None = None) -> ReportData:
    return Collector(subject(), LEADS).add_all(rows).report(archived or [], RETAINED, checked)
