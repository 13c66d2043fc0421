"""Mends what has one right answer, each finding in one transaction with its event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bbws_access.access.actor import Actor
from bbws_access.access.grants import EVERYTHING
from bbws_access.errors import Busy, Conflict
from bbws_access.keeper.facts import Facts
from bbws_access.keeper.findings import Finding, Problem
from bbws_access.keeper.live import Live
from bbws_access.keeper.verify import Progress, Report, Verifier, look_closely
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.services.trail import Change, Trail

_TRIES: Final = 5

_CHAIN_BROKEN: Final = frozenset(
    {
        Problem.AUDIT_HEAD_MISSING,
        Problem.AUDIT_HEAD_BEHIND,
        Problem.AUDIT_HEAD_WRONG,
        Problem.AUDIT_TAIL_MISSING,
    }
)
"""Nothing is appended to a chain whose end is in doubt: it would cover the traces."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of each finding of ``report``: mended now, gone by itself, or for a person."""

    report: Report
    mended: Sequence[Finding]
    left: Sequence[Finding]


class Repairer:
    """Verifies, then mends. Every write is conditional on what was found still being so."""

    def __init__(self, verifier: Verifier, trail: Trail) -> None:
        self._verifier = verifier
        self._trail = trail

    def repair(self, actor: Actor, progress: Progress | None = None) -> Repaired:
        """Raises ``Denied`` for who may not do everything on the platform, and what writing raises.

        A repair that loses a race is looked at anew; one that loses every time is left, and said.
        """
        actor.require(EVERYTHING, PLATFORM)
        with Facts() as facts:
            report, live = self._verifier.verify_into(facts, progress or Progress())
            doubtful = {f.organisation_id for f in report.findings if f.problem in _CHAIN_BROKEN}
            mended: dict[object, Finding] = {}
            left: dict[object, Finding] = {}
            for finding in report.findings:
                if finding.identity in mended:
                    continue
                if finding.repair is None or finding.organisation_id in doubtful:
                    left[finding.identity] = finding
                elif self._mend(actor, live, finding):
                    mended[finding.identity] = finding
                else:
                    left[finding.identity] = finding
        return Repaired(report, list(mended.values()), list(left.values()))

    def _mend(self, actor: Actor, live: Live, finding: Finding) -> bool:
        """Whether it is not wrong any more; ``False`` where others keep changing it."""
        for _ in range(_TRIES):
            found, sequence = look_closely(live, finding.key["PK"], finding.key["SK"])
            now = next((f for f in found if f.problem is finding.problem), None)
            if now is None:
                return True
            if now.repair is None:
                return False
            if sequence is None:
                continue
            try:
                events = self._trail.commit(
                    actor, now.organisation_id, [_change(now)], now.repair.writes, unmoved_since=sequence
                )
            except (Conflict, Busy):
                continue
            live.own_change(now.organisation_id, events[-1].sequence or 0)
            return True
        return False


def _change(finding: Finding) -> Change:
    assert finding.repair is not None
    return Change(
        EventType.CONFIGURATION,
        "table.repair",
        "item",
        f"{finding.key['PK']} {finding.key['SK']}",
        before=finding.repair.before,
        after=finding.repair.after,
        more={"problem": str(finding.problem), "repair": finding.repair.says},
    )
