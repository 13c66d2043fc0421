"""The roles and team roles that every organisation starts with, and may be given again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock
from bbws_access.defaults import ORGANISATION_ROLES, SEED_VERSION, TEAM_ROLES
from bbws_access.errors import Conflict, NotFound
from bbws_access.ids import Ids
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import Role
from bbws_access.models.team import TeamRole
from bbws_access.services.stamps import changed_stamps, new_stamps
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named, claim_name
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Table
from bbws_access.store.writes import ABSENT, Put, Update, Write
from bbws_access.text import fold_name

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Defaults:
    """Default roles of one organisation: all of them, or those that are to be added."""

    organisation_id: str
    roles: Sequence[Role]
    team_roles: Sequence[TeamRole]

    def writes(self) -> list[Write]:
        """Each role with the guard of its name."""
        found: list[Write] = []
        for role in self.roles:
            found += [
                claim_name(self.organisation_id, Named.ROLE, role.name, role.role_id),
                Put(role.to_item(), ABSENT),
            ]
        for team_role in self.team_roles:
            guard = claim_name(self.organisation_id, Named.TEAM_ROLE, team_role.name, team_role.team_role_id)
            found += [guard, Put(team_role.to_item(), ABSENT)]
        return found

    def event(self) -> Change:
        return Change(
            EventType.ROLE_CHANGE,
            action="organisation.seed",
            resource_type="organisation",
            resource_id=self.organisation_id,
            after={
                "seedVersion": SEED_VERSION,
                "roles": [role.name for role in self.roles],
                "teamRoles": [role.name for role in self.team_roles],
            },
        )


def all_defaults(actor: Actor, org_id: str, clock: Clock, ids: Ids) -> Defaults:
    """New records, not written yet."""
    stamps = new_stamps(actor, clock)
    roles = [
        Role(
            role_id=ids.role(),
            organisation_id=org_id,
            name=role.name,
            display_name=role.display_name,
            description=role.description,
            permissions=role.permissions,
            scope=role.scope,
            priority=role.priority,
            is_default=True,
            **stamps,
        )
        for role in ORGANISATION_ROLES
    ]
    team_roles = [
        TeamRole(
            team_role_id=ids.record(),
            organisation_id=org_id,
            name=role.name,
            display_name=role.display_name,
            capabilities=role.capabilities,
            sort_order=role.sort_order,
            is_default=True,
            **stamps,
        )
        for role in TEAM_ROLES
    ]
    return Defaults(org_id, roles, team_roles)


class DefaultRoles:
    """Gives an organisation the defaults that it lacks. Names decide: a role that is there is left as it is."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids

    def seed(self, actor: Actor, org_id: str) -> Defaults:
        """Idempotent, and safe to run twice at once; returns what this run added.

        For those who may create organisations. Raises ``NotFound`` (``ORGANISATION_NOT_FOUND``).
        """
        actor.require("org:create", PLATFORM)
        for left in reversed(range(_TRIES)):
            try:
                return self._seed_once(actor, org_id)
            except Conflict:
                # Another run was first with some of it: what is still missing is looked at again.
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _seed_once(self, actor: Actor, org_id: str) -> Defaults:
        item = self._table.get(keys.organisation_key(org_id))
        if item is None:
            raise NotFound(f"there is no organisation {org_id!r}", code="ORGANISATION_NOT_FOUND")
        organisation = Organisation.from_item(item)
        missing = self._missing(all_defaults(actor, org_id, self._clock, self._ids))
        writes = missing.writes()
        if organisation.seed_version < SEED_VERSION:
            writes.append(self._now_current(actor, organisation))
        if writes:
            self._trail.commit(actor, org_id, [missing.event()], writes)
        return missing

    def _missing(self, wanted: Defaults) -> Defaults:
        org_id = wanted.organisation_id
        guards = [_guard(org_id, Named.ROLE, role.name) for role in wanted.roles]
        guards += [_guard(org_id, Named.TEAM_ROLE, role.name) for role in wanted.team_roles]
        taken = {str(item["SK"]) for item in self._table.get_many(guards)}
        return Defaults(
            org_id,
            [r for r in wanted.roles if _guard(org_id, Named.ROLE, r.name)["SK"] not in taken],
            [r for r in wanted.team_roles if _guard(org_id, Named.TEAM_ROLE, r.name)["SK"] not in taken],
        )

    def _now_current(self, actor: Actor, organisation: Organisation) -> Update:
        return Update(
            keys.organisation_key(organisation.organisation_id),
            assign={
                "seedVersion": SEED_VERSION,
                "version": organisation.version + 1,
                **changed_stamps(actor, self._clock),
            },
            condition=Attr("version").eq(organisation.version),
        )


def _guard(org_id: str, kind: Named, name: str) -> keys.Keys:
    return keys.unique_name_key(org_id, kind, fold_name(name))
