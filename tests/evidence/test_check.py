"""A bundle is checked by nothing but Python; whatever is changed in it is found, and the first place is named."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bbws_access.audit_storage import ObjectVersion, Tier
from bbws_access.errors import Conflict, Denied, InvalidInput, NotFound
from bbws_access.evidence import check as checker
from bbws_access.services.audit_evidence import AuditEvidence, Gathered
from bbws_access.services.chain_check import computed_hash
from bbws_access.services.trail import Trail
from bbws_access.store.writes import Put
from tests.fakes import FakeIds
from tests.services.holders import holder
from tests.services.test_audit_verify import OPERATOR, ORG, World, decision, world

pytestmark = pytest.mark.slow

Files = dict[str, bytes]


def made(w: World, first: date | None = None, last: date | None = None) -> tuple[Files, Gathered]:
    """The files of a bundle."""
    trail: Any = Trail(w.table, w.clock, FakeIds())  # type: ignore[arg-type]
    out = io.BytesIO()
    service = AuditEvidence(w.table, trail, w.clock, w.storage)  # type: ignore[arg-type]
    found = service.write(OPERATOR, ORG, "Acme", out, first, last)
    with zipfile.ZipFile(out) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}, found


@pytest.fixture(scope="module")
def whole() -> tuple[World, Files]:
    w = world(200)
    return w, made(w)[0]


@pytest.fixture
def files(whole: tuple[World, Files]) -> Files:
    return dict(whole[1])


def packed(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return path


def summed(files: Files) -> Files:
    """As by somebody who knows what SHA256SUMS is."""
    lines = [f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files.items() if name != "SHA256SUMS"]
    return files | {"SHA256SUMS": "".join(lines).encode()}


@dataclass
class Verdict:
    """What the program says."""

    code: int
    out: str

    @property
    def first(self) -> str:
        return self.out.splitlines()[-1]


def run(path: Path, files: Files, *anchors: str) -> Verdict:
    """The program out of the bundle, with nothing but the standard library."""
    program = path.with_name("check.py")
    program.write_bytes(files["check.py"])
    words = [sys.executable, "-I", "-S", str(program), str(path), *anchors]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=path.parent, env={})
    assert done.stderr == ""
    return Verdict(done.returncode, done.stdout)


def judged(files: Files, tmp_path: Path) -> list[Any]:
    """What the same program finds, in this process."""
    return checker.check(str(packed(files, tmp_path / "evidence.zip")))


def test_an_untouched_bundle_is_sound(files: Files, tmp_path: Path) -> None:
    done = run(packed(files, tmp_path / "evidence.zip"), files)
    assert done.code == 0, done.out
    assert "SOUND" in done.out
    assert "220 events, 200 of them chained, 9 manifests" in done.out
    assert f"Acme ({ORG}), 2026-03-01 to 2026-03-11" in done.out


def test_the_list_of_files_is_one_that_sha256sum_reads(files: Files, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert set(files) == {"SHA256SUMS", *(line.split(b"  ")[1].decode() for line in files["SHA256SUMS"].splitlines())}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 3, 4), date(2026, 3, 6)),
        (date(2026, 3, 10), None),
        (None, date(2026, 3, 2)),
        (date(2026, 3, 3), None),
    ],
)
def test_a_stretch_of_the_trail_is_sound_too(
    whole: tuple[World, Files], tmp_path: Path, first: date | None, last: date | None
) -> None:
    part, found = made(whole[0], first, last)
    assert judged(part, tmp_path) == []
    assert 0 < found.events < 220
    assert found.last_sequence >= found.first_sequence
    # What stands before the stretch vouches for its beginning.
    names = [name for name in part if name.endswith(".jsonl") or name.endswith(".json.gz")]
    first_file = sorted(names, key=lambda name: name.rpartition("/")[2])[0]
    lines = events_of(part, first_file)
    chained = next(e for e in lines if "sequence" in e)
    chained["details"] = {}
    chained["eventHash"] = computed_hash(chained)
    put_events(part, first_file, lines)
    assert judged(summed(part), tmp_path) != []


# --- random alterations ---------------------------------------------------------------------------


def events_of(files: Files, name: str) -> list[dict[str, Any]]:
    body = files[name]
    if name.endswith(".gz"):
        found: list[dict[str, Any]] = json.loads(gzip.decompress(body))
        return found
    return [json.loads(line) for line in body.splitlines()]


def put_events(files: Files, name: str, events: list[dict[str, Any]]) -> None:
    lines = [json.dumps(e, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for e in events]
    if name.endswith(".gz"):
        files[name] = gzip.compress(("[\n" + ",\n".join(lines) + "\n]\n").encode(), mtime=0)
    else:
        files[name] = "".join(f"{line}\n" for line in lines).encode()


def days(files: Files) -> list[str]:
    return sorted(name for name in files if name.endswith((".json.gz", ".jsonl")))


def chained(events: list[dict[str, Any]]) -> list[int]:
    return [n for n, event in enumerate(events) if "sequence" in event]


Tampering = Callable[[Files, random.Random], tuple[set[str], str]]
"""Changes something; returns how it may be called, and what the first finding's place has to hold."""


