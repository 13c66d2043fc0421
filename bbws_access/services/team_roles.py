"""Team roles: what members may do inside a team."""

from __future__ import annotations

from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock
from bbws_access.errors import Conflict, NotFound
from bbws_access.ids import Ids
from bbws_access.models.kinds import Capability, EventType
from bbws_access.models.team import NewTeamRole, TeamRole, TeamRoleChanges
from bbws_access.services.boundary import require_capabilities
from bbws_access.services.editing import (
    differing,
    edit_of,
    edited,
    rename_writes,
    require_version,
    shown_after,
    shown_before,
)
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.stamps import new_stamps
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named, claim_name, holder_of
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import ConditionFailed, Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Put, Write
from bbws_access.wording import number_of


class TeamRoles:
    """Makes, finds and edits team roles, within the privilege boundary: what one gives, it gives in every team.

    Whether a team role leads is counted in every team that uses it, so that it is settled while
    anybody is in it.
    """

    def __init__(self, table: Table, trail: Trail, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids

    def create(self, actor: Actor, org_id: str, request: NewTeamRole) -> TeamRole:
        """Raises ``Denied`` (``PRIVILEGE_BOUNDARY``) where the role would give what the actor does not hold in the
        whole organisation, ``NotFound`` for the organisation and ``Conflict`` (``TEAM_ROLE_EXISTS``) for a taken name.
        """
        actor.require("team:role:manage", org_id)
        require_capabilities(actor, org_id, request.capabilities)
        made = TeamRole(
            team_role_id=self._ids.record(),
            organisation_id=org_id,
            **request.model_dump(),
            **new_stamps(actor, self._clock),
        )
        after = {
            "name": made.name,
            "displayName": made.display_name,
            "description": made.description,
            "capabilities": made.capabilities,
            "sortOrder": made.sort_order,
        }
        change = Change(EventType.ROLE_CHANGE, "team-role.create", "team-role", made.team_role_id, after=after)
        unknown = NotFound(f"there is no organisation {org_id!r}", code="ORGANISATION_NOT_FOUND")
        writes: list[Write] = [
            Check(keys.organisation_key(org_id), PRESENT, otherwise=unknown),
            claim_name(org_id, Named.TEAM_ROLE, made.name, made.team_role_id),
            Put(made.to_item(), condition=ABSENT),
        ]
        self._trail.commit(actor, org_id, [change], writes)
        return made

    def get(self, actor: Actor, org_id: str, team_role_id: str) -> TeamRole:
        """Raises :class:`NotFound` (``TEAM_ROLE_NOT_FOUND``)."""
        actor.require("team:read", org_id)
        return self.load(org_id, team_role_id)

    def find(self, actor: Actor, org_id: str, id_or_name: str) -> TeamRole:
        """By id, or by name whatever its case."""
        actor.require("team:read", org_id)
        team_role_id = holder_of(self._table, org_id, Named.TEAM_ROLE, id_or_name) or id_or_name
        return self.load(org_id, team_role_id)

    def page(self, actor: Actor, org_id: str, page: PageRequest, *, active: bool = True) -> ListPage[TeamRole]:
        """By name."""
        actor.require("team:read", org_id)
        query = Query(keys.by_active(org_id, active), index=1, begins_with=keys.TEAM_ROLE_PREFIX)
        return fetch_page(self._table, query, page, TeamRole.from_item)

    def update(self, actor: Actor, org_id: str, team_role_id: str, request: TeamRoleChanges) -> TeamRole:
        """Changes the fields that are given; what is so already is no change.

        Whoever changes what it gives, or revives it, must hold all that it then gives. Raises ``Denied``
        (``PRIVILEGE_BOUNDARY``) for that, ``NotFound``, and ``Conflict``: ``CONFLICT`` for another version,
        ``TEAM_ROLE_EXISTS`` for a taken name, ``DEFAULT_ROLE_NAME`` for a default team role, which is found
        by its name, and ``TEAM_ROLE_IN_USE`` where one that members have would be deactivated or renamed
        (memberships carry its name), or would begin or cease to lead.
        """
        actor.require("team:role:manage", org_id)
        before = self.load(org_id, team_role_id)
        require_version(before, request.version)
        changes = differing(before, request.changes())
        if not changes:
            return before
        if "capabilities" in changes or changes.get("active"):
            require_capabilities(actor, org_id, changes.get("capabilities", before.capabilities))
        if "name" in changes and before.is_default:
            raise Conflict(f"{before.name} is a default team role and keeps its name", code="DEFAULT_ROLE_NAME")
        idle = _needs_nobody_in_it(before, changes)
        if idle and before.user_count:
            raise _in_use(before)
        self._edit(actor, before, changes, idle=idle)
        return self.load(org_id, team_role_id)

    def load(self, org_id: str, team_role_id: str) -> TeamRole:
        """For services: no question of who asks."""
        return load_team_role(self._table, org_id, team_role_id)

    def _edit(self, actor: Actor, before: TeamRole, changes: dict[str, Any], *, idle: bool) -> None:
        org_id, team_role_id = before.organisation_id, before.team_role_id
        after = edited(before, changes, actor, self._clock)
        change = Change(
            EventType.ROLE_CHANGE,
            "team-role.update",
            "team-role",
            team_role_id,
            before=shown_before(before, changes),
            after=shown_after(changes),
            more={"name": before.name},
        )
        unused: Condition | None = Attr("userCount").eq(0) | Attr("userCount").not_exists() if idle else None
        writes: list[Write] = [
            edit_of(keys.team_role_key(org_id, team_role_id), before, after, condition=unused),
            *rename_writes(org_id, Named.TEAM_ROLE, before.name, after.name, team_role_id),
        ]
        try:
            self._trail.commit(actor, org_id, [change], writes)
        except ConditionFailed:
            now = self.load(org_id, team_role_id)
            if idle and now.user_count and now.version == before.version:
                raise _in_use(now) from None
            raise


def load_team_role(table: Table, org_id: str, team_role_id: str) -> TeamRole:
    """Raises :class:`NotFound` (``TEAM_ROLE_NOT_FOUND``)."""
    item = table.get(keys.team_role_key(org_id, team_role_id))
    if item is None:
        raise NotFound(
            f"there is no team role {team_role_id!r}", code="TEAM_ROLE_NOT_FOUND", hint="bbws-access team-roles list"
        )
    return TeamRole.from_item(item)


def _needs_nobody_in_it(role: TeamRole, changes: dict[str, Any]) -> bool:
    will_lead = Capability.MANAGE_MEMBERS in changes.get("capabilities", role.capabilities)
    return "name" in changes or changes.get("active") is False or will_lead is not role.leads


def _in_use(role: TeamRole) -> Conflict:
    return Conflict(
        f"{role.name} is the team role of {number_of(role.user_count, 'member')}",
        code="TEAM_ROLE_IN_USE",
        hint="give them another one first",
        details={"userCount": role.user_count},
    )
