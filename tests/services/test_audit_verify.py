"""Whoever tampers with the trail is found, in the right place; whoever does not, is left alone."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from bbws_access.access.actor import operator
from bbws_access.audit_storage import ObjectVersion, Tier
from bbws_access.clock import iso
from bbws_access.errors import Denied, InvalidInput, NotFound
from bbws_access.models.archive import ArchivedPart
from bbws_access.models.audit import AuditEvent
from bbws_access.models.audit_findings import FindingKind, Verification
from bbws_access.models.kinds import EventType, LockMode
from bbws_access.services.archive import Archive
from bbws_access.services.archive_check import ArchiveCheck
from bbws_access.services.archive_objects import archived_event
from bbws_access.services.audit_verify import AuditVerify
from bbws_access.services.chain_check import computed_hash
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import Item
from bbws_access.store.writes import Put
from tests.conftest import Platform
from tests.fakes import FakeAuditStorage, FakeIds, FixedClock
from tests.services.holders import holder
from tests.services.memory_table import MemoryTable

ORG = "org-acme"
OPERATOR = operator("arn:aws:iam::000000000000:user/ops", "ops@example.com")
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 3, 11, 0, 30, tzinfo=UTC)
K = FindingKind


@dataclass
class World:
    """An organisation's trail of ten days, nine of them archived."""

    table: MemoryTable
    storage: FakeAuditStorage
    clock: FixedClock

    def copy(self) -> World:
        return World(self.table.copy(), deepcopy(self.storage), deepcopy(self.clock))

    def verify(self, *, archive: bool = True, first: date | None = None, last: date | None = None) -> Verification:
        verify = AuditVerify(self.table, self.clock, self.storage)  # type: ignore[arg-type]
        return verify.verify(OPERATOR, ORG, first, last, archive=archive)

    def events(self) -> list[Item]:
        """The chained ones, as they lie in the table, by sequence."""
        found = [i for p in self.table.partitions.values() for i in p.values() if "sequence" in i and "eventId" in i]
        return sorted((i for i in found if i["organisationId"] == ORG), key=lambda item: item["sequence"])

    def put(self, item: Item) -> None:
        self.table.partitions.setdefault(item["PK"], {})[item["SK"]] = item

    def drop(self, item: Item) -> None:
        del self.table.partitions[item["PK"]][item["SK"]]


def world(count: int) -> World:
    clock, ids, chance = FixedClock(START), FakeIds(), random.Random(3)
    table, storage = MemoryTable(), FakeAuditStorage()
    trail = Trail(table, clock, ids)  # type: ignore[arg-type]
    step = (NOW - START - timedelta(hours=2)) / count
    for n in range(count):
        clock.moment = START + step * n
        change = Change(
            chance.choice([EventType.ROLE_CHANGE, EventType.CONFIGURATION]),
            "thing.change",
            "thing",
            f"t-{n}",
            before={"name": f"Ünï {n}", "ratio": 0.25},
            after={"tags": {"b", "a"}, "n": n},
        )
        trail.commit(OPERATOR, ORG, [change])
        if n % 10 == 0:
            table.write(Put(decision(n, clock.moment).to_item()))
    clock.moment = NOW
    report = Archive(table, trail, clock, storage).run(OPERATOR, [ORG])  # type: ignore[arg-type]
    assert (len(report.parts), report.failures) == (9, [])
    return World(table, storage, clock)


def decision(n: int, moment: datetime) -> AuditEvent:
    return AuditEvent(
        event_id=f"D{n:08}",
        event_type=EventType.AUTHORIZATION,
        timestamp=iso(moment),
        user_id="u-1",
        user_email="u-1@example.com",
        organisation_id=ORG,
        resource_type="api",
        resource_id="GET /v1",
        action="authorize",
    )


@pytest.fixture(scope="module")
def large() -> World:
    return world(5000)


@pytest.fixture(scope="module")
def _small() -> World:
    return world(200)


