"""The parts that every migration is made of: lease, rate, in-place changes, digests, and what fits a model."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bbws_access import keys
from bbws_access.access.actor import operator
from bbws_access.errors import Conflict, Refused
from bbws_access.migrations.fit import misfit
from bbws_access.migrations.in_place import InPlace, Unfit
from bbws_access.migrations.lease import Lease
from bbws_access.migrations.legacy_layout import MODELS, Kind
from bbws_access.migrations.quarantine import QuarantineFile
from bbws_access.migrations.rate import TokenBucket
from bbws_access.migrations.sweep import Progress
from bbws_access.migrations.wire import Attributes, canonical, digest, pair, size, stamp_of, stamped
from bbws_access.store.codec import decode, encode
from bbws_access.store.readonly import forbid_writes
from bbws_access.store.table import Table
from cli.migration_progress import described, duration
from tests.emulator.conftest import until
from tests.fakes import FixedClock
from tests.migrations.conftest import Scene, all_items, put_all
from tests.migrations.legacy import LegacyTable

pytestmark = pytest.mark.slow

# --- the lease -------------------------------------------------------------------------------------


def test_two_operators_cannot_migrate_at_once(scene: Scene) -> None:
    table = Table(scene.client, scene.target_name)
    with Lease(table, scene.clock, "a", "ada@x.test", 60):
        with pytest.raises(Conflict) as busy, Lease(table, scene.clock, "b", "bo@x.test", 60):
            pass
        assert busy.value.code == "MIGRATION_RUNNING"
        assert "ada@x.test is migrating this table" in busy.value.message
        assert "60 s" in str(busy.value.hint) or "61 s" in str(busy.value.hint)
    with Lease(table, scene.clock, "b", "bo@x.test", 60):
        pass


def test_the_lease_of_one_who_died_runs_out_and_they_cannot_write_any_more(scene: Scene) -> None:
    table, clock = Table(scene.client, scene.target_name), FixedClock()
    dead = Lease(table, clock, "dead", "ada@x.test", 60)
    dead.__enter__()
    clock.advance(seconds=61)
    with Lease(table, clock, "alive", "bo@x.test", 60) as alive:
        table.transact([alive.fence()])
        with pytest.raises(Conflict) as overtaken:
            table.transact([dead.fence()])
        assert overtaken.value.code == "MIGRATION_TAKEN_OVER"


def test_who_was_overtaken_notices(scene: Scene) -> None:
    table = Table(scene.client, scene.target_name)
    with Lease(table, scene.clock, "a", "ada@x.test", seconds=0.04) as lease:
        lease.check()
        item = encode(keys.migration_lease_key() | {"holder": "b", "heldBy": "bo@x.test", "expiresAtMs": 10**15})
        scene.client.put_item(TableName=scene.target_name, Item=item)
        until(lambda: _lost(lease), "the lease is lost")
    assert list(scene.target()) == [("MIGRATIONS", "LEASE")]


def test_who_slept_too_long_writes_nothing_before_they_have_looked(scene: Scene) -> None:
    """A laptop that was closed wakes up: its next write comes before its next renewal."""
    table, clock = Table(scene.client, scene.target_name), FixedClock()
    with Lease(table, clock, "sleepy", "ada@x.test", 60) as lease:
        clock.advance(seconds=61)
        lease.check()  # nobody came: it is renewed
        clock.advance(seconds=61)
        with Lease(table, clock, "awake", "bo@x.test", 60), pytest.raises(Conflict) as overtaken:
            lease.check()
        assert overtaken.value.code == "MIGRATION_TAKEN_OVER"


def test_a_run_that_was_overtaken_stops_before_its_next_write(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics())
    other = Lease(Table(scene.client, scene.target_name), scene.clock, "other", "bo@x.test", 60)

    def sleep(progress: Any) -> None:
        if progress.phase == "survey":
            scene.clock.advance(seconds=3601)
            other.__enter__()

    with pytest.raises(Conflict) as overtaken:
        scene.migrate(on_progress=sleep)
    assert overtaken.value.code == "MIGRATION_TAKEN_OVER"
    assert scene.migrated() == {}
    other.__exit__(None, None, None)
    assert scene.migrate().record.state == "DONE"


def _lost(lease: Lease) -> bool:
    try:
        lease.check()
    except Conflict:
        return True
    return False


def test_a_migration_needs_the_lease(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics())
    lease = Lease(Table(scene.client, scene.target_name), scene.clock, "other", "ada@x.test", 60)
    with lease, pytest.raises(Conflict):
        scene.migrate()
    assert scene.target() == {}


# --- the rate --------------------------------------------------------------------------------------


def test_the_rate_holds_on_average_however_large_the_writes_are() -> None:
    now, waits = 0.0, 0.0

    def sleep(seconds: float) -> None:
        nonlocal now, waits
        now += seconds
        waits += seconds

    bucket = TokenBucket(100, clock=lambda: now, sleep=sleep)
    for units in (50, 50, 300, 1, 99):
        bucket.take(units)
    assert waits == pytest.approx(4.0)  # 500 units at 100 a second, of which one second's worth was there
    TokenBucket.unlimited().take(math.inf)


def test_progress_in_words() -> None:
    progress = Progress("copy", 12_000, 20_000, 6.0, 24_010)
    assert described(progress) == "12,000 of 20,000 items, 2,000/s, 24,010 WCU, 4 s left"
    assert described(Progress("survey", 0, 0, 0.0, 0)) == "0 items, 0/s"
    assert [duration(s) for s in (0, 119, 121, 4000)] == ["1 s", "119 s", "2 min", "1 h 7 min"]


# --- changes in place ------------------------------------------------------------------------------


def _up(item: Attributes) -> Attributes:
    if "colour" not in item:
        return item
    return {name: value for name, value in item.items() if name != "colour"} | {"color": item["colour"]}


def _down(item: Attributes) -> Attributes:
    if "color" not in item:
        return item
    return {name: value for name, value in item.items() if name != "color"} | {"colour": item["color"]}


RENAME = InPlace(1, "colour is called color", _up, _down)
ONE_WAY = InPlace(1, "colour is called color", _up)


@pytest.fixture
def coloured(scene: Scene) -> Scene:
    put_all(scene.client, scene.target_name, [_widget(n) for n in range(30)])
    return scene


def _widget(number: int, colour: str = "red", **more: str) -> Attributes:
    return encode({"PK": f"w{number}", "SK": "x", "colour": colour, "n": number, **more})


def test_up_and_down_in_place_give_every_byte_back(coloured: Scene) -> None:
    who, before = operator("arn:test", "ops@example.com"), coloured.target()
    migrator = coloured.migrator(migrations=[RENAME])
    assert migrator.plan(RENAME).tally.written == 30
    assert coloured.target() == before
    migrator.up(who, RENAME, QuarantineFile(coloured.quarantine_file))
    assert all("color" in item for (pk, _), item in coloured.target().items() if pk.startswith("w"))
    assert migrator.outstanding(None) == []
    migrator.down(who, RENAME)
    assert {key: item for key, item in coloured.target().items() if key[0].startswith("w")} == before
    assert [r.state for r in migrator.history()] == ["REVERTED"]


def test_a_change_in_place_never_overwrites_a_writer(coloured: Scene) -> None:
    """Every item is written by somebody between the migration's read and its write, once."""
    own = coloured.own_client()
    seen: set[str] = set()

    def interfere(params: Any, **_: Any) -> None:
        for write in params["TransactItems"]:
            pk = write.get("Update", {}).get("Key", {}).get("PK", {}).get("S", "")
            if pk.startswith("w") and pk not in seen:
                seen.add(pk)
                coloured.client.update_item(
                    TableName=coloured.target_name,
                    Key={"PK": {"S": pk}, "SK": {"S": "x"}},
                    UpdateExpression="SET n = n + :k",
                    ExpressionAttributeValues={":k": {"N": "1000"}},
                )

    own.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", interfere)
    migrator = coloured.migrator(own, migrations=[RENAME])
    migrator.up(operator("arn:test", "ops@example.com"), RENAME, QuarantineFile(coloured.quarantine_file))
    items = [decode(i) for (pk, _), i in coloured.target().items() if pk.startswith("w")]
    assert sorted(i["n"] for i in items) == [1000 + n for n in range(30)]
    assert {i["color"] for i in items} == {"red"}