def alter_field(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice(days(files))
    events = events_of(files, name)
    event = events[chance.choice(chained(events))]
    field = chance.choice(["action", "userEmail", "outcome", "details", "resourceId", "previousHash", "eventHash"])
    event[field] = {"forged": True} if field == "details" else f"forged-{event[field]}"
    put_events(files, name, events)
    return {"ALTERED"}, f"event {event['sequence']}"


def alter_and_rehash(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice(days(files))
    events = events_of(files, name)
    event = events[chance.choice(chained(events))]
    event["userEmail"] = "mallory@example.com"
    event["eventHash"] = computed_hash(event)
    put_events(files, name, events)
    return {"ALTERED"}, f"event {event['sequence']}"


def remove_one(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice(days(files))
    events = events_of(files, name)
    event = events.pop(chance.choice(chained(events)))
    put_events(files, name, events)
    return ({"TRUNCATED"} if event["sequence"] == 200 else {"REMOVED"}), f"event {event['sequence']}"


def remove_some(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice([day for day in days(files) if day.endswith(".gz")])
    events = events_of(files, name)
    places = chained(events)
    begin = chance.randrange(len(places) - 3)
    gone = [events[n] for n in places[begin : begin + 3]]
    put_events(files, name, [event for event in events if event not in gone])
    return {"REMOVED"}, f"events {gone[0]['sequence']} to {gone[2]['sequence']}"


def swap(files: Files, chance: random.Random) -> tuple[set[str], str]:
    """The contents of two, each under the other's number."""
    name = chance.choice(days(files))
    events = events_of(files, name)
    one, other = sorted(chance.sample(chained(events), 2))
    for field in ("sequence", "previousHash", "eventHash"):
        events[one][field], events[other][field] = events[other][field], events[one][field]
    put_events(files, name, events)
    return {"REORDERED"}, f"event {min(events[one]['sequence'], events[other]['sequence'])}"


def swap_lines(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice(days(files))
    events = events_of(files, name)
    one = chance.randrange(len(events) - 1)
    events[one], events[one + 1] = events[one + 1], events[one]
    put_events(files, name, events)
    return {"REORDERED"}, str(events[one + 1]["eventId"])


def insert(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice(days(files))
    events = events_of(files, name)
    place = chance.choice(chained(events))
    event = {**events[place], "eventId": events[place]["eventId"] + "Z", "action": "thing.forged"}
    event["eventHash"] = computed_hash(event)
    events.insert(place + 1, event)
    put_events(files, name, events)
    return {"INSERTED", "ALTERED"}, f"event {event['sequence']}"


def cut_tail(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = days(files)[-1]
    events = events_of(files, name)
    kept = chance.randrange(len(events) - 1)
    gone = [e for e in events[kept:] if "sequence" in e]
    put_events(files, name, events[:kept])
    return {"TRUNCATED"}, f"{gone[0]['sequence']}"


def cut_object(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice([day for day in days(files) if day.endswith(".gz")])
    files[name] = files[name][: -chance.randrange(1, len(files[name]))]
    return {"UNREADABLE"}, name


def drop_file(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice([*days(files), "retention.json", *manifests(files)])
    del files[name]
    return {"REMOVED"}, name


def manifests(files: Files) -> list[str]:
    return sorted(name for name in files if name.endswith(".manifest.json"))


def alter_manifest(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice(manifests(files))
    data = json.loads(files[name])
    field = chance.choice(["count", "size", "lastSequence"])
    data[field] += 1
    files[name] = json.dumps(data).encode()
    return {"ALTERED"}, f"manifest {data['number']}"


def add_file(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice(["notes.txt", "archive/other.json.gz", "table/2026-03-99.jsonl"])
    files[name] = b"[]\n"
    return {"INSERTED"}, name


def alter_any_byte(files: Files, chance: random.Random) -> tuple[set[str], str]:
    name = chance.choice(sorted(set(files) - {"SHA256SUMS"}))
    body = bytearray(files[name])
    body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    files[name] = bytes(body)
    return {"ALTERED", "UNREADABLE", "REMOVED", "TRUNCATED", "INSERTED", "REORDERED", "UNPROTECTED"}, ""


KNOWING = [alter_field, alter_and_rehash, remove_one, remove_some, swap, swap_lines, insert, cut_tail, cut_object]
"""Found also where the list of files was made to fit."""

SIMPLE = [drop_file, add_file, alter_any_byte]


def cases() -> Iterator[Any]:
    for tamper in KNOWING:
        yield pytest.param(tamper, True, id=f"{tamper.__name__}-listed")
    for tamper in (*KNOWING, *SIMPLE, alter_manifest):
        yield pytest.param(tamper, False, id=tamper.__name__)
    yield pytest.param(alter_manifest, True, id="alter_manifest-listed")


@pytest.mark.parametrize(("tamper", "listed"), list(cases()))
def test_whatever_is_altered_is_found(
    whole: tuple[World, Files], tmp_path: Path, tamper: Tampering, listed: bool
) -> None:
    chance = random.Random(f"{tamper.__name__}-{listed}")
    for _ in range(12):
        files = dict(whole[1])
        kinds, place = tamper(files, chance)
        found = judged(summed(files) if listed else files, tmp_path)
        assert found, (kinds, place)
        _, kind, where, message = found[0]
        assert kind in kinds, (place, found[:4])
        assert place in f"{where} {message}", (place, found[:4])


@pytest.mark.parametrize("tamper", [alter_field, remove_one, swap, insert, cut_tail, cut_object, drop_file])
def test_the_program_names_the_first_and_exits_3(files: Files, tmp_path: Path, tamper: Tampering) -> None:
    kinds, place = tamper(files, random.Random(5))
    done = run(packed(files, tmp_path / "evidence.zip"), files)
    assert done.code == 3
    assert done.first.startswith("WRONG: ")
    assert any(kind in done.first for kind in kinds), done.out
    assert place in done.first


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_bundle_that_ends_too_early(files: Files, tmp_path: Path, kept: float) -> None:
    path = packed(files, tmp_path / "evidence.zip")
    body = path.read_bytes()
    path.write_bytes(body[: int(kept * len(body)) if kept < 1 and kept else int(kept)])
    done = run(path, files)
    assert done.code == 3
    assert ("TRUNCATED" if kept and kept != 1 else "UNREADABLE") in done.first


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"chain": 7}', b"\xff\xfe", b'"' + b"x" * 100_000, b"[" * 50_000]
)
@pytest.mark.parametrize("name", ["evidence.json", "retention.json", "SHA256SUMS"])
def test_nonsense_is_no_bundle(files: Files, tmp_path: Path, name: str, content: bytes) -> None:
    files[name] = content
    done = run(packed(files if name == "SHA256SUMS" else summed(files), tmp_path / "evidence.zip"), files)
    assert done.code == 3, done.out


def test_what_stands_in_a_bundle_moves_no_cursor(files: Files, tmp_path: Path) -> None:
    files["\x1b[2J\r.txt"] = b"x"
    done = run(packed(files, tmp_path / "evidence.zip"), files)
    assert done.code == 3
    assert "\x1b" not in done.out


def test_an_object_that_is_not_locked(whole: tuple[World, Files], tmp_path: Path) -> None:
    w = whole[0].copy()
    key = w.storage.keys_below("archive/")[0]
    w.storage.locked[key] = w.clock.now()
    (finding,) = judged(made(w)[0], tmp_path)
    assert (finding[1], finding[2]) == ("UNPROTECTED", key)


def test_an_object_that_never_came_to_the_replica(whole: tuple[World, Files], tmp_path: Path) -> None:
    w = whole[0].copy()
    key = w.storage.keys_below("archive/")[0]
    w.storage.replication = {key: "FAILED"}
    (finding,) = judged(made(w)[0], tmp_path)
    assert (finding[1], finding[2]) == ("UNPROTECTED", key)


@pytest.mark.parametrize("words", [[], ["--help"], ["a", "b"]])
def test_called_wrongly(files: Files, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "check.py").write_bytes(files["check.py"])
    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "check.py"), *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "python -I check.py BUNDLE.zip" in done.stderr


def test_the_program_needs_the_standard_library_alone(files: Files) -> None:
    imported = [
        line.split()[1] for line in files["check.py"].decode().splitlines() if line.startswith(("import ", "from "))
    ]
    assert {name.partition(".")[0] for name in imported} <= set(sys.stdlib_module_names)


# --- what is put into it --------------------------------------------------------------------------


def test_who_may_take_it_and_of_what(whole: tuple[World, Files]) -> None:
    w = whole[0]
    trail: Any = None
    service = AuditEvidence(w.table, trail, w.clock, w.storage)  # type: ignore[arg-type]
    for actor in (holder(ORG, "audit:read"), holder("org-other", "audit:*")):
        with pytest.raises(Denied):
            service.write(actor, ORG, "Acme", io.BytesIO())
    service.write(holder(ORG, "audit:export"), ORG, "Acme", io.BytesIO(), date(2026, 3, 9))
    with pytest.raises(NotFound):
        service.write(OPERATOR, "org-none", "None", io.BytesIO())
    with pytest.raises(InvalidInput):
        service.write(OPERATOR, ORG, "Acme", io.BytesIO(), date(2027, 1, 1))


def test_a_day_in_glacier_is_asked_for_first(whole: tuple[World, Files]) -> None:
    w = whole[0].copy()
    w.storage.tiers[next(key for key in w.storage.keys_below("archive/") if key.endswith(".gz"))] = Tier.COLD
    with pytest.raises(Conflict) as raised:
        made(w)
    assert raised.value.code == "ARCHIVE_COLD"


def test_a_job_that_died_before_it_marked_puts_nothing_in_twice(whole: tuple[World, Files], tmp_path: Path) -> None:
    w = whole[0].copy()
    for item in w.events():
        if item["timestamp"].startswith("2026-03-05"):
            item.pop("ttl")
    files, found = made(w)
    assert (judged(files, tmp_path), found.events) == ([], 220)


def test_an_event_cannot_be_kept_out_by_its_ttl(whole: tuple[World, Files], tmp_path: Path) -> None:
    """One that came late and is in no object, though it looks as if it were."""
    w = whole[0].copy()
    event = decision(999, w.clock.moment.replace(day=5, hour=23))
    w.table.write(Put(event.model_copy(update={"ttl": 4_000_000_000}).to_item()))
    files, found = made(w)
    assert found.events == 221
    assert [e["eventId"] for e in events_of(files, "table/2026-03-05.jsonl")] == ["D00000999"]


# --- known from elsewhere -------------------------------------------------------------------------


def test_a_day_that_the_bundle_does_not_speak_of(files: Files, tmp_path: Path) -> None:
    """Its object is taken out together with every word about it, but its manifest."""
    name = f"archive/{ORG}/2026/03/2026-03-05.json.gz"
    evidence = json.loads(files["evidence.json"])
    evidence["files"] = [entry for entry in evidence["files"] if entry["name"] != name]
    files["evidence.json"] = json.dumps(evidence).encode()
    del files[name]
    found = judged(summed(files), tmp_path)
    assert (found[0][1], found[0][2]) == ("REMOVED", name)


def test_an_object_with_another_version(whole: tuple[World, Files], tmp_path: Path) -> None:
    w = whole[0].copy()
    key = w.storage.keys_below("archive/")[0]
    w.storage.other_versions.append(ObjectVersion(key, "v2", latest=True))
    (finding,) = judged(made(w)[0], tmp_path)
    assert (finding[1], finding[2]) == ("UNPROTECTED", key)


def reforged(files: Files, sequence: int) -> Files:
    """Every event from one on, every manifest after it, and all that names them."""
    evidence = json.loads(files["evidence.json"])
    files, previous, manifest_digest = dict(files), None, "0" * 64
    for name in days(files):
        events = events_of(files, name)
        for event in events:
            if event.get("sequence", 0) < sequence:
                continue
            if event["sequence"] == sequence:
                event["details"] = {"forged": True}
            event["previousHash"] = event["previousHash"] if previous is None else previous
            previous = event["eventHash"] = computed_hash(event)
        put_events(files, name, events)
        if name.endswith(".gz"):
            beside = name.replace(".json.gz", ".manifest.json")
            manifest = json.loads(files[beside])
            manifest |= {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
            manifest["previousManifest"] = manifest_digest
            files[beside] = json.dumps(manifest).encode()
            manifest_digest = hashlib.sha256(files[beside]).hexdigest()
    evidence["chain"]["lastHash"], evidence["archive"]["manifestDigest"] = previous, manifest_digest
    return summed(files | {"evidence.json": json.dumps(evidence).encode()})


def test_a_bundle_that_was_forged_throughout_fits_together_and_not_to_what_is_known(
    files: Files, tmp_path: Path
) -> None:
    last = json.loads(files["evidence.json"])["chain"]
    anchor = f"{last['lastSequence']}:{last['lastHash']}"
    assert run(packed(files, tmp_path / "true.zip"), files, anchor).code == 0
    forged = reforged(files, 120)
    assert run(packed(forged, tmp_path / "forged.zip"), files).code == 0
    done = run(packed(forged, tmp_path / "forged.zip"), files, anchor)
    assert (done.code, "ALTERED, event 200" in done.first) == (3, True)
    later = run(packed(files, tmp_path / "true.zip"), files, f"201:{'a' * 64}")
    assert (later.code, "TRUNCATED, event 201" in later.first) == (3, True), later.out
