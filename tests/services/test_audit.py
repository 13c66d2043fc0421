"""Asking the trail: the right events, in order, over pages, and none of another tenant's."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bbws_access.access.actor import Actor
from bbws_access.clock import iso
from bbws_access.errors import Denied, InvalidInput
from bbws_access.models.audit import AuditEvent
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import EventType, ExportFormat, Outcome
from bbws_access.services import audit as audit_module
from bbws_access.services.pages import PageRequest
from bbws_access.store.codec import encode
from bbws_access.store.table import Page, Query
from bbws_access.store.writes import Put
from tests.conftest import Platform
from tests.services.holders import holder

pytestmark = pytest.mark.slow

ORG = "org-acme"
START = datetime(2026, 2, 20, tzinfo=UTC)


def event(n: int, moment: datetime, **more: Any) -> AuditEvent:
    values: dict[str, Any] = {
        "event_id": f"E{n:05}",
        "event_type": EventType.CONFIGURATION,
        "timestamp": iso(moment),
        "user_id": "u-1",
        "user_email": "u-1@example.com",
        "organisation_id": ORG,
        "resource_type": "thing",
        "resource_id": "x",
        "action": "thing.change",
    }
    return AuditEvent(**(values | more))


@pytest.fixture
def history(platform: Platform) -> list[AuditEvent]:
    """A hundred and fifty events over nine days, some at the same moment, of several users, types and outcomes."""
    chance = random.Random(7)
    types = list(EventType)
    found = []
    for n in range(150):
        moment = START + timedelta(milliseconds=chance.choice([0, 1, 5]) + 3_600_000 * chance.randrange(9 * 24))
        found.append(
            event(
                n,
                moment,
                event_type=chance.choice(types),
                user_id=f"u-{chance.randrange(3)}",
                outcome=chance.choice(list(Outcome)),
                organisation_id=chance.choice([ORG, ORG, ORG, "org-other"]),
                action=chance.choice(["role.create", "team.create"]),
            )
        )
    # One by one they would take a transaction each.
    requests = [{"PutRequest": {"Item": encode(one.to_item())}} for one in found]
    for n in range(0, len(requests), 25):
        platform.client.batch_write_item(RequestItems={platform.table.name: requests[n : n + 25]})
    return found


def key(one: AuditEvent) -> tuple[str, str]:
    return one.timestamp, one.event_id


def expected(history: list[AuditEvent], question: AuditQuestion) -> list[tuple[str, str]]:
    """What a person would do: look at each event."""
    since, until = question.since, question.until
    assert since is not None
    assert until is not None
    right = [
        one
        for one in history
        if one.organisation_id == question.organisation_id
        and iso(since) <= one.timestamp < iso(until)
        and question.user_id in {None, one.user_id}
        and (not question.types or one.event_type in question.types)
        and question.outcome in {None, one.outcome}
        and question.action in {None, one.action}
    ]
    return sorted((key(one) for one in right), reverse=question.newest_first)


QUESTIONS = [
    AuditQuestion(ORG),
    AuditQuestion(ORG, user_id="u-1"),
    AuditQuestion(ORG, user_id="u-1", types=frozenset({EventType.ROLE_CHANGE, EventType.INVITATION})),
    AuditQuestion(ORG, types=frozenset({EventType.ROLE_CHANGE})),
    AuditQuestion(ORG, types=frozenset({EventType.PERMISSION_CHANGE, EventType.ROLE_CHANGE, EventType.INVITATION})),
    AuditQuestion(ORG, outcome=Outcome.DENIED),
    AuditQuestion(ORG, outcome=Outcome.DENIED, action="role.create", types=frozenset(EventType)),
    AuditQuestion("org-other"),
]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_every_question_is_answered_whole_and_in_order(
    platform: Platform, history: list[AuditEvent], number: int, newest_first: bool
) -> None:
    asked = replace(
        QUESTIONS[number], since=START + timedelta(days=1), until=START + timedelta(days=8), newest_first=newest_first
    )
    wanted = expected(history, asked)
    assert wanted
    assert [key(e) for e in platform.services.audit.events(platform.operator, asked)] == wanted
    for size in (1, 7, 100):
        assert list(paged(platform, asked, size)) == wanted


def paged(platform: Platform, question: AuditQuestion, size: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    page = PageRequest(size)
    while True:
        answer = platform.services.audit.page(platform.operator, question, page)
        assert len(answer.items) <= size
        found += [key(e) for e in answer.items]
        if answer.last is None:
            return found
        page = PageRequest(size, answer.last)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_a_page_that_may_cost_little_is_short_but_never_loses_its_place(
    platform: Platform, history: list[AuditEvent], monkeypatch: pytest.MonkeyPatch, number: int, newest_first: bool
) -> None:
    monkeypatch.setattr(audit_module, "_PAGE_REQUESTS", 9)  # more than sources
    asked = replace(QUESTIONS[number], since=START, until=START + timedelta(days=9), newest_first=newest_first)
    assert paged(platform, asked, 20) == expected(history, asked)


def test_new_events_between_two_pages_move_nothing(platform: Platform, history: list[AuditEvent]) -> None:
    asked = replace(QUESTIONS[0], since=START, until=START + timedelta(days=9))
    first = platform.services.audit.page(platform.operator, asked, PageRequest(10))
    platform.table.write(Put(event(9999, START + timedelta(days=8, hours=23)).to_item()))
    second = platform.services.audit.page(platform.operator, asked, PageRequest(10, first.last))
    assert [key(e) for e in [*first.items, *second.items]] == expected(history, asked)[:20]


def test_counts_add_up(platform: Platform, history: list[AuditEvent]) -> None:
    asked = replace(QUESTIONS[0], since=START, until=START + timedelta(days=9))
    summary = platform.services.audit.summary(platform.operator, asked)
    assert summary.count == len(expected(history, asked))
    assert summary.complete
    for counts in (summary.by_type, summary.by_outcome, summary.by_action, summary.by_day):
        assert sum(counts.values()) == summary.count
    assert list(summary.by_day) == [(START + timedelta(days=n)).date().isoformat() for n in range(9)]


def test_a_summary_says_how_far_it_came(
    platform: Platform, history: list[AuditEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "_SUMMARY_REQUESTS", 3)
    asked = replace(QUESTIONS[0], since=START, until=START + timedelta(days=9), newest_first=False)
    summary = platform.services.audit.summary(platform.operator, asked)
    assert not summary.complete
    assert list(summary.by_day) == ["2026-02-20", "2026-02-21", "2026-02-22"]
    assert summary.reached is not None
    assert summary.reached.startswith("2026-02-22")


def test_a_range_that_ends_before_it_begins_is_refused(platform: Platform) -> None:
    backwards = AuditQuestion(ORG, since=START, until=START - timedelta(days=1))
    with pytest.raises(InvalidInput):
        platform.services.audit.events(platform.operator, backwards)


@pytest.mark.parametrize("who", [holder("org-other", "*:*"), holder(ORG, "team:read"), holder("org-other", "")])
def test_the_trail_is_not_open_to_others(platform: Platform, history: list[AuditEvent], who: Actor) -> None:
    """The same words for an organisation that exists and one that does not."""
    audit = platform.services.audit
    for org in (ORG, "org-nowhere"):
        question = AuditQuestion(org)
        for ask in (
            lambda q=question: audit.events(who, q),
            lambda q=question: audit.page(who, q, PageRequest(), own_teams=True),
            lambda q=question: audit.summary(who, q),
            lambda q=question: audit.export(who, q, ExportFormat.CSV),
        ):
            with pytest.raises(Denied) as denied:
                ask()
            assert org not in denied.value.message


def test_who_may_audit_a_team_sees_its_events_and_no_others(platform: Platform) -> None:
    mine = event(1, START, resource_type="team", resource_id="t-1", event_type=EventType.TEAM_MEMBERSHIP)
    others = [
        event(2, START, resource_type="team", resource_id="t-2"),
        event(3, START, resource_type="role", resource_id="t-1"),
    ]
    for one in [mine, *others]:
        platform.table.write(Put(one.to_item()))
    auditor = replace(holder(ORG, ""), team_capabilities={"t-1": frozenset({"CAN_VIEW_AUDIT"}), "t-2": frozenset()})
    audit, question = platform.services.audit, AuditQuestion(ORG, since=START)
    assert [e.event_id for e in audit.page(auditor, question, PageRequest(), own_teams=True).items] == ["E00001"]
    with pytest.raises(Denied):
        audit.page(auditor, question, PageRequest())
    elsewhere = replace(question, organisation_id="org-other")
    with pytest.raises(Denied):
        audit.page(auditor, elsewhere, PageRequest(), own_teams=True)


@pytest.mark.parametrize("by", [{}, {"user_id": "u-1"}, {"types": frozenset({EventType.TEAM_MEMBERSHIP})}])
def test_who_audits_more_teams_than_an_expression_holds_sees_theirs(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, by: dict[str, Any]
) -> None:
    own = {f"{n:036}": frozenset({"CAN_VIEW_AUDIT"}) for n in range(700)}
    for n, team in enumerate((f"{699:036}", "somebody-else's"), start=1):
        of_team = event(n, START, resource_type="team", resource_id=team, event_type=EventType.TEAM_MEMBERSHIP)
        platform.table.write(Put(of_team.to_item()))
    sent: list[str] = []
    query = platform.table.query

    def noted(asked: Query) -> Page:
        sent.append(str(asked.request().get("FilterExpression", "")))
        return query(asked)

    monkeypatch.setattr(platform.table, "query", noted)
    question = AuditQuestion(ORG, since=START, until=START + timedelta(days=1), **by)
    auditor = replace(holder(ORG, ""), team_capabilities=own)
    found = platform.services.audit.page(auditor, question, PageRequest(), own_teams=True)
    assert [e.event_id for e in found.items] == ["E00001"]
    assert max(map(len, sent)) <= 4096


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        ({}, None),
        ({"outcome": Outcome.DENIED, "action": "role.create", "resource_id": "x"}, None),
        ({"user_id": "u-1"}, "GSI4"),
        ({"user_id": "u-1", "types": frozenset({EventType.ROLE_CHANGE})}, "GSI4"),
        ({"types": frozenset({EventType.ROLE_CHANGE, EventType.INVITATION})}, "GSI5"),
        ({"types": frozenset({EventType.ROLE_CHANGE}), "outcome": Outcome.DENIED}, "GSI5"),
    ],
)
def test_each_question_goes_to_the_index_that_fits_and_none_is_a_scan(
    platform: Platform, history: list[AuditEvent], narrowed: dict[str, Any], index: str | None
) -> None:
    asked: list[tuple[str, str | None]] = []

    def sent(params: dict[str, Any], model: Any, **_: Any) -> None:
        asked.append((model.name, params.get("IndexName")))

    question = AuditQuestion(ORG, since=START, until=START + timedelta(days=9), **narrowed)
    platform.client.meta.events.register("provide-client-params.dynamodb", sent, unique_id="asked")
    try:
        list(platform.services.audit.events(platform.operator, question))
        platform.services.audit.page(platform.operator, question, PageRequest(5))
        platform.services.audit.summary(platform.operator, question)
    finally:
        platform.client.meta.events.unregister("provide-client-params.dynamodb", unique_id="asked")
    assert set(asked) == {("Query", index)}
    assert len(asked) <= 3 * (10 if index is None else 2)


def test_an_export_lies_in_the_bucket_and_in_the_trail(platform: Platform) -> None:
    org = platform.organisation().organisation_id
    audit = platform.services.audit
    done = audit.export(platform.operator, AuditQuestion(org, newest_first=False), ExportFormat.JSONL)
    body = platform.storage.objects[done.location.removeprefix("s3://audit/")]
    assert (done.count, done.size) == (2, len(body))
    assert done.location.startswith(f"s3://audit/exports/{org}/2026-03-01/")
    assert done.url.startswith("https://")
    (latest, *_) = audit.events(platform.operator, AuditQuestion(org))
    assert (latest.action, latest.details["sha256"]) == ("audit.export", done.sha256)
    assert done.url not in str(latest)


def test_an_export_that_cannot_be_told_of_is_not_made(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round it may be told of and then fail: the trail rather says too much than too little."""
    org = platform.organisation().organisation_id
    audit, before = platform.services.audit, ["organisation.seed", "organisation.create"]
    with pytest.raises(InvalidInput, match="more than 1 events"):
        audit.export(platform.operator, AuditQuestion(org), ExportFormat.CSV, at_most=1)
    with monkeypatch.context() as patch:
        patch.setattr(platform.services.trail, "commit", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            audit.export(platform.operator, AuditQuestion(org), ExportFormat.CSV)
    assert not platform.storage.objects
    assert [e.action for e in audit.events(platform.operator, AuditQuestion(org))] == before
    platform.storage.fail_at = {"put_export"}
    with pytest.raises(Exception, match="bucket"):
        audit.export(platform.operator, AuditQuestion(org), ExportFormat.CSV)
    assert not platform.storage.objects
    assert [e.action for e in audit.events(platform.operator, AuditQuestion(org))] == ["audit.export", *before]
