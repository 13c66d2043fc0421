"""Seeding: what every platform starts with. Running it again writes only what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.defaults import PERMISSION_SETS, PERMISSIONS, PLATFORM_ROLES, SEED_VERSION, DefaultPermission
from bbws_access.keys import PLATFORM
from bbws_access.models.base import Record
from bbws_access.models.kinds import EventType
from bbws_access.models.permission import Permission, PermissionSet
from bbws_access.models.role import Role
from bbws_access.services.stamps import new_stamps
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named, claim_name
from bbws_access.store.table import MAX_TRANSACTION, Table
from bbws_access.store.writes import ABSENT, Put, Write

_RESERVED_WRITES = 2  # the chain's head and the event


@dataclass(frozen=True, slots=True)
class SeedResult:
    """How many records of the seed there are, and how many of them this run wrote."""

    version: int
    expected: int
    written: int


class Seeder:
    """Puts the platform's permissions, roles and permission sets into the table."""

    def __init__(self, table: Table, trail: Trail, clock: Clock) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock

    def seed(self, actor: Actor) -> SeedResult:
        """Idempotent. Each batch of records is one transaction with its event."""
        actor.require("permission:create", PLATFORM)
        records = self._records(actor)
        missing = self._missing(records)
        per_batch = (MAX_TRANSACTION - _RESERVED_WRITES) // 2  # a guard beside each record
        for start in range(0, len(missing), per_batch):
            batch = missing[start : start + per_batch]
            writes = [write for record in batch for write in _writes(record)]
            self._trail.commit(actor, PLATFORM, [_seeded(batch)], writes)
        return SeedResult(SEED_VERSION, len(records), len(missing))

    def _missing(self, records: list[Record]) -> list[Record]:
        there = {(item["PK"], item["SK"]) for item in self._table.get_many(r.keys() for r in records)}
        return [r for r in records if (r.keys()["PK"], r.keys()["SK"]) not in there]

    def _records(self, actor: Actor) -> list[Record]:
        now = iso(self._clock.now())
        stamps = new_stamps(actor, self._clock)
        permissions = [permission_record(p, now) for p in PERMISSIONS]
        roles = [
            Role(
                role_id=role.id,
                organisation_id=PLATFORM,
                name=role.name,
                display_name=role.display_name,
                description=role.description,
                permissions=role.permissions,
                scope=role.scope,
                priority=role.priority,
                is_system=True,
                **stamps,
            )
            for role in PLATFORM_ROLES
        ]
        sets = [
            PermissionSet(
                set_id=item.id,
                organisation_id=PLATFORM,
                name=item.name,
                description=item.description,
                permissions=item.permissions,
                scope=item.scope,
                is_system=True,
                **stamps,
            )
            for item in PERMISSION_SETS
        ]
        return [*permissions, *roles, *sets]


def permission_record(default: DefaultPermission, now: str) -> Permission:
    """As it is seeded."""
    return Permission(
        permission_id=default.id,
        name=default.name,
        description=default.description,
        resource=default.resource,
        action=default.action,
        category=default.category,
        date_created=now,
    )


def _writes(record: Record) -> list[Write]:
    """The item, and where its name must be unique, the guard beside it."""
    put = Put(record.to_item(), condition=ABSENT)
    match record:
        case Role():
            return [put, claim_name(PLATFORM, Named.ROLE, record.name, record.role_id)]
        case PermissionSet():
            return [put, claim_name(PLATFORM, Named.PERMISSION_SET, record.name, record.set_id)]
        case _:
            return [put]


def _seeded(batch: list[Record]) -> Change:
    counts: dict[str, int] = {}
    for record in batch:
        counts[type(record).__name__] = counts.get(type(record).__name__, 0) + 1
    return Change(
        EventType.CONFIGURATION,
        action="table.seed",
        resource_type="seed",
        resource_id=f"v{SEED_VERSION}",
        after={"written": counts},
    )
