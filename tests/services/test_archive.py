"""Each finished day becomes one verified object; whatever dies in between, nothing is lost, twice or rewritten."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bbws_access.clock import iso
from bbws_access.errors import AccessError
from bbws_access.keys import PLATFORM
from bbws_access.models.archive import Manifest
from bbws_access.models.audit_findings import FindingKind
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import EventType
from bbws_access.services.archive import Archive, ArchiveReport
from bbws_access.services.chain import GENESIS
from bbws_access.services.trail import Change
from bbws_access.store.table import Item
from bbws_access.store.writes import Put, Write
from tests.conftest import Platform
from tests.services.test_audit import event

pytestmark = pytest.mark.slow


@pytest.fixture
def org(platform: Platform) -> str:
    """Made on the first of March, with something done on the first, the second and the fourth."""
    org_id = platform.organisation().organisation_id
    change(platform, org_id, 1)
    for days in (1, 2):
        platform.clock.advance(days=days)
        change(platform, org_id, days)
    platform.clock.moment = datetime(2026, 3, 5, 2, tzinfo=UTC)
    return org_id


def change(platform: Platform, org_id: str, n: int) -> None:
    platform.services.trail.commit(
        platform.operator, org_id, [Change(EventType.CONFIGURATION, f"thing.{n}", "thing", str(n), after={"n": n})]
    )


def run(platform: Platform, *orgs: str, **options: Any) -> ArchiveReport:
    return platform.services.archive.run(platform.operator, list(orgs), **options)


def stored(platform: Platform, org: str, day: str, part: str = "") -> list[dict[str, Any]]:
    body = platform.storage.objects[f"archive/{org}/{day[:4]}/{day[5:7]}/{day}{part}.json.gz"]
    found: list[dict[str, Any]] = json.loads(gzip.decompress(body))
    return found


def manifests(platform: Platform, org: str) -> list[tuple[Manifest, str]]:
    keys = [key for key in platform.storage.keys_below(f"archive/{org}/") if key.endswith(".manifest.json")]
    bodies = [platform.storage.objects[key] for key in keys]
    found = [(Manifest.model_validate_json(body), hashlib.sha256(body).hexdigest()) for body in bodies]
    return sorted(found, key=lambda pair: pair[0].number)


def events(platform: Platform, org: str) -> list[Item]:
    return [i for i in platform.items() if str(i["PK"]).startswith(f"ORG#{org}#DATE#")]


def assert_whole(platform: Platform, org: str) -> None:
    """Every event of a finished day is archived once, may expire, and the manifests follow one another."""
    archived = [e["eventId"] for m, _ in manifests(platform, org) for e in stored_of(platform, m)]
    finished = [e for e in events(platform, org) if str(e["timestamp"]) < "2026-03-05"]
    assert sorted(archived) == sorted(str(e["eventId"]) for e in finished)
    assert all("ttl" in e for e in finished)
    chain = manifests(platform, org)
    assert [m.number for m, _ in chain] == list(range(1, len(chain) + 1))
    assert chain[0][0].previous_manifest == GENESIS
    for (_, digest), (later, _) in pairwise(chain):
        assert later.previous_manifest == digest
    for manifest, _ in chain:
        body = platform.storage.objects[manifest.key]
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (manifest.sha256, manifest.size)


def stored_of(platform: Platform, manifest: Manifest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gzip.decompress(platform.storage.objects[manifest.key]))
    return found


def test_finished_days_are_archived_from_the_first_on(platform: Platform, org: str) -> None:
    report = run(platform, org)
    assert not report.failures
    assert [(p.date, p.count) for p in report.parts] == [
        ("2026-03-01", 3),
        ("2026-03-02", 1),
        ("2026-03-03", 0),
        ("2026-03-04", 1),
    ]
    first, second, empty, last = (m for m, _ in manifests(platform, org))
    assert (first.first_sequence, first.last_sequence, first.chained) == (1, 3, 3)
    assert (second.first_sequence, last.last_sequence) == (4, 5)
    assert (empty.count, empty.first_sequence, stored(platform, org, "2026-03-03")) == (0, None, [])
    assert [e["action"] for e in stored(platform, org, "2026-03-04")] == ["thing.2"]
    assert_whole(platform, org)


def test_what_is_archived_is_locked_for_seven_years(platform: Platform, org: str) -> None:
    run(platform, org)
    keys = platform.storage.keys_below("archive/")
    assert len(keys) == 8
    assert {platform.storage.locked[key] for key in keys} == {platform.clock.now() + timedelta(days=2555)}


def test_a_second_run_does_nothing(platform: Platform, org: str) -> None:
    run(platform, org)
    before, items = dict(platform.storage.objects), platform.items()
    assert run(platform, org).parts == []
    assert (platform.storage.objects, platform.items()) == (before, items)


def test_only_what_is_archived_can_expire(platform: Platform, org: str) -> None:
    assert not any("ttl" in e for e in events(platform, org))
    change(platform, org, 9)  # today's
    run(platform, org)
    for one in events(platform, org):
        if str(one["timestamp"]).startswith("2026-03-05"):
            assert "ttl" not in one
        else:
            moment = datetime.fromisoformat(str(one["timestamp"]))
            assert one["ttl"] == int((moment + timedelta(days=45)).timestamp())


def test_an_event_that_comes_late_makes_a_further_part(platform: Platform, org: str) -> None:
    run(platform, org)
    before = dict(platform.storage.objects)
    late = event(1, datetime(2026, 3, 2, 23, tzinfo=UTC), organisation_id=org)
    platform.table.write(Put(late.to_item()))
    report = run(platform, org)
    assert [(p.date, p.part, p.count, p.chained) for p in report.parts] == [("2026-03-02", 1, 1, 0)]
    assert [e["eventId"] for e in stored(platform, org, "2026-03-02", ".1")] == ["E00001"]
    assert before.items() <= platform.storage.objects.items()
    assert_whole(platform, org)


@pytest.mark.parametrize("day", ["2026-03-02", "2026-01-07"])
def test_what_a_migration_brings_of_long_ago_is_caught_up_with(platform: Platform, org: str, day: str) -> None:
    """Of a day that was archived long ago, and of one before the archive's first."""
    run(platform, org)
    platform.clock.advance(days=60)
    run(platform, org)
    decided = {"organisation_id": org, "event_type": EventType.AUTHORIZATION, "action": "authorize"}
    platform.table.write(Put(event(9, datetime.fromisoformat(f"{day}T12:00Z"), **decided).to_item()))
    assert run(platform, org).parts == []
    report = run(platform, org, catch_up=True)
    assert ([p.date for p in report.parts if p.count], report.failures) == ([day], [])
    assert all("ttl" in e for e in events(platform, org) if str(e["timestamp"]) < "2026-03-05")
    assert platform.services.audit_verify.verify(platform.operator, org, archive=True).findings == []
    assert run(platform, org, catch_up=True).parts == []


