"""Where records of the seed say something else than today's defaults: shown, and taken over only where nobody edited.

A default changes with a new version of this program; a record changes when somebody edits it. Names decide
which record belongs to which default, as in seeding itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic.alias_generators import to_camel

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock
from bbws_access.defaults import (
    ORGANISATION_ROLES,
    PERMISSION_SETS,
    PERMISSIONS,
    PLATFORM_ROLES,
    SEED_VERSION,
    TEAM_ROLES,
)
from bbws_access.keys import PLATFORM, Keys
from bbws_access.models.kinds import EventType
from bbws_access.models.permission import Permission, PermissionSet
from bbws_access.models.role import Role
from bbws_access.models.team import TeamRole
from bbws_access.services.editing import edit_of, edited, shown_after, shown_before
from bbws_access.services.seed import permission_record
from bbws_access.services.stamps import MIGRATED_FROM
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import MAX_TRANSACTION, Item, Table
from bbws_access.store.writes import PRESENT, Update
from bbws_access.text import fold_name

_SEEDED_VERSION: Final = "seededVersion"
"""On a record that was brought to a later default: its version then. Others were seeded at version 1."""

_AT_ONCE: Final = (MAX_TRANSACTION - 1) // 2
"""Records with their events, beside the chain's head."""

_ROLE: Final = ("display_name", "description", "permissions", "scope", "priority")
_SET: Final = ("description", "permissions", "scope")
_TEAM_ROLE: Final = ("display_name", "capabilities", "sort_order")
_PERMISSION: Final = ("name", "description", "category")
"""Nobody can edit these; what a permission allows is in its id."""

_Seeded = Permission | PermissionSet | Role | TeamRole


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that is not as its default; ``changes`` are the default's values by the model's names.

    Where it was ``edited``, it stays as somebody wants it.
    """

    key: Keys
    record: _Seeded
    changes: Mapping[str, Any]
    edited: bool

    @property
    def kind(self) -> str:
        return type(self.record).__name__

    def rows(self) -> Iterator[dict[str, Any]]:
        """A line for each attribute that differs."""
        for name, default in self.changes.items():
            yield {
                "kind": self.kind,
                "name": self.record.name,
                "attribute": to_camel(name),
                "is": _shown(getattr(self.record, name)),
                "default": _shown(default),
                "edited": self.edited,
            }


class SeedDiff:
    """Compares, and takes over."""

    def __init__(self, table: Table, trail: Trail, clock: Clock) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock

    def differences(self, actor: Actor, org_id: str) -> list[Difference]:
        """Of an organisation's default roles and team roles, or of the platform's permissions, roles and sets."""
        actor.require("role:read" if org_id != PLATFORM else "permission:create", org_id)
        return [d for d in self._compared(org_id) if d.changes]

    def take(self, actor: Actor, org_id: str, differences: Sequence[Difference]) -> list[Difference]:
        """Brings records that nobody has edited to their defaults; returns which.

        All at once, unless they are so many that they do not fit into one transaction. Raises ``Conflict`` where
        somebody edits one of them at the same moment: then nothing of that transaction was changed.
        """
        actor.require("org:create", PLATFORM)
        untouched = [d for d in differences if not d.edited]
        for start in range(0, len(untouched), _AT_ONCE):
            some = untouched[start : start + _AT_ONCE]
            writes = [self._to_default(actor, found) for found in some]
            self._trail.commit(actor, org_id, [_taken(found) for found in some], writes)
        return untouched

    def _to_default(self, actor: Actor, found: Difference) -> Update:
        if isinstance(found.record, Permission):
            return _permission_to_default(found.key, found.record, found.changes)
        after = edited(found.record, found.changes, actor, self._clock)
        write = edit_of(found.key, found.record, after)
        return replace(write, assign={**write.assign, _SEEDED_VERSION: after.version})

    def _compared(self, org_id: str) -> Iterator[Difference]:
        if org_id == PLATFORM:
            yield from self._permissions()
            yield from self._roles(PLATFORM, PLATFORM_ROLES)
            for default in PERMISSION_SETS:
                item = self._table.get(keys.permission_set_key(PLATFORM, default.id))
                if item is not None:
                    yield _difference(PermissionSet.from_item(item), item, default, _SET)
            return
        yield from self._roles(org_id, ORGANISATION_ROLES)
        for team_default in TEAM_ROLES:
            holder = self._holder(org_id, Named.TEAM_ROLE, team_default.name)
            item = self._table.get(keys.team_role_key(org_id, holder)) if holder else None
            if item is not None:
                yield _difference(TeamRole.from_item(item), item, team_default, _TEAM_ROLE)

    def _permissions(self) -> Iterator[Difference]:
        there = {
            item["permissionId"]: item for item in self._table.get_many(keys.permission_key(p.id) for p in PERMISSIONS)
        }
        for default in PERMISSIONS:
            if (item := there.get(default.id)) is not None:
                record = Permission.from_item(item)
                yield _difference(record, item, permission_record(default, record.date_created), _PERMISSION)

    def _roles(self, org_id: str, defaults: Sequence[Any]) -> Iterator[Difference]:
        for default in defaults:
            holder = self._holder(org_id, Named.ROLE, default.name)
            item = self._table.get(keys.role_key(org_id, holder)) if holder else None
            if item is not None:
                yield _difference(Role.from_item(item), item, default, _ROLE)

    def _holder(self, org_id: str, kind: Named, name: str) -> str | None:
        guard = self._table.get(keys.unique_name_key(org_id, kind, fold_name(name)))
        return str(guard["holder"]) if guard else None


def _permission_to_default(key: Keys, before: Permission, changes: Mapping[str, Any]) -> Update:
    """Where it is as it was read: it has no version, and an index key that follows from its category."""
    old, new = before.to_item(), before.model_copy(update=changes).to_item()
    unmoved: Condition = PRESENT
    for name in changes:
        unmoved &= Attr(to_camel(name)).eq(old[to_camel(name)])
    return Update(key, assign={name: value for name, value in new.items() if old.get(name) != value}, condition=unmoved)


def _difference(record: _Seeded, item: Item, default: Any, names: Sequence[str]) -> Difference:
    changes = {name: getattr(default, name) for name in names if getattr(default, name) != getattr(record, name)}
    found = record.keys()
    version = 1 if isinstance(record, Permission) else record.version
    # Of a record of the old platform nobody can say whether it was edited there.
    was_edited = MIGRATED_FROM in item or version != item.get(_SEEDED_VERSION, 1)
    return Difference({"PK": found["PK"], "SK": found["SK"]}, record, changes, was_edited)


def _taken(found: Difference) -> Change:
    record = found.record
    is_permission = isinstance(record, Permission)
    ident = found.key["PK" if is_permission else "SK"].partition("#")[2]
    return Change(
        EventType.PERMISSION_CHANGE if is_permission else EventType.ROLE_CHANGE,
        "seed.take",
        found.kind[0].lower() + found.kind[1:],
        ident,
        before=shown_before(record, found.changes),
        after=shown_after(found.changes),
        more={"name": found.record.name, "seedVersion": SEED_VERSION},
    )


def _shown(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
