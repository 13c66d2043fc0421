"""Checks of an organisation's audit chain: gap-free, each event linked to the one before, and the head at its end.

TTL takes events once they are old enough, in whatever order it likes: what follows an event that has run
out may be missing, what follows one that has not may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from bbws_access import keys
from bbws_access.keeper import kinds
from bbws_access.keeper.findings import Finding, Problem
from bbws_access.keeper.live import Live
from bbws_access.services.chain import GENESIS
from bbws_access.store.table import Item

_ADVICE: Final = "compare it with the archive: somebody may have removed or changed events"
_DAY: Final = timedelta(days=1)


class Link(NamedTuple):
    """An event's place in its chain; ``ttl`` is epoch seconds."""

    sequence: int
    previous: str | None
    hash: str | None
    ttl: int
    pk: str
    sk: str

    @property
    def day(self) -> str:
        """As it is in the key; text, so that a damaged one is no trouble."""
        return self.pk.rpartition("#DATE#")[2]


Head = tuple[int, str] | None


class _Suspicion(NamedTuple):
    """``since`` and ``until`` are the days whose events decide; ``until`` is ``None`` for all to come."""

    finding: Finding
    since: str
    until: str | None


def check_chain(live: Live, org_id: str) -> list[Finding]:
    """What the pass saw; where that looks wrong, the events of those days are read again and decide."""
    links = (Link(*row) for row in live.facts.chain(org_id))
    suspicions = [*_links(org_id, links, live.epoch)]
    last = live.facts.last_link(org_id)
    suspicions += _head(org_id, Link(*last) if last else None, live.facts.head(org_id), live.epoch)
    spans: dict[tuple[str, str | None], None] = dict.fromkeys((s.since, s.until) for s in suspicions)
    found = {f.identity: f for since, until in spans for f in _look(live, org_id, since, until)}
    return list(found.values())


def _look(live: Live, org_id: str, since: str, until: str | None) -> list[Finding]:
    """The chain over some days, up to where its head was before they were read.

    What lies before a head no longer changes, so this is as if read at once, however much is written
    meanwhile. Events after it were written since, and are left out, if the head has gone past them too.
    """
    before = live.table.get(keys.audit_head_key(org_id))
    links = sorted(_read(live, org_id, since, until), key=lambda e: (e.sequence, e.sk))
    after = live.table.get(keys.audit_head_key(org_id))
    if not (_is_head(before) and _is_head(after)):  # a damaged head is a finding by itself, and says nothing
        return [s.finding for s in _links(org_id, links, live.epoch)]
    head, now = _place(before), _place(after)
    if links and now is not None and now[0] >= links[-1].sequence:
        links = [link for link in links if head is not None and link.sequence <= head[0]]
    else:
        head = now
    found = [s.finding for s in _links(org_id, links, live.epoch)]
    if until is None:
        found += [s.finding for s in _head(org_id, links[-1] if links else None, head, live.epoch)]
    return found


def _place(head: Item | None) -> Head:
    return (head["sequence"], head["hash"]) if head else None


def _is_head(item: Item | None) -> bool:
    """No head at all is one that can be told of."""
    if item is None:
        return True
    try:
        kinds.AuditHead.model_validate(item)
    except ValidationError:
        return False
    return True


def _read(live: Live, org_id: str, since: str, until: str | None) -> Iterator[Link]:
    """Of the days that the pass saw events of, and of those in which new ones are written."""
    today = live.now.date()
    fresh = {(today + n * _DAY).isoformat() for n in (-1, 0, 1)}
    days = {day for day in fresh | set(live.facts.days(org_id)) if since <= day and (until is None or day <= until)}
    for day in sorted(days):
        for item in live.partition(keys.events_of_day(org_id, day), keys.EVENT_PREFIX):
            if isinstance(item.get("sequence"), int):
                yield Link(
                    item["sequence"],
                    item.get("previousHash"),
                    item.get("eventHash"),
                    int(item.get("ttl", kinds.NEVER)),
                    item["PK"],
                    item["SK"],
                )


def _links(org_id: str, links: Iterable[Link], now: int) -> Iterator[_Suspicion]:
    before: Link | None = None
    for link in links:
        finding = _first(org_id, link) if before is None else _next(org_id, before, link, now)
        if finding is not None:
            since = min(link.day, before.day if before else link.day)
            yield _Suspicion(finding, since, max(link.day, before.day if before else link.day))
        before = link


def _first(org_id: str, link: Link) -> Finding | None:
    if link.sequence == 1 and link.previous != GENESIS:
        return _finding(org_id, link, Problem.AUDIT_LINK, "the first event follows another", GENESIS, link.previous)
    return None


def _next(org_id: str, before: Link, link: Link, now: int) -> Finding | None:
    if link.sequence == before.sequence:
        message = f"two events have sequence {link.sequence}"
        return _finding(org_id, link, Problem.AUDIT_DUPLICATE, message, before.sk, link.sk)
    if link.sequence > before.sequence + 1:
        if before.ttl <= now:
            return None
        missing = f"{before.sequence + 1} to {link.sequence - 1}"
        message = f"missing before this: {missing}"
        return _finding(org_id, link, Problem.AUDIT_GAP, message, before.sequence + 1, link.sequence)
    if link.previous != before.hash:
        message = f"event {link.sequence} does not follow event {before.sequence} as it is now"
        return _finding(org_id, link, Problem.AUDIT_LINK, message, before.hash, link.previous)
    return None


def _head(org_id: str, last: Link | None, head: Head, now: int) -> Iterator[_Suspicion]:
    if last is None:
        return  # nothing chained, or all of it has run out
    key = keys.audit_head_key(org_id)
    verdict: tuple[Problem, str, Any, Any] | None = None
    if head is None:
        verdict = (Problem.AUDIT_HEAD_MISSING, "the chain has no head", last.sequence, None)
    elif head[0] > last.sequence and last.ttl > now:
        message = f"missing at the end: {last.sequence + 1} to {head[0]}"
        verdict = (Problem.AUDIT_TAIL_MISSING, message, head[0], last.sequence)
    elif head[0] < last.sequence:
        message = f"the head is at {head[0]}, the last event is {last.sequence}"
        verdict = (Problem.AUDIT_HEAD_BEHIND, message, last.sequence, head[0])
    elif head[0] == last.sequence and head[1] != last.hash:
        verdict = (Problem.AUDIT_HEAD_WRONG, "the head's hash is not the last event's", last.hash, head[1])
    if verdict is not None:
        problem, message, expected, found = verdict
        head_finding = Finding(problem, kinds.HEAD.name, org_id, key, message, expected, found, advice=_ADVICE)
        yield _Suspicion(head_finding, last.day, None)


def _finding(org_id: str, link: Link, problem: Problem, message: str, expected: Any, found: Any) -> Finding:
    key = {"PK": link.pk, "SK": link.sk}
    return Finding(problem, kinds.EVENT.name, org_id, key, message, expected, found, advice=_ADVICE)
