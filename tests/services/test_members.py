"""Members of teams: who may come, go and change, and that everything is counted."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access.access.principal import PrincipalLoader
from bbws_access.errors import Conflict, InvalidInput, NotFound
from bbws_access.models.team import MemberChanges, NewTeam, TeamChanges, Transfer
from bbws_access.services.pages import PageRequest
from bbws_access.store.table import Table
from tests.conftest import Platform
from tests.services.holders import member
from tests.services.office import Office

pytestmark = pytest.mark.slow


@pytest.fixture
def office(platform: Platform) -> Office:
    return Office(platform)


def test_members_come_go_and_come_again(office: Office) -> None:
    first = office.add("u-1", "TEAM_LEAD")
    assert (first.active, first.version, first.team_role_name, first.user_email) == (
        True,
        1,
        "TEAM_LEAD",
        "u-1@example.com",
    )
    office.add("u-2")
    assert (office.listed(), office.counts()) == (["u-1", "u-2"], (2, 1))
    gone = office.remove("u-2")
    assert (gone.active, gone.version) == (False, 2)
    assert (office.listed(), office.counts()) == (["u-1"], (1, 1))
    office.platform.clock.advance(days=1)
    back = office.add("u-2", "SENIOR_MEMBER")
    assert (back.active, back.version, back.team_role_name) == (True, 3, "SENIOR_MEMBER")
    assert back.joined_at > first.joined_at
    assert office.members.get(office.admin, office.org, office.web.team_id, "u-2") == back
    assert (office.listed(), office.counts()) == (["u-1", "u-2"], (2, 1))


def test_who_was_removed_is_no_member_to_anybody(office: Office) -> None:
    office.add("u-1")
    office.remove("u-1")
    web = office.web.team_id
    for attempt in (
        lambda: office.members.get(office.admin, office.org, web, "u-1"),
        lambda: office.remove("u-1"),
        lambda: office.give("u-1", "VIEWER"),
        lambda: office.transfer("u-1"),
    ):
        with pytest.raises(NotFound) as refused:
            attempt()
        assert refused.value.code == "MEMBER_NOT_FOUND"
    assert office.members.teams_of(office.admin, office.org, "u-1", PageRequest()).items == []
    loader = PrincipalLoader(office.platform.table, office.platform.clock)
    assert loader.load("u-1", office.org).actor.team_capabilities == {}
    assert office.counts() == (0, 0)


def test_nobody_is_in_a_team_twice(office: Office) -> None:
    office.add("u-1")
    with pytest.raises(Conflict) as refused:
        office.add("u-1", "TEAM_LEAD")
    assert refused.value.code == "ALREADY_MEMBER"
    assert office.counts() == (1, 0)


def test_only_active_users_come_into_active_teams(office: Office) -> None:
    member(office.platform, office.org, "u-off", active=False)
    with pytest.raises(Conflict) as refused:
        office.add("u-off")
    assert refused.value.code == "USER_INACTIVE"
    member(office.platform, office.platform.organisation("Other").organisation_id, "u-other")
    with pytest.raises(NotFound) as unknown:
        office.add("u-other")
    assert unknown.value.code == "USER_NOT_FOUND"
    office.add("u-1")
    office.platform.services.teams.update(office.admin, office.org, office.web.team_id, TeamChanges(active=False))
    with pytest.raises(Conflict) as closed:
        office.add("u-2")
    assert closed.value.code == "TEAM_INACTIVE"
    office.remove("u-1")
    assert office.counts() == (0, 0)


def test_a_team_that_is_not_active_takes_a_lead(office: Office) -> None:
    """It keeps its last one as an active team does, who could else never leave."""
    office.add("u-1", "TEAM_LEAD")
    office.platform.services.teams.update(office.admin, office.org, office.web.team_id, TeamChanges(active=False))
    for attempt in (lambda: office.remove("u-1"), lambda: office.give("u-1", "VIEWER"), lambda: office.transfer("u-1")):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "LAST_LEAD"
    office.add("u-2", "TEAM_LEAD")
    office.remove("u-1")
    loader = PrincipalLoader(office.platform.table, office.platform.clock)
    assert loader.load("u-2", office.org).actor.team_capabilities == {}
    assert office.counts() == (1, 1)


def test_a_user_who_is_deactivated_meanwhile_does_not_come(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    transact, once = Table.transact, iter(["u-1"])

    def overtaken(table: Table, writes: Any) -> None:
        for user_id in once:
            member(office.platform, office.org, user_id, active=False)
        transact(table, writes)

    monkeypatch.setattr(Table, "transact", overtaken)
    with pytest.raises(Conflict) as refused:
        office.add("u-1")
    assert refused.value.code == "USER_INACTIVE"
    assert office.counts() == (0, 0)


def test_the_last_lead_stays(office: Office) -> None:
    office.add("u-1", "TEAM_LEAD")
    office.add("u-2")
    for attempt in (
        lambda: office.remove("u-1"),
        lambda: office.give("u-1", "MEMBER"),
        lambda: office.transfer("u-1"),
    ):
        before = office.platform.items()
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "LAST_LEAD"
        assert refused.value.details["teams"] == [{"teamId": office.web.team_id, "name": "Web"}]
        assert office.platform.items() == before
    office.give("u-2", "TEAM_LEAD")
    office.give("u-1", "MEMBER")
    assert office.counts() == (2, 1)


def test_another_role_is_counted(office: Office) -> None:
    office.add("u-1", "TEAM_LEAD")
    office.add("u-2", "VIEWER")
    changed = office.give("u-2", "TEAM_LEAD", version=1)
    assert (changed.team_role_name, changed.version, office.counts()) == ("TEAM_LEAD", 2, (2, 2))
    before = office.platform.items()
    assert office.give("u-2", "TEAM_LEAD") == changed
    assert office.platform.items() == before
    with pytest.raises(Conflict) as refused:
        office.give("u-2", "VIEWER", version=1)
    assert refused.value.code == "CONFLICT"
    with pytest.raises(NotFound):
        office.members.update(
            office.admin, office.org, office.web.team_id, "u-2", MemberChanges(team_role_id="nothing")
        )


def test_two_changes_of_one_member_do_not_both_count(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for user_id in ("u-1", "u-2", "u-3"):
        office.add(user_id, "TEAM_LEAD")
    transact, once = Table.transact, iter(["u-1"])

    def overtaken(table: Table, writes: Any) -> None:
        for user_id in once:
            office.remove(user_id)
        transact(table, writes)

    monkeypatch.setattr(Table, "transact", overtaken)
    with pytest.raises(Conflict) as refused:
        office.remove("u-1")
    assert refused.value.code == "CONFLICT"
    assert office.counts() == (2, 2)


def test_a_transfer_is_one_step(office: Office) -> None:
    for user_id in ("u-1", "u-2"):
        office.add(user_id, "TEAM_LEAD")
    moved = office.transfer("u-1", version=1)
    assert (moved.team_id, moved.team_role_name, moved.active) == (office.shop.team_id, "TEAM_LEAD", True)
    assert (office.counts(), office.counts(office.shop)) == ((1, 1), (1, 1))
    office.add("u-3")
    assert office.transfer("u-3", team_role_id=office.role("VIEWER")).team_role_name == "VIEWER"
    assert (office.listed(), office.listed(office.shop)) == (["u-2"], ["u-1", "u-3"])
    assert office.counts(office.shop) == (2, 1)


def test_a_transfer_that_cannot_be_leaves_all_as_it_was(office: Office) -> None:
    office.add("u-1")
    office.add("u-1", team=office.shop)
    office.add("u-2")
    shut = office.platform.services.teams.create(office.admin, office.org, NewTeam(name="Shut"))
    office.platform.services.teams.update(office.admin, office.org, shut.team_id, TeamChanges(active=False))
    before = office.platform.items()
    for user_id, more, kind, code in (
        ("u-1", {}, Conflict, "ALREADY_MEMBER"),
        ("u-2", {"team_id": shut.team_id}, Conflict, "TEAM_INACTIVE"),
        ("u-2", {"team_id": "nothing"}, NotFound, "TEAM_NOT_FOUND"),
        ("u-2", {"team_role_id": "nothing"}, NotFound, "TEAM_ROLE_NOT_FOUND"),
        ("u-2", {"team_id": office.web.team_id}, InvalidInput, "VALIDATION_ERROR"),
        ("u-2", {"version": 9}, Conflict, "CONFLICT"),
    ):
        with pytest.raises(kind) as refused:
            office.transfer(user_id, **more)
        assert refused.value.code == code
    assert office.platform.items() == before


def test_a_user_comes_back_by_transfer(office: Office) -> None:
    office.add("u-1")
    office.transfer("u-1")
    changes = Transfer(team_id=office.web.team_id)
    back = office.members.transfer(office.admin, office.org, office.shop.team_id, "u-1", changes)
    assert (back.version, back.active) == (3, True)
    assert (office.counts(), office.counts(office.shop)) == ((1, 0), (0, 0))


def test_deactivation_and_membership_agree(office: Office) -> None:
    """A seat that a deactivation took comes back with the user, and can be taken and given as before."""
    users = office.platform.services.users
    office.add("u-1", "SENIOR_MEMBER")
    users.deactivate(office.platform.operator, office.org, "u-1")
    assert (office.listed(), office.counts()) == ([], (0, 0))
    with pytest.raises(Conflict):
        office.add("u-1")
    users.reactivate(office.platform.operator, office.org, "u-1")
    assert (office.listed(), office.counts()) == (["u-1"], (1, 0))
    office.remove("u-1")
    assert office.add("u-1").active
    assert office.counts() == (1, 0)
