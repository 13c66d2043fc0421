"""Reports of the trail: what they are made from, and the word in the trail that one was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.export.formats import Row
from bbws_access.models.archive import ArchivedPart
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import Capability, EventType
from bbws_access.report.collect import Collector
from bbws_access.report.data import Finding, ReportData, Subject, Verification
from bbws_access.services.archive import RETAINED
from bbws_access.services.audit import Audit
from bbws_access.services.audit_verify import AuditVerify
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import Query, Table

_SHOWN: Final = 100
"""Findings that a page lists; it says how many there are."""

_END: Final = "~"
"""After every number of a part."""


class AuditReports:
    """Makes reports; the page they become is made above."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, audit: Audit) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._audit = audit

    def question(self, actor: Actor, question: AuditQuestion) -> AuditQuestion:
        """``question`` as a report asks it: with both ends of its range, the oldest event first.

        Raises as :meth:`Audit.events`, before anything is read.
        """
        asked = replace(question, newest_first=False).between(self._clock.now())
        self._audit.rows(actor, asked)
        return asked

    def rows(self, actor: Actor, asked: AuditQuestion) -> Iterable[Row]:
        """The events of :meth:`question`'s answer, read as they are consumed."""
        return self._audit.rows(actor, asked)

    def verified(
        self, actor: Actor, asked: AuditQuestion, verify: AuditVerify, *, archive: bool = False
    ) -> Verification | None:
        """What a check of the range's days finds; ``None`` where there is nothing to check, or no trail yet.

        With ``archive``, every archived object of the range is read. Raises ``Denied``.
        """
        if asked.since is None or asked.until is None:
            raise ValueError("the question's range is not set")
        last = (asked.until - timedelta(milliseconds=1)).date()
        try:
            found = verify.verify(actor, asked.organisation_id, asked.since.date(), last, archive=archive)
        except (InvalidInput, NotFound):
            return None
        checked = [
            f"the chain of {found.chained} events in the days {found.from_day} to {found.to_day}",
            "the record of what is archived",
        ]
        if archive:
            cold = f" ({found.cold} of them in Glacier, by the checksums that S3 keeps)" if found.cold else ""
            checked.append(f"{found.objects} archived objects{cold}, their manifests, locks and versions")
        findings = [Finding(f.key or f.date or f.place, f.kind.value, f.message) for f in found.findings]
        anchor = f"{found.last_sequence}:{found.last_hash}" if found.last_sequence else ""
        return Verification(self._clock.now(), checked, findings[:_SHOWN], len(findings), anchor)

    def made_from(
        self,
        actor: Actor,
        name: str,
        asked: AuditQuestion,
        rows: Iterable[Row],
        verification: Verification | None = None,
    ) -> ReportData:
        """The report of ``rows``, which are consumed; ``name`` is the organisation's. Raises :class:`Denied`."""
        org_id = asked.organisation_id
        actor.require("audit:read", org_id)
        if asked.since is None or asked.until is None:
            raise ValueError("the question's range is not set")
        subject = Subject(
            organisation=name,
            organisation_id=org_id,
            since=asked.since,
            until=asked.until,
            made_at=self._clock.now(),
            made_by=actor.email or actor.id,
        )
        collector = Collector(subject, self._lead_roles(org_id)).add_all(rows)
        last = asked.until - timedelta(milliseconds=1)
        parts = self._archived(org_id, iso(asked.since)[:10], iso(last)[:10])
        return collector.report(parts, RETAINED, verification)

    def record(self, actor: Actor, report: ReportData, target: str, sha256: str) -> None:
        """The trail says who took a report of it; ``target`` is a path."""
        subject = report.subject
        told = {
            "target": target,
            "format": "html",
            "count": report.total,
            "sha256": sha256,
            "from": iso(subject.since),
            "to": iso(subject.until),
        }
        change = Change(EventType.CONFIGURATION, "audit.report", "audit", subject.organisation_id, more=told)
        self._trail.commit(actor, subject.organisation_id, [change])

    def _archived(self, org_id: str, first: str, last: str) -> list[ArchivedPart]:
        between = (f"{keys.ARCHIVED_PREFIX}{first}", f"{keys.ARCHIVED_PREFIX}{last}{_END}")
        found = self._table.query_all(Query(keys.archived_parts(org_id), between=between))
        return [ArchivedPart.from_item(item) for item in found]

    def _lead_roles(self, org_id: str) -> frozenset[str]:
        """Names of the team roles that lead, active or not: the trail tells team roles by their names."""
        query = Query(keys.owner(org_id), begins_with=keys.TEAM_ROLE_PREFIX)
        leads = Capability.MANAGE_MEMBERS
        return frozenset(str(r["name"]) for r in self._table.query_all(query) if leads in r.get("capabilities", ()))
