"""Every list, when there is nothing and when there are five thousand."""

from __future__ import annotations

import bisect
import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bbws_access.keys import Keys
from bbws_access.models.base import Record
from bbws_access.models.invitation import Invitation
from bbws_access.models.organisation import Organisation
from bbws_access.models.permission import Permission, PermissionSet
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User
from bbws_access.store.conditions import holds
from bbws_access.store.schema import index_name
from bbws_access.store.table import Item, Page, Query
from cli import session as session_module
from tests.cli.conftest import Run
from tests.cli.memory import Memory, NoTable
from tests.services.staff import STAMPS

pytestmark = pytest.mark.slow

MANY = 5_000


class ManyTable(NoTable):
    """Partitions in order, so that a page costs what it holds."""

    def __init__(self, items: Iterator[Item]) -> None:
        super().__init__()
        self._items = {(item["PK"], item["SK"]): item for item in items}
        self._partitions: dict[tuple[str, str], list[tuple[str, str, Item]]] = {}
        for item in self._items.values():
            for prefix in ("", *(index_name(n) for n in range(1, 6))):
                if f"{prefix}PK" in item:
                    place = (str(item[f"{prefix}SK"]), f"{item['PK']}|{item['SK']}", item)
                    self._partitions.setdefault((prefix, item[f"{prefix}PK"]), []).append(place)
        for partition in self._partitions.values():
            partition.sort(key=lambda place: place[:2])

    def get(self, key: Keys) -> Item | None:
        return self._items.get((key["PK"], key["SK"]))

    def get_many(self, wanted: Any) -> list[Item]:
        return [item for key in wanted if (item := self.get(key))]

    def query(self, query: Query) -> Page:
        prefix = "" if query.index is None else index_name(query.index)
        partition = self._partitions.get((prefix, query.partition), [])
        at = bisect.bisect_left(partition, query.begins_with or "", key=lambda place: place[0])
        if query.start_after:
            after = (query.start_after[f"{prefix}SK"], f"{query.start_after['PK']}|{query.start_after['SK']}")
            at = bisect.bisect_right(partition, after, key=lambda place: place[:2])
        found = [p[2] for p in partition[at : at + (query.limit or MANY)] if p[0].startswith(query.begins_with or "")]
        more = len(found) == query.limit and at + len(found) < len(partition)
        names = {"PK", "SK", f"{prefix}PK", f"{prefix}SK"}
        last = {name: found[-1][name] for name in names} if more else None
        return Page([item for item in found if holds(query.filter, item)], last)


def permission(n: int) -> dict[str, Any]:
    named = {"permission_id": f"site:a-{n}", "name": f"Site {n}", "resource": "site", "action": f"a-{n}"}
    return {**named, "description": "x", "category": "SITE", "date_created": "2026-03-01T09:30:00.000Z"}


def role(n: int) -> dict[str, Any]:
    return {"name": f"ROLE_{n:05}", "display_name": f"Role {n}", **STAMPS}


def seat(n: int) -> dict[str, Any]:
    return {"joined_at": "2026-03-01T09:30:00.000Z", "added_by": "ops", "user_email": f"u{n}@example.com"}


def records(org: str, user: str, team: str, team_role: str) -> dict[str, tuple[Any, Callable[[int], dict[str, Any]]]]:
    """For each list its record, and what makes the ``n``-th."""
    here = {"organisation_id": org}
    held = {"scope": "TEAM", "assigned_by": "ops", "assigned_at": "2026-03-01T09:30:00.000Z", **here}
    sitting = {"team_role_id": team_role, "team_role_name": "MEMBER", **here}
    invited = {"organisation_name": "Acme", "role_id": "r", "role_name": "R", "inviter_email": "ops", **here, **STAMPS}
    person = {"first_name": "😀 Thandi", "last_name": "כהן", **here, **STAMPS}
    return {
        "orgs list": (Organisation, lambda n: {"organisation_id": f"o-{n}", "name": f"Org {n:05}", **STAMPS}),
        "users list": (User, lambda n: {"user_id": f"u-{n}", "email": f"u{n}@example.com", **person}),
        "users roles": (RoleAssignment, lambda n: {"user_id": user, "role_id": f"r-{n}", "role_name": "R", **held}),
        "users teams": (TeamMember, lambda n: {"team_id": f"t-{n}", "user_id": user, **seat(n), **sitting}),
        "invitations list": (
            Invitation,
            lambda n: {
                "invitation_id": f"i-{n}",
                "email": f"u{n}@example.com",
                "expires_at": "2026-03-08",
                "token_hash": "-",
                **invited,
            },
        ),
        "permissions list": (Permission, permission),
        "permission-sets list": (
            PermissionSet,
            lambda n: {
                "set_id": f"s-{n}",
                "name": f"Set {n}",
                "description": "x",
                "permissions": ["site:read"],
                "scope": "TEAM",
                **here,
                **STAMPS,
            },
        ),
        "roles list": (
            Role,
            lambda n: {"role_id": f"r-{n}", "permissions": ["site:read"], "scope": "TEAM", **here, **role(n)},
        ),
        "roles members": (
            RoleAssignment,
            lambda n: {"user_id": f"u-{n}", "role_id": "r-many", "role_name": "MANY", **held},
        ),
        "access who": (
            RoleAssignment,
            lambda n: {"user_id": f"u-{n}", "role_id": "r-many", "role_name": "MANY", **held, "scope": "ORGANISATION"},
        ),
        "teams list": (Team, lambda n: {"team_id": f"t-{n}", "name": f"Team {n}", **here, **STAMPS}),
        "teams members list": (TeamMember, lambda n: {"user_id": f"u-{n}", "team_id": team, **seat(n), **sitting}),
        "team-roles list": (
            TeamRole,
            lambda n: {"team_role_id": f"tr-{n}", "capabilities": ["CAN_VIEW_SITES"], **here, **role(n)},
        ),
    }


