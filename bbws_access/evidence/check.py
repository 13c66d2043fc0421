"""Checks a bundle of audit evidence, offline.

    python -I check.py BUNDLE.zip [SEQUENCE:HASH ...]

Each SEQUENCE:HASH is an event's hash that is known from elsewhere, such as the last one of an earlier bundle: the
bundle has to hold that event.

Needs Python 3.9 or later and nothing else: no network, no other package. It reads the bundle and writes nothing.
Exit code 0: nothing is wrong. 3: something is, and the first thing is named. 2: it was called wrongly.

What it checks, in this order:

1. SHA256SUMS lists every file of the bundle, and each has the SHA-256 that stands there.
2. The manifests in archive/ follow one another: each names the SHA-256 of the one before, from the first (64 zeros)
   to the one that evidence.json names as the last, and every day has one.
3. Each archived day is there, and is, byte by byte, what its manifest says.
4. The events follow one another. An event's hash is the SHA-256 of its JSON without eventHash, with sorted keys and
   no white space, in UTF-8; previousHash is the hash of the event with the sequence before. No number may be missing.
5. retention.json: every archived object has one version, which is locked for seven years from when it was written, and
   none failed to be copied to the replica.

What is said of a thing that is wrong: ALTERED, REMOVED, REORDERED, INSERTED, TRUNCATED (the end is missing),
UNREADABLE (nothing can be said of what is in it), UNPROTECTED (it is as it was, and could be changed or lost).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
LOCKED_DAYS = 2555
SUMS = "SHA256SUMS"
PIECE = 1 << 20
ANCHOR = re.compile(r"([1-9][0-9]{0,17}):([0-9a-fA-F]{64})", re.ASCII)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""What the standard library raises for damaged zip, gzip and JSON."""


Event = dict[str, Any]
Found = tuple[tuple[Any, ...], str, str, str]
"""The place in the order of the checks, what, where, and in words."""


class Findings:
    """What is wrong. Each has its place in the order of the checks; what comes first is named first."""

    def __init__(self) -> None:
        self.found: list[Found] = []

    def add(self, order: tuple[Any, ...], kind: str, place: str, message: str) -> None:
        self.found.append((order, kind, place, message))

    def in_order(self) -> list[Found]:
        return sorted(self.found, key=lambda one: one[0])


