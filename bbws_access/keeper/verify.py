"""Whether all that is in the table is right: one pass, then a closer look at what seemed wrong.

The pass reads the table while it is written to, so what it saw may never have been so at once. It only
names suspects; each is read again, consistently and together with what it depends on, before anything
is said of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bbws_access import keys
from bbws_access.clock import Clock
from bbws_access.keeper import counts, kinds, records, references
from bbws_access.keeper.chains import check_chain
from bbws_access.keeper.facts import Facts
from bbws_access.keeper.findings import Finding, Problem
from bbws_access.keeper.gather import Gathered, gather
from bbws_access.keeper.kinds import kind_of
from bbws_access.keeper.live import Live
from bbws_access.store.scan import Scan
from bbws_access.store.table import Item, Table

_CHECKS: Final[dict[str, Callable[[Live, Item, Any], list[Finding]]]] = {
    kinds.ASSIGNMENT.name: references.of_assignment,
    kinds.MEMBER.name: references.of_member,
    kinds.INVITATION.name: references.of_invitation,
    kinds.TOKEN.name: references.of_token,
    kinds.ROLE.name: counts.of_role,
    kinds.TEAM_ROLE.name: counts.of_team_role,
    kinds.TEAM.name: counts.of_team,
}


_STEPWISE: Final = frozenset({Problem.ASSIGNMENT_USER_INACTIVE, Problem.MEMBER_USER_INACTIVE})
_STEPS_TAKE: Final = 2.0
"""Seconds; the transactions of a deactivation follow each other at once."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. ``unknown`` are keys of items that nobody knows: listed, and no finding."""

    items: int
    entities: Counter[str]
    unknown: Sequence[tuple[str, str]]
    findings: Sequence[Finding]

    @property
    def clean(self) -> bool:
        return not self.findings


class Progress:
    """Told what is going on; this one keeps it to itself."""

    def read(self, count: int) -> None:
        """So many more items were read."""

    def looking(self, left: int) -> None:
        """So many suspects are left to be looked at."""


class Verifier:
    """Checks a table; writes nothing."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        *,
        segments: int | None = None,
        make_live: Callable[..., Live] = Live,
    ) -> None:
        self._table = table
        self._clock = clock
        self._segments = segments
        self._make_live = make_live

    def verify(self, progress: Progress | None = None) -> Report:
        """Raises what reading a table raises; see ``Scan``."""
        with Facts() as facts:
            report, _ = self.verify_into(facts, progress or Progress())
        return report

    def verify_into(self, facts: Facts, progress: Progress) -> tuple[Report, Live]:
        """As :meth:`verify`, for who goes on with what was remembered."""
        pages = Scan(self._table.client, self._table.name, segments=self._segments).pages()
        gathered = gather(pages, facts, progress.read)
        live = self._make_live(self._table, facts, self._clock.now())
        return self._report(gathered, live, progress), live

    def _report(self, gathered: Gathered, live: Live, progress: Progress) -> Report:
        suspects = live.facts.suspects()
        found: dict[Any, Finding] = {}
        for n, (pk, sk) in enumerate(suspects):
            progress.looking(len(suspects) - n)
            confirmed, _ = look_closely(live, pk, sk)
            found |= {f.identity: f for f in confirmed}
        for org_id in sorted(live.facts.organisations() - live.facts.known_organisations() - {keys.PLATFORM}):
            found |= {f.identity: f for f in _ownerless(live, org_id)}
        for org_id in sorted(live.facts.chains()):
            found |= {f.identity: f for f in check_chain(live, org_id)}
        _let_finish(live, found)
        ordered = sorted(found.values(), key=lambda f: (f.severity, f.problem, f.organisation_id, f.identity))
        return Report(gathered.items, gathered.counts, gathered.unknown, ordered)


def look_closely(live: Live, pk: str, sk: str) -> tuple[list[Finding], int | None]:
    """All that is wrong with one item as it is now, and the sequence of its chain at that moment."""
    item = live.get({"PK": pk, "SK": sk})
    if item is None:
        return [], None
    kind, org_id = kind_of(pk, sk), records.chain_of(item)
    indexed = kind is kinds.ROLE or (kind is kinds.ASSIGNMENT and org_id == keys.PLATFORM)
    return live.together(org_id, lambda: _look(live, pk, sk), indexed=indexed)


def _look(live: Live, pk: str, sk: str) -> list[Finding]:
    item = live.get({"PK": pk, "SK": sk})
    kind = kind_of(pk, sk)
    if item is None or kind is None:
        return []
    found = records.invalid(item, kind)
    if found:
        return found
    if kind.supporting is not None:
        found += records.index_keys(item, {"PK": pk, "SK": sk})
        return found + (records.guarding(live, item, kind) if kind.holder else [])
    record = records.load(item)
    assert record is not None
    found += records.index_keys(item, record.keys())
    found += records.contents(item, record)
    found += records.behind_guard(live, item, record)
    check = _CHECKS.get(kind.name)
    return found + (check(live, item, record) if check else [])


def _let_finish(live: Live, found: dict[Any, Finding]) -> None:
    """A deactivation goes step by step: what it has not come to yet is no finding."""
    unfinished = [f for f in found.values() if f.problem in _STEPWISE]
    if unfinished:
        live.sleep(_STEPS_TAKE)
    for finding in unfinished:
        again, _ = look_closely(live, finding.key["PK"], finding.key["SK"])
        if finding.problem not in {f.problem for f in again}:
            del found[finding.identity]


def _ownerless(live: Live, org_id: str) -> list[Finding]:
    key = keys.organisation_key(org_id)
    if live.get(key) is not None:
        return []
    message = "there are records of an organisation that is not there"
    advice = "bring it back from a backup: bbws-access table restore --merge --from BACKUP"
    name = kinds.ORGANISATION.name
    return [Finding(Problem.ORGANISATION_MISSING, name, org_id, key, message, org_id, None, advice=advice)]