def test_a_day_is_not_finished_before_its_writers_had_an_hour(platform: Platform, org: str) -> None:
    platform.clock.moment = datetime(2026, 3, 5, 0, 59, tzinfo=UTC)
    assert run(platform, org).parts[-1].date == "2026-03-03"


def test_an_organisation_made_in_the_last_millisecond_of_a_day(platform: Platform) -> None:
    platform.clock.moment = datetime(2026, 2, 28, 23, 59, 59, 999000, tzinfo=UTC)
    org = platform.organisation().organisation_id
    platform.clock.moment = datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert [(p.date, p.count) for p in run(platform, org).parts] == [("2026-02-28", 2), ("2026-03-01", 0)]


def test_without_names_every_organisation_and_the_platform_are_archived(platform: Platform, org: str) -> None:
    platform.clock.moment = datetime(2026, 3, 1, 10, tzinfo=UTC)
    other = platform.organisation("Other").organisation_id
    platform.services.seeder.seed(platform.operator)
    platform.clock.moment = datetime(2026, 3, 2, 2, tzinfo=UTC)
    report = platform.services.archive.run(platform.operator)
    assert {p.organisation_id for p in report.parts} == {org, other, PLATFORM}


def test_each_part_is_told_of_in_the_platforms_trail(platform: Platform, org: str) -> None:
    run(platform, org)
    told = list(platform.services.audit.events(platform.operator, AuditQuestion(PLATFORM, newest_first=False)))
    assert [(e.action, e.resource_id, e.details["date"]) for e in told] == [
        ("audit.archive", org, f"2026-03-0{n}") for n in range(1, 5)
    ]


def test_a_run_that_has_no_time_left_stops_between_parts(platform: Platform, org: str) -> None:
    answers = iter([False, False, True])
    report = run(platform, org, enough=lambda: next(answers))
    assert (len(report.parts), report.unfinished) == (2, True)
    assert [p.date for p in run(platform, org).parts] == ["2026-03-03", "2026-03-04"]
    assert_whole(platform, org)


class Died(BaseException):
    """As sudden as a kill: nothing catches it."""


LAST_MOMENT = 40
"""A run does fewer things than that."""


