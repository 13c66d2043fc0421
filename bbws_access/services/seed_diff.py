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
from bbws_access.defaults import ORGANISATION_ROLES, PERMISSION_SETS, PLATFORM_ROLES, SEED_VERSION, TEAM_ROLES
from bbws_access.keys import PLATFORM, Keys
from bbws_access.models.base import Audited
from bbws_access.models.kinds import EventType
from bbws_access.models.permission import PermissionSet
from bbws_access.models.role import Role
from bbws_access.models.team import TeamRole
from bbws_access.services.editing import edit_of, edited, shown_after, shown_before
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named
from bbws_access.store.table import Item, Table
from bbws_access.text import fold_name

_SEEDED_VERSION: Final = "seededVersion"
"""On a record that was brought to a later default: its version then. Others were seeded at version 1."""

_MIGRATED: Final = "migratedFrom"
"""On a record of the old platform, of which nobody can say whether it was edited there."""

_ROLE: Final = ("display_name", "description", "permissions", "scope", "priority")
_SET: Final = ("description", "permissions", "scope")
_TEAM_ROLE: Final = ("display_name", "capabilities", "sort_order")


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that is not as its default; ``changes`` are the default's values by the model's names.

    Where it was ``edited``, it stays as somebody wants it.
    """

    key: Keys
    record: Role | PermissionSet | TeamRole
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
        """Of an organisation's default roles and team roles, or of the platform's roles and sets."""
        actor.require("role:read" if org_id != PLATFORM else "permission:create", org_id)
        return [d for d in self._compared(org_id) if d.changes]

    def take(self, actor: Actor, org_id: str, differences: Sequence[Difference]) -> list[Difference]:
        """Brings records that nobody has edited to their defaults, all at once; returns which.

        Raises ``Conflict`` where somebody edits one of them at the same moment: then nothing was changed.
        """
        actor.require("org:create", PLATFORM)
        untouched = [d for d in differences if not d.edited]
        if not untouched:
            return []
        changes, writes = [], []
        for found in untouched:
            after = edited(found.record, found.changes, actor, self._clock)
            write = edit_of(found.key, found.record, after)
            writes.append(replace(write, assign={**write.assign, _SEEDED_VERSION: after.version}))
            changes.append(_taken(found))
        self._trail.commit(actor, org_id, changes, writes)
        return untouched

    def _compared(self, org_id: str) -> Iterator[Difference]:
        if org_id == PLATFORM:
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

    def _roles(self, org_id: str, defaults: Sequence[Any]) -> Iterator[Difference]:
        for default in defaults:
            holder = self._holder(org_id, Named.ROLE, default.name)
            item = self._table.get(keys.role_key(org_id, holder)) if holder else None
            if item is not None:
                yield _difference(Role.from_item(item), item, default, _ROLE)

    def _holder(self, org_id: str, kind: Named, name: str) -> str | None:
        guard = self._table.get(keys.unique_name_key(org_id, kind, fold_name(name)))
        return str(guard["holder"]) if guard else None


def _difference(record: Role | PermissionSet | TeamRole, item: Item, default: Any, names: Sequence[str]) -> Difference:
    changes = {name: getattr(default, name) for name in names if getattr(default, name) != getattr(record, name)}
    found = record.keys()
    was_edited = _MIGRATED in item or record.version != item.get(_SEEDED_VERSION, 1)
    return Difference({"PK": found["PK"], "SK": found["SK"]}, record, changes, was_edited)


def _taken(found: Difference) -> Change:
    record: Audited = found.record
    ident = found.key["SK"].partition("#")[2]
    return Change(
        EventType.ROLE_CHANGE,
        "seed.take",
        found.kind[0].lower() + found.kind[1:],
        ident,
        before=shown_before(record, found.changes),
        after=shown_after(found.changes),
        more={"name": found.record.name, "seedVersion": SEED_VERSION},
    )


def _shown(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
