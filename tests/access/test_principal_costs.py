"""What it costs to know a user, and for how long roles are remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

import pytest

from bbws_access import keys
from bbws_access.access.principal import PrincipalLoader
from bbws_access.errors import Denied
from tests.access.people import People
from tests.conftest import Platform

pytestmark = pytest.mark.slow

ORG = "org-1"


@pytest.fixture
def people(platform: Platform) -> People:
    return People(platform)


@pytest.fixture
def loader(platform: Platform) -> PrincipalLoader:
    return PrincipalLoader(platform.table, platform.clock)


@dataclass
class Meter:
    """Names of the DynamoDB requests that were made, one after the other: each is a round trip."""

    requests: list[str] = field(default_factory=list)

    def note(self, model: Any, **_: Any) -> None:
        self.requests.append(model.name)


@pytest.fixture
def meter(platform: Platform) -> Meter:
    meter = Meter()
    platform.client.meta.events.register("before-call.dynamodb.*", meter.note)
    return meter


def crowd(people: People, roles: int, teams: int, team_roles: int) -> str:
    user = people.user(ORG)
    kinds = [people.team_role(ORG, "CAN_VIEW_MEMBERS") for _ in range(team_roles)]
    for _ in range(roles):
        people.holding(ORG, user, "site:read")
    for n in range(teams):
        people.join(ORG, people.team(ORG), user, kinds[n % team_roles])
    return user


@pytest.mark.parametrize(("roles", "teams"), [(1, 1), (50, 1), (50, 40)])
def test_two_requests_however_many_roles(
    people: People, loader: PrincipalLoader, meter: Meter, roles: int, teams: int
) -> None:
    user = crowd(people, roles, teams, team_roles=min(teams, 4))
    meter.requests.clear()
    actor = loader.load(user, ORG).actor
    assert len(actor.team_capabilities) == teams
    assert meter.requests == ["Query", "BatchGetItem"]
    loader.load(user, ORG)
    assert meter.requests == ["Query", "BatchGetItem"] * 2


def test_more_than_a_batch_takes_is_read_by_two_at_once(
    platform: Platform, people: People, loader: PrincipalLoader, meter: Meter
) -> None:
    """50 roles, 50 teams and a team role in each are 151 items: a third request, but no third round trip."""
    user = crowd(people, 50, 50, team_roles=50)
    meter.requests.clear()
    both, wait = Barrier(2, timeout=20), "before-call.dynamodb.BatchGetItem"

    def together(**_: Any) -> None:
        both.wait()

    platform.client.meta.events.register(wait, together)
    assert len(loader.load(user, ORG).actor.team_capabilities) == 50
    platform.client.meta.events.unregister(wait, together)
    assert meter.requests == ["Query", "BatchGetItem", "BatchGetItem"]
    meter.requests.clear()
    loader.load(user, ORG)
    assert meter.requests == ["Query", "BatchGetItem"]


def test_three_requests_at_most_for_who_acts_in_another_organisation(
    people: People, loader: PrincipalLoader, meter: Meter
) -> None:
    user = crowd(people, 40, 20, team_roles=4)
    people.organisation(ORG, active=False)
    for n in range(2, 12):
        people.user(f"org-{n}", user)
        people.organisation(f"org-{n}", active=n == 11)
        people.holding(f"org-{n}", user, "site:read")
    meter.requests.clear()
    assert loader.load(user, ORG, or_elsewhere=True).actor.organisation_id == "org-11"
    assert meter.requests == ["Query", "BatchGetItem", "BatchGetItem"]


def test_nothing_is_read_of_a_user_who_is_unknown_but_the_one_question(loader: PrincipalLoader, meter: Meter) -> None:
    with pytest.raises(Denied):
        loader.load("nobody", None)
    assert meter.requests == ["Query"]


def test_a_changed_role_is_seen_after_30_seconds(platform: Platform, people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    role = people.holding(ORG, user, "site:read")
    assert loader.load(user, ORG).actor.permissions == {"site:read"}
    people.change(keys.role_key(ORG, role), permissions=["site:delete"])
    platform.clock.advance(seconds=29.9)
    assert loader.load(user, ORG).actor.permissions == {"site:read"}
    platform.clock.advance(seconds=0.1)
    assert loader.load(user, ORG).actor.permissions == {"site:delete"}


def test_use_does_not_keep_an_old_role_alive(platform: Platform, people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    role = people.holding(ORG, user, "site:read")
    loader.load(user, ORG)
    people.change(keys.role_key(ORG, role), active=False)
    for _ in range(3):
        platform.clock.advance(seconds=10)
        principal = loader.load(user, ORG)
    assert (principal.actor.permissions, principal.role_ids) == (frozenset(), ())


def test_a_changed_team_role_is_seen_after_30_seconds(
    platform: Platform, people: People, loader: PrincipalLoader
) -> None:
    user, team_role = people.user(ORG), people.team_role(ORG, "CAN_MANAGE_MEMBERS")
    team = people.join(ORG, people.team(ORG), user, team_role)
    loader.load(user, ORG)
    people.change(keys.team_role_key(ORG, team_role), capabilities=["CAN_VIEW_MEMBERS"])
    platform.clock.advance(seconds=30)
    assert loader.load(user, ORG).actor.team_capabilities == {team: {"CAN_VIEW_MEMBERS"}}
