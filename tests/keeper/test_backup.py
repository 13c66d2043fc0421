"""Backups: the same bytes again after a restore, whole or not there, refused where anything is wrong with them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bbws_access.backoff import Backoff
from bbws_access.errors import AccessError, InvalidInput, NotFound, Refused
from bbws_access.keeper.archive import Archive, open_archive
from bbws_access.keeper.backup import Made, back_up
from bbws_access.keeper.kinds import entity_name
from bbws_access.keeper.lines import line_of, read_line, sort_key
from bbws_access.keeper.loading import Loader
from bbws_access.keeper.manifest import Manifest
from bbws_access.keeper.restore import Fate, Outcome, Restorer
from bbws_access.keeper.sorting import Sorter
from bbws_access.keeper.tables import ensure
from bbws_access.models.invitation import NewInvitation
from bbws_access.models.team import NewTeam, TeamChanges
from bbws_access.store.codec import decode_raw, to_request
from bbws_access.store.writes import ABSENT
from tests.conftest import Platform
from tests.keeper.conftest import Town

pytestmark = pytest.mark.slow

NEW = "bbws-access-restored"


def quiet(count: int) -> None:
    """Nobody is told."""


def backup(platform: Platform, path: Path, table: str | None = None) -> Made:
    return back_up(platform.client, table or platform.table.name, path, platform.clock, quiet, segments=1)


def restore(platform: Platform, path: Path, table: str = NEW) -> Outcome:
    ensure(platform.client, table)
    return Restorer(platform.client, table, segments=1).restore(open_archive(path, quiet), quiet)


def write_backup(folder: Path, content: bytes, **said: Any) -> Path:
    """A backup of these lines with a manifest that fits, but for what is said otherwise."""
    path = folder / "made.gz"
    packed = gzip.compress(content, mtime=0)
    path.write_bytes(packed)
    lines = [line for line in content.split(b"\n") if line]
    manifest = {
        "format": "bbws-access-table-backup/1",
        "table": "t",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "items": len(lines),
        "entities": {"Unknown": len(lines)},
        "size": len(packed),
        "sha256": hashlib.sha256(packed).hexdigest(),
        "contentSize": len(content),
        "contentSha256": hashlib.sha256(content).hexdigest(),
    } | said
    path.with_name("made.gz.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return path


def test_backup_restore_backup_gives_the_same_bytes(town: Town, tmp_path: Path) -> None:
    awkward = {
        "PK": {"S": "ODD"},
        "SK": {"S": "é\u0001 \U0001f600"},
        "binary": {"B": b"\x00\xff"},
        "binaries": {"BS": [b"b", b"a"]},
        "words": {"SS": ["z", "a", "é"]},
        "numbers": {"NS": ["3", "-1.5"]},
        "long": {"N": "12345678901234567890123456789012345678"},
        "nothing": {"NULL": True},
        "empty": {"S": ""},
        "list": {"L": [{"L": []}, {"M": {"x": {"SS": ["b", "a"]}}}, {"BOOL": False}]},
    }
    town.platform.client.put_item(TableName=town.platform.table.name, Item=awkward)
    first = backup(town.platform, tmp_path / "one.gz")
    outcome = restore(town.platform, first.path)
    assert outcome.counts == {Fate.RESTORED: first.manifest.items}
    second = backup(town.platform, tmp_path / "two.gz", NEW)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.manifest.sha256 == second.manifest.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.manifest.items == len(town.items())
    assert first.manifest.entities["Organisation"] == 2
    key = {"PK": awkward["PK"], "SK": awkward["SK"]}
    back = town.platform.client.get_item(TableName=NEW, Key=key)["Item"]
    assert back["binary"] == {"B": b"\x00\xff"}
    assert sorted(back["binaries"]["BS"]) == [b"a", b"b"]
    assert {k: v for k, v in back.items() if k in {"long", "nothing", "empty"}} == {
        k: awkward[k] for k in ("long", "nothing", "empty")
    }


def test_it_is_the_export_format_of_dynamodb(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    with gzip.open(made.path, "rt", encoding="utf-8") as lines:
        items = [json.loads(line)["Item"] for line in lines]
    assert sorted((decode_raw(i) for i in items), key=lambda i: (i["PK"], i["SK"])) == town.items()
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["one.gz", "one.gz.manifest.json"]


def test_an_empty_table(platform: Platform, tmp_path: Path) -> None:
    made = backup(platform, tmp_path / "none.gz")
    assert made.manifest.items == 0
    assert restore(platform, made.path).counts == {}


def test_a_backup_is_never_overwritten(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    before = made.path.read_bytes()
    with pytest.raises(Refused, match="there already"):
        backup(town.platform, tmp_path / "one.gz")
    assert made.path.read_bytes() == before


def test_a_backup_that_fails_leaves_nothing(town: Town, tmp_path: Path) -> None:
    def break_off(count: int) -> None:
        raise AccessError("the lights went out")

    with pytest.raises(AccessError, match="lights"):
        back_up(town.platform.client, town.platform.table.name, tmp_path / "x.gz", town.platform.clock, break_off)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AccessError, match="cannot write"):
        backup(town.platform, tmp_path / "no-such-folder" / "x.gz")


# --- refusing ------------------------------------------------------------------------------------


def test_any_altered_byte_is_noticed(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    whole = made.path.read_bytes()
    places = [0, 3, 5, 11, len(whole) // 3, len(whole) // 2, len(whole) - 9, len(whole) - 5, len(whole) - 1]
    for place in places:
        made.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Refused, match="damaged"):
            open_archive(made.path, quiet)
    for length in (0, 1, 10, len(whole) // 2, len(whole) - 1):
        made.path.write_bytes(whole[:length])
        with pytest.raises(Refused, match="damaged"):
            open_archive(made.path, quiet)
    for more in (b"\x00", whole):
        made.path.write_bytes(whole + more)
        with pytest.raises(Refused, match="damaged"):
            open_archive(made.path, quiet)
    made.path.write_bytes(whole)
    assert open_archive(made.path, quiet).manifest == made.manifest


def test_any_altered_number_of_the_manifest_is_noticed(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    path = tmp_path / "one.gz.manifest.json"
    said = json.loads(path.read_bytes())
    changes: list[dict[str, Any]] = [
        {"items": said["items"] + 1},
        {"size": said["size"] - 1},
        {"size": str(said["size"])},
        {"contentSize": said["contentSize"] - 1},
        {"contentSize": said["contentSize"] + 1},
        {"sha256": "0" * 64},
        {"sha256": "short"},
        {"contentSha256": "0" * 64},
        {"entities": {**said["entities"], "Team": 1, "Role": said["entities"]["Role"] + 1}},
        {"format": "bbws-access-table-backup/2"},
        {"file": "../../etc/passwd"},
        {"items": None},
    ]
    for change in changes:
        path.write_text(json.dumps({**said, **change}), encoding="utf-8")
        with pytest.raises(Refused, match="damaged"):
            open_archive(made.path, quiet)
    for content in (b"", b"[]", b"\xff\xfe", b"{" * 100_000, b" " * (1 << 21)):
        path.write_bytes(content)
        with pytest.raises(Refused, match="manifest"):
            open_archive(made.path, quiet)
    path.unlink()
    with pytest.raises(Refused, match="no manifest"):
        open_archive(made.path, quiet)
    with pytest.raises(NotFound):
        open_archive(tmp_path / "other.gz", quiet)


GOOD = line_of({"PK": {"S": "a"}, "SK": {"S": "b"}, "n": {"N": "1"}})

HOSTILE = {
    "not JSON": b"DROP TABLE\n",
    "not text": b"\xff\xfe\n",
    "another document": b'{"item":{}}\n',
    "a list": b"[]\n",
    "an empty line": b"\n",
    "no key": b'{"Item":{"PK":{"S":"a"}}}\n',
    "a key that is a number": b'{"Item":{"PK":{"S":"a"},"SK":{"N":"1"}}}\n',
    "an empty key": b'{"Item":{"PK":{"S":""},"SK":{"S":"b"}}}\n',
    "more than an item": GOOD[:-2] + b',"Key":{}}\n',
    "a value without a type": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":1}}\n',
    "two types": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":{"N":"1","S":"1"}}}\n',
    "an unknown type": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":{"X":"1"}}}\n',
    "a number that is none": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":{"N":"NaN"}}}\n',
    "an endless number": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":{"N":"' + b"1" * 999 + b'"}}}\n',
    "binary that is none": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":{"B":"%%%"}}}\n',
    "an empty set": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":{"SS":[]}}}\n',
    "null that is false": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":{"NULL":false}}}\n',
    "deep": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":' + b'{"L":[' * 50 + b"]}" * 50 + b"}}\n",
    "very deep": b"[" * 200_000 + b"\n",
    "an attribute twice": b'{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"n":{"S":"1"},"n":{"S":"2"}}}\n',
    "white space": b'{ "Item":{"PK":{"S":"a"},"SK":{"S":"b"}}}\n',
    "an item twice": GOOD + GOOD,
    "out of order": line_of({"PK": {"S": "z"}, "SK": {"S": "b"}}) + GOOD,
    "no end of line": GOOD[:-1],
    "ten megabytes in a line": b'{"Item":{"PK":{"S":"' + b"a" * 10_000_000 + b'"},"SK":{"S":"b"}}}\n',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="damaged"):
        open_archive(write_backup(tmp_path, content), quiet)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A gigabyte of nothing: whatever the manifest says, no more than a line is ever held."""
    path = write_backup(tmp_path, b"")
    packed = b"".join(gzip.compress(b"\x00" * (1 << 20), mtime=0) for _ in range(1))
    huge = gzip.compress(b"\x00" * (64 << 20), mtime=0)
    for content, said in ((huge, 10), (huge, 1 << 40), (packed * 1000, 1 << 40)):
        path.write_bytes(content)
        manifest = json.loads(path.with_name("made.gz.manifest.json").read_bytes())
        manifest |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "contentSize": said}
        path.with_name("made.gz.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        with pytest.raises(Refused, match="damaged"):
            open_archive(path, quiet)


def test_a_damaged_backup_changes_nothing(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    whole = made.path.read_bytes()
    made.path.write_bytes(whole[:-1])
    ensure(town.platform.client, NEW)
    with pytest.raises(Refused):
        Restorer(town.platform.client, NEW).restore(open_archive(made.path, quiet), quiet)
    assert town.platform.client.scan(TableName=NEW)["Count"] == 0


# --- restoring -----------------------------------------------------------------------------------


def test_a_restore_goes_on_where_it_was(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    ensure(town.platform.client, NEW)
    archive = open_archive(made.path, quiet)

    class Killed(Exception):
        pass

    done = 0

    def die(count: int) -> None:
        nonlocal done
        done += count
        if done > 105:
            raise Killed

    with pytest.raises(Killed):
        Restorer(town.platform.client, NEW, segments=1).restore(archive, die)
    there = town.platform.client.scan(TableName=NEW)["Count"]
    assert 0 < there < made.manifest.items
    outcome = Restorer(town.platform.client, NEW, segments=1).restore(archive, quiet)
    assert outcome.counts == {Fate.IDENTICAL: there, Fate.RESTORED: made.manifest.items - there}
    assert backup(town.platform, tmp_path / "two.gz", NEW).manifest.sha256 == made.manifest.sha256


def test_a_table_in_use_is_left_alone(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    town.edit(town.team_key, description="changed since")
    before = town.items()
    with pytest.raises(Refused, match="not empty: 1 of its items") as refused:
        restore(town.platform, made.path, town.platform.table.name)
    assert "--merge" in str(refused.value.hint)
    assert town.items() == before


def test_who_writes_meanwhile_is_not_overwritten(town: Town, tmp_path: Path) -> None:
    """The key is taken between the look and the write."""
    made = backup(town.platform, tmp_path / "one.gz")
    ensure(town.platform.client, NEW)
    archive = open_archive(made.path, quiet)
    theirs = {"PK": {"S": town.team_key["PK"]}, "SK": {"S": town.team_key["SK"]}, "mine": {"S": "yes"}}
    written = False

    def write(count: int) -> None:
        nonlocal written
        if not written:
            town.platform.client.put_item(TableName=NEW, Item=theirs)
            written = True

    outcome = Restorer(town.platform.client, NEW, segments=1).restore(archive, write)
    assert outcome.counts[Fate.CONFLICT] == 1
    assert outcome.counts[Fate.RESTORED] == made.manifest.items - 1
    assert outcome.shown == [(Fate.CONFLICT, town.team_key["PK"], town.team_key["SK"])]
    kept = town.platform.client.get_item(TableName=NEW, Key={k: theirs[k] for k in ("PK", "SK")})["Item"]
    assert kept == theirs


def merge(town: Town, path: Path, **more: bool) -> Outcome:
    restorer = Restorer(town.platform.client, town.platform.table.name, segments=1)
    return restorer.merge(open_archive(path, quiet), quiet, **more)


def test_merging_into_what_it_was_made_of_does_nothing(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    before = town.items()
    outcome = merge(town, made.path)
    assert outcome.counts == {Fate.IDENTICAL: made.manifest.items}
    assert outcome.complete
    assert town.items() == before


def test_merging_adds_what_is_lost_and_keeps_what_is_newer(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    user_key = {"PK": f"ORG#{town.org_id}", "SK": f"USER#{town.member.user_id}"}
    town.delete(town.team_key)
    town.edit(user_key, firstName="Newer", version=9)
    outcome = merge(town, made.path)
    assert (outcome.counts[Fate.RESTORED], outcome.counts[Fate.NEWER]) == (1, 1)
    assert town.get(user_key)["firstName"] == "Newer"
    assert town.get(town.team_key)["name"] == "Web"
    assert merge(town, made.path).counts[Fate.RESTORED] == 0


def test_merging_replaces_what_is_older_but_for_its_counts(town: Town, tmp_path: Path) -> None:
    town.edit(town.team_key, version=5, description="the newer one")
    made = backup(town.platform, tmp_path / "one.gz")
    town.edit(town.team_key, version=4, description="an older one", memberCount=7)
    assert merge(town, made.path).counts[Fate.UPDATED] == 1
    found = town.get(town.team_key)
    assert (found["description"], found["memberCount"], found["version"]) == ("the newer one", 7, 5)
    again = merge(town, made.path)
    assert again.complete
    assert again.counts[Fate.UPDATED] == 0


def test_merging_guesses_nothing(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    town.edit(town.team_key, description="differs, at the same version and time")
    outcome = merge(town, made.path)
    assert outcome.shown == [(Fate.CONFLICT, town.team_key["PK"], town.team_key["SK"])]
    assert not outcome.complete
    assert town.get(town.team_key)["description"].startswith("differs")


def test_merging_gives_nobody_back_what_was_revoked(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    services = town.platform.services
    services.role_assignments.revoke(town.platform.operator, town.org_id, town.member.user_id, town.role_id)
    outcome = merge(town, made.path)
    assert outcome.shown == [(Fate.WITHHELD, town.assignment_key["PK"], town.assignment_key["SK"])]
    assert town.platform.table.get({k: town.assignment_key[k] for k in ("PK", "SK")}) is None
    assert town.verify().clean
    assert merge(town, made.path, with_assignments=True).counts[Fate.RESTORED] == 1


def test_merging_takes_no_name_that_was_given_up(town: Town, tmp_path: Path) -> None:
    """A team was renamed, and an invitation accepted, since the backup: both guards are gone, and stay so."""
    services, operator = town.platform.services, town.platform.operator
    role = services.roles.find(operator, town.org_id, "SITE_VIEWER")
    invited = services.invitations.create(
        operator, town.org_id, NewInvitation(email="soon@example.com", role_id=role.role_id)
    )
    made = backup(town.platform, tmp_path / "one.gz")
    services.invitations.revoke(operator, town.org_id, invited.invitation_id)
    services.teams.update(
        operator, town.org_id, town.team_key["SK"].removeprefix("TEAM#"), TeamChanges(name="Internet")
    )
    outcome = merge(town, made.path)
    assert outcome.counts[Fate.RELEASED] == 2
    assert outcome.complete
    services.teams.create(operator, town.org_id, NewTeam(name="Web"))
    services.invitations.create(operator, town.org_id, NewInvitation(email="soon@example.com", role_id=role.role_id))


def test_merging_brings_a_lost_record_with_its_guard(town: Town, tmp_path: Path) -> None:
    made = backup(town.platform, tmp_path / "one.gz")
    guard = {"PK": f"ORG#{town.org_id}", "SK": "UNIQUE#TEAM#web"}
    assert town.get(guard)
    town.delete(town.team_key)
    town.delete(guard)
    assert merge(town, made.path).counts[Fate.RESTORED] == 2
    assert town.verify().clean


# --- throttling ----------------------------------------------------------------------------------


def test_a_tenth_of_the_calls_fails_and_nothing_is_lost(town: Town, tmp_path: Path) -> None:
    client = town.platform.client
    calls = 0

    def refuse(request: Any, **_: Any) -> AWSResponse | None:
        nonlocal calls
        calls += 1
        if calls % 10:
            return None
        body = b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow"}'
        response = AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, None)
        response._content = body
        return response

    client.meta.events.register_first("before-send.dynamodb", refuse, unique_id="refuse")
    try:
        made = backup(town.platform, tmp_path / "one.gz")
        for number in range(3):
            restore(town.platform, made.path, f"{NEW}-{number}")
            assert town.verify().clean
    finally:
        client.meta.events.unregister("before-send.dynamodb", unique_id="refuse")
    assert calls >= 20
    for number in range(3):
        assert (
            backup(town.platform, tmp_path / f"{number}.gz", f"{NEW}-{number}").manifest.sha256 == made.manifest.sha256
        )


class Contended:
    """A client whose transactions collide for a while."""

    def __init__(self, client: Any, times: int) -> None:
        self._client, self._left = client, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        if self._left:
            self._left -= 1
            reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in request["TransactItems"][1:])]
            response = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise self._client.exceptions.TransactionCanceledException(response, "TransactWriteItems")
        return self._client.transact_write_items(**request)


def test_collisions_are_waited_out_and_then_said(platform: Platform) -> None:
    item = {"PK": {"S": "a"}, "SK": {"S": "b"}}
    waits: list[float] = []
    loader = Loader(Contended(platform.client, 3), platform.table.name, Backoff(5, 0.1, 1.0, waits.append))  # type: ignore[arg-type]
    loader.put(item, 10, ABSENT)
    assert loader.finish() == []
    assert len(waits) == 3
    stubborn = Loader(Contended(platform.client, 99), platform.table.name, Backoff(5, 0.0, 0.0, waits.append))  # type: ignore[arg-type]
    stubborn.put({**item, "SK": {"S": "c"}}, 10, ABSENT)
    with pytest.raises(AccessError, match="throttled"):
        stubborn.finish()


# --- lines and sorting ---------------------------------------------------------------------------

numbers = st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str) | st.integers().map(str)
text = st.text(max_size=20)
base64s = st.binary(max_size=12).map(lambda b: base64.b64encode(b).decode())
leaves = st.one_of(
    st.builds(lambda v: {"S": v}, text),
    st.builds(lambda v: {"N": v}, numbers.filter(lambda n: len(n) < 100)),
    st.builds(lambda v: {"B": v}, base64s),
    st.builds(lambda v: {"BOOL": v}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda v: {"SS": v}, st.lists(text, min_size=1, max_size=4, unique=True)),
    st.builds(lambda v: {"NS": v}, st.lists(st.integers().map(str), min_size=1, max_size=4, unique=True)),
    st.builds(lambda v: {"BS": v}, st.lists(base64s, min_size=1, max_size=4, unique=True)),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda v: {"L": v}, st.lists(inner, max_size=3)),
        st.builds(lambda v: {"M": v}, st.dictionaries(text, inner, max_size=3)),
    ),
    max_leaves=8,
)
key_text = st.text(min_size=1, max_size=8)
items = st.builds(
    lambda pk, sk, rest: {**rest, "PK": {"S": pk}, "SK": {"S": sk}},
    key_text,
    key_text,
    st.dictionaries(text.filter(lambda n: n not in {"PK", "SK"}), values, max_size=5),
)


@given(items)
def test_any_item_is_a_line_and_back(item: dict[str, Any]) -> None:
    line = line_of(item)
    assert line.count(b"\n") == 1
    back = read_line(line)
    assert line_of(back) == line
    assert decode_raw(back) == decode_raw(item)
    assert to_request(back).keys() == item.keys()


@given(items, items)
def test_lines_sort_as_their_keys(one: dict[str, Any], other: dict[str, Any]) -> None:
    if (one["PK"], one["SK"]) == (other["PK"], other["SK"]):
        assert sort_key(one) == sort_key(other)
    else:
        assert (line_of(one) < line_of(other)) is (sort_key(one) < sort_key(other))


@given(st.binary(max_size=200))
def test_anything_else_is_refused(noise: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_line(noise)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b" ") + b"\n"), max_size=200))
def test_sorting_in_little_memory(lines: list[bytes]) -> None:
    with Sorter(run_bytes=64, most_runs=3) as sorter:
        for line in lines:
            sorter.add(line)
        assert list(sorter.lines()) == sorted(lines)
        assert list(sorter.lines()) == sorted(lines)


def test_half_a_surrogate_pair_survives() -> None:
    item = {"PK": {"S": "a"}, "SK": {"S": "\ud800"}}
    assert read_line(line_of(item)) == item


def test_an_archive_is_read_item_by_item(tmp_path: Path) -> None:
    path = write_backup(tmp_path, GOOD)
    archive = open_archive(path, quiet)
    assert isinstance(archive, Archive)
    found: Iterator[Any] = archive.items()
    assert [entity_name(item) for _, item in found] == ["Unknown"]
    assert Manifest.from_bytes(archive.manifest.to_bytes()) == archive.manifest