LISTS = {
    "orgs list": (),
    "users list": (),
    "users roles": ("u-one",),
    "users teams": ("u-one",),
    "invitations list": (),
    "permissions list": (),
    "permission-sets list": (),
    "roles list": (),
    "roles members": ("r-many",),
    "access who": ("site:read",),
    "teams list": (),
    "teams members list": ("t-one",),
    "team-roles list": (),
}

ORG = "org-1"


def table_of(name: str, count: int) -> ManyTable:
    """What the list hangs on, and ``count`` of what it lists."""
    model, fields = records(ORG, "u-one", "t-one", "tr-one")[name]

    def listed() -> Iterator[Record]:
        if name != "orgs list" or not count:
            yield Organisation(organisation_id=ORG, name="Acme", **STAMPS)
        if name in {"users roles", "users teams"}:
            names = {"first_name": "A", "last_name": "B"}
            yield User(organisation_id=ORG, user_id="u-one", email="one@example.com", **names, **STAMPS)
        if name == "teams members list":
            yield Team(team_id="t-one", organisation_id=ORG, name="One", **STAMPS)
        if name in {"roles members", "access who"}:
            scope = "ORGANISATION" if name == "access who" else "TEAM"
            given: Any = {"organisation_id": ORG, "permissions": ["site:read"], "scope": scope}
            yield Role(role_id="r-many", name="MANY", display_name="Many", **given, **STAMPS)
        for n in range(count):
            yield model.model_validate(fields(n))
            if name == "access who":
                yield User.model_validate(records(ORG, "", "", "")["users list"][1](n))
            if name == "users teams":
                yield Team(team_id=f"t-{n}", organisation_id=ORG, name=f"Team {n}", **STAMPS)

    return ManyTable(record.to_item() for record in listed())


@pytest.fixture
def over(office: Run, acme_office: Memory, monkeypatch: pytest.MonkeyPatch) -> Callable[[ManyTable], Run]:
    def use(table: ManyTable) -> Run:
        monkeypatch.setattr(session_module.Session, "world", replace(acme_office.world, table=table))
        monkeypatch.setenv("BBWS_ACCESS_ORG", ORG)
        return office

    return use


def test_every_list_is_here() -> None:
    from cli.reference import described
    from tests.cli.samples import NOUNS

    verbs = {"list", "members", "roles", "teams"}
    named = (one["command"].split() for one in described())
    assert {" ".join(words) for words in named if words[0] in NOUNS and words[-1] in verbs} == set(LISTS) - {
        "access who"
    }


@pytest.mark.parametrize("name", LISTS)
def test_five_thousand(over: Callable[[ManyTable], Run], name: str) -> None:
    run = over(table_of(name, MANY))
    words = [*name.split(), *LISTS[name]]
    found = run(*words, "-o", "json").json
    assert (found["count"], len(found["items"]), found["moreAvailable"]) == (MANY, MANY, False)
    assert len({json.dumps(item, sort_keys=True) for item in found["items"]}) == MANY
    assert len(list(csv.DictReader(io.StringIO(run(*words, "-o", "csv").out)))) == MANY
    assert len(run(*words).out.splitlines()) == MANY + 2


@pytest.mark.parametrize("name", LISTS)
def test_nothing(over: Callable[[ManyTable], Run], name: str) -> None:
    run = over(table_of(name, 0))
    words = [*name.split(), *LISTS[name]]
    table = run(*words)
    if name == "orgs list":  # the one that is asked for is there
        assert table.out.splitlines()[2].startswith("Acme")
        return
    assert (table.code, table.out) == (0, "")
    assert len(table.err.splitlines()) == 1
    assert run(*words, "-o", "json").json == {"items": [], "count": 0, "moreAvailable": False}
    assert run(*words, "-o", "jsonl").out == ""
    assert run(*words, "--quiet").err == ""
    header = run(*words, "-o", "csv").out
    assert len(header.splitlines()) == 1
