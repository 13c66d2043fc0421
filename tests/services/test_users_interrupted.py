"""Deactivation and reactivation cut off after every step: the next run ends where an undisturbed one does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from bbws_access import keys
from bbws_access.access.actor import Origin
from bbws_access.access.principal import PrincipalLoader
from bbws_access.models.invitation import NewInvitation
from bbws_access.models.organisation import Organisation
from bbws_access.models.user import User
from bbws_access.services import holdings
from bbws_access.store.writes import Put, Write
from tests.conftest import Platform
from tests.services import staff

ROLES: Final = 3
TEAMS: Final = 3
TRANSACTION: Final = 14
"""Writes; so that these few roles and teams are too much for two transactions."""

pytestmark = pytest.mark.slow


class Cut(BaseException):
    """The process is gone: not even a ``finally`` gets anything done after it."""


@contextmanager
def cut_after(platform: Platform, steps: int) -> Any:
    """Lets ``steps`` changes of table and directory happen, and none after them; yields how many there were."""
    seen = [0]

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            if seen[0] == steps:
                raise Cut
            seen[0] += 1
            return change(*args, **kwargs)

        return run

    table, directory = platform.table, platform.directory
    kept = (table.transact, directory.enable, directory.disable)
    table.transact = counted(table.transact)  # type: ignore[method-assign]
    directory.enable = counted(directory.enable)  # type: ignore[method-assign]
    directory.disable = counted(directory.disable)  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        table.transact, directory.enable, directory.disable = kept  # type: ignore[method-assign]


@pytest.fixture
def user(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(holdings, "MAX_TRANSACTION", TRANSACTION)
    org: Organisation = platform.organisation()
    other, user = staff.joined(platform, org, "li@example.com"), staff.joined(platform, org)
    staff.roles(platform, org, user, ROLES)
    for n in range(TEAMS):
        team = staff.team(platform, org, f"Team {n}")
        staff.seat(platform, org, team, user, "TEAM_LEAD" if n % 2 else "MEMBER")
        staff.seat(platform, org, team, other, "TEAM_LEAD")
    return user


def invites(platform: Platform, user: User, count: int) -> None:
    """That many pending invitations by them."""
    actor = replace(platform.operator, email=user.email)
    role = platform.services.roles.find(actor, user.organisation_id, "SITE_VIEWER")
    for n in range(count):
        request = NewInvitation(email=f"friend-{n}@example.com", role_id=role.role_id)
        platform.services.invitations.create(actor, user.organisation_id, request)


def test_cut_off_anywhere_and_run_again(platform: Platform, user: User) -> None:
    args = (platform.operator, user.organisation_id, user.user_id)
    users = platform.services.users
    before = staff.state(platform)
    users.deactivate(*args)
    down = staff.state(platform)
    with cut_after(platform, -1) as seen:
        users.reactivate(*args)
    assert staff.state(platform) == before
    assert seen[0] >= 6  # three transactions at least; the lease, the account, the lease

    for steps in range(seen[0]):
        for act, wanted in ((users.deactivate, down), (users.reactivate, before)):
            with cut_after(platform, steps), pytest.raises(Cut):
                act(*args)
            staff.require_exact_counts(platform)
            platform.clock.advance(seconds=61)
            act(*args)
            assert staff.state(platform) == wanted, f"{act.__name__} after {steps} steps"
            staff.require_exact_counts(platform)


@pytest.mark.parametrize("steps", range(4))
def test_accepting_elsewhere_cut_off_anywhere_and_run_again(platform: Platform, user: User, steps: int) -> None:
    """The claim, the account that is opened again, the commit: what it was cut off after, the next try finishes."""
    platform.services.users.deactivate(platform.operator, user.organisation_id, user.user_id)
    there = platform.organisation("Other")
    _, token = platform.invite(there, user.email, role="SITE_VIEWER")
    accept = platform.services.accept_invitation.accept
    with cut_after(platform, steps) as seen:
        try:
            accept(token, None, Origin())
        except Cut:
            assert seen[0] == steps < 3
    if steps < 3:
        platform.clock.advance(seconds=61)
        accept(token, None, Origin())
    loader = PrincipalLoader(platform.table, platform.clock)
    account = platform.directory.accounts[user.email]
    actor = loader.load(account.user_id, account.organisation_id, or_elsewhere=True).actor
    assert (account.enabled, actor.organisation_id) == (True, there.organisation_id)
    assert not platform.services.users.find(platform.operator, user.organisation_id, user.user_id).active
    assert [i for i in platform.items() if "claim" in i] == []
    staff.require_exact_counts(platform)


def test_the_first_thing_to_go_and_the_last_to_come_is_the_access(platform: Platform, user: User) -> None:
    args = (platform.operator, user.organisation_id, user.user_id)
    users = platform.services.users
    with cut_after(platform, 1), pytest.raises(Cut):
        users.deactivate(*args)
    assert not users.find(*args).active
    users.deactivate(*args)
    with cut_after(platform, 2), pytest.raises(Cut):
        users.reactivate(*args)
    assert not users.find(*args).active


@pytest.mark.parametrize("steps", [2, 4, 7])
def test_each_thing_is_told_once(platform: Platform, user: User, steps: int) -> None:
    args = (platform.operator, user.organisation_id, user.user_id)
    invites(platform, user, 6)
    with cut_after(platform, steps), pytest.raises(Cut):
        platform.services.users.deactivate(*args)
    platform.clock.advance(seconds=61)  # one that was cut off may hold the account
    platform.services.users.deactivate(*args)
    events = staff.actions(platform)
    assert events["user.deactivate"] == 1
    assert events["team.member.remove"] == TEAMS
    assert events["role.revoke"] == ROLES + 1
    assert events["invitation.revoke"] == 6
    pending = [i for i in platform.items() if i.get("status") == "PENDING" or i["SK"].startswith("UNIQUE#PENDING#")]
    assert pending == []


def test_more_than_a_transaction_takes(platform: Platform, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holdings, "MAX_TRANSACTION", 100)
    item = {"PK": keys.assignments_of_user(user.organisation_id, user.user_id), "roleName": "R", "active": True}
    role = {"PK": keys.owner(user.organisation_id), "name": "R", "active": True, "version": 1, "userCount": 1}
    many = [f"many-{n}" for n in range(40)]
    stored = staff.assignment_of(platform, user, "EXTRA_0").to_item()
    kept = platform.table.get(keys.role_key(user.organisation_id, stored["roleId"])) or {}
    puts: list[Write] = []
    for role_id in many:
        puts.append(Put({**stored, **item, "SK": f"ROLE#{role_id}", "roleId": role_id}))
        puts.append(Put({**kept, **role, "SK": f"ROLE#{role_id}", "roleId": role_id}))
    platform.table.transact(puts)
    before = staff.actions(platform)["role.assign"]
    for act in (platform.services.users.deactivate, platform.services.users.reactivate):
        act(platform.operator, user.organisation_id, user.user_id)
        staff.require_exact_counts(platform)
    assert staff.actions(platform)["role.assign"] - before == len(many) + ROLES + 1
