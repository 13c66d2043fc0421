"""Checks of the counts that records carry, and of the leads that teams keep."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from bbws_access import keys
from bbws_access.keeper.findings import Finding, Problem, Repair
from bbws_access.keeper.live import Live
from bbws_access.keeper.records import finding, key_of
from bbws_access.models.role import Role
from bbws_access.models.team import Team, TeamRole
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Item, Query
from bbws_access.store.writes import Update


def of_role(live: Live, item: Item, record: Role) -> list[Finding]:
    """Who holds it is found through an index and through what the pass saw, then read consistently."""
    pairs = set(live.facts.holders((item["PK"], item["SK"])))
    query = Query(keys.assignments_of_role(record.organisation_id, record.role_id), index=1)
    pairs |= {(found["PK"], found["SK"]) for found in live.table.query_all(query)}
    holding = [i for i in live.get_pairs(sorted(pairs)) if i.get("roleId") == record.role_id and _active(i)]
    return _count(item, Problem.ROLE_USER_COUNT, "userCount", record.user_count, len(holding))


def of_team_role(live: Live, item: Item, record: TeamRole) -> list[Finding]:
    org_id = record.organisation_id
    seats = 0
    for team in live.partition(keys.owner(org_id), keys.TEAM_PREFIX):
        members = live.partition(keys.members_of_team(org_id, str(team.get("teamId"))), keys.MEMBER_PREFIX)
        seats += sum(1 for m in members if m.get("teamRoleId") == record.team_role_id and _active(m))
    return _count(item, Problem.TEAM_ROLE_USER_COUNT, "userCount", record.user_count, seats)


def of_team(live: Live, item: Item, record: Team) -> list[Finding]:
    org_id = record.organisation_id
    # As they are stored: a member whose record is damaged elsewhere counts all the same.
    members = [
        (_active(m), str(m.get("teamRoleId")))
        for m in live.partition(keys.members_of_team(org_id, record.team_id), keys.MEMBER_PREFIX)
    ]
    leading = _leading_roles(live, org_id, {role_id for _, role_id in members})
    leads = sum(1 for active, role_id in members if active and role_id in leading)
    seats = sum(1 for active, _ in members if active)
    found = _count(item, Problem.TEAM_MEMBER_COUNT, "memberCount", record.member_count, seats)
    found += _count(item, Problem.TEAM_LEAD_COUNT, "leadCount", record.lead_count, leads)
    if record.active and not leads and any(role_id in leading for _, role_id in members):
        message = f"team {record.name} has had a lead, and has none"
        found.append(finding(item, Problem.TEAM_WITHOUT_LEAD, message, 1, 0, advice="make somebody a lead there"))
    return found


def _leading_roles(live: Live, org_id: str, role_ids: set[str]) -> set[str]:
    found = live.table.get_many(keys.team_role_key(org_id, role_id) for role_id in sorted(role_ids))
    leading = set()
    for item in found:
        try:
            role = TeamRole.from_item(item)
        except ValidationError:
            continue
        if role.leads:
            leading.add(role.team_role_id)
    return leading


def _active(item: Item) -> bool:
    return item.get("active", True) is True


def _count(item: Item, problem: Problem, attribute: str, said: int, counted: int) -> list[Finding]:
    if said == counted:
        return []
    unmoved: Any = Attr(attribute).eq(said) if attribute in item else Attr(attribute).not_exists()
    update = Update(key_of(item), assign={attribute: counted}, condition=unmoved)
    repair = Repair(f"{attribute} = {counted}", [update], {attribute: said}, {attribute: counted})
    return [finding(item, problem, f"{attribute} is {said}, counted {counted}", counted, said, repair=repair)]
