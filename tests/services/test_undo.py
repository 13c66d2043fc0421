"""Every change that the services make is taken back by ``undo``, or says why it cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.errors import AccessError, Conflict, Denied, NotFound, Refused
from bbws_access.keys import PLATFORM
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import Outcome
from bbws_access.models.role import RoleChanges, RolePermissions
from bbws_access.models.team import MemberChanges, NewMember, TeamChanges, Transfer
from bbws_access.services.inverses import FINAL, INVERSES
from tests.services.writing_cases import CASES, OPERATOR, SITE_BOTH, SITE_READ, Case, Stage

MOVES = frozenset({"version", "dateLastUpdated", "lastUpdatedBy", "assignedAt", "assignedBy", "joinedAt", "addedBy"})
"""What a change and its inverse leave behind, and nobody's rights."""


def events(stage: Stage) -> list[AuditEvent]:
    found = [i for k, i in stage.memory.table.state().items() if i and k[1].startswith("EVENT#")]
    return sorted(map(AuditEvent.from_item, found), key=lambda e: (e.organisation_id, e.sequence or 0))


def new(stage: Stage, before: list[AuditEvent]) -> list[AuditEvent]:
    known = {event.event_id for event in before}
    return [event for event in events(stage) if event.event_id not in known]


def in_force(stage: Stage) -> dict[tuple[str, str], dict[str, Any]]:
    """What counts: no events, nothing that is out of use, no stamps."""
    return {
        key: {name: value for name, value in item.items() if name not in MOVES}
        for key, item in stage.memory.table.state().items()
        if item and not key[1].startswith(("EVENT#", "AUDITHEAD")) and item.get("active") is not False
        and not key[0].startswith(("RATE#", "INVTOKEN#"))
    }  # fmt: skip


def last(stage: Stage, action: str) -> AuditEvent:
    return [event for event in events(stage) if event.action == action][-1]


def performed(stage: Stage, case: Case) -> list[AuditEvent]:
    case.given(stage)
    before = events(stage)
    case.perform(stage)
    return new(stage, before)


MAIN = {"users.deactivate": "user.deactivate", "users.reactivate": "user.reactivate"}
"""Of changes with several events: the one that stands for all."""

ALL_ACTIONS = {action for case in CASES.values() for action in case.tells}


def test_every_action_is_undone_or_says_why_not() -> None:
    beside = ("access.", "audit.", "table.", "env.", "release.", "operation")
    services = {action for action in ALL_ACTIONS if not action.startswith(beside)}
    assert services <= set(INVERSES) | set(FINAL)
    assert not set(INVERSES) & set(FINAL)


@pytest.mark.parametrize(
    "name", [n for n, case in CASES.items() if set(case.tells) <= set(INVERSES) and n != "members.transfer"]
)
def test_it_is_as_it_was(stage: Stage, name: str) -> None:
    case = CASES[name]
    case.given(stage)
    before, known = in_force(stage), events(stage)
    case.perform(stage)
    done = [event for event in new(stage, known) if event.action == MAIN.get(name, event.action)]
    for event in reversed(done):
        assert stage.services.undo.take(OPERATOR, event.organisation_id, event.event_id).says
    after = in_force(stage)
    assert {key[1].partition("#")[0] for key in after.keys() - before.keys()} <= {"UNIQUE"}
    assert {key: after.get(key) for key in before} == before


@pytest.mark.parametrize("name", sorted(n for n, case in CASES.items() if set(case.tells) & set(FINAL)))
def test_what_stays_says_why(stage: Stage, name: str) -> None:
    for event in performed(stage, CASES[name]):
        if event.action in FINAL:
            with pytest.raises(Refused) as refused:
                stage.services.undo.look(OPERATOR, event.organisation_id, event.event_id)
            assert refused.value.code == "NOT_UNDOABLE"
            assert FINAL[event.action] in refused.value.message