def test_what_somebody_adds_meanwhile_stays(coloured: Scene) -> None:
    """An attribute that nobody knew of when the item was read."""
    own = coloured.own_client()
    seen: set[str] = set()

    def interfere(params: Any, **_: Any) -> None:
        for write in params["TransactItems"]:
            key = write.get("Update", {}).get("Key", {})
            if key.get("PK", {}).get("S", "").startswith("w") and key["PK"]["S"] not in seen:
                seen.add(key["PK"]["S"])
                coloured.client.update_item(
                    TableName=coloured.target_name,
                    Key=key,
                    UpdateExpression="SET claim = :c",
                    ExpressionAttributeValues={":c": {"S": "mine"}},
                )

    own.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", interfere)
    migrator = coloured.migrator(own, migrations=[RENAME])
    migrator.up(operator("arn:test", "ops@example.com"), RENAME, QuarantineFile(coloured.quarantine_file))
    items = [decode(i) for (pk, _), i in coloured.target().items() if pk.startswith("w")]
    assert len(seen) == 30
    assert {(i["color"], i["claim"], "colour" in i) for i in items} == {("red", "mine", False)}


def test_a_dry_run_in_place_says_what_it_costs_and_shows_examples(coloured: Scene) -> None:
    put_all(coloured.client, coloured.target_name, [_widget(99, colour="x" * 1500, GSI1PK="A", GSI1SK="b")])
    before = coloured.target()
    migrator = coloured.migrator(forbid_writes(coloured.own_client()), migrations=[RENAME], max_units=10)
    plan = migrator.plan(RENAME)
    assert plan.would_write == {"Unknown": 31}
    assert (plan.write_units, plan.index_units, plan.index_writes) == (30 * 2 + 4, 2, 1)
    assert plan.seconds >= (plan.write_units + plan.index_units) / 10
    assert len(plan.examples["Unknown"]) == 2
    assert plan.examples["Unknown"][0]["color"]["before"] is None
    assert coloured.target() == before


