"""A platform without AWS: the rehearsal's table over nothing, filled once and copied for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bbws_access.access.actor import Origin, operator
from bbws_access.bootstrap import Services, World
from bbws_access.keys import Keys
from bbws_access.models.invitation import Acceptance, NewInvitation
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.permission import NewPermissionSet
from bbws_access.models.team import NewMember, NewTeam
from bbws_access.store.journal import Journal
from bbws_access.store.rehearsal import RehearsalTable
from bbws_access.store.table import Item, Page, Query, Table
from bbws_access.store.writes import ABSENT, Put, Write
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeIds, FakeMailer, FixedClock

OPERATOR = operator("arn:aws:iam::000000000000:user/ops", "ops@example.com")


class NoTable(Table):
    """Where nothing is."""

    def __init__(self) -> None:
        self.name = "memory"

    def get(self, key: Keys) -> Item | None:
        return None

    def get_many(self, keys: Iterable[Keys]) -> list[Item]:
        return []

    def query(self, query: Query) -> Page:
        return Page([], None)

    def transact(self, writes: Sequence[Write]) -> None:
        raise AssertionError("nothing is written here")


class MemoryTable(RehearsalTable):
    """Written in memory; ``items`` is what it begins with."""

    def __init__(self, items: dict[tuple[str, str], Item | None] | None = None) -> None:
        super().__init__(NoTable(), Journal())
        self._written = dict(items or {})

    def copy(self) -> MemoryTable:
        return MemoryTable(self._written)

    def put_all(self, items: Iterable[Item]) -> None:
        for item in items:
            self.transact([Put(item)])

    def put_new(self, item: Item) -> None:
        self.transact([Put(item, condition=ABSENT)])

    def state(self) -> dict[tuple[str, str], Item | None]:
        return dict(self._written)


@dataclass
class Memory:
    """The table, the world around it, and the token of the last invitation."""

    table: MemoryTable
    world: World
    ids: FakeIds

    @property
    def token(self) -> str:
        return self.ids.tokens[-1]

    def event(self, action: str) -> str:
        """The id of the latest event of an action, in whatever organisation."""
        found = [item for key, item in self.table.state().items() if item and key[1].startswith("EVENT#")]
        return str(max((i for i in found if i["action"] == action), key=lambda i: i["sequence"])["eventId"])


def memory(table: MemoryTable | None = None) -> Memory:
    table, ids = table or MemoryTable(), FakeIds()
    world = World(
        table,
        FixedClock(),
        ids,
        FakeMailer(),
        FakeDirectory(),
        FakeAuditStorage(),
        lambda token: f"https://api.example/invite/{token}",
    )
    return Memory(table, world, ids)


def filled() -> Memory:
    """Acme: three members, of whom two share a name, two teams, a pending invitation, and two that were withdrawn.

    A second organisation, Globex, has nobody.
    """
    made = memory()
    services, who = Services(made.world), OPERATOR
    services.seeder.seed(who)
    org = services.organisations.create(who, NewOrganisation(name="Acme")).organisation_id
    services.organisations.create(who, NewOrganisation(name="Globex"))
    teams = [services.teams.create(who, org, NewTeam(name=name)).team_id for name in ("Web", "Shop")]
    services.permission_sets.create(
        who,
        org,
        NewPermissionSet(name="Viewer", description="Of the same name.", permissions=frozenset({"site:read"})),
    )
    services.permission_sets.create(
        who, org, NewPermissionSet(name="Own set", description="Of its own.", permissions=frozenset({"site:read"}))
    )

    def invite(email: str) -> str:
        role = services.roles.find(who, org, "SITE_VIEWER").role_id
        return services.invitations.create(who, org, NewInvitation(email=email, role_id=role)).invitation_id

    for email, last_name in (
        ("thandi@example.com", "Nkosi"),
        ("li@example.com", "Nkosi"),
        ("ada@example.com", "Okoye"),
    ):
        invite(email)
        acceptance = Acceptance(first_name="Thandi", last_name=last_name, password="Correct-horse-7")
        user = services.accept_invitation.accept(made.token, acceptance, Origin()).user
        lead = services.team_roles.find(who, org, "TEAM_LEAD").team_role_id
        services.members.add(who, org, teams[0], NewMember(user_id=user.user_id, team_role_id=lead))
    for _ in range(2):
        services.invitations.revoke(who, org, invite("often@example.com"))
    invite("new@example.com")
    return made


def copied(made: Memory) -> Memory:
    found = memory(made.table.copy())
    found.ids.tokens.append(made.token)
    directory: Any = found.world.directory
    old: Any = made.world.directory
    directory.accounts.update(old.accounts)
    directory._numbers = itertools.count(len(old.accounts))
    return found
