"""An organisation in memory with people, and files about it."""

from __future__ import annotations

from typing import Any

from bbws_access import keys
from bbws_access.access.actor import operator
from bbws_access.bootstrap import Services
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.user import User
from bbws_access.services.declared.document import document, written
from bbws_access.services.declared.plan import Declared
from bbws_access.services.declared.steps import Plan
from bbws_access.store.table import Item
from bbws_access.yaml_source import parse_yaml
from tests.cli.memory import Memory, memory

WHO = operator("arn:aws:iam::000000000000:user/ops", "ops@example.com")


def address(n: int) -> str:
    return f"u{n}@example.com"


def user_items(org_id: str, n: int, *, active: bool = True) -> list[Item]:
    """A member's profile and the guard of their address, as they are in the table."""
    stamp = "2026-03-01T09:30:00.000Z"
    user = User(
        user_id=f"id-{n}",
        organisation_id=org_id,
        email=address(n),
        first_name="First",
        last_name="Last",
        active=active,
        date_created=stamp,
        created_by="ops@example.com",
        date_last_updated=stamp,
        last_updated_by="ops@example.com",
    )
    return [user.to_item(), keys.user_email_key(org_id, user.email) | {"holder": user.user_id}]


class Place:
    """The organisation Acme with ``people`` members who have nothing: u0@example.com, u1@example.com, …"""

    def __init__(self, people: int = 3, made: Memory | None = None) -> None:
        self.memory = made or memory()
        self.table = self.memory.table
        self.services = Services(self.memory.world)
        self.org_id = self.services.organisations.create(WHO, NewOrganisation(name="Acme")).organisation_id
        for n in range(people):
            self.join(n)

    def join(self, n: int, *, active: bool = True) -> None:
        self.table.put_all(user_items(self.org_id, n, active=active))

    def plan(self, text: str | bytes, *, prune: bool = False) -> Plan:
        return self.services.declared_state.plan(WHO, self.org_id, read(text), prune=prune)

    def apply(self, text: str, *, prune: bool = False) -> Plan:
        planned = self.plan(text, prune=prune)
        self.services.declared_state.apply(WHO, read(text), planned, lambda _: None)
        return planned

    def export(self) -> str:
        return written(document(self.services.standings.read(WHO, self.org_id)))

    def events(self) -> list[Item]:
        found = [i for i in self.table.state().values() if i and i["SK"].startswith("EVENT#")]
        return sorted((i for i in found if i["organisationId"] == self.org_id), key=lambda item: item["sequence"])

    def require_exact_counts(self) -> None:
        from tests.services.staff import require_exact_counts

        counted: Any = self
        require_exact_counts(counted)

    def items(self) -> list[Item]:
        return [item for item in self.table.state().values() if item]


def read(text: str | bytes, name: str = "acme.yaml") -> Declared:
    return Declared.of(parse_yaml(text if isinstance(text, bytes) else text.encode(), name))


def said(plan: Plan) -> list[str]:
    return [f"{one.sign} {one.kind} {one.name}" for one in plan.steps]