def event_hash(event: Event) -> str:
    body = {name: value for name, value in event.items() if name != "eventHash"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# --- 1: the files ---------------------------------------------------------------------------------


def check_files(bundle: zipfile.ZipFile, findings: Findings) -> tuple[set[str], set[str]]:
    """The names of files whose bytes are not those of SHA256SUMS, and of those that cannot be read."""
    names = [info.filename for info in bundle.infolist()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        findings.add((0, name), "INSERTED", name, "stands in the bundle twice")
    if SUMS not in names:
        findings.add((0, ""), "REMOVED", SUMS, "the list of files is missing")
        return set(), set()
    try:
        lines = bundle.read(SUMS).decode("utf-8").splitlines()
        sums = {line[66:]: line[:64] for line in lines}
    except BROKEN as error:
        findings.add((0, ""), "UNREADABLE", SUMS, f"cannot be read: {error}")
        return set(), set()
    for name in sorted(set(names) - set(sums) - {SUMS}):
        findings.add((0, name), "INSERTED", name, "is in no list")
    for name in sorted(set(sums) - set(names)):
        findings.add((0, name), "REMOVED", name, "is listed and missing")
    differing: set[str] = set()
    unreadable: set[str] = set()
    for name in sorted(set(sums) & set(names)):
        digest = hashlib.sha256()
        try:
            with bundle.open(name) as file:
                for piece in iter(lambda: file.read(PIECE), b""):
                    digest.update(piece)
        except BROKEN as error:
            unreadable.add(name)
            findings.add((0, name), "UNREADABLE", name, f"cannot be read: {error}")
            continue
        if digest.hexdigest() != sums[name]:
            differing.add(name)
    return differing, unreadable


def read_json(bundle: zipfile.ZipFile, name: str, findings: Findings) -> Any:
    """What a JSON file says; ``None`` where it says nothing."""
    try:
        return json.loads(bundle.read(name).decode("utf-8"))
    except KeyError:
        return None  # told already: it is listed and missing
    except BROKEN as error:
        findings.add((0, name), "UNREADABLE", name, f"is no JSON: {error}")
        return None


# --- 2: the manifests -----------------------------------------------------------------------------


def check_manifests(bundle: zipfile.ZipFile, evidence: Event, findings: Findings) -> dict[int, Event]:
    """The manifests by number; every one vouches for the one before."""
    found: dict[int, Event] = {}
    digests: dict[int, str] = {}
    for name in bundle.namelist():
        if not name.endswith(".manifest.json"):
            continue
        manifest = read_json(bundle, name, findings)
        if not isinstance(manifest, dict) or not isinstance(manifest.get("number"), int):
            findings.add((1, 0), "UNREADABLE", name, "is no manifest")
            continue
        number = manifest["number"]
        if number in found:
            findings.add((1, number), "INSERTED", name, f"there is another manifest {number}")
            continue
        found[number], digests[number] = manifest, hashlib.sha256(bundle.read(name)).hexdigest()
    last, digest = evidence["archive"]["number"], evidence["archive"]["manifestDigest"]
    previous: str | None = GENESIS
    for number in range(1, last + 1):
        if number not in found:
            kind = "TRUNCATED" if all(n < number for n in found) else "REMOVED"
            findings.add((1, number), kind, f"manifest {number}", "is missing")
            if kind == "TRUNCATED":
                break
            previous = None
            continue
        if previous is not None and found[number].get("previousManifest") != previous:
            findings.add((1, number - 1), "ALTERED", f"manifest {number - 1}", "is not the one that the next one names")
        previous = digests[number]
    if last in found and digests[last] != digest:
        findings.add((1, last), "ALTERED", f"manifest {last}", "is not the one that evidence.json names as the last")
    for number in sorted(n for n in found if n > last or n < 1):
        findings.add((1, number), "INSERTED", f"manifest {number}", "comes after the last")
    return found


def check_days(manifests: dict[int, Event], findings: Findings) -> None:
    """Every day from the first to the last has its manifest, number 0 of its parts."""
    days = sorted({str(m.get("date")) for m in manifests.values() if m.get("part") == 0})
    for n, day in enumerate(days[:-1]):
        following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        if following != days[n + 1]:
            findings.add((1, 0), "REMOVED", following, "no manifest is of this day")


# --- 3 and 4: the events --------------------------------------------------------------------------


def archived_events(file: Any) -> Iterator[Event]:
    with gzip.GzipFile(fileobj=file, mode="rb") as lines:
        for line in lines:
            text = line.strip().rstrip(b",")
            if text not in (b"[", b"]", b"[]"):
                yield json.loads(text.decode("utf-8"))


def table_events(file: Any) -> Iterator[Event]:
    for line in file:
        yield json.loads(line.decode("utf-8"))


class Digesting:
    """A file that knows the SHA-256 of what was read of it."""

    def __init__(self, file: Any) -> None:
        self.file, self.digest, self.size = file, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.file.read(size)
        self.digest.update(data)
        self.size += len(data)
        return data


class Chain:
    """The chained events, whichever file they are in; what follows what went before is let go at once."""

    def __init__(self, evidence: Event, findings: Findings, anchors: dict[int, str]) -> None:
        self.anchors = dict(anchors)
        expected = evidence["chain"]
        self.next = expected["firstSequence"]
        self.previous = expected["previousHash"]
        self.last, self.last_hash = expected["lastSequence"], expected["lastHash"]
        self.findings = findings
        self.waiting: dict[int, tuple[Event, str]] = {}
        self.damaged: list[tuple[Event, str]] = []
        self.count = 0

    def add(self, event: Event, place: str) -> None:
        self.count += 1
        sequence = event.get("sequence")
        if event_hash(event) != event.get("eventHash") or isinstance(sequence, bool) or not isinstance(sequence, int):
            self.damaged.append((event, place))
        elif sequence < self.next or sequence in self.waiting:
            self.tell("INSERTED", sequence, event, place, "has the sequence of another event")
        else:
            self.waiting[sequence] = (event, place)
        # The one after it has to be there too: its word is needed where something does not fit.
        while self.next in self.waiting and self.next + 1 in self.waiting:
            self.take()

    def take(self) -> None:
        event, _ = self.waiting.pop(self.next)
        if self.previous is not None and event.get("previousHash") != self.previous:
            following = self.waiting.get(self.next + 1)
            kept = following is None or following[0].get("previousHash") == event["eventHash"]
            wrong = self.next - 1 if kept and self.next > 1 else self.next
            self.findings.add((3, wrong, 0), "ALTERED", f"event {wrong}", "does not fit to the one beside it")
        elif self.anchors.get(self.next, event["eventHash"]) != event["eventHash"]:
            self.findings.add((3, self.next, 0), "ALTERED", f"event {self.next}", "is not the one that is known")
        self.anchors.pop(self.next, None)
        self.previous = event["eventHash"]
        self.next += 1

    def finish(self) -> None:
        placed: dict[int, int] = {}
        while self.next <= self.last:
            if self.next in self.waiting:
                self.take()
                continue
            link = self.stand_in(placed)
            if link is not None:
                placed[id(link)] = self.next
                following = self.waiting.get(self.next + 1)
                self.previous = following[0].get("previousHash") if following else None
                self.next += 1
                continue
            self.tell_missing([n for n in self.waiting if n <= self.last])
        for event, place in self.waiting.values():
            self.tell("INSERTED", event["sequence"], event, place, "comes after the last event")
        if self.previous is not None and self.last and self.previous != self.last_hash:
            self.findings.add((3, self.last, 0), "ALTERED", f"event {self.last}", "is not the last one of the chain")
        for link in self.damaged:
            event, place = link
            sequence = placed.get(id(link), event.get("sequence"))
            swapped = any(exchanged(event, other) for other, _ in self.damaged if other is not event)
            words = "has changed places with another" if swapped else "does not have the hash that it was written with"
            number = sequence if isinstance(sequence, int) else self.last
            self.tell("REORDERED" if swapped else "ALTERED", number, event, place, words)
        for sequence in sorted(self.anchors):
            kind = "TRUNCATED" if sequence > self.last else "REMOVED"
            self.findings.add((3, sequence, 5), kind, f"event {sequence}", "is known, and cannot be seen in the bundle")

    def stand_in(self, placed: dict[int, int]) -> tuple[Event, str] | None:
        """The damaged event that ought to have the next number, if there is one."""
        following = self.waiting.get(self.next + 1)
        vouched = following[0].get("previousHash") if following else None
        for link in self.damaged:
            event = link[0]
            fits = (
                event.get("sequence") == self.next
                or (vouched is not None and event.get("eventHash") == vouched)
                or (self.previous is not None and event.get("previousHash") == self.previous)
            )
            if fits and id(link) not in placed:
                return link
        return None

    def tell_missing(self, ahead: list[int]) -> None:
        numbers = [event.get("sequence") for event, _ in self.damaged]
        ahead = ahead + [n for n in numbers if isinstance(n, int) and self.next < n <= self.last]
        before = min(ahead) if ahead else self.last + 1
        kind = "REMOVED" if ahead else "TRUNCATED"
        which = f"event {self.next}" if before - self.next == 1 else f"events {self.next} to {before - 1}"
        self.findings.add((3, self.next, 0), kind, which, "missing" if ahead else "missing at the end")
        self.previous, self.next = None, before

    def tell(self, kind: str, sequence: int, event: Event, place: str, words: str) -> None:
        which = "event {} ({})".format(sequence, event.get("eventId"))
        self.findings.add((3, sequence, 1), kind, which, f"in {place} {words}")


def exchanged(event: Event, other: Event) -> bool:
    """Whether the event is what was written once it has the other's place, or the other's number alone."""
    moved = dict(event)
    moved.update({name: other.get(name) for name in ("sequence", "previousHash", "eventHash")})
    renumbered = dict(event, sequence=other.get("sequence"))
    return event_hash(moved) == other.get("eventHash") or event_hash(renumbered) == event.get("eventHash")


def check_events(
    bundle: zipfile.ZipFile, evidence: Event, manifests: dict[int, Event], unreadable: set[str], chain: Chain
) -> tuple[int, int]:
    """Every file of events, in the order of the days. Returns the number of events, and of chained ones."""
    findings, count, present = chain.findings, 0, set(bundle.namelist())
    by_key = {str(manifest.get("key")): manifest for manifest in manifests.values()}
    named = {entry["name"] for entry in evidence["files"]}
    for nth, one in sorted(manifests.items()):
        if evidence["from"] <= str(one.get("date")) <= evidence["to"] and one.get("key") not in named:
            findings.add((2, nth), "REMOVED", str(one.get("key")), f"is missing, and manifest {nth} is of it")
    for entry in evidence["files"]:
        name, manifest = entry["name"], by_key.get(entry["name"])
        if name not in present or name in unreadable:
            continue
        order, before, here = (3, chain.next, 0), ("", ""), 0
        with bundle.open(name) as raw:
            file = Digesting(raw)
            try:
                for event in archived_events(file) if name.endswith(".gz") else table_events(raw):
                    here += 1
                    place = (str(event.get("timestamp")), str(event.get("eventId")))
                    if place < before:
                        number = event.get("sequence")
                        findings.add(
                            (3, number if isinstance(number, int) else chain.next, 2),
                            "REORDERED",
                            "event {} ({})".format(number, event.get("eventId")),
                            f"in {name} stands after a later one",
                        )
                    before = max(before, place)
                    if {"sequence", "previousHash", "eventHash"} & set(event):
                        chain.add(event, name)
            except (*BROKEN, AttributeError) as error:
                findings.add(order, "UNREADABLE", name, f"cannot be read on: {error}")
                continue
            while file.read(PIECE):
                pass
        count += here
        if here != entry["count"]:
            kind = "REMOVED" if here < entry["count"] else "INSERTED"
            findings.add((3, chain.last, 3), kind, name, f"holds {here} events instead of {entry['count']}")
        if name.endswith(".gz"):
            if manifest is None:
                findings.add(order, "INSERTED", name, "no manifest knows of this object")
            elif (file.digest.hexdigest(), file.size) != (manifest.get("sha256"), manifest.get("size")):
                findings.add((3, chain.last, 4), "ALTERED", name, "is not what its manifest says")
    chain.finish()
    return count, chain.count


# --- 5: retention ---------------------------------------------------------------------------------


def check_retention(bundle: zipfile.ZipFile, manifests: dict[int, Event], evidence: Event, findings: Findings) -> None:
    retention = read_json(bundle, "retention.json", findings)
    if retention is None:
        return  # told already
    if not isinstance(retention, dict):
        raise TypeError("retention.json")
    locks = {one["key"]: one for one in retention["objects"]}
    by_key = {str(manifest.get("key")): manifest for manifest in manifests.values()}
    for entry in evidence["files"]:
        manifest, lock = by_key.get(entry["name"]), locks.get(entry["name"])
        if manifest is None:
            continue
        if lock is None or not lock.get("lockedUntil") or not lock.get("lockMode"):
            findings.add((4, entry["name"]), "UNPROTECTED", entry["name"], "is not locked")
        elif moment(lock["lockedUntil"]) < moment(manifest["writtenAt"]) + timedelta(days=LOCKED_DAYS, minutes=-1):
            findings.add((4, entry["name"]), "UNPROTECTED", entry["name"], "is not locked for seven years")
        elif lock.get("versions") != 1:
            words = "has more than the version that was written"
            findings.add((4, entry["name"]), "UNPROTECTED", entry["name"], words)
        if lock is not None and lock.get("replication") == "FAILED":
            findings.add((4, entry["name"]), "UNPROTECTED", entry["name"], "was not copied to the replica")
    for name in sorted(retention["protection"]):
        how = "as retention.json says" if retention["protection"][name] else "not set on the bucket"
        say(f"{name:14} {how}")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:19] + "+00:00")