def test_in_place_too_capacity_is_counted_and_the_rate_held(coloured: Scene) -> None:
    progress: list[Any] = []
    migrator = coloured.migrator(migrations=[RENAME], on_progress=progress.append, max_units=1000)
    taken: list[float] = []
    migrator._target._rate.take = taken.append  # type: ignore[method-assign]
    migrator.up(operator("arn:test", "ops@example.com"), RENAME, QuarantineFile(coloured.quarantine_file))
    assert sum(taken) == progress[-1].write_units == 60


def _odd_ones_out(item: Attributes) -> Attributes:
    if "n" in item and int(item["n"]["N"]) % 10 == 7:
        raise Unfit("seven is for a person")
    return _up(item)


def test_what_cannot_be_changed_in_place_is_in_quarantine_and_stays_as_it_is(coloured: Scene) -> None:
    picky = InPlace(1, "all but sevens", _odd_ones_out, _odd_ones_out)
    who, before = operator("arn:test", "ops@example.com"), coloured.target()
    migrator = coloured.migrator(migrations=[picky])
    done = migrator.up(who, picky, QuarantineFile(coloured.quarantine_file))
    assert (done.record.quarantined, done.record.items, done.tally.migrated.total()) == (3, 30, 27)
    lines = coloured.quarantined()
    assert {line["reason"] for line in lines} == {"seven is for a person"}
    assert sorted(int(line["Item"]["n"]["N"]) for line in lines) == [7, 17, 27]
    after = coloured.target()
    for line in lines:
        assert after[pair(line["Item"])] == before[pair(line["Item"])]
    with pytest.raises(Refused, match="3 items cannot be taken back: 3 x seven is for a person"):
        migrator.down(who, picky)


def test_a_change_in_place_that_was_killed_goes_on(coloured: Scene) -> None:
    """It dies at its third page; the next run begins there, and at the end all is as if nothing had happened."""
    pages = 0

    def dies(progress: Any) -> None:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise KeyboardInterrupt

    items = [_widget(n, colour="x" * 150_000) for n in range(100, 124)]
    put_all(coloured.client, coloured.target_name, items[:12])
    put_all(coloured.client, coloured.target_name, items[12:])
    who = operator("arn:test", "ops@example.com")
    with pytest.raises(KeyboardInterrupt):
        coloured.migrator(migrations=[RENAME], on_progress=dies).up(
            who, RENAME, QuarantineFile(coloured.quarantine_file)
        )
    assert [r.state for r in coloured.migrator(migrations=[RENAME]).history()] == ["RUNNING"]
    done_before = sum("color" in item for item in coloured.target().values())
    assert 0 < done_before < 54
    phases: list[Any] = []
    migrator = coloured.migrator(migrations=[RENAME], on_progress=phases.append)
    migrator.up(who, RENAME, QuarantineFile(coloured.quarantine_file))
    assert sum(p.phase == "change" for p in phases) < sum(p.phase == "comparison" for p in phases)
    assert all("colour" not in item for (pk, _), item in coloured.target().items() if pk.startswith("w"))