@pytest.mark.parametrize("moment", range(LAST_MOMENT))
def test_a_run_that_dies_anywhere_is_finished_by_the_next(
    platform: Platform, org: str, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Dies before the n-th thing that it does to the table or the bucket; and once more, soon after."""
    left = [moment]

    def mortal(method: Any) -> Any:
        def call(*given: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise Died
            return method(*given, **more)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(platform.table, "transact", mortal(platform.table.transact), raising=False)
        for name in ("put_once", "read"):
            patch.setattr(platform.storage, name, mortal(getattr(platform.storage, name)))
        for dies_at in (moment, 2):
            left[0] = dies_at
            try:
                run(platform, org)
                assert dies_at != 0
            except Died:
                assert dies_at < LAST_MOMENT - 1
                assert verified(platform, org) <= {FindingKind.OVERDUE}  # cut off, and nobody's tampering
                decided = {"organisation_id": org, "event_type": EventType.AUTHORIZATION}
                late = event(dies_at, datetime(2026, 3, 2, 23, tzinfo=UTC), **decided)
                platform.client.put_item(TableName=platform.table.name, Item=_encoded(late.to_item()))
    assert not run(platform, org).failures
    assert_whole(platform, org)
    assert verified(platform, org) == set()


def verified(platform: Platform, org: str) -> set[FindingKind]:
    found = platform.services.audit_verify.verify(platform.operator, org, archive=True)
    return {finding.kind for finding in found.findings}


def _encoded(item: Item) -> Any:
    from bbws_access.store.codec import encode

    return encode(item)


@pytest.mark.parametrize("damage", ["altered", "truncated", "manifest", "taken"])
def test_what_reads_back_otherwise_is_never_marked(
    platform: Platform, org: str, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    put_once = platform.storage.put_once

    def damaging(key: str, *given: Any) -> bool:
        done = put_once(key, *given)
        body = platform.storage.objects[key]
        match damage:
            case "altered" if key.endswith(".json.gz"):
                found = gzip.decompress(body).replace(b"thing.1", b"thing.7")
                platform.storage.objects[key] = gzip.compress(found, mtime=0)
            case "truncated" if key.endswith(".json.gz"):
                platform.storage.objects[key] = body[:-9]
            case "manifest" if key.endswith(".manifest.json"):
                platform.storage.objects[key] = body.replace(b'"count"', b'"counts"')
            case "taken" if key.endswith(".json.gz"):
                platform.storage.objects[key] = gzip.compress(b'[\n{"eventId":"forged"}\n]\n')
                return False
        return done

    monkeypatch.setattr(platform.storage, "put_once", damaging)
    report = run(platform, org)
    assert [(f.org_id, f.day) for f in report.failures] == [(org, "2026-03-01")]
    assert not report.parts
    assert not any("ttl" in e for e in events(platform, org))


def test_one_organisations_failure_holds_up_no_other(platform: Platform, org: str) -> None:
    platform.clock.moment = datetime(2026, 3, 4, 10, tzinfo=UTC)
    other = platform.organisation("Other").organisation_id
    platform.clock.moment = datetime(2026, 3, 5, 2, tzinfo=UTC)
    platform.storage.fail_at = {f"put_once:archive/{org}/2026/03/2026-03-02.json.gz"}
    report = run(platform, org, other)
    assert [(f.org_id, f.day) for f in report.failures] == [(org, "2026-03-02")]
    assert [(p.organisation_id, p.date) for p in report.parts] == [(org, "2026-03-01"), (other, "2026-03-04")]


def test_two_runs_at_once_make_one_archive(platform: Platform, org: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second begins while the first is about to record its first part."""
    rival = Archive(platform.table, platform.services.trail, platform.clock, platform.storage)
    transact = platform.table.transact
    reports: list[ArchiveReport] = []

    def overtaken(writes: list[Write]) -> None:
        if any(isinstance(w, Put) and w.item.get("SK", "").startswith("ARCHIVED#") for w in writes) and not reports:
            reports.append(ArchiveReport())
            reports[0] = rival.run(platform.operator, [org])
        transact(writes)

    with monkeypatch.context() as patch:
        patch.setattr(platform.table, "transact", overtaken)
        mine = run(platform, org)
    assert len(reports[0].parts) == 4
    assert [f.day for f in mine.failures] == ["2026-03-01"]
    assert not run(platform, org).failures
    assert_whole(platform, org)


def test_who_may_not_is_refused(platform: Platform, org: str) -> None:
    from tests.services.holders import holder

    with pytest.raises(AccessError):
        platform.services.archive.run(holder(org, "audit:read audit:export"), [org])
    assert iso(platform.clock.now())
    assert not platform.storage.objects