def test_the_trail_names_what_was_undone_and_undoing_that_does_it_again(stage: Stage) -> None:
    role = stage.role("SITE_VIEWER")
    stage.services.roles.set_permissions(OPERATOR, stage.org, role, RolePermissions(permissions=SITE_BOTH))
    first = last(stage, "role.permissions")
    stage.services.undo.take(OPERATOR, stage.org, first.event_id)
    second = last(stage, "role.permissions")
    assert second.details["undoes"] == {"eventId": first.event_id, "action": "role.permissions"}
    assert stage.services.roles.load(stage.org, role).permissions == SITE_READ
    with pytest.raises(Refused, match=r"it was undone by eve@example\.com at "):
        stage.services.undo.take(OPERATOR, stage.org, first.event_id)
    stage.services.undo.take(OPERATOR, stage.org, second.event_id)
    assert stage.services.roles.load(stage.org, role).permissions == SITE_BOTH


def test_what_was_changed_again_is_left_alone(stage: Stage) -> None:
    team = stage.team("Web")
    for name in ("Internet", "Intranet"):
        stage.services.teams.update(OPERATOR, stage.org, team, TeamChanges(name=name))
    first = next(e for e in events(stage) if e.action == "team.update")
    before = stage.memory.table.state()
    with pytest.raises(Refused, match=r"changed again by eve@example\.com") as refused:
        stage.services.undo.take(OPERATOR, stage.org, first.event_id)
    assert refused.value.code == "CHANGED_SINCE"
    assert stage.memory.table.state() == before


def test_what_changed_beside_it_is_no_matter(stage: Stage) -> None:
    role = stage.role("SITE_VIEWER")
    stage.services.roles.set_permissions(OPERATOR, stage.org, role, RolePermissions(permissions=SITE_BOTH))
    stage.services.roles.update(OPERATOR, stage.org, role, RoleChanges(priority=7))
    stage.services.undo.take(OPERATOR, stage.org, last(stage, "role.permissions").event_id)
    found = stage.services.roles.load(stage.org, role)
    assert (found.permissions, found.priority) == (SITE_READ, 7)


def test_what_the_trail_does_not_know_of_stands_in_the_way_too(stage: Stage) -> None:
    from bbws_access.store.writes import Update

    team = stage.team("Web")
    stage.services.teams.update(OPERATOR, stage.org, team, TeamChanges(description="New."))
    key = keys.team_key(stage.org, team)
    stage.memory.table.transact([Update(key, assign={"description": "By hand."})])
    with pytest.raises(Refused, match="description is no longer as this left it"):
        stage.services.undo.take(OPERATOR, stage.org, last(stage, "team.update").event_id)


def test_given_taken_and_given_again_is_not_the_first_gift(stage: Stage) -> None:
    user, role = stage.user("ada"), stage.role("SITE_EDITOR")
    assignments = stage.services.role_assignments
    assignments.assign(OPERATOR, stage.org, user, role)
    first = last(stage, "role.assign")
    assignments.revoke(OPERATOR, stage.org, user, role)
    assignments.assign(OPERATOR, stage.org, user, role)
    with pytest.raises(Refused, match="changed again"):
        stage.services.undo.take(OPERATOR, stage.org, first.event_id)


def test_the_guards_of_the_change_are_those_of_its_inverse(stage: Stage) -> None:
    user, role = stage.user("ada"), stage.role("ORG_ADMIN")
    stage.services.role_assignments.assign(OPERATOR, stage.org, user, role)
    event = last(stage, "role.assign")
    some = frozenset({"audit:read", "role:assign", "role:read"})
    reader = Actor("u", "reader@example.com", stage.org, permissions=some)
    before = stage.memory.table.state()
    with pytest.raises(Denied):
        stage.services.undo.take(reader, stage.org, event.event_id)
    nobody = Actor("u", "nobody@example.com", stage.org)
    with pytest.raises(Denied):
        stage.services.undo.look(nobody, stage.org, event.event_id)
    assert stage.memory.table.state() == before


def test_what_was_refused_changed_nothing(stage: Stage) -> None:
    event = last(stage, "team.create").model_copy(update={"event_id": "denied", "outcome": Outcome.DENIED})
    stage.memory.table.put_all([event.to_item()])
    with pytest.raises(Refused, match="it changed nothing"):
        stage.services.undo.look(OPERATOR, stage.org, "denied")