def test_without_a_way_back_there_is_none(coloured: Scene) -> None:
    migrator, who = coloured.migrator(migrations=[ONE_WAY]), operator("arn:test", "ops@example.com")
    migrator.up(who, ONE_WAY, QuarantineFile(coloured.quarantine_file))
    with pytest.raises(Refused, match="no way back"):
        migrator.down(who, ONE_WAY)


def test_another_source_is_not_mixed_into_a_begun_migration(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics())
    scene.migrate()
    before = scene.target()
    scene.source_name = "another"
    with pytest.raises(Refused, match="was begun from old-"):
        scene.migrate()
    assert all_items(scene.client, scene.target_name) == before


# --- digests and sizes -----------------------------------------------------------------------------

_TEXT = st.text(max_size=8)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        _TEXT.map(lambda v: {"S": v}),
        st.integers(-(10**20), 10**20).map(lambda v: {"N": str(v)}),
        st.binary(max_size=8).map(lambda v: {"B": v}),
        st.booleans().map(lambda v: {"BOOL": v}),
        st.just({"NULL": True}),
        st.sets(_TEXT, min_size=1, max_size=4).map(lambda v: {"SS": sorted(v)}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: {"L": v}),
        st.dictionaries(_TEXT, inner, max_size=3).map(lambda v: {"M": v}),
    ),
    max_leaves=8,
)
_ITEMS = st.dictionaries(_TEXT.filter(bool), _VALUES, max_size=5)


@given(_ITEMS, st.randoms())
def test_a_digest_knows_no_order(item: Attributes, chance: Any) -> None:
    names = list(item)
    chance.shuffle(names)
    shuffled = {name: {"SS": item[name]["SS"][::-1]} if "SS" in item[name] else item[name] for name in names}
    assert digest(shuffled) == digest(item)
    assert stamp_of(stamped(item, 1), 1) == digest(item) == digest(stamped(item, 1))
    assert stamp_of(stamped(item, 1), 2) is None
    assert size(shuffled) == size(item) <= len(canonical(item))


@given(_ITEMS, _TEXT.filter(bool), _VALUES)
def test_a_digest_tells_every_change(item: Attributes, name: str, value: Any) -> None:
    changed = item | {name: value}
    assert (canonical(changed) == canonical(item)) == (changed == item)


@given(
    st.sampled_from([k for k in Kind if k is not Kind.UNKNOWN]),
    st.sampled_from(["drop", "S", "N", "half", "BOOL", "L", "M", "SS", "NULL", "B"]),
    st.data(),
)
def test_what_fits_is_what_the_model_reads(kind: Kind, how: str, data: st.DataObject) -> None:
    """One attribute of a good item is spoilt: where the check lets it pass, the model reads it."""
    model = MODELS[kind]
    item = dict(_good(kind))
    name = data.draw(st.sampled_from(sorted(item)))
    spoilt: dict[str, Any] = {
        "S": {"S": "x"},
        "N": {"N": "7"},
        "half": {"N": "1.5"},
        "BOOL": {"BOOL": True},
        "L": {"L": [{"S": "x"}]},
        "M": {"M": {"a": {"S": "x"}}},
        "SS": {"SS": ["x"]},
        "NULL": {"NULL": True},
        "B": {"B": b"x"},
    }
    item.pop(name)
    if how != "drop":
        item[name] = spoilt[how]
    if misfit(model, item) is None:
        model.from_item(decode(item))


def _good(kind: Kind) -> Attributes:
    import random

    from bbws_access.migrations.shape import Shaped, shape
    from tests.migrations.legacy import BEGAN

    legacy = LegacyTable(random.Random(1))
    made = {
        Kind.ORGANISATION: legacy.organisation("o"),
        Kind.USER: legacy.user("o", "u"),
        Kind.ROLE: legacy.role("o", "r"),
        Kind.TEAM: legacy.team("o", "t", "Team"),
        Kind.TEAM_ROLE: legacy.team_role("o", "tr", "X"),
        Kind.TEAM_MEMBER: legacy.member("o", "t", "u", "tr"),
        Kind.ASSIGNMENT: legacy.assignment("o", "u", "r"),
        Kind.INVITATION: legacy.invitation("o", "i", "token"),
        Kind.TOKEN: legacy.token_record("o", "i", "token"),
        Kind.EVENT: legacy.event("o", "e"),
    }
    if kind not in made:
        return {name: {"S": "x"} for name in ("permissionId", "name", "description", "resource", "action")}
    shaped = shape(made[kind], BEGAN)
    assert isinstance(shaped, Shaped)
    return shaped.item
