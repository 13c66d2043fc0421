"""What a report is made from, who may have one, and that the trail tells of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bbws_access.errors import Denied, InvalidInput
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.report.data import ReportData
from tests.conftest import Platform
from tests.services.holders import holder
from tests.services.office import Office

pytestmark = pytest.mark.slow


def made(platform: Platform, org: str, **more: datetime) -> ReportData:
    reports, actor = platform.services.audit_reports, platform.operator
    asked = reports.question(actor, AuditQuestion(org, **more))
    return reports.made_from(actor, "Acme", asked, reports.rows(actor, asked))


def test_it_tells_what_services_did(platform: Platform) -> None:
    office = Office(platform)
    office.add("u-1", "TEAM_LEAD")
    office.add("u-2")
    office.give("u-2", "TEAM_LEAD")
    office.remove("u-1")
    data = made(platform, office.org)
    assert data.total == sum(1 for i in platform.items() if str(i["PK"]).startswith(f"ORG#{office.org}#DATE#"))
    assert [e.action for e in data.memberships.entries] == [
        "team.member.add",
        "team.member.add",
        "team.member.update",
        "team.member.remove",
    ]
    assert [e.action for e in data.leads.entries] == ["team.member.add", "team.member.update", "team.member.remove"]
    # The organisation's default roles came with it.
    assert "organisation.seed" in [e.action for e in data.roles.entries]
    assert data.subject.made_by == platform.operator.email


def test_the_archive_is_part_of_it(platform: Platform) -> None:
    org = platform.organisation().organisation_id
    begin = platform.clock.now()
    platform.clock.moment = datetime(2026, 3, 4, 3, tzinfo=UTC)
    platform.services.archive.run(platform.operator, [org])
    day = datetime(2026, 3, 1, tzinfo=UTC)
    kept = made(platform, org, since=day, until=day + timedelta(days=2)).retention
    assert (kept.finished, kept.archived, kept.missing, kept.differing) == (2, 2, [], [])
    assert [(p.date, p.count, p.read) for p in kept.parts] == [("2026-03-01", 2, 2), ("2026-03-02", 0, 0)]
    assert kept.kept_days == 2555
    # From the middle of a day on, its events cannot be compared.
    assert made(platform, org, since=begin).retention.differing == []


def test_it_is_recorded(platform: Platform) -> None:
    org = platform.organisation().organisation_id
    data = made(platform, org)
    platform.services.audit_reports.record(platform.operator, data, "report.html", "ab" * 32)
    (latest, *_) = platform.services.audit.events(platform.operator, AuditQuestion(org))
    assert (latest.action, latest.details["sha256"], latest.details["count"]) == ("audit.report", "ab" * 32, 2)
    (listed,) = made(platform, org).exports.entries
    assert (listed.action, listed.target, listed.file_format) == ("audit.report", "report.html", "html")


def test_who_may_not_read_the_trail_gets_none(platform: Platform) -> None:
    org = platform.organisation().organisation_id
    reports = platform.services.audit_reports
    for actor in (holder(org, "audit:export team:*"), holder("org-other", "audit:*")):
        with pytest.raises(Denied):
            reports.question(actor, AuditQuestion(org))
        asked = reports.question(platform.operator, AuditQuestion(org))
        with pytest.raises(Denied):
            reports.rows(actor, asked)
        with pytest.raises(Denied):
            reports.made_from(actor, "Acme", asked, [])
    reader = holder(org, "audit:read")
    assert reports.made_from(reader, "Acme", asked, reports.rows(reader, asked)).total == 2


def test_ranges(platform: Platform) -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="ends before"):
        made(platform, "org", since=day, until=day)
    assert made(platform, PLATFORM).total == 0
    assert made(platform, "no-such-org").retention.parts == []
