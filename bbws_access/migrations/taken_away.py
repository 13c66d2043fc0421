"""What this platform took away since it was migrated, and a later comparison must not bring back.

Most records are never deleted, so that a change shows in them. Two kinds are: an assignment when its role is
revoked, the record of a token when its invitation has ended or was sent anew. That one is absent does not say
whether it is new in the source or was taken away here; the trail and the invitation do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from bbws_access import keys
from bbws_access.clock import Clock
from bbws_access.migrations.legacy_layout import Kind
from bbws_access.migrations.outcomes import Migrated, Quarantined
from bbws_access.migrations.shape import owner_of
from bbws_access.migrations.tables import Target
from bbws_access.migrations.wire import Attributes, digest, stamp_of, text
from bbws_access.models.audit_questions import HOT_DAYS
from bbws_access.models.kinds import InvitationStatus
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Query

TAKEN_AWAY: Final = "{kind} taken away on this platform since: it stays so"

_Held = tuple[str, str]
"""A user's id and a role's."""


class TakenAway:
    """Asked of what is absent in the target. Reads the trail of an organisation when it is first asked about it."""

    def __init__(self, target: Target, migration: int, started: datetime, clock: Clock) -> None:
        self._target = target
        self._migration = migration
        self._started = started
        self._clock = clock
        self._revoked: dict[str, dict[_Held, str]] = {}
        self._lock = threading.Lock()

    def __call__(self, outcome: Migrated) -> str | Quarantined | None:
        """A note where it was taken away here, and ``None`` where it was never here.

        Quarantined is what nobody can tell of any more: the trail since the migration has begun to expire.
        """
        if outcome.kind == Kind.ASSIGNMENT:
            return self._assignment(outcome.item)
        if outcome.kind == Kind.TOKEN and self._opens_nothing(outcome.item):
            return TAKEN_AWAY.format(kind=outcome.kind)
        return None

    def _assignment(self, item: Attributes) -> str | Quarantined | None:
        if self._clock.now() - self._started > timedelta(days=HOT_DAYS):
            return Quarantined(
                Kind.ASSIGNMENT,
                f"it may have been revoked on this platform: the migration began more than {HOT_DAYS} days ago,"
                " and the trail of then is gone",
            )
        held = text(item, "userId") or "", text(item, "roleId") or ""
        revoked = self._of(owner_of(item)).get(held)
        if revoked is None or revoked < (text(item, "assignedAt") or ""):
            return None  # never here, or given again in the source since
        return TAKEN_AWAY.format(kind=Kind.ASSIGNMENT)

    def _of(self, org_id: str) -> dict[_Held, str]:
        """When each role was last revoked. Under a lock, so that all workers wait for one reading."""
        with self._lock:
            if org_id not in self._revoked:
                self._revoked[org_id] = dict(self._read(org_id))
            return self._revoked[org_id]

    def _read(self, org_id: str) -> Iterator[tuple[_Held, str]]:
        day, last = self._started.date(), self._clock.now().date() + timedelta(days=1)
        while day <= last:
            events = Query(
                keys.events_of_day(org_id, day.isoformat()),
                begins_with=keys.EVENT_PREFIX,
                filter=Attr("action").eq("role.revoke"),
            )
            for event in self._target.query(events):
                before: Any = event.get("details", {}).get("before", {})
                yield (str(event["resourceId"]), str(before.get("roleId"))), str(event["timestamp"])
            day += timedelta(days=1)

    def _opens_nothing(self, item: Attributes) -> bool:
        key = keys.invitation_key(owner_of(item), text(item, "invitationId") or "")
        place = key["PK"], key["SK"]
        found = self._target.get_many([place]).get(place)
        if found is None or stamp_of(found, self._migration) == digest(found):
            return False  # it is as it was migrated
        return text(found, "tokenHash") != text(item, "tokenHash") or text(found, "status") != InvitationStatus.PENDING