# --- all together ---------------------------------------------------------------------------------


def check(path: str, anchors: dict[int, str] | None = None) -> list[Found]:
    findings = Findings()
    try:
        with zipfile.ZipFile(path) as bundle:
            check_bundle(bundle, findings, anchors or {})
    except BROKEN as error:
        with Path(path).open("rb") as file:
            begun = file.read(4) == b"PK\x03\x04"
        kind = "TRUNCATED" if begun else "UNREADABLE"
        findings.add((0, ""), kind, "the bundle", f"is no whole zip file: {error}")
    return findings.in_order()


def check_bundle(bundle: zipfile.ZipFile, findings: Findings, anchors: dict[int, str]) -> None:
    differing, unreadable = check_files(bundle, findings)
    evidence = read_json(bundle, "evidence.json", findings)
    try:
        if "evidence.json" in differing:
            findings.add((0, ""), "ALTERED", "evidence.json", "is not what SHA256SUMS says")
        if evidence is not None:
            say("{organisationName} ({organisationId}), {from} to {to}, made {madeAt} by {madeBy}".format(**evidence))
            manifests = check_manifests(bundle, evidence, findings)
            check_days(manifests, findings)
            count, chained = check_events(bundle, evidence, manifests, unreadable, Chain(evidence, findings, anchors))
            say(f"{count} events, {chained} of them chained, {len(manifests)} manifests")
            say("last event     {lastSequence}, hash {lastHash}".format(**evidence["chain"]))
            say("last manifest  {number}, SHA-256 {manifestDigest}".format(**evidence["archive"]))
            check_retention(bundle, manifests, evidence, findings)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        findings.add((0, "~"), "UNREADABLE", "the bundle", f"says something that cannot be: {error!r}")
    explained = {one[2] for one in findings.found}
    by_event = any(one[0][0] == 3 for one in findings.found)
    for name in sorted(differing - {"evidence.json"} - explained):
        if by_event and name.endswith((".json.gz", ".jsonl")):
            continue  # told already, event by event
        findings.add((5, name), "ALTERED", name, "is not what SHA256SUMS says")


def say(text: str) -> None:
    # Whatever stands in the bundle: one line, and nothing that moves a terminal's cursor.
    sys.stdout.write("".join(c if c.isprintable() else "?" for c in text) + "\n")


def main(arguments: list[str]) -> int:
    anchors = [ANCHOR.fullmatch(word) for word in arguments[1:]]
    if not arguments or arguments[0].startswith("-") or None in anchors:
        sys.stderr.write((__doc__ or "") + "\n")
        return 2
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        wrong = check(arguments[0], {int(found[1]): found[2].lower() for found in anchors if found})
    except OSError as error:
        sys.stderr.write(f"{arguments[0]} cannot be read: {error.strerror}\n")
        return 2
    for _, kind, place, message in wrong:
        say(f"{kind:11} {place}: {message}")
    if wrong:
        _, kind, place, message = wrong[0]
        say(f"WRONG: {len(wrong)} findings. The first: {kind}, {place}: {message}")
        return 3
    say("SOUND: nothing is missing, altered, reordered or inserted.")
    say("To know that this is the bundle that was made, compare its SHA-256 with the one in the organisation's trail")
    say("(event audit.evidence), and the hash of the last event with bbws-access audit verify.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
