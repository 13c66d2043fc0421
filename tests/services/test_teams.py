"""Teams: made, found, listed and edited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bbws_access.access.actor import Actor
from bbws_access.errors import Conflict, Denied, InvalidInput, NotFound
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.team import NewTeam, Team, TeamChanges
from bbws_access.services.pages import PageRequest, every
from bbws_access.store.table import Query, Table
from bbws_access.validation import build
from tests.conftest import Platform
from tests.services.holders import holder

MANAGER = "team:create team:read team:update"


@pytest.fixture
def org(platform: Platform) -> str:
    return platform.organisation().organisation_id


@pytest.fixture
def team(platform: Platform, org: str) -> Team:
    return platform.services.teams.create(holder(org, MANAGER), org, NewTeam(name="Web", description="Sites"))


def inside(org: str, team: Team, *capabilities: str) -> Actor:
    """Somebody whose rights are those of their team role."""
    return replace(holder(org, ""), team_capabilities={team.team_id: frozenset(capabilities)})


def test_a_team_is_made_and_found(platform: Platform, org: str, team: Team) -> None:
    teams, reader = platform.services.teams, holder(org, "team:read", "u-2")
    assert (team.name, team.member_count, team.lead_count, team.active, team.version) == ("Web", 0, 0, True, 1)
    for found in (
        teams.get(reader, org, team.team_id),
        teams.find(reader, org, team.team_id),
        teams.find(reader, org, "wEB"),
        teams.load(org, team.team_id),
    ):
        assert found == team
    for missing in ("nothing", "", "Web "[:2]):
        with pytest.raises(NotFound) as refused:
            teams.find(reader, org, missing)
        assert refused.value.code == "TEAM_NOT_FOUND"
    with pytest.raises(NotFound):
        teams.get(reader, org, "Web")  # which is its name


def test_a_name_that_looks_like_an_id_hides_nothing(platform: Platform, org: str, team: Team) -> None:
    teams, manager = platform.services.teams, holder(org, MANAGER)
    teams.create(manager, org, NewTeam(name=team.team_id))
    assert teams.find(manager, org, team.team_id) == team


@pytest.mark.parametrize("name", ["Web", "WEB", " web ", "\uff37eb"])
def test_a_name_is_taken_however_it_is_written(platform: Platform, org: str, team: Team, name: str) -> None:
    before = platform.items()
    with pytest.raises(Conflict) as refused:
        platform.services.teams.create(holder(org, MANAGER), org, NewTeam(name=name))
    assert refused.value.code == "TEAM_EXISTS"
    assert platform.items() == before


def test_another_organisation_has_names_of_its_own(platform: Platform, org: str, team: Team) -> None:
    other = platform.organisation("Other").organisation_id
    assert platform.services.teams.create(platform.operator, other, NewTeam(name="Web")).team_id != team.team_id


def test_a_team_needs_its_organisation(platform: Platform) -> None:
    for nowhere in ("org-nowhere", "PLATFORM"):
        with pytest.raises(NotFound) as refused:
            platform.services.teams.create(platform.operator, nowhere, NewTeam(name="Web"))
        assert refused.value.code == "ORGANISATION_NOT_FOUND"


def test_teams_are_listed_by_name(platform: Platform, org: str, team: Team) -> None:
    teams, manager = platform.services.teams, holder(org, MANAGER)
    for name in ("Shop", "Blog", "TEAMROLE#x", "Über"):
        teams.create(manager, org, NewTeam(name=name))
    gone = teams.find(manager, org, "Shop")
    teams.update(manager, org, gone.team_id, TeamChanges(active=False))
    found = every(lambda page: teams.page(manager, org, replace(page, size=2)))
    assert [t.name for t in found] == sorted(["Web", "Blog", "TEAMROLE#x", "Über"])
    assert [t.name for t in teams.page(manager, org, PageRequest(), active=False).items] == ["Shop"]


def test_only_what_is_given_changes(platform: Platform, org: str, team: Team) -> None:
    platform.clock.advance(minutes=1)
    editor = holder(org, "team:update", "u-2")
    changed = platform.services.teams.update(editor, org, team.team_id, TeamChanges(description="More"))
    assert (changed.name, changed.description, changed.version) == ("Web", "More", 2)
    assert (changed.created_by, changed.last_updated_by) == ("u-caller@example.com", "u-2@example.com")
    assert platform.services.teams.load(org, team.team_id) == changed


def test_what_is_so_already_is_no_change(platform: Platform, org: str, team: Team) -> None:
    before = platform.items()
    again = TeamChanges(name="Web", description="Sites", active=True)
    assert platform.services.teams.update(holder(org, MANAGER), org, team.team_id, again) == team
    assert platform.items() == before


def test_a_rename_frees_the_old_name_and_takes_the_new(platform: Platform, org: str, team: Team) -> None:
    teams, manager = platform.services.teams, holder(org, MANAGER)
    teams.update(manager, org, team.team_id, TeamChanges(name="Net"))
    other = teams.create(manager, org, NewTeam(name="Web"))
    assert teams.find(manager, org, "net").team_id == team.team_id
    with pytest.raises(Conflict) as refused:
        teams.update(manager, org, other.team_id, TeamChanges(name="NET"))
    assert refused.value.code == "TEAM_EXISTS"
    assert teams.update(manager, org, other.team_id, TeamChanges(name="WEB")).name == "WEB"
    assert [t.name for t in teams.page(manager, org, PageRequest()).items] == ["Net", "WEB"]


def test_a_division_is_joined_and_left(platform: Platform, org: str, team: Team) -> None:
    teams, manager = platform.services.teams, holder(org, MANAGER)

    def in_division(name: str) -> list[str]:
        found = platform.table.query_all(Query(f"ORG#{org}#DIV#{name}", index=2))
        return [item["teamId"] for item in found]

    teams.update(manager, org, team.team_id, TeamChanges(division_id="south"))
    assert in_division("south") == [team.team_id]
    teams.update(manager, org, team.team_id, TeamChanges(division_id="north"))
    assert (in_division("south"), in_division("north")) == ([], [team.team_id])
    left = teams.update(manager, org, team.team_id, TeamChanges(division_id=None))
    assert (left.division_id, in_division("north")) == (None, [])


@pytest.mark.parametrize("division", ["", "a#b", "#", "a b", "é", "x" * 101, "a\nb", "-a"])
def test_a_division_does_not_look_like_more_of_a_key(division: str) -> None:
    with pytest.raises(InvalidInput):
        build(NewTeam, name="Web", divisionId=division)


@pytest.mark.parametrize(
    "values", [{"name": None}, {"active": None}, {"version": None, "name": "Net"}, {}, {"version": 1}, {"members": 1}]
)
def test_changes_that_are_none(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        build(TeamChanges, **values)


def test_the_version_that_was_seen_decides(platform: Platform, org: str, team: Team) -> None:
    teams, manager = platform.services.teams, holder(org, MANAGER)
    teams.update(manager, org, team.team_id, TeamChanges(description="One", version=1))
    with pytest.raises(Conflict) as refused:
        teams.update(manager, org, team.team_id, TeamChanges(description="Two", version=1))
    assert refused.value.code == "CONFLICT"


def test_who_comes_second_is_told(platform: Platform, org: str, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    teams, manager = platform.services.teams, holder(org, MANAGER)
    transact, once = Table.transact, iter([TeamChanges(name="First")])

    def overtaken(table: Table, writes: Any) -> None:
        for changes in once:
            teams.update(manager, org, team.team_id, changes)
        transact(table, writes)

    monkeypatch.setattr(Table, "transact", overtaken)
    with pytest.raises(Conflict) as refused:
        teams.update(manager, org, team.team_id, TeamChanges(name="Second"))
    assert refused.value.code == "CONFLICT"
    assert teams.load(org, team.team_id).name == "First"
    assert [i["SK"] for i in platform.items() if i["SK"].startswith("UNIQUE#TEAM#")] == ["UNIQUE#TEAM#first"]


def test_a_team_role_opens_its_own_team(platform: Platform, org: str, team: Team) -> None:
    teams = platform.services.teams
    other = teams.create(platform.operator, org, NewTeam(name="Other"))
    lead = inside(org, team, "CAN_UPDATE_TEAM")
    assert teams.update(lead, org, team.team_id, TeamChanges(description="Ours")).description == "Ours"
    for denied in (
        lambda: teams.update(lead, org, other.team_id, TeamChanges(description="Ours")),
        lambda: teams.update(inside(org, team, "CAN_MANAGE_MEMBERS"), org, team.team_id, TeamChanges(name="X1")),
        lambda: teams.create(lead, org, NewTeam(name="Mine")),
        lambda: teams.page(lead, org, PageRequest()),
        lambda: teams.find(lead, org, "Other"),
    ):
        with pytest.raises(Denied):
            denied()


def test_a_team_role_does_not_bring_its_team_back(platform: Platform, org: str, team: Team) -> None:
    teams, lead = platform.services.teams, inside(org, team, "CAN_UPDATE_TEAM")
    assert not teams.update(lead, org, team.team_id, TeamChanges(active=False)).active
    with pytest.raises(Denied):
        teams.update(lead, org, team.team_id, TeamChanges(active=True))
    assert teams.update(holder(org, MANAGER), org, team.team_id, TeamChanges(active=True)).active


def test_another_tenants_teams_are_closed(platform: Platform, org: str, team: Team) -> None:
    teams, outsider = platform.services.teams, holder("org-other", "*:*")
    for attempt in (
        lambda: teams.create(outsider, org, NewTeam(name="Mine")),
        lambda: teams.get(outsider, org, team.team_id),
        lambda: teams.find(outsider, org, "Web"),
        lambda: teams.page(outsider, org, PageRequest()),
        lambda: teams.update(outsider, org, team.team_id, TeamChanges(active=False)),
        lambda: teams.update(inside("org-other", team, "CAN_UPDATE_TEAM"), org, team.team_id, TeamChanges(name="X1")),
    ):
        with pytest.raises(Denied) as refused:
            attempt()
        assert refused.value.code == "ORG_ACCESS_DENIED"


def test_the_trail_tells(platform: Platform, org: str, team: Team) -> None:
    platform.services.teams.update(holder(org, MANAGER), org, team.team_id, TeamChanges(name="Net", active=False))
    question = AuditQuestion(org)
    events = [e for e in platform.services.audit.events(platform.operator, question) if e.resource_type == "team"]
    told = {e.action: e.details for e in events}
    assert told["team.create"] == {"after": {"name": "Web", "description": "Sites", "divisionId": None}}
    assert told["team.update"] == {"before": {"active": True, "name": "Web"}, "after": {"active": False, "name": "Net"}}