@pytest.fixture
def small(_small: World) -> World:
    return _small.copy()


def kinds(found: Verification) -> set[FindingKind]:
    return {finding.kind for finding in found.findings}


@pytest.mark.slow
def test_an_untouched_trail_is_sound(large: World) -> None:
    for archive in (False, True):
        found = large.verify(archive=archive)
        assert found.findings == []
        assert (found.days, found.chained, found.last_sequence) == (11, 5000, 5000)
        assert found.events == 5500
    assert found.objects == 9


# --- two hundred random alterations ---------------------------------------------------------------

Tampering = Callable[[World, random.Random], tuple[set[FindingKind], int | str]]


def rehashed(item: Item) -> Item:
    """As by somebody who knows the format."""
    item["eventHash"] = computed_hash(archived_event(item))
    return item


def recent(w: World) -> list[Item]:
    """Not archived yet: only the chain speaks for them."""
    return [item for item in w.events() if "ttl" not in item]


def alter_field(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    item = chance.choice(w.events())
    name = chance.choice(["action", "userEmail", "resourceId", "outcome", "details", "userAgent", "extra"])
    item[name] = {"after": "forged"} if name == "details" else "FORGED"
    if chance.random() < 0.5:
        item["eventHash"] = "f" * 64 if chance.random() < 0.5 else rehashed(deepcopy(item))["eventHash"]
    return {K.ALTERED}, item["sequence"]


def alter_previous_hash(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    item = chance.choice(w.events())
    item["previousHash"] = "0" * 63 + "1"
    return {K.ALTERED}, item["sequence"]


def alter_sequence(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    item = chance.choice(w.events())
    was = item["sequence"]
    item["sequence"] = chance.choice([was + 7, was - 1, 10**9, -3, "x", 2.5])
    return {K.ALTERED}, was


def remove(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    events = w.events()
    n, several = chance.randrange(len(events) - 10), chance.choice([1, 1, 2, 5])
    for item in events[n : n + several]:
        w.drop(item)
    return {K.REMOVED}, events[n]["sequence"]


def swap_numbers(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    one, other = sorted(chance.sample(recent(w), 2), key=lambda item: item["sequence"])
    one["sequence"], other["sequence"] = other["sequence"], one["sequence"]
    return {K.REORDERED}, other["sequence"]


def swap_bodies(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    one, other = sorted(chance.sample(w.events(), 2), key=lambda item: item["sequence"])
    first = one["sequence"]
    keys = ("PK", "SK")
    mine, theirs = dict(one), dict(other)
    w.put({**theirs, **{k: mine[k] for k in keys}})
    w.put({**mine, **{k: theirs[k] for k in keys}})
    return {K.REORDERED}, first


def insert(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    item = deepcopy(chance.choice(w.events()))
    item["eventId"], item["action"] = "01FORGED", "role.create"
    item["SK"] = f"EVENT#{item['timestamp']}#01FORGED"
    item["GSI4SK"] = item["GSI5SK"] = f"{item['timestamp']}#01FORGED"
    w.put(rehashed(item))
    return {K.INSERTED}, item["sequence"]


def cut_the_tail(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    events = w.events()
    kept = len(events) - chance.choice([1, 2, 20])
    for item in events[kept:]:
        w.drop(item)
    return {K.TRUNCATED}, events[kept]["sequence"]


def _object(w: World, chance: random.Random, ending: str = ".json.gz") -> str:
    return chance.choice([key for key in w.storage.keys_below("archive/") if key.endswith(ending)])


def change_object(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    key = _object(w, chance)
    body = gzip.decompress(w.storage.objects[key]).replace(b"thing.change", b"thing.forged", 1)
    w.storage.objects[key] = gzip.compress(body, mtime=0)
    return {K.ALTERED, K.TRUNCATED}, key


def flip_a_bit(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    key = _object(w, chance)
    body = bytearray(w.storage.objects[key])
    body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    w.storage.objects[key] = bytes(body)
    return {K.ALTERED}, key


def cut_object(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    key = _object(w, chance)
    w.storage.objects[key] = w.storage.objects[key][: -chance.randrange(1, 40)]
    return {K.TRUNCATED}, key


def remove_object(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    key = _object(w, chance, chance.choice([".json.gz", ".manifest.json"]))
    del w.storage.objects[key]
    return {K.REMOVED}, key


def replace_manifest(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    key = _object(w, chance, ".manifest.json")
    other = _object(w, chance, ".manifest.json")
    old = w.storage.objects[key]
    w.storage.objects[key] = w.storage.objects[other] if other != key else old.replace(b'"count"', b'"counts"')
    return {K.ALTERED}, key


def add_object(w: World, chance: random.Random) -> tuple[set[FindingKind], int | str]:
    key = _object(w, chance).replace(".json.gz", ".7.json.gz")
    w.storage.objects[key] = b"forged"
    return {K.INSERTED}, key


TAMPERINGS: list[Tampering] = [
    alter_field,
    alter_field,
    alter_field,
    alter_previous_hash,
    alter_sequence,
    remove,
    remove,
    swap_numbers,
    swap_bodies,
    insert,
    cut_the_tail,
    change_object,
    flip_a_bit,
    cut_object,
    remove_object,
    replace_manifest,
    add_object,
]


@pytest.mark.slow
@pytest.mark.parametrize("number", [pytest.param(n, marks=pytest.mark.heavy if n >= 40 else ()) for n in range(200)])
def test_every_single_alteration_is_found_in_its_place(large: World, number: int) -> None:
    chance = random.Random(number)
    tamper = TAMPERINGS[number % len(TAMPERINGS)]
    w = large.copy()
    expected, place = tamper(w, chance)
    found = w.verify()
    assert found.findings, tamper.__name__
    at_place = [f for f in found.findings if place in {f.sequence, f.key}]
    assert {f.kind for f in at_place} & expected, (tamper.__name__, place, found.findings[:5])
    first = found.findings[0]
    assert place in {first.sequence, first.key}, (tamper.__name__, place, found.findings[:5])


# --- one at a time --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (alter_field, K.ALTERED),
        (remove, K.REMOVED),
        (insert, K.INSERTED),
        (swap_bodies, K.REORDERED),
        (cut_the_tail, K.TRUNCATED),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_the_table_alone_tells_too(small: World, tamper: Tampering, kind: FindingKind, seed: int) -> None:
    _, place = tamper(small, random.Random(seed))
    found = small.verify(archive=False)
    assert kind in {f.kind for f in found.findings if f.sequence == place}


def test_several_events_in_a_row_are_missed(small: World) -> None:
    for item in small.events()[49:60]:
        small.drop(item)
    (missing,) = small.verify(archive=False).findings
    assert (missing.kind, missing.sequence, missing.through_sequence) == (K.REMOVED, 50, 60)


def test_a_head_that_was_set_back_shows(small: World) -> None:
    head = small.table.partitions[f"ORG#{ORG}"]["AUDITHEAD"]
    before = small.events()[-3]
    head["sequence"], head["hash"] = before["sequence"], before["eventHash"]
    found = small.verify()
    assert {(f.kind, f.sequence) for f in found.findings} == {(K.INSERTED, 199), (K.INSERTED, 200)}


def test_a_head_that_vouches_for_another_event_shows(small: World) -> None:
    small.table.partitions[f"ORG#{ORG}"]["AUDITHEAD"]["hash"] = "a" * 64
    (finding,) = small.verify().findings
    assert (finding.kind, finding.sequence) == (K.ALTERED, 200)


def test_an_altered_decision_shows_once_it_is_archived(small: World) -> None:
    item = next(i for p in small.table.partitions.values() for i in p.values() if str(i.get("eventId")) == "D00000000")
    item["outcome"] = "DENIED"
    (finding,) = small.verify().findings
    assert (finding.kind, finding.event_id, finding.date) == (K.ALTERED, "D00000000", "2026-03-01")


def test_a_day_that_expired_is_vouched_for_by_the_archive(small: World) -> None:
    """After 45 days the table holds nothing of the first days; with and without the archive nothing is wrong."""
    small.clock.moment = datetime(2026, 4, 18, tzinfo=UTC)
    for day in range(1, 4):
        del small.table.partitions[f"ORG#{ORG}#DATE#2026-03-{day:02}"]
    for archive in (True, False):
        assert {f.kind for f in small.verify(archive=archive).findings} <= {K.OVERDUE}


def test_a_day_that_is_expiring_is_vouched_for_by_the_archive(small: World) -> None:
    """DynamoDB takes what has expired when it gets to it, in no order, within days."""
    small.clock.moment = datetime(2026, 4, 18, tzinfo=UTC)
    first = sorted(i["SK"] for i in small.table.partitions[f"ORG#{ORG}#DATE#2026-03-01"].values())
    for name in first[1::2]:
        del small.table.partitions[f"ORG#{ORG}#DATE#2026-03-01"][name]
    for archive in (True, False):
        assert kinds(small.verify(archive=archive)) <= {K.OVERDUE}
    left = small.events()[0]
    left["action"] = "thing.forged"
    for archive in (True, False):
        found = [f for f in small.verify(archive=archive).findings if f.kind is not K.OVERDUE]
        assert [(f.kind, f.event_id) for f in found] == [(K.ALTERED, left["eventId"])]


def test_a_day_that_nobody_archived_is_overdue(small: World) -> None:
    small.clock.moment = NOW + timedelta(days=2)
    (finding,) = small.verify().findings
    assert (finding.kind, finding.date) == (K.OVERDUE, "2026-03-10") or finding.date == "2026-03-11"


def test_what_may_expire_too_early_shows(small: World) -> None:
    recent(small)[0]["ttl"] = 1
    archived = small.events()[0]
    archived["ttl"] -= 86_400
    found = small.verify()
    assert [(f.kind, f.sequence) for f in found.findings] == [
        (K.UNPROTECTED, 1),
        (K.UNPROTECTED, recent(small.copy())[0]["sequence"] - 1),
    ] or kinds(found) == {K.UNPROTECTED}
    assert len(found.findings) == 2


def test_a_day_of_events_that_may_expire_is_looked_for_in_the_archive_once(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = recent(small)
    for item in soon:
        item["ttl"] = 1
    assert len(soon) > 2
    asked: list[str] = []
    recorded = ArchiveCheck.recorded

    def counted(self: ArchiveCheck, day: str = "") -> list[ArchivedPart]:
        asked.append(day)
        return recorded(self, day)

    monkeypatch.setattr(ArchiveCheck, "recorded", counted)
    found = [f.event_id for f in small.verify().findings if f.kind is K.UNPROTECTED]
    assert sorted(map(str, found)) == sorted(item["eventId"] for item in soon)
    assert [day for day in asked if day] == sorted({item["timestamp"][:10] for item in soon})


def test_an_object_that_is_not_locked_shows(small: World) -> None:
    key = small.storage.keys_below("archive/")[0]
    small.storage.locked[key] = NOW + timedelta(days=30)
    (finding,) = small.verify().findings
    assert (finding.kind, finding.key) == (K.UNPROTECTED, key)


def test_a_lock_that_can_be_lifted_shows_where_none_may_be(small: World) -> None:
    small.storage.lock_mode = LockMode.COMPLIANCE
    names = small.storage.keys_below("archive/")
    small.storage.modes = dict.fromkeys(names[1:], "COMPLIANCE")
    (finding,) = small.verify().findings
    assert (finding.kind, finding.key) == (K.UNPROTECTED, names[0])


def test_an_object_that_never_came_to_the_replica_shows(small: World) -> None:
    names = small.storage.keys_below("archive/")
    small.storage.replication = {names[0]: "FAILED", names[1]: "PENDING", names[2]: "COMPLETED"}
    (finding,) = small.verify().findings
    assert (finding.kind, finding.key) == (K.UNPROTECTED, names[0])


@pytest.mark.parametrize(("deletion", "kind"), [(True, K.REMOVED), (False, K.UNPROTECTED)])
def test_another_version_of_an_object_shows(small: World, deletion: bool, kind: FindingKind) -> None:
    key = small.storage.keys_below("archive/")[0]
    small.storage.other_versions.append(ObjectVersion(key, "v2", latest=True, deletion=deletion))
    (finding,) = small.verify().findings
    assert (finding.kind, finding.key) == (kind, key)


def test_what_cannot_be_read_is_not_called_tampered_with(small: World) -> None:
    key = next(k for k in small.storage.keys_below("archive/") if k.endswith(".json.gz"))
    small.storage.fail_at = {f"read:{key}"}
    (finding,) = small.verify().findings
    assert (finding.kind, finding.key) == (K.UNREADABLE, key)


def test_a_day_in_glacier_is_compared_by_its_checksum_and_not_called_unreadable(small: World) -> None:
    """After 90 days that is where all of them lie."""
    small.clock.moment = datetime(2026, 7, 1, tzinfo=UTC)
    for pk in [pk for pk in small.table.partitions if "#DATE#" in pk and pk < f"ORG#{ORG}#DATE#2026-03-10"]:
        del small.table.partitions[pk]
    names = [key for key in small.storage.keys_below("archive/") if key.endswith(".json.gz")]
    small.storage.tiers = dict.fromkeys(names[:6], Tier.COLD)
    found = small.verify()
    assert (kinds(found), found.objects, found.cold) == ({K.OVERDUE}, 9, 6)
    small.storage.objects[names[2]] = gzip.compress(b"[\n]\n", mtime=0)
    small.storage.locked[names[4]] = NOW
    first, second = (f for f in small.verify().findings if f.kind is not K.OVERDUE)
    assert (first.kind, first.key) == (K.ALTERED, names[2])
    assert (second.kind, second.key) == (K.UNPROTECTED, names[4])


def test_a_range_begins_where_the_archive_vouches(small: World) -> None:
    found = small.verify(first=date(2026, 3, 4), last=date(2026, 3, 6))
    assert (found.findings, found.days) == ([], 3)
    assert 0 < found.chained < 100
    small.drop(next(i for i in small.events() if i["timestamp"].startswith("2026-03-04")))
    assert kinds(small.verify(first=date(2026, 3, 4), last=date(2026, 3, 6), archive=False)) == {K.REMOVED}


def test_a_range_that_does_not_fit_and_those_who_may_not(platform: Platform, small: World) -> None:
    with pytest.raises(InvalidInput):
        small.verify(first=date(2026, 3, 6), last=date(2026, 3, 4))
    with pytest.raises(Denied):
        platform.services.audit_verify.verify(holder(ORG, "team:read"), ORG)
    with pytest.raises(NotFound):
        platform.services.audit_verify.verify(platform.operator, "org-nowhere")


def test_events_that_come_meanwhile_are_nobodys_intrusion(small: World) -> None:
    """The head is read first; what is appended after that is beyond it."""
    head = dict(small.table.partitions[f"ORG#{ORG}"]["AUDITHEAD"])
    trail = Trail(small.table, small.clock, FakeIds())  # type: ignore[arg-type]
    get, calls = small.table.get, iter([head])
    trail.commit(OPERATOR, ORG, [Change(EventType.CONFIGURATION, "late", "thing", "t")])
    small.table.get = lambda key: next(calls, None) or get(key) if key["SK"] == "AUDITHEAD" else get(key)  # type: ignore[method-assign]
    assert small.verify().findings == []
