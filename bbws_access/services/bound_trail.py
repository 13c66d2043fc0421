"""A trail for many changes with one cause: each event says it, and nothing may have happened before the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bbws_access.access.actor import Actor
from bbws_access.models.audit import AuditEvent
from bbws_access.services.trail import Change, Trail
from bbws_access.store.writes import Write


class BoundTrail(Trail):
    """Over a trail that does the writing. ``cause`` goes into the details of every event.

    Until the first change is written, it is written only while the organisation's last event is number ``sequence``.
    """

    def __init__(self, inner: Trail, cause: Mapping[str, Any], sequence: int | None = None) -> None:
        self._inner = inner
        self._cause = cause
        self._sequence = sequence
        self.begun = False
        """Whether something was written."""

    def commit(
        self,
        actor: Actor,
        org_id: str,
        changes: Sequence[Change],
        writes: Sequence[Write] = (),
        *,
        unmoved_since: int | None = None,
    ) -> list[AuditEvent]:
        """See :meth:`Trail.commit`."""
        caused = [replace(change, more={**change.more, **self._cause}) for change in changes]
        since = self._sequence if unmoved_since is None else unmoved_since
        events = self._inner.commit(actor, org_id, caused, writes, unmoved_since=since)
        self._sequence, self.begun = None, True
        return events
