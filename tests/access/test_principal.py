"""From a user's id to their rights: what counts, what does not, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bbws_access import keys
from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.access.principal import PrincipalLoader
from bbws_access.clock import iso
from bbws_access.errors import Denied
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import Scope
from bbws_access.store.table import Query
from bbws_access.store.writes import Delete
from tests.access.people import People
from tests.conftest import Platform

ORG, OTHER = "org-1", "org-2"


@pytest.fixture
def people(platform: Platform) -> People:
    return People(platform)


@pytest.fixture
def loader(platform: Platform) -> PrincipalLoader:
    return PrincipalLoader(platform.table, platform.clock)


def denied(loader: PrincipalLoader, user_id: str, org_id: str | None) -> str:
    with pytest.raises(Denied) as refused:
        loader.load(user_id, org_id)
    return refused.value.code


def test_a_user_with_roles_and_teams(people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    roles = [
        people.holding(ORG, user, "site:read", "org:read"),
        people.holding(ORG, user, "site:read", "team:*"),
        people.holding(ORG, user, "site:publish", scope=Scope.TEAM),
        people.holding(PLATFORM, user, "usage:read"),
    ]
    lead, viewer = people.team_role(ORG, "CAN_MANAGE_MEMBERS", "CAN_UPDATE_TEAM"), people.team_role(ORG)
    led, seen = (people.join(ORG, people.team(ORG), user, role) for role in (lead, viewer))
    origin = Origin("127.0.0.1", "browser", "r-1")

    principal = loader.load(user, ORG, origin)

    assert principal.role_ids == tuple(sorted(roles))
    assert principal.actor == Actor(
        id=user,
        email="thandi@example.com",
        kind=ActorKind.USER,
        organisation_id=ORG,
        permissions=frozenset({"site:read", "org:read", "team:*"}),
        platform_permissions=frozenset({"usage:read"}),
        team_permissions=frozenset({"site:publish"}),
        team_capabilities={led: frozenset({"CAN_MANAGE_MEMBERS", "CAN_UPDATE_TEAM"}), seen: frozenset()},
        origin=origin,
    )


def test_a_user_without_anything(people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    assert loader.load(user, ORG).actor == Actor(user, "thandi@example.com", ActorKind.USER, ORG)
    assert loader.load(user, ORG).role_ids == ()


def test_a_deactivated_user_is_out_at_the_next_decision(people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    people.holding(ORG, user, "site:read")
    loader.load(user, ORG)
    people.change(keys.user_key(ORG, user), active=False)
    assert denied(loader, user, ORG) == "USER_INACTIVE"
    people.change(keys.user_key(ORG, user), active=True)
    assert loader.load(user, ORG).actor.permissions == {"site:read"}


def test_a_profile_that_does_not_say_it_is_active_is_not(platform: Platform, people: People) -> None:
    user = people.user(ORG)
    key = {name: {"S": value} for name, value in keys.user_key(ORG, user).items()}
    platform.client.update_item(TableName=platform.table.name, Key=key, UpdateExpression="REMOVE active")
    assert denied(PrincipalLoader(platform.table, platform.clock), user, ORG) == "USER_INACTIVE"


def test_a_removed_role_or_membership_is_gone_at_the_next_decision(
    platform: Platform, people: People, loader: PrincipalLoader
) -> None:
    user, team_role = people.user(ORG), people.team_role(ORG, "CAN_MANAGE_MEMBERS")
    role = people.holding(ORG, user, "site:read")
    team = people.join(ORG, people.team(ORG), user, team_role)
    assert loader.load(user, ORG).actor.permissions
    platform.table.write(Delete(keys.assignment_key(ORG, user, role)))
    platform.table.write(Delete(keys.member_key(ORG, team, user)))
    actor = loader.load(user, ORG).actor
    assert (actor.permissions, dict(actor.team_capabilities)) == (frozenset(), {})


def test_what_is_not_active_gives_nothing(people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    people.assign(ORG, user, people.role(ORG, ["site:read"], active=False))
    people.assign(ORG, user, people.role(ORG, ["site:update"]), active=False)
    people.assign(PLATFORM, user, people.role(PLATFORM, ["*:*"], active=False))
    people.assign(PLATFORM, user, people.role(PLATFORM, ["*:*"]), active=False)
    people.assign(ORG, user, "role-that-is-not")
    people.join(ORG, people.team(ORG), user, people.team_role(ORG, "CAN_UPDATE_TEAM", active=False))
    people.join(ORG, people.team(ORG), user, people.team_role(ORG, "CAN_UPDATE_TEAM"), active=False)
    people.join(ORG, people.team(ORG), user, "team-role-that-is-not")
    people.join(ORG, people.team(ORG, active=False), user, people.team_role(ORG, "CAN_UPDATE_TEAM"))
    people.join(ORG, "team-that-is-not", user, people.team_role(ORG, "CAN_UPDATE_TEAM"))
    principal = loader.load(user, ORG)
    assert principal.actor == Actor(user, "thandi@example.com", ActorKind.USER, ORG)
    assert principal.role_ids == ()


def test_a_membership_that_ended_gives_nothing_by_the_team_role_of_another(
    people: People, loader: PrincipalLoader
) -> None:
    user, lead = people.user(ORG), people.team_role(ORG, "CAN_MANAGE_MEMBERS")
    team = people.join(ORG, people.team(ORG), user, lead)
    people.join(ORG, people.team(ORG), user, lead, active=False)
    assert set(loader.load(user, ORG).actor.team_capabilities) == {team}


def test_a_role_of_a_team_gives_nothing_to_who_is_in_no_active_team(people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    people.holding(ORG, user, "site:delete", scope=Scope.TEAM)
    team = people.join(ORG, people.team(ORG), user, people.team_role(ORG), active=False)
    assert not loader.load(user, ORG).actor.may("site:delete", ORG, team_id=team)


def test_a_deactivated_team_gives_its_members_nothing_until_it_is_back(
    people: People, loader: PrincipalLoader, platform: Platform
) -> None:
    user = people.user(ORG)
    people.holding(ORG, user, "site:delete", scope=Scope.TEAM)
    team = people.join(ORG, people.team(ORG), user, people.team_role(ORG, "CAN_VIEW_MEMBERS"))

    def may() -> tuple[bool, bool]:
        platform.clock.advance(seconds=31)
        actor = loader.load(user, ORG).actor
        return actor.may("site:delete", ORG, team_id=team), team in actor.team_capabilities

    assert may() == (True, True)
    people.change(keys.team_key(ORG, team), active=False)
    assert may() == (False, False)
    people.change(keys.team_key(ORG, team), active=True)
    assert may() == (True, True)


def test_a_token_of_another_organisation_opens_nothing(people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    people.holding(ORG, user, "*:*")
    for org_id in (OTHER, PLATFORM, f"{ORG}#USER", "*", "ORG-1", f"{ORG} "):
        assert denied(loader, user, org_id) == "USER_NOT_FOUND"


def test_roles_and_teams_of_another_organisation_do_not_count(people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    people.user(OTHER, user)
    people.holding(ORG, user, "site:read")
    people.holding(OTHER, user, "site:delete")
    team = people.join(OTHER, people.team(OTHER), user, people.team_role(OTHER, "CAN_MANAGE_MEMBERS"))
    here, there = loader.load(user, ORG).actor, loader.load(user, OTHER).actor
    assert (here.permissions, dict(here.team_capabilities)) == ({"site:read"}, {})
    assert (there.permissions, set(there.team_capabilities)) == ({"site:delete"}, {team})


def test_a_team_of_another_organisation_does_not_count_by_a_team_role_of_the_same_id(
    people: People, loader: PrincipalLoader
) -> None:
    user = people.user(ORG)
    for org_id in (ORG, OTHER):
        people.team_role(org_id, "CAN_MANAGE_MEMBERS", team_role_id="lead")
    people.join(OTHER, people.team(OTHER), user, "lead")
    assert dict(loader.load(user, ORG).actor.team_capabilities) == {}


def test_deactivated_in_one_organisation_is_not_deactivated_in_another(people: People, loader: PrincipalLoader) -> None:
    user = people.user(ORG)
    people.user(OTHER, user, active=False)
    assert loader.load(user, ORG).actor.organisation_id == ORG
    assert denied(loader, user, OTHER) == "USER_INACTIVE"


def test_who_went_to_another_organisation_acts_there(
    platform: Platform, people: People, loader: PrincipalLoader
) -> None:
    """Their account, and with it their token, still names the one that they left."""
    ago = [iso(platform.clock.now() - timedelta(days=n)) for n in range(4)]
    user = people.user(ORG, active=False, date_created=ago[3])
    people.holding(ORG, user, "*:*")

    def acts_in(org_id: str | None) -> str | None:
        return loader.load(user, org_id, or_elsewhere=True).actor.organisation_id

    for named in (ORG, None):
        with pytest.raises(Denied) as refused:
            acts_in(named)
        assert refused.value.code == "USER_INACTIVE"
    people.user("org-off", user, active=False, date_created=ago[2])
    people.user(OTHER, user, date_created=ago[1])
    people.user("org-3", user, date_created=ago[0])
    people.holding(OTHER, user, "site:read")
    assert (acts_in(ORG), acts_in("org-off"), acts_in(None), acts_in("org-3")) == (OTHER, OTHER, OTHER, "org-3")
    assert loader.load(user, ORG, or_elsewhere=True).actor.permissions == {"site:read"}
    with pytest.raises(Denied) as unknown:
        acts_in("org-4")
    assert unknown.value.code == "USER_NOT_FOUND"
    assert denied(loader, user, ORG) == "USER_INACTIVE"
    people.change(keys.user_key(ORG, user), active=True)
    assert acts_in(ORG) == ORG


def test_who_is_in_another_organisation_too_acts_there_when_theirs_is_deactivated(
    platform: Platform, people: People, loader: PrincipalLoader
) -> None:
    orgs = ("org-1", "org-2", "org-3", "org-4")
    user = people.user("org-1", date_created="2026-01-01T00:00:00.000Z")
    for org_id in orgs[1:]:
        people.user(org_id, user, date_created=f"2026-02-0{org_id[-1]}T00:00:00.000Z")
        people.holding(org_id, user, "site:read")

    def acts_in(org_id: str | None, *closed: str) -> str | None:
        for one in orgs:
            people.organisation(one, active=one not in closed)
        platform.clock.advance(seconds=31)
        return loader.load(user, org_id, or_elsewhere=True).actor.organisation_id

    assert acts_in("org-1") == "org-1"
    assert acts_in("org-1", "org-1") == acts_in(None, "org-1") == "org-2"
    assert acts_in("org-1", "org-1", "org-2") == "org-3"
    assert acts_in("org-4", "org-1", "org-4") == "org-2"
    assert loader.load(user, "org-1", or_elsewhere=True).actor.permissions == {"site:read"}
    people.change(keys.user_key("org-1", user), active=False)
    assert acts_in("org-1") == "org-2"
    assert acts_in("org-1", "org-2") == "org-3"
    people.change(keys.user_key("org-3", user), active=False)
    assert acts_in("org-1", "org-2") == "org-4"
    for closed, home in ((orgs, "org-2"), (("org-2", "org-4"), "org-2")):
        with pytest.raises(Denied) as refused:
            acts_in("org-1", *closed)
        assert (refused.value.code, refused.value.details["organisationId"]) == ("ORG_ACCESS_DENIED", home)
    assert denied(loader, user, "org-2") == "ORG_ACCESS_DENIED"


def test_an_index_that_lags_behind_lets_nobody_in(
    platform: Platform, people: People, loader: PrincipalLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = people.user(ORG, active=False)
    people.user(OTHER, user)
    seen = list(platform.table.query_all(Query(keys.everything_of_user(user), index=3)))
    people.change(keys.user_key(OTHER, user), active=False)
    monkeypatch.setattr(platform.table, "query_all", lambda query: iter(seen))
    with pytest.raises(Denied) as refused:
        loader.load(user, ORG, or_elsewhere=True)
    assert refused.value.code == "USER_INACTIVE"


def test_a_token_without_organisation_is_for_the_oldest_profile(
    platform: Platform, people: People, loader: PrincipalLoader
) -> None:
    late, early = (iso(platform.clock.now() + timedelta(days=n)) for n in (0, -1))
    user = people.user("org-a", date_created=late)
    people.user("org-b", user, date_created=early)
    people.user("org-c", user, date_created=late)
    for none in (None, ""):
        assert loader.load(user, none).actor.organisation_id == "org-b"
    assert loader.load(user, "org-a").actor.organisation_id == "org-a"


def test_platform_roles_alone_make_no_user(people: People, loader: PrincipalLoader) -> None:
    people.holding(PLATFORM, "stray", "*:*")
    assert denied(loader, "stray", None) == "USER_NOT_FOUND"
    assert denied(loader, "stray", ORG) == "USER_NOT_FOUND"


@pytest.mark.parametrize("scope", list(Scope))
def test_a_role_of_an_organisation_never_reaches_beyond_it(
    people: People, loader: PrincipalLoader, scope: Scope
) -> None:
    user = people.user(ORG)
    people.holding(ORG, user, "*:*", scope=scope)
    actor = loader.load(user, ORG).actor
    assert actor.platform_permissions == frozenset()
    assert not actor.may("site:read", OTHER)
    assert actor.may("site:read", ORG) == (scope is not Scope.TEAM)


@pytest.mark.parametrize("scope", ["team", "GLOBAL", "", 1])
def test_a_role_whose_scope_is_none_reaches_no_further_than_teams(
    people: People, loader: PrincipalLoader, scope: Any
) -> None:
    """However it came into the table."""
    user = people.user(ORG)
    people.assign(ORG, user, people.role(ORG, ["site:read"], raw={"scope": scope}))
    actor = loader.load(user, ORG).actor
    assert (actor.permissions, actor.team_permissions) == (frozenset(), {"site:read"})


@pytest.mark.parametrize("scope", [Scope.ORGANISATION, Scope.TEAM])
def test_a_role_of_the_platform_reaches_no_further_than_it_says(
    people: People, loader: PrincipalLoader, scope: Scope
) -> None:
    user = people.user(ORG)
    people.holding(PLATFORM, user, "site:read", scope=scope)
    actor = loader.load(user, ORG).actor
    assert not actor.may("site:read", OTHER)
    assert actor.may("site:read", ORG) == (scope is Scope.ORGANISATION)


def test_a_platform_role_that_is_assigned_in_an_organisation_is_not_found_there(
    people: People, loader: PrincipalLoader
) -> None:
    user = people.user(ORG)
    people.assign(ORG, user, people.role(PLATFORM, ["*:*"]))
    assert loader.load(user, ORG).actor == Actor(user, "thandi@example.com", ActorKind.USER, ORG)


@pytest.mark.parametrize("permissions", ["*:*", ["site:read,*:*"], ["site:read", "*"], [1, None], ["*:*\n"], [["*:*"]]])
def test_what_is_no_grant_gives_nothing_however_it_came_into_the_table(
    people: People, loader: PrincipalLoader, permissions: Any
) -> None:
    user = people.user(ORG)
    people.holding(ORG, user, raw={"permissions": permissions})
    assert loader.load(user, ORG).actor.permissions <= {"site:read"}


def test_nobody_gets_into_an_organisation_that_was_deactivated(
    people: People, loader: PrincipalLoader, platform: Platform
) -> None:
    people.organisation(ORG)
    user = people.user(ORG)
    people.holding(ORG, user, "site:read")
    people.holding(PLATFORM, user, "*:*")
    assert loader.load(user, ORG).actor.permissions == {"site:read"}
    people.organisation(ORG, active=False)
    platform.clock.advance(seconds=31)  # for which it is remembered
    with pytest.raises(Denied) as refused:
        loader.load(user, ORG)
    assert refused.value.code == "ORG_ACCESS_DENIED"
    assert refused.value.details == {"organisationId": ORG, "email": "thandi@example.com"}
    people.organisation(ORG)
    platform.clock.advance(seconds=31)
    assert loader.load(user, ORG).actor.permissions == {"site:read"}