@pytest.mark.parametrize("event_id", ["", "nothing", "01KA2V9W3ZJ6X8Y0M1N2P3Q4R5", "💥", "7" * 26, "x" * 5000])
def test_an_event_that_is_not_there(stage: Stage, event_id: str) -> None:
    with pytest.raises(NotFound, match="there is no event"):
        stage.services.undo.take(OPERATOR, stage.org, event_id)


def test_an_event_of_another_organisation_is_not_there(stage: Stage) -> None:
    other = stage.services.organisations.find(OPERATOR, "Globex").organisation_id
    with pytest.raises(NotFound):
        stage.services.undo.look(OPERATOR, other, last(stage, "team.create").event_id)


def test_a_platform_role_is_taken_back(stage: Stage) -> None:
    role = stage.services.roles.find(OPERATOR, PLATFORM, "SUPPORT_AGENT").role_id
    stage.services.role_assignments.assign_platform(OPERATOR, stage.org, stage.user("ada"), role)
    event = next(e for e in events(stage) if e.organisation_id == PLATFORM and e.action == "role.assign")
    stage.services.undo.take(OPERATOR, PLATFORM, event.event_id)
    with pytest.raises(NotFound):
        stage.services.role_assignments.revoke(OPERATOR, PLATFORM, stage.user("ada"), role)


def test_the_last_lead_stays(stage: Stage) -> None:
    team, user = stage.team("Shop"), stage.user("ada")
    seat = NewMember(user_id=user, team_role_id=stage.team_role("TEAM_LEAD"))
    stage.services.members.add(OPERATOR, stage.org, team, seat)
    with pytest.raises(Conflict) as refused:
        stage.services.undo.take(OPERATOR, stage.org, last(stage, "team.member.add").event_id)
    assert refused.value.code == "LAST_LEAD"


def test_somebody_comes_between(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first write holds only while nothing else has happened since the look: then it looks again."""
    team = stage.team("Web")
    stage.services.teams.update(OPERATOR, stage.org, team, TeamChanges(name="Internet"))
    event, undo = last(stage, "team.update"), stage.services.undo
    prepared, between = undo._prepared, [stage.team("Shop"), team]

    def slowly(*given: Any) -> Any:
        found = prepared(*given)
        if between:
            other = between.pop(0)
            stage.services.teams.update(OPERATOR, stage.org, other, TeamChanges(name=f"By another {other}"))
        return found

    monkeypatch.setattr(undo, "_prepared", slowly)
    with pytest.raises(Refused, match="changed again"):
        undo.take(OPERATOR, stage.org, event.event_id)
    assert stage.services.teams.load(stage.org, team).name == f"By another {team}"


@pytest.mark.parametrize("action", ["team.member.add", "team.member.remove"])
def test_a_transfer_is_undone_by_either_of_its_events(stage: Stage, action: str) -> None:
    members, user, web, shop = stage.services.members, stage.user("ada"), stage.team("Web"), stage.team("Shop")
    members.update(OPERATOR, stage.org, web, user, MemberChanges(team_role_id=stage.team_role("MEMBER")))
    before = in_force(stage)
    members.transfer(OPERATOR, stage.org, web, user, Transfer(team_id=shop))
    assert in_force(stage) != before
    stage.services.undo.take(OPERATOR, stage.org, last(stage, action).event_id)
    assert in_force(stage) == before


def test_a_seat_that_was_changed_twice(stage: Stage) -> None:
    members, team, user = stage.services.members, stage.team("Web"), stage.user("ada")
    members.update(OPERATOR, stage.org, team, user, MemberChanges(team_role_id=stage.team_role("MEMBER")))
    event = last(stage, "team.member.update")
    members.update(OPERATOR, stage.org, team, user, MemberChanges(active=False))
    with pytest.raises(AccessError):
        stage.services.undo.take(OPERATOR, stage.org, event.event_id)
