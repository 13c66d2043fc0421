"""What has left the table is still answered for: by the archive, once it can be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bbws_access.audit_storage import Tier
from bbws_access.errors import Conflict, Denied, NotFound
from bbws_access.models.audit import AuditEvent
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import EventType
from bbws_access.services.pages import PageRequest
from bbws_access.services.trail import Change
from tests.conftest import Platform
from tests.services.holders import holder

pytestmark = pytest.mark.slow

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def org(platform: Platform) -> str:
    """Two months with an event every tenth day, archived; the table has lost what expired."""
    org_id = platform.organisation().organisation_id
    for n in range(6):
        kind = EventType.ROLE_CHANGE if n % 2 else EventType.CONFIGURATION
        platform.services.trail.commit(platform.operator, org_id, [Change(kind, f"thing.{n}", "thing", str(n))])
        platform.clock.advance(days=10)
    assert not platform.services.archive.run(platform.operator, [org_id]).failures
    now = int(platform.clock.now().timestamp())
    for item in platform.items():
        if "ttl" in item and item["ttl"] < now:
            key = {"PK": {"S": item["PK"]}, "SK": {"S": item["SK"]}}
            platform.client.delete_item(TableName=platform.table.name, Key=key)
    return org_id


def actions(platform: Platform, question: AuditQuestion) -> list[str]:
    return [e.action for e in platform.services.audit.events(platform.operator, question)]


@pytest.fixture
def question(org: str) -> AuditQuestion:
    return AuditQuestion(org, since=SINCE, newest_first=False)


ALL = ["organisation.create", "organisation.seed", *(f"thing.{n}" for n in range(6))]


def test_a_question_that_reaches_past_the_table_is_answered_whole(platform: Platform, question: AuditQuestion) -> None:
    assert actions(platform, question) == ALL
    assert actions(platform, replace(question, newest_first=True)) == ALL[::-1]
    assert platform.services.audit.archived_days(platform.operator, question) == 2
    assert platform.services.audit.archived_days(platform.operator, replace(question, since=None)) == 0


def test_it_is_narrowed_as_in_the_table(platform: Platform, question: AuditQuestion) -> None:
    roles = replace(question, types=frozenset({EventType.ROLE_CHANGE}))
    assert actions(platform, roles) == ["organisation.seed", "thing.1", "thing.3", "thing.5"]
    assert actions(platform, replace(question, user_id=platform.operator.id, action="thing.1")) == ["thing.1"]
    assert actions(platform, replace(question, until=SINCE + timedelta(days=5), resource_id="0")) == ["thing.0"]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("size", [1, 3, 50])
def test_pages_run_through_both(platform: Platform, question: AuditQuestion, size: int, newest_first: bool) -> None:
    asked, page = replace(question, newest_first=newest_first), PageRequest(size)
    found: list[AuditEvent] = []
    while True:
        answer = platform.services.audit.page(platform.operator, asked, page)
        found += answer.items
        if answer.last is None:
            break
        page = PageRequest(size, answer.last)
    assert [e.action for e in found] == (ALL[::-1] if newest_first else ALL)


def test_an_event_that_stands_in_both_comes_once(platform: Platform, question: AuditQuestion) -> None:
    assert platform.services.archive_restore.into_table(platform.operator, question.organisation_id, "2026-03-01") == (
        3,
        0,
    )
    assert actions(platform, question) == [*ALL, "audit.restore"]


def test_a_day_comes_back_into_the_table_and_leaves_again(platform: Platform, org: str) -> None:
    restore = platform.services.archive_restore
    assert restore.into_table(platform.operator, org, "2026-03-01") == (3, 0)
    assert restore.into_table(platform.operator, org, "2026-03-01") == (0, 3)
    back = [i for i in platform.items() if str(i["PK"]).endswith("DATE#2026-03-01")]
    assert {i["ttl"] for i in back} == {int((platform.clock.now() + timedelta(days=7)).timestamp())}
    assert platform.services.audit_verify.verify(platform.operator, org, archive=True).findings == []
    assert not platform.services.archive.run(platform.operator, [org]).parts


def test_what_comes_back_does_not_leave_before_its_time(platform: Platform, org: str) -> None:
    """A recent day, of which somebody took an event away: it would have stayed for longer than a week."""
    day = (platform.clock.now() - timedelta(days=10)).date().isoformat()
    (gone,) = [i for i in platform.items() if str(i["PK"]).endswith(f"DATE#{day}")]
    platform.client.delete_item(TableName=platform.table.name, Key={k: {"S": gone[k]} for k in ("PK", "SK")})
    assert platform.services.archive_restore.into_table(platform.operator, org, day) == (1, 0)
    (back,) = [i for i in platform.items() if str(i["PK"]).endswith(f"DATE#{day}")]
    assert back == gone
    assert platform.services.audit_verify.verify(platform.operator, org, archive=True).findings == []


def test_a_cold_day_is_asked_for_first(platform: Platform, org: str, question: AuditQuestion) -> None:
    key = f"archive/{org}/2026/03/2026-03-01.json.gz"
    platform.storage.tiers[key] = Tier.COLD
    restore = platform.services.archive_restore
    state = restore.look(platform.operator, org, "2026-03-01")
    assert (state.count, state.cold, state.readable) == (3, 1, False)
    with pytest.raises(Conflict, match="Glacier"):
        actions(platform, question)
    restore.thaw(platform.operator, org, "2026-03-01")
    assert restore.look(platform.operator, org, "2026-03-01").thawing == 1
    platform.storage.tiers[key] = Tier.THAWED
    assert len(list(restore.events(platform.operator, org, "2026-03-01"))) == 3


def test_a_day_that_is_not_there_and_who_may_not(platform: Platform, org: str) -> None:
    restore = platform.services.archive_restore
    with pytest.raises(NotFound):
        restore.look(platform.operator, org, "2031-01-01")
    for who in (holder(org, "team:read"), holder("org-other", "audit:*")):
        with pytest.raises(Denied):
            restore.look(who, org, "2026-03-01")
