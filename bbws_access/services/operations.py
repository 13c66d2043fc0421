"""What the trail says of work that changes no item of the table: environments, copies, deployments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bbws_access.access.actor import Actor
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType, Outcome
from bbws_access.services.trail import Change, Trail


def record_operation(
    trail: Trail,
    actor: Actor,
    action: str,
    resource: tuple[str, str],
    *,
    org_id: str = PLATFORM,
    outcome: Outcome = Outcome.SUCCESS,
    more: Mapping[str, Any] | None = None,
) -> None:
    """One CONFIGURATION event, of a ``resource`` that is told by its kind and its name; raises as ``Trail.commit``."""
    kind, name = resource
    change = Change(EventType.CONFIGURATION, action, kind, name, more=more or {}, outcome=outcome)
    trail.commit(actor, org_id, [change])
