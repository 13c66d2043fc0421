"""A file becomes what is: once, in the order that works, with an event for each change."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from bbws_access.errors import Conflict, Denied, PartlyDone
from bbws_access.models.kinds import Capability, Scope
from bbws_access.models.role import NewRole, RolePermissions
from bbws_access.models.team import NewTeam
from bbws_access.services.declared.steps import Step
from tests.declared.place import WHO, Place, address, read, said
from tests.services.holders import holder

FILE = """
teamRoles:
- name: DEPLOYER
  displayName: Deployer
  capabilities: [CAN_VIEW_SITES, CAN_EDIT_SITES]
roles:
- name: PUBLISHER
  displayName: Publisher
  scope: TEAM
  permissions: [site:publish, site:read]
teams:
- name: Web
  description: Runs the web sites
  members:
  - {user: u1@example.com, teamRole: DEPLOYER}
  - {user: u0@example.com, teamRole: TEAM_LEAD}
assignments:
- user: u1@example.com
  roles: [PUBLISHER, ORG_MANAGER]
"""


def test_the_second_time_there_is_nothing_to_do() -> None:
    place = Place()
    first = place.apply(FILE)
    before = place.table.state()
    second = place.apply(FILE)
    assert (len(first.steps), second.steps, second.access) == (7, [], [])
    assert place.table.state() == before
    place.require_exact_counts()


def test_each_change_has_one_event_that_names_the_file() -> None:
    place = Place()
    known = len(place.events())
    done = place.apply(FILE)
    new = place.events()[known:]
    assert [one["action"] for one in new] == [
        "team-role.create", "role.create", "team.create", "team.member.add", "team.member.add", "role.assign",
        "role.assign",
    ]  # fmt: skip
    cause = {"file": "acme.yaml", "sha256": read(FILE).source.digest, "plan": done.id}
    assert [one["details"]["declaredBy"] for one in new] == [cause] * 7


def test_a_plan_says_what_changes_for_whom() -> None:
    place = Place()
    place.apply(FILE)
    plan = place.plan(FILE.replace("site:publish, ", "").replace("ORG_MANAGER", "SITE_ADMIN"), prune=True)
    assert said(plan) == [
        "change role PUBLISHER",
        "create assignment SITE_ADMIN to u1@example.com",
        "remove assignment ORG_MANAGER from u1@example.com",
    ]
    (change,) = plan.access
    assert change.user == "u1@example.com"
    assert "site:delete in team Web" in change.gains
    assert "site:publish in team Web" not in change.loses  # SITE_ADMIN gives it again
    assert "team:create" in change.loses


def test_what_was_exported_makes_the_same_elsewhere() -> None:
    place, other = Place(), Place()
    place.apply(FILE)
    exported = place.export()
    assert place.plan(exported, prune=True).steps == []
    other.apply(exported)
    assert other.export() == exported
    assert other.plan(exported, prune=True).steps == []


def random_file(seed: int, users: int, teams: int, roles: int) -> str:
    chance = random.Random(seed)
    grants = ["site:read", "site:update", "site:*", "team:read", "team:member:*", "user:read", "audit:read", "org:read"]
    capabilities = [one.value for one in Capability]
    names = [f"ROLE_{n}" for n in range(roles)]
    words = [
        "Büro",
        "чат",
        "no",
        "12",
        "a: b",
        "#x",
        "- y",
        "'q'",
        "{z}",
        "\u200fאבג",
        "日本",
        "😀 team",
        "null",
        "true",
    ]
    data: dict[str, Any] = {
        "teamRoles": [
            {"name": f"SEAT_{n}", "displayName": f"Seat {n}", "capabilities": chance.sample(capabilities, 1 + n % 6)}
            for n in range(5)
        ],
        "roles": [
            {
                "name": name,
                "displayName": f"{chance.choice(words)} {name}",
                "description": chance.choice(["", *words]),
                "scope": chance.choice(["ORGANISATION", "TEAM"]),
                "priority": chance.randint(1, 999),
                "permissions": chance.sample(grants, chance.randint(1, 5)),
            }
            for name in names
        ],
        "teams": [
            {
                "name": f"{chance.choice(words)} {n}",
                "members": [
                    {"user": address(one), "teamRole": "TEAM_LEAD" if not place else f"SEAT_{chance.randint(0, 4)}"}
                    for place, one in enumerate(chance.sample(range(users), min(users, chance.randint(0, 20))))
                ],
            }
            for n in range(teams)
        ],
        "assignments": [
            {"user": address(n), "roles": chance.sample(names, chance.randint(0, 3))} for n in range(users)
        ],
    }
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def test_a_random_file_of_200_users_20_teams_and_15_roles_applies() -> None:
    place = Place(people=200)
    text = random_file(1, 200, 20, 15)
    planned = place.apply(text)
    assert len(planned.steps) > 300
    assert place.plan(text, prune=True).steps == []
    place.require_exact_counts()
    exported = place.export()
    assert place.plan(exported, prune=True).steps == []
    empty = Place(people=200)
    empty.apply(exported)
    assert empty.export() == exported


@pytest.mark.parametrize("seed", range(6))
def test_from_any_file_to_any_other_and_back(seed: int) -> None:
    place = Place(people=8)
    files = [random_file(seed * 10 + n, 8, 4, 4) for n in range(2)]
    for text in [*files, files[0]]:
        # Who leads a team is settled while somebody is in it: team roles keep what they can do.
        first: Any = yaml.safe_load(files[0])
        data: Any = yaml.safe_load(text)
        scopes = {one["name"]: one["scope"] for one in first["roles"]}
        data["roles"] = [{**one, "scope": scopes[one["name"]]} for one in data["roles"]]
        kept = [team for team in first["teams"] if text is not files[0]]
        data = {**data, "teamRoles": first["teamRoles"], "teams": kept or first["teams"]}
        shown = yaml.safe_dump(data, allow_unicode=True)
        place.apply(shown, prune=True)
        assert place.plan(shown, prune=True).steps == []
        place.require_exact_counts()


def test_only_what_the_file_speaks_of_is_removed_and_only_with_prune() -> None:
    place = Place()
    place.apply(FILE)
    assert place.plan("assignments: []\nteams: []\n").steps == []
    assert said(place.plan("assignments: []\n", prune=True)) == [
        "remove assignment ORG_MANAGER from u1@example.com",
        "remove assignment PUBLISHER from u1@example.com",
    ]
    lead = "teams:\n- name: Web\n  members: [{user: u0@example.com, teamRole: TEAM_LEAD}]\n"
    nothing = f"teamRoles: []\nroles: []\nassignments: []\n{lead}"
    assert said(place.apply(nothing, prune=True)) == [
        "remove assignment ORG_MANAGER from u1@example.com",
        "remove assignment PUBLISHER from u1@example.com",
        "remove membership u1@example.com in Web",
        "remove team role DEPLOYER",
        "remove role PUBLISHER",
    ]
    assert place.plan(nothing, prune=True).steps == []
    assert "ORG_ADMIN" in place.export()
    place.require_exact_counts()


def test_what_was_removed_comes_back_by_its_name() -> None:
    place = Place()
    place.apply(FILE)
    keep = "teamRoles: []\nroles: []\nteams: []\nassignments: []\n"
    place.apply(keep.replace("teamRoles: []\n", ""), prune=True)
    again = place.apply(FILE)
    assert "change role PUBLISHER" in said(again)
    assert "change team Web" in said(again)
    assert place.plan(FILE, prune=True).steps == []


def test_a_rename_keeps_who_and_what_is_in_it() -> None:
    place = Place()
    place.apply(FILE)
    renamed = FILE.replace("- name: Web", "- name: Sites\n  renamedFrom: Web")
    assert said(place.apply(renamed)) == ["change team Sites"]
    assert place.plan(renamed, prune=True).steps == []
    assert place.plan(renamed).access == []


def test_a_lead_is_handed_over_without_a_moment_without_one() -> None:
    place = Place()
    place.apply(FILE)
    swapped = FILE.replace("u0@", "u9@").replace(
        "u1@example.com, teamRole: DEPLOYER", "u0@example.com, teamRole: DEPLOYER"
    )
    swapped = swapped.replace("u9@example.com, teamRole: TEAM_LEAD", "u1@example.com, teamRole: TEAM_LEAD")
    assert said(place.apply(swapped)) == [
        "change membership u1@example.com in Web",
        "change membership u0@example.com in Web",
    ]


def test_what_changed_meanwhile_stops_it_before_anything_is_written() -> None:
    place = Place()
    planned = place.plan(FILE)
    another = NewRole(name="PUBLISHER", display_name="Another", scope=Scope.TEAM, permissions=frozenset({"site:*"}))
    place.services.roles.create(WHO, place.org_id, another)
    before = place.table.state()
    with pytest.raises(Conflict) as caught:
        place.services.declared_state.apply(WHO, read(FILE), planned, lambda _: None)
    assert caught.value.code == "PLAN_STALE"
    assert place.table.state() == before


def test_what_is_none_of_the_plan_does_not_stop_it() -> None:
    place = Place()
    planned = place.plan(FILE)
    place.services.teams.create(WHO, place.org_id, NewTeam(name="Another"))
    place.services.declared_state.apply(WHO, read(FILE), planned, lambda _: None)
    assert place.plan(FILE).steps == []


def test_a_change_between_reading_and_the_first_write_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    planned = place.plan(FILE)
    read_standing, reads = place.services.standings.read, []

    def read_and_lose(*given: Any) -> Any:
        found = read_standing(*given)
        reads.append(1)
        if len(reads) == 1:
            place.services.teams.create(WHO, place.org_id, NewTeam(name="Web"))  # not what comes first
        return found

    monkeypatch.setattr(place.services.standings, "read", read_and_lose)
    events = len(place.events())
    with pytest.raises(Conflict) as caught:
        place.services.declared_state.apply(WHO, read(FILE), planned, lambda _: None)
    assert (caught.value.code, len(reads)) == ("PLAN_STALE", 2)
    assert len(place.events()) == events + 1  # the other's


def test_what_stops_it_later_is_said_and_the_next_run_goes_on() -> None:
    place = Place()
    planned = place.plan(FILE)
    taken: list[Step] = []

    def interfere(step: Step) -> None:
        taken.append(step)
        if len(taken) == 3:
            place.services.teams.create(WHO, place.org_id, NewTeam(name="Unrelated"))
            role = place.services.roles.find(WHO, place.org_id, "PUBLISHER")
            narrower = RolePermissions(permissions=frozenset({"site:read"}))
            place.services.roles.set_permissions(WHO, place.org_id, role.role_id, narrower)
            place.services.users.deactivate(WHO, place.org_id, "id-1")

    with pytest.raises(PartlyDone, match="4 of 7 steps were taken, then: the user is not active") as caught:
        place.services.declared_state.apply(WHO, read(FILE), planned, interfere)
    assert caught.value.details["taken"] == 4
    place.services.users.reactivate(WHO, place.org_id, "id-1")
    assert "change role PUBLISHER" in said(place.apply(FILE))
    assert place.plan(FILE).steps == []


@pytest.mark.parametrize("end", range(8))
def test_ended_anywhere_the_next_run_goes_on(end: int) -> None:
    place = Place()

    class Killed(BaseException):
        pass

    left = [end]

    def kill(_: Step) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    planned = place.plan(FILE)
    try:
        place.services.declared_state.apply(WHO, read(FILE), planned, kill)
    except Killed:
        place.require_exact_counts()
    again = place.apply(FILE)
    assert len(again.steps) == max(0, 7 - end - 1)
    assert place.plan(FILE, prune=True).steps == []
    assert sum("declaredBy" in one["details"] for one in place.events()) == 7


def test_nobody_grants_through_a_file_what_they_do_not_hold() -> None:
    place = Place()
    actor = holder(place.org_id, "role:* team:* user:read site:read")
    text = "roles:\n- {name: PUBLISHER, displayName: Publisher, permissions: [site:publish]}\n"
    state = place.services.declared_state
    planned = state.plan(actor, place.org_id, read(text), prune=False)
    before = place.table.state()
    with pytest.raises(Denied, match="you cannot grant what you do not hold: site:publish"):
        state.apply(actor, read(text), planned, lambda _: None)
    assert place.table.state() == before
    with pytest.raises(Denied):
        state.plan(holder("another", "*:*"), place.org_id, read(text), prune=False)
