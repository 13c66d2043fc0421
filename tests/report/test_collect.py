"""One pass over the events counts what a person would count, holds little, and is stopped by nothing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bbws_access.models.kinds import EventType, Outcome
from bbws_access.report import collect as collect_module
from bbws_access.report.collect import Collector
from bbws_access.report.data import FieldChange, ReportData
from bbws_access.report.differences import MOST_CHARACTERS, MOST_FIELDS, field_changes
from bbws_access.report.tallies import Tally, bins, unit_of
from bbws_access.services.archive import RETAINED
from tests.report.history import LEADS, SINCE, UNTIL, hostile, month, parts, report, row, subject

ROWS = st.lists(
    st.builds(
        lambda offset, n, kind, outcome, who, path: row(
            SINCE + timedelta(milliseconds=offset),
            n,
            eventType=kind,
            outcome=outcome,
            userEmail=who,
            details={"method": "GET", "path": path},
        ),
        st.integers(0, 31 * 86_400_000 - 1),
        st.integers(0, 999),
        st.sampled_from([kind.value for kind in EventType]),
        st.sampled_from([outcome.value for outcome in Outcome]),
        st.sampled_from(["a@x.test", "b@x.test", "c@x.test"]),
        st.sampled_from(["/v1/a", "/v1/b"]),
    ),
    max_size=60,
).map(lambda rows: sorted(rows, key=lambda one: one["timestamp"]))


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_it_counts_as_a_person_would(rows: list[dict[str, Any]]) -> None:
    data = report(rows)
    assert data.total == len(rows)
    assert (data.first, data.last) == ((rows[0]["timestamp"], rows[-1]["timestamp"]) if rows else ("", ""))
    by_day = Counter((one["timestamp"][:10], one["outcome"]) for one in rows)
    by_type = Counter((one["eventType"], one["outcome"]) for one in rows)
    assert len(data.activity) == 31
    for counts, wanted in [(c, by_day) for c in data.activity] + [(c, by_type) for c in data.types]:
        found = {"SUCCESS": counts.success, "FAILURE": counts.failure, "DENIED": counts.denied}
        assert found == {outcome: wanted[counts.name, outcome] for outcome in found}
    denied = [one for one in rows if one["outcome"] == "DENIED"]
    assert dict(data.denied_users.rows) == Counter(one["userEmail"] for one in denied)
    assert dict(data.denied_endpoints.rows) == Counter(f"GET {one['details']['path']}" for one in denied)
    counts_of = [count for _, count in data.denied_users.rows]
    assert counts_of == sorted(counts_of, reverse=True)
    done = [one for one in rows if one["outcome"] == "SUCCESS"]
    rights = sum(one["eventType"] in {"ROLE_CHANGE", "PERMISSION_CHANGE"} for one in done)
    assert (data.roles.total, data.memberships.total) == (
        rights,
        sum(one["eventType"] == "TEAM_MEMBERSHIP" for one in done),
    )


def one_of_each() -> ReportData:
    def change(n: int, kind: EventType, action: str, **details: Any) -> dict[str, Any]:
        return row(SINCE + timedelta(hours=n), n, eventType=kind.value, action=action, details=details)

    rights = {"before": {"permissions": ["a:x", "b:x"]}, "after": {"permissions": ["b:x", "c:x"]}, "name": "EDITOR"}
    seat = {"userId": "u", "email": "m@x.test"}
    return report(
        [
            change(1, EventType.PERMISSION_CHANGE, "role.permissions", **rights),
            change(2, EventType.ROLE_CHANGE, "team-role.update", before={"sortOrder": 1}, after={"sortOrder": 2}),
            change(3, EventType.ROLE_CHANGE, "role.assign", after={"roleName": "EDITOR", "email": "m@x.test"}),
            change(4, EventType.ROLE_CHANGE, "role.revoke", before={"roleName": "EDITOR"}, after={}),
            change(5, EventType.USER_MANAGEMENT, "user.deactivate", before={"active": True}, after={"active": False}),
            change(6, EventType.USER_MANAGEMENT, "user.update", before={"firstName": "A"}, after={"firstName": "B"}),
            change(7, EventType.TEAM_MEMBERSHIP, "team.member.add", after=seat | {"teamRole": "MEMBER"}),
            change(8, EventType.TEAM_MEMBERSHIP, "team.member.add", after=seat | {"teamRole": "TEAM_LEAD"}),
            change(
                9,
                EventType.TEAM_MEMBERSHIP,
                "team.member.update",
                before={"teamRole": "TEAM_LEAD"},
                after={"teamRole": "MEMBER"},
            ),
            change(
                10,
                EventType.TEAM_MEMBERSHIP,
                "team.member.update",
                before={"teamRole": "MEMBER"},
                after={"teamRole": "VIEWER"},
            ),
            change(11, EventType.TEAM_MEMBERSHIP, "team.member.remove", before=seat | {"teamRole": "TEAM_LEAD"}),
            change(12, EventType.CONFIGURATION, "audit.export", target="x.csv", format="csv", count=3, sha256="ab"),
            change(13, EventType.CONFIGURATION, "audit.report", target="x.html", format="html", count=9, sha256="cd"),
            change(
                14, EventType.CONFIGURATION, "users.export", target="people.csv", format="csv", count=4, sha256="ef"
            ),
            change(15, EventType.CONFIGURATION, "team.create", after={"name": "Web"}),
        ]
    )


def test_each_change_is_in_the_list_where_a_reader_looks_for_it() -> None:
    data = one_of_each()
    assert [e.action for e in data.roles.entries] == ["role.permissions", "team-role.update"]
    assert [e.action for e in data.assignments.entries] == ["role.assign", "role.revoke"]
    assert [e.action for e in data.users.entries] == ["user.deactivate"]
    assert [e.event_id for e in data.leads.entries] == ["E000008", "E000009", "E000011"]
    assert [e.event_id for e in data.memberships.entries] == [f"E{n:06}" for n in range(7, 12)]
    assert [(e.target, e.count, e.sha256) for e in data.exports.entries] == [
        ("x.csv", "3", "ab"),
        ("x.html", "9", "cd"),
        ("people.csv", "4", "ef"),
    ]
    (rights,) = data.roles.entries[0].fields
    assert (rights.added, rights.removed, rights.kept) == (("c:x",), ("a:x",), 1)
    assert data.roles.entries[0].target == "thing EDITOR"
    assert data.users.entries[0].fields == (FieldChange("active", "yes", "no"),)


def test_what_was_tried_in_vain_is_no_change() -> None:
    data = report([row(SINCE, eventType="ROLE_CHANGE", action="role.assign", outcome=o) for o in ("DENIED", "FAILURE")])
    assert (data.assignments.total, data.roles.total) == (0, 0)
    # Without an endpoint, the action says what was tried.
    assert data.denied_endpoints.rows == [("role.assign", 1)]


def test_lists_keep_the_latest_and_say_how_many_there_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_module, "MOST_ENTRIES", 3)
    rows = [row(SINCE + timedelta(hours=n), n, eventType="ROLE_CHANGE", action="role.create") for n in range(10)]
    found = report(rows).roles
    assert ([e.event_id for e in found.entries], found.total, found.more) == (["E000007", "E000008", "E000009"], 10, 7)


def test_names_without_end_are_counted_in_bounded_memory() -> None:
    tally = Tally(most=100)
    for n in range(10_000):
        tally.add("known" if n % 2 else f"name-{n}")
    found = tally.ranking(shown=2)
    assert found.rows[0] == ("known", 5_000)
    assert (found.more_names, found.more_count, found.at_least) == (98, 4_999, True)


def test_huge_details_are_held_short() -> None:
    huge = {"text": "x" * 400_000, **{f"field{n}": n for n in range(500)}, "list": [str(n) * 300 for n in range(900)]}
    found = field_changes({"before": {}, "after": huge})
    assert len(found) == MOST_FIELDS + 1
    held = sum(len(text) for f in found for text in (f.name, f.before or "", f.after or "", *f.added, *f.removed))
    assert held < 20_000
    assert all(len(f.after or "") < MOST_CHARACTERS + 30 for f in found)


@pytest.mark.parametrize("details", [None, "gone", 7, [], {"before": 7}, {"after": "x", "before": ["y"]}, {1: 2}])
def test_details_that_are_none(details: Any) -> None:
    field_changes(details)
    assert report([row(SINCE, eventType="ROLE_CHANGE", action="role.update", details=details)]).roles.total == 1


def test_damaged_events_are_counted_like_others() -> None:
    rows = hostile()
    data = report(rows)
    assert data.total == len(rows)
    assert sum(c.total for c in data.types) == len(rows)
    assert sum(c.total for c in data.activity) == len(rows)
    assert data.activity[-1].name == "at no known time"
    assert data.outcome("other") == 14


@pytest.mark.parametrize(
    ("days", "unit", "most"),
    [(1, "day", 1), (62, "day", 62), (63, "week", 10), (365, "week", 54), (2555, "month", 85)],
)
def test_long_ranges_are_counted_by_more_than_a_day(days: int, unit: str, most: int) -> None:
    first, last = date(2026, 3, 1), date(2026, 3, 1) + timedelta(days=days - 1)
    assert unit_of(first, last) == unit
    assert len(bins(first, last, unit)) <= most
    asked = subject(since=SINCE, until=SINCE + timedelta(days=days))
    rows = [row(SINCE + timedelta(days=n)) for n in range(days)]
    data = Collector(asked).add_all(rows).report([], RETAINED)
    assert sum(c.total for c in data.activity) == days
    assert all(c.total for c in data.activity)


def test_retention_tells_what_is_archived_and_what_is_not() -> None:
    rows = [row(SINCE + timedelta(days=day, hours=h)) for day in range(31) for h in range(3)]
    data = report(rows, parts(*range(1, 11), 12, 15, 16, *range(18, 32)))
    kept = data.retention
    assert (kept.finished, kept.archived) == (31, 27)
    assert kept.missing == [("2026-03-11", "2026-03-11"), ("2026-03-13", "2026-03-14"), ("2026-03-17", "2026-03-17")]
    assert kept.differing == []
    assert report(rows[1:], parts(1, 2)).retention.differing == ["2026-03-01"]
    late = [*parts(1, count=2), *(p.model_copy(update={"part": 1}) for p in parts(1, count=1))]
    assert report(rows, late).retention.differing == []


def test_a_day_is_due_when_the_job_has_had_its_turn() -> None:
    asked = subject(since=SINCE, until=UNTIL)
    made = datetime(2026, 3, 3, 1, 59, tzinfo=UTC)
    early = Collector(type(asked)("Acme", "org", SINCE, UNTIL, made, "x"), LEADS).report([], RETAINED)
    assert early.retention.missing == [("2026-03-01", "2026-03-01")]


def test_five_thousand_events() -> None:
    rows = month(5_000)
    data = report(rows)
    assert data.total == 5_000 == sum(c.total for c in data.activity) == sum(c.total for c in data.types)
    assert len(data.exports.entries) == collect_module.MOST_ENTRIES
