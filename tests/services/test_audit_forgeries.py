"""Somebody who may write to the table and knows every format: what they cannot hide, and what only an anchor shows."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from bbws_access.errors import NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_findings import FindingKind as K
from bbws_access.models.audit_findings import Verification
from bbws_access.models.kinds import EventType
from bbws_access.services.archive import Archive
from bbws_access.services.archive_objects import archived_event
from bbws_access.services.audit_verify import AuditVerify
from bbws_access.services.chain_check import computed_hash
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import Item
from bbws_access.store.writes import Put
from tests.fakes import FakeIds
from tests.services.test_audit_verify import OPERATOR, ORG, World, decision, recent, world

pytestmark = pytest.mark.slow

OWNER = f"ORG#{ORG}"


@pytest.fixture(scope="module")
def _made() -> World:
    return world(200)


@pytest.fixture
def w(_made: World) -> World:
    return _made.copy()


def head(w: World, name: str = "AUDITHEAD") -> Item:
    return w.table.partitions[OWNER][name]


def forge_from(w: World, sequence: int, **changes: Any) -> None:
    """Alters an event, and makes all after it and the head fit."""
    events = w.events()[sequence - 1 :]
    events[0].update(changes)
    previous = events[0]["previousHash"]
    for event in events:
        event["previousHash"] = previous
        previous = event["eventHash"] = computed_hash(archived_event(event))
    head(w)["hash"] = previous


def anchored(w: World, *sequences: int) -> dict[int, str]:
    """Hashes as somebody has noted them."""
    return {event["sequence"]: event["eventHash"] for event in w.events() if event["sequence"] in sequences}


def verify(w: World, anchors: dict[int, str] | None = None, *, archive: bool = True) -> Verification:
    service = AuditVerify(w.table, w.clock, w.storage)  # type: ignore[arg-type]
    return service.verify(OPERATOR, ORG, archive=archive, anchors=anchors)


def archive_again(w: World, *, catch_up: bool = False) -> None:
    trail: Any = Trail(w.table, w.clock, FakeIds())  # type: ignore[arg-type]
    archive = Archive(w.table, trail, w.clock, w.storage)  # type: ignore[arg-type]
    assert not archive.run(OPERATOR, [ORG], catch_up=catch_up).failures


def record(w: World, day: int) -> Item:
    return w.table.partitions[OWNER][f"ARCHIVED#2026-03-{day:02}#0000"]


def set_back(w: World, day: int) -> None:
    """As if nothing after that day of March had been archived."""
    for later in range(day + 1, 10):
        del w.table.partitions[OWNER][f"ARCHIVED#2026-03-{later:02}#0000"]
    last = record(w, day)
    head(w, "ARCHIVEHEAD").update(
        {"number": last["number"], "manifestDigest": last["manifestDigest"], "date": last["date"]}
    )


# --- what the archive shows -----------------------------------------------------------------------


def test_a_chain_forged_from_an_archived_event_on(w: World) -> None:
    forge_from(w, 50, action="thing.forged")
    first = verify(w).findings[0]
    assert (first.kind, first.sequence) == (K.ALTERED, 50)


def test_a_record_of_the_archive_that_was_set_back_to_hide_it(w: World) -> None:
    forge_from(w, 150, action="thing.forged")
    day = w.events()[149]["timestamp"][:10]
    set_back(w, int(day[-2:]) - 1)
    found = verify(w).findings
    assert found[0].date == day
    assert {(f.kind, f.date) for f in found if f.key} == {
        (K.TRUNCATED, f"2026-03-{n:02}") for n in range(int(day[-2:]), 10)
    }
    altered = [f.sequence for f in found if f.kind is K.ALTERED]
    assert min(n for n in altered if n) == 150
    assert K.INSERTED not in {f.kind for f in found}


def test_a_table_that_knows_of_no_archive_at_all(w: World) -> None:
    for name in [n for n in w.table.partitions[OWNER] if n.startswith("ARCHIVE")]:
        del w.table.partitions[OWNER][name]
    forge_from(w, 1, action="thing.forged")
    found = verify(w).findings
    assert {f.date for f in found if f.kind is K.TRUNCATED} == {f"2026-03-{n:02}" for n in range(1, 10)}
    assert (K.ALTERED, 1) in {(f.kind, f.sequence) for f in found}


def test_a_record_that_is_made_to_look_pending_hides_nothing(w: World) -> None:
    """As if the job had died right before it recorded the last day: that is no finding, and the day is compared."""
    set_back(w, 8)
    head(w, "ARCHIVEHEAD").update({"pendingDate": "2026-03-09", "pendingPart": 0})
    for item in w.events():
        if item["timestamp"].startswith("2026-03-09"):
            item.pop("ttl")
    assert verify(w).findings == []
    forged = next(i for i in w.events() if i["timestamp"].startswith("2026-03-09"))
    forge_from(w, forged["sequence"], action="thing.forged")
    first = verify(w).findings[0]
    assert (first.kind, first.sequence) == (K.ALTERED, forged["sequence"])


def test_a_record_that_is_missing_in_the_middle(w: World) -> None:
    del w.table.partitions[OWNER]["ARCHIVED#2026-03-04#0000"]
    w.drop(next(i for i in w.events() if i["timestamp"].startswith("2026-03-04")))
    found = verify(w).findings
    assert [(f.kind, f.date, f.place) for f in found] == [
        (K.REMOVED, "2026-03-04", "table"),
        (K.REMOVED, "2026-03-04", "archive"),
    ]
    assert found[1].key == f"archive/{ORG}/2026/03/2026-03-04.manifest.json"


def late(w: World, n: int, day: int, **more: Any) -> Item:
    """An event that comes when its day is archived already."""
    event = decision(n, w.clock.moment.replace(day=day, hour=23))
    w.table.write(Put(event.to_item()))
    item = w.table.partitions[f"{OWNER}#DATE#2026-03-{day:02}"][event.keys()["SK"]]
    item.update(more)
    return item


def test_a_supplement_that_was_taken_out_of_the_record(w: World) -> None:
    late(w, 900, 8)
    archive_again(w)
    assert verify(w).findings == []
    del w.table.partitions[OWNER]["ARCHIVED#2026-03-08#0001"]
    w.table.partitions[f"{OWNER}#DATE#2026-03-08"].pop(next(k for k in keys_of(w, 8) if "D00000900" in k))
    head(w, "ARCHIVEHEAD").update({"number": 9, "manifestDigest": record(w, 9)["manifestDigest"]})
    found = verify(w).findings
    assert [(f.kind, f.date, f.event_id) for f in found] == [
        (K.REMOVED, "2026-03-08", "D00000900"),
        (K.TRUNCATED, "2026-03-08", None),
    ]


def keys_of(w: World, day: int) -> list[str]:
    return list(w.table.partitions[f"{OWNER}#DATE#2026-03-{day:02}"])


def test_a_supplement_whose_object_and_manifest_are_gone(w: World) -> None:
    late(w, 900, 8)
    archive_again(w)
    for ending in ("json.gz", "manifest.json"):
        del w.storage.objects[f"archive/{ORG}/2026/03/2026-03-08.1.{ending}"]
    found = verify(w).findings
    assert {(f.kind, f.key) for f in found} >= {(K.REMOVED, f"archive/{ORG}/2026/03/2026-03-08.1.manifest.json")}


# --- what stands where nothing should ------------------------------------------------------------


@pytest.mark.parametrize("archive", [True, False])
@pytest.mark.parametrize("earlier", [True, False])
def test_an_event_that_stands_there_twice(w: World, earlier: bool, archive: bool) -> None:
    """Under its own id, at another time: the first of the two must not answer for both."""
    item = deepcopy(w.events()[70])
    item["timestamp"] = item["timestamp"][:11] + ("00:00:00.001Z" if earlier else "23:59:59.998Z")
    item["SK"] = f"EVENT#{item['timestamp']}#{item['eventId']}"
    item["GSI4SK"] = item["GSI5SK"] = f"{item['timestamp']}#{item['eventId']}"
    item["action"] = "role.assign"
    item["eventHash"] = computed_hash(archived_event(item))
    w.put(item)
    found = verify(w, archive=archive).findings
    assert (K.INSERTED, item["eventId"]) in {(f.kind, f.event_id) for f in found}


@pytest.mark.parametrize("archive", [True, False])
def test_a_change_that_is_told_of_outside_of_the_chain(w: World, archive: bool) -> None:
    forged = late(w, 901, 10, eventType="ROLE_CHANGE", action="role.assign")
    forged.update({"GSI5PK": f"ORG#{ORG}#TYPE#ROLE_CHANGE"})
    (finding,) = verify(w, archive=archive).findings
    assert (finding.kind, finding.event_id) == (K.INSERTED, "D00000901")


def test_denials_failures_and_what_the_old_platform_told_are_in_no_chain(w: World) -> None:
    late(w, 902, 10, outcome="DENIED")
    failed = late(w, 903, 10, outcome="FAILURE", eventType="ROLE_CHANGE")
    failed["GSI5PK"] = f"ORG#{ORG}#TYPE#ROLE_CHANGE"
    old = decision(904, w.clock.moment.replace(day=1, hour=7)).model_copy(update={"event_type": EventType.ROLE_CHANGE})
    w.table.write(Put(old.to_item()))
    archive_again(w, catch_up=True)
    assert verify(w).findings == []


@pytest.mark.parametrize("archive", [True, False])
def test_what_the_old_platform_told_while_both_were_at_work_is_no_finding(w: World, archive: bool) -> None:
    """Up to the last run of the migration: who forges such an event afterwards is found."""
    told = {"eventType": "ROLE_CHANGE", "GSI5PK": f"ORG#{ORG}#TYPE#ROLE_CHANGE", "migratedFrom": f"1:{'0' * 32}"}
    late(w, 905, 10, **told)
    assert [(f.kind, f.event_id) for f in verify(w, archive=archive).findings] == [(K.INSERTED, "D00000905")]
    trail: Any = Trail(w.table, w.clock, FakeIds())  # type: ignore[arg-type]
    trail.commit(OPERATOR, PLATFORM, [Change(EventType.CONFIGURATION, "table.migrate", "migration", "1")])
    assert verify(w, archive=archive).findings == []
    w.clock.moment += timedelta(hours=1)
    late(w, 906, w.clock.moment.day, **told)
    late(w, 907, 10, **told | {"migratedFrom": f"2:{'0' * 32}"})
    found = [(f.kind, f.event_id) for f in verify(w, archive=archive).findings]
    assert found == [(K.INSERTED, "D00000907"), (K.INSERTED, "D00000906")]


# --- no false alarm ------------------------------------------------------------------------------


def test_a_job_that_died_before_it_marked_is_no_finding(w: World) -> None:
    record(w, 9)["marked"] = False
    for item in w.events():
        if item["timestamp"].startswith("2026-03-09"):
            item.pop("ttl")
    for archive in (True, False):
        assert verify(w, archive=archive).findings == []


@pytest.mark.parametrize("before", [True, False])
def test_a_day_that_is_archived_meanwhile_is_no_finding(w: World, before: bool) -> None:
    """The job runs right before the bucket is listed, or right after."""
    listed = w.storage.versions_below

    def while_archived(prefix: str) -> Any:
        w.clock.moment += timedelta(days=1)
        if before:
            archive_again(w)
        found = listed(prefix)
        if not before:
            archive_again(w)
        return found

    w.storage.versions_below = while_archived  # type: ignore[method-assign]
    for _ in range(2):
        assert verify(w).findings == []


@pytest.mark.parametrize("archive", [True, False])
def test_a_day_that_is_archived_while_the_days_are_read(w: World, archive: bool) -> None:
    query_all, done = w.table.query_all, []

    def then_archived(query: Any) -> Any:
        if query.partition == f"{OWNER}#DATE#2026-03-10" and not done:
            done.append(True)
            w.clock.moment += timedelta(hours=2)
            archive_again(w)
        return query_all(query)

    w.table.query_all = then_archived  # type: ignore[method-assign]
    assert verify(w, archive=archive).findings == []
    assert done


def test_what_came_late_and_nobody_archives_is_overdue(w: World) -> None:
    """The nightly job looks a week back; what came for a day before that is left to a catch-up."""
    late(w, 905, 5)
    assert verify(w).findings == []
    late(w, 906, 1)
    (finding,) = verify(w).findings
    assert (finding.kind, finding.date, finding.event_id) == (K.OVERDUE, "2026-03-01", "D00000906")
    archive_again(w, catch_up=True)
    assert verify(w).findings == []


# --- what only an anchor shows -------------------------------------------------------------------


def test_an_event_of_today_that_was_forged_with_all_after_it(w: World) -> None:
    """The table alone cannot tell, and the archive does not hold the day yet: a hash that was noted does."""
    one = recent(w)[2]["sequence"]
    anchors = anchored(w, one - 1, 200)
    forge_from(w, one, action="thing.forged")
    assert verify(w).findings == []
    (finding,) = verify(w, anchors).findings
    assert (finding.kind, finding.sequence) == (K.ALTERED, 200)
    assert "one before it" in finding.message


def test_a_tail_that_was_cut_and_the_head_moved_back(w: World) -> None:
    anchors = anchored(w, 200)
    events = w.events()
    for item in events[197:]:
        w.drop(item)
    head(w).update({"sequence": 197, "hash": events[196]["eventHash"]})
    assert verify(w).findings == []
    (finding,) = verify(w, anchors).findings
    assert (finding.kind, finding.sequence) == (K.TRUNCATED, 200)
    assert "ends with event 197" in finding.message


def test_anchors_that_hold_are_no_finding(w: World) -> None:
    for archive in (True, False):
        assert verify(w, anchored(w, 1, 77, 200), archive=archive).findings == []
    w.drop(w.events()[76])
    (missing,) = verify(w, {77: "a" * 64}, archive=False).findings
    assert missing.kind is K.REMOVED  # told once


def test_an_anchor_that_could_not_be_compared_is_not_called_sound(w: World) -> None:
    anchors = anchored(w, 3)
    w.clock.moment += timedelta(days=40)
    for item in [i for i in w.events() if i["timestamp"].startswith("2026-03-01")]:
        w.drop(item)
    found = [f for f in verify(w, anchors, archive=False).findings if f.kind is not K.OVERDUE]
    assert [(f.kind, f.sequence) for f in found] == [(K.UNREADABLE, 3)]
    assert {f.kind for f in verify(w, anchors).findings} <= {K.OVERDUE}


# --- without a head -------------------------------------------------------------------------------


def test_a_head_that_is_gone_is_found_and_the_archive_still_speaks(w: World) -> None:
    del w.table.partitions[OWNER]["AUDITHEAD"]
    (finding,) = verify(w).findings
    assert (finding.kind, finding.message) == (K.REMOVED, "the chain's head is missing")
    w.events()[20]["action"] = "thing.forged"
    found = verify(w).findings
    assert {(f.kind, f.sequence) for f in found} == {(K.REMOVED, None), (K.ALTERED, 21)}


def test_an_organisation_of_which_the_bucket_alone_knows(w: World) -> None:
    w.table.partitions.clear()
    found = verify(w).findings
    assert {f.kind for f in found} == {K.REMOVED, K.TRUNCATED}
    assert "head is missing" in " ".join(f.message for f in found)
    w.storage.objects.clear()
    with pytest.raises(NotFound):
        verify(w)


# --- nonsense -------------------------------------------------------------------------------------

NONSENSE: list[Any] = [None, "", "x" * 3000, -1, 10**30, True, {"a": 1}]
"""``None`` stands for an attribute that is gone."""


def damaged(w: World, item: Item, name: str, value: Any) -> None:
    if value is None:
        item.pop(name, None)
    else:
        item[name] = value


@pytest.mark.parametrize("value", NONSENSE, ids=[str(value)[:8] for value in NONSENSE])
@pytest.mark.parametrize("archive", [True, False])
@pytest.mark.parametrize("kind", ["AUDITHEAD", "ARCHIVEHEAD", "ARCHIVED#2026-03-04#0000", "event", "archived event"])
def test_no_nonsense_in_the_table_stops_a_verification(w: World, kind: str, value: Any, archive: bool) -> None:
    """Every attribute in turn: what is wrong is told, and all the rest is looked at."""
    names = {"event": w.events()[-3], "archived event": w.events()[30]}
    for name in sorted(names.get(kind) or w.table.partitions[OWNER][kind]):
        if name in {"PK", "SK"}:
            continue
        twin = w.copy()
        events = {"event": twin.events()[-3], "archived event": twin.events()[30]}
        item = events.get(kind) or twin.table.partitions[OWNER][kind]
        before = item.get(name)
        twin.events()[60]["action"] = "thing.forged"
        damaged(twin, item, name, value)
        found = verify(twin, archive=archive).findings
        assert (K.ALTERED, 61) in {(f.kind, f.sequence) for f in found}, name
        if (name, value) == ("since", None):
            continue  # the first event says it too
        if name not in _IDLE and before != value and (archive or kind in {"AUDITHEAD", "event"}):
            assert len(found) > 1, name


_IDLE = {"organisationId", "timestamp", "ttl", "marked", "archivedAt", "pendingDate", "pendingPart", "count", "chained"}
"""Attributes of records that nothing rests on, or that mean nothing by themselves."""
