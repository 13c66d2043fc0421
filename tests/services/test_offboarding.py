"""Who leaves for good has nothing any more, and nothing comes back; what they led is led by another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bbws_access.access.actor import Origin
from bbws_access.bootstrap import Services
from bbws_access.errors import Conflict, Denied
from bbws_access.keys import PLATFORM
from bbws_access.models.invitation import Acceptance, NewInvitation
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.team import NewMember, NewTeam, TeamChanges
from bbws_access.models.user import User
from bbws_access.store.writes import Write
from tests.cli.memory import Memory, memory
from tests.declared.place import WHO
from tests.services.holders import holder


class Firm:
    """Acme with Ada, who leads Web alone and Shop with Li, and holds two roles; and Li."""

    def __init__(self, made: Memory | None = None) -> None:
        self.memory = made or memory()
        self.services = Services(self.memory.world)
        self.services.seeder.seed(WHO)
        self.org_id = self.services.organisations.create(WHO, NewOrganisation(name="Acme")).organisation_id
        self.ada, self.li = (self.join(f"{name}@example.com") for name in ("ada", "li"))
        self.teams = {
            name: self.services.teams.create(WHO, self.org_id, NewTeam(name=name)).team_id for name in ("Web", "Shop")
        }
        for user, team, role in ((self.ada, "Web", "TEAM_LEAD"), (self.ada, "Shop", "TEAM_LEAD"),
                                 (self.li, "Shop", "TEAM_LEAD"), (self.li, "Web", "MEMBER")):  # fmt: skip
            self.seat(user, team, role)
        admin = self.services.roles.find(WHO, self.org_id, "ORG_ADMIN").role_id
        self.services.roles.assign(WHO, self.org_id, self.ada.user_id, admin)

    def join(self, email: str, org_id: str | None = None) -> User:
        where = org_id or self.org_id
        role = self.services.roles.find(WHO, where, "SITE_VIEWER").role_id
        self.services.invitations.create(WHO, where, NewInvitation(email=email, role_id=role))
        known = self.memory.world.directory.find(email) is not None
        acceptance = None if known else Acceptance(first_name="A", last_name="B", password="Correct-horse-7")
        return self.services.accept_invitation.accept(self.memory.token, acceptance, Origin()).user

    def seat(self, user: User, team: str, role: str) -> None:
        team_role = self.services.team_roles.find(WHO, self.org_id, role).team_role_id
        request = NewMember(user_id=user.user_id, team_role_id=team_role)
        self.services.members.add(WHO, self.org_id, self.teams[team], request)

    def offboard(self, heir: User | None = None) -> Any:
        work = self.services.offboarding
        departure = work.look(WHO, self.org_id, self.ada.user_id)
        work.take(WHO, departure, heir)
        return departure

    def has(self, user: User) -> tuple[list[str], list[str]]:
        found = self.services.users.access(WHO, self.org_id, user.user_id)
        return [one.role_name for one in found.roles if one.active], [one.team_id for one in found.teams if one.active]

    def role_in(self, user: User, team: str) -> str:
        return self.services.members.get(WHO, self.org_id, self.teams[team], user.user_id).team_role_name

    def require_exact_counts(self) -> None:
        from tests.services.staff import require_exact_counts

        counted: Any = self
        require_exact_counts(counted)

    def items(self) -> list[Any]:
        return [item for item in self.memory.table.state().values() if item]

    def actions(self) -> Sequence[str]:
        found = [i for i in self.items() if i["SK"].startswith("EVENT#") and i["organisationId"] == self.org_id]
        return [one["action"] for one in sorted(found, key=lambda one: one["sequence"])]


def test_everything_is_handed_over_or_taken_in_order() -> None:
    firm = Firm()
    before = len(firm.actions())
    departure = firm.offboard(firm.li)
    assert ([led.team.name for led in departure.led], departure.teams, departure.elsewhere) == (
        ["Web"], ["Shop", "Web"], [],
    )  # fmt: skip
    assert sorted(role.role_name for role in departure.roles) == ["ORG_ADMIN", "SITE_VIEWER"]
    assert (firm.has(firm.ada), firm.role_in(firm.li, "Web")) == (([], []), "TEAM_LEAD")
    directory: Any = firm.memory.world.directory
    assert directory.accounts["ada@example.com"].enabled is False
    assert firm.actions()[before : before + 2] == ["team.member.update", "user.deactivate"]
    assert firm.actions()[-1] == "user.offboard"
    firm.require_exact_counts()


def test_a_reactivation_returns_nothing_of_it() -> None:
    firm = Firm()
    firm.offboard(firm.li)
    back = firm.services.users.reactivate(WHO, firm.org_id, firm.ada.user_id)
    assert (back.active, firm.has(firm.ada)) == (True, ([], []))
    firm.require_exact_counts()


def test_a_team_without_another_lead_is_named_and_nothing_is_done() -> None:
    firm = Firm()
    before = firm.memory.table.state()
    with pytest.raises(Conflict, match="no lead would be left in: Web") as caught:
        firm.offboard()
    assert caught.value.hint == "say with --hand-over-to who leads them from now on"
    with pytest.raises(Conflict, match="cannot take over from themselves"):
        firm.offboard(firm.ada)
    assert firm.memory.table.state() == before
    firm.services.users.deactivate(WHO, firm.org_id, firm.join("gone@example.com").user_id)
    gone = firm.services.users.find(WHO, firm.org_id, "gone@example.com")
    with pytest.raises(Conflict, match="is not active"):
        firm.offboard(gone)


def test_a_team_that_is_over_is_handed_over_too() -> None:
    firm = Firm()
    firm.services.teams.update(WHO, firm.org_id, firm.teams["Web"], TeamChanges(active=False))
    new = firm.join("new@example.com")
    departure = firm.offboard(new)
    assert [led.team.name for led in departure.led] == ["Web"]
    assert firm.role_in(new, "Web") == "TEAM_LEAD"
    firm.require_exact_counts()


def test_an_heir_from_outside_the_team_comes_in_as_lead() -> None:
    firm = Firm()
    new = firm.join("new@example.com")
    firm.offboard(new)
    assert firm.role_in(new, "Web") == "TEAM_LEAD"
    assert firm.role_in(firm.li, "Web") == "MEMBER"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_roles_of_the_platform_stay_with_who_stays_elsewhere(elsewhere: bool) -> None:
    firm = Firm()
    firm.services.role_assignments.assign_platform(WHO, firm.org_id, firm.ada.user_id, "role-support-agent-001")
    if elsewhere:
        other = firm.services.organisations.create(WHO, NewOrganisation(name="Globex")).organisation_id
        firm.join("ada@example.com", other)
    departure = firm.offboard(firm.li)
    assert [one.role_name for one in departure.platform_roles] == ["SUPPORT_AGENT"]
    assert departure.elsewhere == (["Globex"] if elsewhere else [])
    page = firm.services.role_assignments.members(WHO, PLATFORM, "role-support-agent-001", _first_page())
    assert bool(page.items) is elsewhere
    directory: Any = firm.memory.world.directory
    assert directory.accounts["ada@example.com"].enabled is elsewhere


def _first_page() -> Any:
    from bbws_access.services.pages import PageRequest

    return PageRequest()


@pytest.mark.parametrize("transaction", range(8))
def test_ended_anywhere_the_next_run_finishes_it(transaction: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    firm, left = Firm(), [transaction]
    transact = firm.memory.table.transact

    def dying(writes: Sequence[Write]) -> None:
        transact(writes)
        left[0] -= 1
        if left[0] == -1:
            raise Killed

    monkeypatch.setattr(firm.memory.table, "transact", dying)
    try:
        firm.offboard(firm.li)
    except Killed:
        firm.require_exact_counts()
        clock: Any = firm.memory.world.clock
        clock.advance(seconds=61)  # the lease of who died has run out
        firm.offboard(firm.li)
    assert firm.has(firm.ada) == ([], [])
    user = firm.services.users.find(WHO, firm.org_id, firm.ada.user_id)
    assert (user.active, user.deactivated_with) == (False, None)
    assert firm.actions().count("user.offboard") == 1
    firm.require_exact_counts()


def test_it_takes_the_right_to(monkeypatch: pytest.MonkeyPatch) -> None:
    firm = Firm()
    with pytest.raises(Denied):
        firm.services.offboarding.look(holder(firm.org_id, "user:read team:*"), firm.org_id, firm.ada.user_id)
