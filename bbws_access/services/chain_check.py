"""Walking an organisation's chain of hashes, from what ought to be there: every sequence number.

Works on events as they were read, not on models of them: an attribute that nobody knows is part of the
hash too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bbws_access.models.audit_findings import Finding, FindingKind
from bbws_access.services.archive_objects import event_line

CHAIN_FIELDS: Final = frozenset({"sequence", "previousHash", "eventHash"})
"""What an event that was written with a change has, and no other."""


@dataclass(slots=True)
class _Link:
    """A chained event as it was found."""

    event: Mapping[str, Any]
    day: str
    sequence: int | None
    previous: str
    stored: str
    computed: str

    @property
    def intact(self) -> bool:
        return self.stored == self.computed

    @property
    def event_id(self) -> str:
        return str(self.event.get("eventId", ""))


def computed_hash(event: Mapping[str, Any]) -> str:
    """What :func:`bbws_access.services.chain.event_hash` says of an intact event, from its raw attributes."""
    body = {name: value for name, value in event.items() if name != "eventHash"}
    return hashlib.sha256(event_line(body).encode()).hexdigest()


@dataclass(slots=True)
class ChainCheck:
    """Is given days in order and remembers only what is not settled yet.

    ``expected`` is the next sequence; ``previous`` the hash before it, or ``None`` where it is unknown;
    ``limit`` the head's sequence, beyond which nothing is settled. ``anchors`` are hashes that are known from
    elsewhere, by sequence: a chain that was forged from some event on, head and all, is sound but for them.
    Findings come out in the order of their sequences.
    """

    organisation_id: str
    limit: int
    expected: int = 1
    previous: str | None = None
    anchors: dict[int, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    count: int = 0
    _waiting: dict[int, list[_Link]] = field(default_factory=dict)
    _strays: list[_Link] = field(default_factory=list)
    _damaged: list[_Link] = field(default_factory=list)
    _unsound: list[_Link] = field(default_factory=list)
    _missing: tuple[int, int] | None = None
    _last: _Link | None = None
    _seen: int = 0
    _begun: bool = True

    @classmethod
    def from_anywhere(cls, org_id: str, limit: int, anchors: dict[int, str]) -> ChainCheck:
        """Begins at the first sequence that it is given: for a range whose beginning nothing vouches for."""
        return cls(org_id, limit, anchors=anchors, _begun=False)

    def add(self, day: str, events: Iterable[Mapping[str, Any]]) -> None:
        """A day's events, in any order. What came two days before is settled by now."""
        settled = self._seen
        for event in events:
            if not CHAIN_FIELDS & event.keys():
                continue
            self.count += 1
            link = _link(event, day)
            if link.sequence is None:
                self._strays.append(link)
            elif self._begun and link.sequence < self.expected:
                self._intruder(link)
            else:
                self._waiting.setdefault(link.sequence, []).append(link)
                if not link.intact:
                    self._unsound.append(link)
        self._seen = max([self._seen, *(n for n in self._waiting if self._plausible(n))])
        if not self._begun and self._waiting:
            self.expected, self._begun = min(self._waiting), True
        self._settle(settled)

    def skip(self, through: int, last_hash: str | None) -> None:
        """Goes on after ``through``: what lies before could not be read, and something else vouches for its end."""
        self._settle(self._seen)
        if through >= self.expected:
            if last_hash is not None and self.anchors.get(through) == last_hash:
                del self.anchors[through]
            self.expected, self.previous, self._last = through + 1, last_hash, None
            self._seen = max(self._seen, through)

    def finish(self, last_sequence: int | None, last_hash: str | None) -> list[Finding]:
        """``last_sequence`` and ``last_hash`` are the head's; ``None`` where the range ends before it."""
        through = self._seen if last_sequence is None else last_sequence
        self._settle(through)
        at_end = self._missing is not None and self._missing[1] == through and last_sequence is not None
        self._tell_missing(FindingKind.TRUNCATED if at_end else FindingKind.REMOVED)
        last = self._last
        if last is not None and last.intact and last.sequence == through and last_hash not in {None, last.stored}:
            self._find(FindingKind.ALTERED, last, "is not the event that the chain's head vouches for")
        for links in self._waiting.values():
            for link in links:
                self._find(FindingKind.INSERTED, link, "stands beyond the chain's head")
        for link in self._strays:
            self._find(FindingKind.ALTERED, link, "carries no valid sequence")
        self._pair_swapped()
        self._unmatched()
        self.findings.sort(key=lambda finding: (finding.sequence or 0, finding.kind))
        return self.findings

    # --- one sequence after the other -------------------------------------------------------------

    def _plausible(self, sequence: int) -> bool:
        """An altered sequence may be far ahead; it must not make everything between look missing."""
        return any(link.intact for link in self._waiting[sequence])

    def _settle(self, through: int) -> None:
        while self._begun and self.expected <= min(through, self.limit):
            self._judge(self.expected, self._waiting.pop(self.expected, []))
            self.expected += 1
            if self._missing is not None:
                self._leap(min(through, self.limit))

    def _leap(self, end: int) -> None:
        """Over what is missing, to the last before the next that is there: a head may claim any number of events."""
        near = range(self.expected, self.expected + 64)
        if self._missing is None or any(n in self._waiting for n in near):
            return
        following = min((n for n in self._waiting if n >= self.expected), default=end + 1)
        last = min(following - 1, end)
        if last > self.expected:
            self._missing, self.previous, self.expected = (self._missing[0], last - 1), None, last

    def _judge(self, sequence: int, found: list[_Link]) -> None:
        vouched = self._vouched_for(sequence)
        if not found:
            link = self._under_another_number(vouched)
            if link is None:
                first = sequence if self._missing is None else self._missing[0]
                self._missing, self.previous, self._last = (first, sequence), vouched, None
                return
            link.sequence = sequence
            found = [link]
        self._tell_missing(FindingKind.REMOVED)
        link = self._genuine(found, vouched)
        for other in found:
            if other is not link:
                self._intruder(other)
        if not link.intact:
            self._find(FindingKind.ALTERED, link, "does not have the hash that it was written with")
            self._damaged.append(link)
        elif self.previous is not None and link.previous != self.previous:
            self._broken(link, vouched)
        elif self.anchors.get(sequence, link.stored) != link.stored:
            self._find(
                FindingKind.ALTERED,
                link,
                "is not the one that is known from elsewhere: it, or one before it, was rewritten",
            )
        self.anchors.pop(sequence, None)
        self.previous = vouched if vouched is not None and not link.intact else link.stored
        self._last = link

    def _broken(self, link: _Link, vouched: str | None) -> None:
        """Both are sound in themselves and do not follow each other: the later one's word counts, if it is kept."""
        before = self._last
        if before is not None and before.intact and vouched in {None, link.stored}:
            self._find(FindingKind.ALTERED, before, "is not the event that the next one vouches for")
        elif before is None or before.intact:
            self._find(FindingKind.ALTERED, link, "does not follow the event before it")

    def _vouched_for(self, sequence: int) -> str | None:
        """The hash that the next event, if it is sound, gives of this one."""
        following = {link.previous for link in self._waiting.get(sequence + 1, []) if link.intact}
        return following.pop() if len(following) == 1 else None

    def _genuine(self, found: list[_Link], vouched: str | None) -> _Link:
        def merit(link: _Link) -> tuple[bool, bool, bool]:
            return link.stored == vouched, link.previous == self.previous, link.intact

        return max(found, key=merit)

    def _under_another_number(self, vouched: str | None) -> _Link | None:
        """A damaged event that stands elsewhere, and is the one that is missing here."""
        elsewhere = [link for link in self._unsound if link in self._waiting.get(link.sequence or 0, ())]
        for link in [*self._strays, *elsewhere]:
            if (vouched is not None and link.stored == vouched) or (
                vouched is None and self.previous is not None and link.previous == self.previous
            ):
                if link in self._strays:
                    self._strays.remove(link)
                else:
                    place = link.sequence or 0
                    self._waiting[place].remove(link)
                    if not self._waiting[place]:
                        del self._waiting[place]
                return link
        return None

    # --- findings ---------------------------------------------------------------------------------

    def _intruder(self, link: _Link) -> None:
        kind = FindingKind.INSERTED if link.intact else FindingKind.ALTERED
        words = "stands beside the event that has this sequence" if link.intact else "is not what was written"
        self._find(kind, link, words)
        if not link.intact:
            self._damaged.append(link)

    def _unmatched(self) -> None:
        """Anchors of events that were not come by."""
        missing = [(f.sequence, f.through_sequence) for f in self.findings if f.sequence and f.through_sequence]
        for sequence in sorted(self.anchors):
            if any(first <= sequence <= last for first, last in missing):
                continue
            beyond = sequence > self.limit
            kind = FindingKind.TRUNCATED if beyond else FindingKind.UNREADABLE
            words = (
                f"is known from elsewhere, and the trail ends with event {self.limit}"
                if beyond
                else ("was not looked at: its day is out of the range, or in the archive alone")
            )
            self.findings.append(
                Finding(
                    kind=kind,
                    place="chain",
                    organisation_id=self.organisation_id,
                    sequence=sequence,
                    message=f"event {sequence} {words}",
                )
            )

    def _tell_missing(self, kind: FindingKind) -> None:
        if self._missing is None:
            return
        first, last = self._missing
        self._missing = None
        which = f"event {first} is" if first == last else f"events {first} to {last} are"
        self.findings.append(
            Finding(
                kind=kind,
                place="chain",
                organisation_id=self.organisation_id,
                sequence=first,
                through_sequence=last,
                message=f"{which} missing" + (" at the end" if kind is FindingKind.TRUNCATED else ""),
            )
        )

    def _find(self, kind: FindingKind, link: _Link, message: str) -> None:
        number = "an event" if link.sequence is None else f"event {link.sequence}"
        self.findings.append(
            Finding(
                kind=kind,
                place="chain",
                organisation_id=self.organisation_id,
                date=link.day,
                sequence=link.sequence,
                event_id=link.event_id,
                message=f"{number} {message}",
            )
        )

    def _pair_swapped(self) -> None:
        """Two damaged events that are both sound with each other's sequence have changed places."""
        for n, one in enumerate(self._damaged):
            for other in self._damaged[n + 1 :]:
                if _sound_as(one, other) and _sound_as(other, one):
                    pair = {one.event_id, other.event_id}
                    self.findings = [f for f in self.findings if f.event_id not in pair]
                    for link in (one, other):
                        self._find(FindingKind.REORDERED, link, "has changed places with another")


def _link(event: Mapping[str, Any], day: str) -> _Link:
    sequence = event.get("sequence")
    valid = isinstance(sequence, int) and not isinstance(sequence, bool) and sequence > 0
    previous, stored = str(event.get("previousHash", "")), str(event.get("eventHash", ""))
    return _Link(event, day, int(sequence) if valid and sequence else None, previous, stored, computed_hash(event))


def _sound_as(link: _Link, other: _Link) -> bool:
    """Whether the event is what was written once it has the other's number, or the other's whole place."""
    place = {name: other.event.get(name) for name in ("sequence", "previousHash", "eventHash")}
    renumbered = {**link.event, "sequence": place["sequence"]}
    moved = {**link.event, **place}
    return computed_hash(renumbered) == link.stored or computed_hash(moved) == place["eventHash"]
