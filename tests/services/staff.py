"""An organisation with people in roles and teams, and what its counts should be."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Origin
from bbws_access.models.invitation import Acceptance
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import NewRole, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User
from bbws_access.services.uniqueness import Named, holder_of
from bbws_access.store.table import Item
from bbws_access.store.writes import Put, Update
from tests.conftest import Platform

STAMPS: Any = {
    "date_created": "2026-03-01T09:30:00.000Z",
    "created_by": "ops@example.com",
    "date_last_updated": "2026-03-01T09:30:00.000Z",
    "last_updated_by": "ops@example.com",
}
ACCEPTANCE = Acceptance(first_name="Thandi", last_name="Nkosi", password="Correct-horse-7")


def joined(platform: Platform, org: Organisation, email: str = "thandi@example.com", role: str = "ORG_ADMIN") -> User:
    """A member, by invitation."""
    _, token = platform.invite(org, email, role=role)
    account = platform.directory.find(email)
    known = account is not None and account.confirmed
    return platform.services.accept_invitation.accept(token, None if known else ACCEPTANCE, Origin()).user


def team(platform: Platform, org: Organisation, name: str) -> Team:
    made = Team(team_id=f"t-{name}", organisation_id=org.organisation_id, name=name, **STAMPS)
    platform.table.write(Put(made.to_item()))
    return made


def seat(platform: Platform, org: Organisation, in_team: Team, user: User, role_name: str = "MEMBER") -> TeamMember:
    """A membership, counted."""
    org_id = org.organisation_id
    role_id = holder_of(platform.table, org_id, Named.TEAM_ROLE, role_name)
    assert role_id is not None
    role = TeamRole.from_item(platform.table.get(keys.team_role_key(org_id, role_id)) or {})
    made = TeamMember(
        organisation_id=org_id,
        team_id=in_team.team_id,
        user_id=user.user_id,
        user_email=user.email,
        team_role_id=role_id,
        team_role_name=role.name,
        joined_at=STAMPS["date_created"],
        added_by="ops@example.com",
    )
    counts = {"memberCount": 1, "leadCount": 1} if role.leads else {"memberCount": 1}
    platform.table.transact(
        [
            Put(made.to_item()),
            Update(keys.team_key(org_id, in_team.team_id), add=counts),
            Update(keys.team_role_key(org_id, role_id), add={"userCount": 1}),
        ]
    )
    return made


def roles(platform: Platform, org: Organisation, user: User, count: int) -> None:
    """That many roles more."""
    for n in range(count):
        request = NewRole(name=f"EXTRA_{n}", display_name=f"Extra {n}", permissions=frozenset({"site:read"}))
        role = platform.services.roles.create(platform.operator, org.organisation_id, request)
        platform.services.roles.assign(platform.operator, org.organisation_id, user.user_id, role.role_id)


def require_exact_counts(platform: Platform) -> None:
    """Every count is that of the records which it counts."""
    items = platform.items()
    members = [m for m in items if m["SK"].startswith("MEMBER#") and m["active"]]
    held = Counter(i["roleId"] for i in items if _is_assignment(i) and i["active"])
    seated = Counter(m["teamRoleId"] for m in members)
    leading = {i["teamRoleId"] for i in items if "CAN_MANAGE_MEMBERS" in i.get("capabilities", ())}
    for item in items:
        if item["SK"].startswith("ROLE#") and "permissions" in item:
            assert item["userCount"] == held[item["roleId"]], item["name"]
        elif item["SK"].startswith("TEAMROLE#"):
            assert item["userCount"] == seated[item["teamRoleId"]], item["name"]
        elif item["SK"].startswith("TEAM#"):
            inside = [m for m in members if m["teamId"] == item["teamId"]]
            assert item["memberCount"] == len(inside), item["name"]
            assert item["leadCount"] == len([m for m in inside if m["teamRoleId"] in leading]), item["name"]


def state(platform: Platform) -> list[Any]:
    """What a user has and what counts it, without what differs from run to run: ids, times and versions of events."""
    kinds = ("USER#", "ROLE#", "TEAM#", "TEAMROLE#", "MEMBER#")
    found = [i for i in platform.items() if i["SK"].startswith(kinds)]
    shown = ("name", "roleName", "active", "userCount", "memberCount", "leadCount")
    rows = [(*(str(item.get(key)) for key in shown), item["SK"].split("#")[0]) for item in found]
    marks = sorted({bool(i.get("deactivatedWith")) for i in found if not i["active"]})
    return [*sorted(rows), marks, platform.directory.accounts["thandi@example.com"].enabled]


def actions(platform: Platform) -> Counter[str]:
    """How often each thing happened, says the trail."""
    return Counter(str(i["action"]) for i in platform.items() if i["SK"].startswith("EVENT#"))


def _is_assignment(item: Item) -> bool:
    return item["SK"].startswith("ROLE#") and "assignedAt" in item


def assignment_of(platform: Platform, user: User, role_name: str) -> RoleAssignment:
    found = platform.services.users.access(platform.operator, user.organisation_id, user.user_id)
    return next(r for r in found.roles if r.role_name == role_name)
