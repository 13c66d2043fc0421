"""What people did with their rights, as the trail shows it: by whom, when, and with what permission or capability."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from bbws_access.catalogue import ENDPOINTS
from bbws_access.export.formats import Row
from bbws_access.services.access_steps import endpoint

SEEN: Final = frozenset(f.permission for f in ENDPOINTS if f.permission) | {"role:assign", "user:update", "user:delete"}
"""Permissions whose use leaves an event; all others are the business of the sites themselves."""

SEEN_CAPABILITIES: Final = frozenset(f.capability for f in ENDPOINTS if f.capability)

_NEEDS: Final = {
    "role.create": "role:create",
    "role.update": "role:update",
    "role.permissions": "role:update",
    "role.assign": "role:assign",
    "role.revoke": "role:assign",
    "team.create": "team:create",
    "team.update": "team:update",
    "team.member.add": "team:member:add",
    "team.member.update": "team:member:remove",
    "team.member.remove": "team:member:remove",
    "team-role.create": "team:role:manage",
    "team-role.update": "team:role:manage",
    "permission-set.create": "permission:create",
    "permission-set.update": "permission:update",
    "invitation.create": "invitation:create",
    "invitation.resend": "invitation:resend",
    "invitation.revoke": "invitation:revoke",
    "user.update": "user:update",
    "user.deactivate": "user:delete",
    "user.reactivate": "user:update",
    "organisation.update": "org:update",
    "audit.export": "audit:export",
}
"""What the services ask for before they do it; a decision of the authorizer names the endpoint instead."""

_TEAM: Final = re.compile(r"/teams/([^/]+)")


@dataclass(slots=True)
class Done:
    """By one person. ``capabilities`` are pairs of a team and what was needed there."""

    last: str = ""
    permissions: set[str] = field(default_factory=set)
    capabilities: set[tuple[str, str]] = field(default_factory=set)


def activity(rows: Iterable[Row]) -> dict[str, Done]:
    """By user id; ``rows`` are consumed, and only what is asked here is kept of them."""
    found: dict[str, Done] = defaultdict(Done)
    for row in rows:
        done = found[str(row.get("userId"))]
        done.last = max(done.last, str(row.get("timestamp", "")))
        if row.get("outcome") != "SUCCESS":
            continue
        if row.get("eventType") == "AUTHORIZATION":
            _called(done, str(row.get("resourceId")))
            continue
        needed = _NEEDS.get(str(row.get("action")))
        if needed is not None:
            done.permissions.add(needed)
            if row.get("resourceType") == "team":
                _in_team(done, needed, str(row.get("resourceId")))
    return found


def _called(done: Done, asked: str) -> None:
    method, _, path = asked.partition(" ")
    function = endpoint(method, path)
    if function is None or function.permission is None:
        return
    done.permissions.add(function.permission)
    team = _TEAM.search(path)
    if team is not None and function.capability is not None:
        done.capabilities.add((team[1], function.capability))


def _in_team(done: Done, permission: str, team_id: str) -> None:
    done.capabilities |= {(team_id, f.capability) for f in ENDPOINTS if f.permission == permission and f.capability}
