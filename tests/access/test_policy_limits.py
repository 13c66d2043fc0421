"""Policies of people with many teams, and ids that were chosen to open something."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bbws_access.access.actor import Actor, ActorKind
from bbws_access.access.policy import MAX_POLICY_BYTES, policy
from bbws_access.defaults import PERMISSIONS, TEAM_ROLES
from tests.access.contract import ROWS, Request, allows, may_call, requests

pytestmark = pytest.mark.slow

API = "arn:aws:execute-api:af-south-1:123456789012:abcdefghij/prod"
ARN = f"{API}/GET/v1/platform/roles"
OWN, OTHER = f"org-{uuid.UUID(int=1)}", f"org-{uuid.UUID(int=2)}"
SELF, SOMEBODY = str(uuid.UUID(int=20)), str(uuid.UUID(int=21))
LED = [str(uuid.UUID(int=n)) for n in range(100, 150)]
THEIRS = str(uuid.UUID(int=999))
LEAD, PLAIN = (frozenset(str(c) for c in TEAM_ROLES[n].capabilities) for n in (0, 2))

MEMBER = Actor(SELF, "thandi@example.com", ActorKind.USER, OWN)
REQUESTS = tuple(requests([OWN, OTHER], [*LED, THEIRS], [SELF, SOMEBODY]))

CROWDS = {
    "50 teams and everything": replace(
        MEMBER,
        permissions=frozenset({"*:*"}),
        platform_permissions=frozenset({"*:*"}),
        team_permissions=frozenset({"*:*"}),
        team_capabilities=dict.fromkeys(LED, LEAD),
    ),
    "50 teams and everything, one by one": replace(
        MEMBER,
        permissions=frozenset(p.id for p in PERMISSIONS),
        platform_permissions=frozenset(p.id for p in PERMISSIONS if p.id != "user:read"),
        team_capabilities=dict.fromkeys(LED, LEAD),
    ),
    "50 teams and half": replace(
        MEMBER,
        permissions=frozenset(p.id for p in PERMISSIONS[::2]),
        platform_permissions=frozenset(p.id for p in PERMISSIONS[::3]),
        team_permissions=frozenset({"team:update"}),
        team_capabilities=dict.fromkeys(LED, PLAIN),
    ),
    "a lead of 50": replace(MEMBER, team_capabilities=dict.fromkeys(LED, LEAD)),
    "a member of 50": replace(MEMBER, team_capabilities=dict.fromkeys(LED, PLAIN)),
    "50 teams, all different": replace(
        MEMBER, team_capabilities={team: frozenset(sorted(LEAD)[: n % 7]) for n, team in enumerate(LED)}
    ),
    "a lead of 1000": replace(MEMBER, team_capabilities={str(uuid.UUID(int=n)): LEAD for n in range(100, 1100)}),
    "a lead of 10": replace(MEMBER, team_capabilities=dict.fromkeys(LED[:10], LEAD)),
}


@pytest.mark.parametrize("actor", CROWDS.values(), ids=CROWDS.keys())
def test_every_policy_is_one_that_the_gateway_takes(actor: Actor) -> None:
    document = policy(actor, ARN)
    assert len(json.dumps(document).encode()) <= MAX_POLICY_BYTES == 8192
    for statement in document["Statement"]:
        assert statement["Resource"]
        for resource in statement["Resource"]:
            assert len(resource) <= 512
            assert resource.startswith(f"{API}/")
            assert resource.isascii()


@pytest.mark.parametrize("actor", CROWDS.values(), ids=CROWDS.keys())
def test_where_teams_no_longer_fit_only_what_is_below_teams_of_the_own_organisation_widens(actor: Actor) -> None:
    """The one place where the gateway opens more than the contract, and the services' lock is the only one.

    An endpoint that some team of the user's opens is open for every team of the user's organisation; no
    endpoint opens that none of their teams opens, and nothing closes.
    """
    document = policy(actor, ARN)
    gateway = {r for r in REQUESTS if allows(document, f"{API}/{r.text}")}
    contract = {r for r in REQUESTS if may_call(actor, r)}
    assert contract <= gateway
    for widened in gateway - contract:
        assert "/teams/{teamId}" in widened.row.path
        assert widened.org == OWN
        assert any(r.row == widened.row and r.org == OWN for r in contract)


def test_up_to_ten_led_teams_and_forty_memberships_nothing_widens() -> None:
    for actor in (CROWDS["a lead of 10"], replace(MEMBER, team_capabilities=dict.fromkeys(LED[:40], PLAIN))):
        document = policy(actor, ARN)
        assert all(allows(document, f"{API}/{r.text}") == may_call(actor, r) for r in REQUESTS)


def test_the_second_lock_holds_where_the_first_one_widens() -> None:
    actor = CROWDS["a lead of 50"]
    assert actor.may("team:update", OWN, team_id=LED[7], capability="CAN_UPDATE_TEAM")
    assert not actor.may("team:update", OWN, team_id=THEIRS, capability="CAN_UPDATE_TEAM")


WILD = ["*", "?", "*/*", "?" * 36, "*" * 36, "${aws:username}", "[a-z]*", "{teamId}", "{orgId}", "a/b", "..", "%2A"]


@pytest.mark.parametrize("wild", WILD)
def test_an_id_with_wildcards_opens_nothing_of_anybody_elses(wild: str) -> None:
    """Ids come from the pool and the table; should one ever be crafted, it must not act as a pattern."""
    plain = {r for r in REQUESTS if allows(policy(MEMBER, ARN), f"{API}/{r.text}")}
    for actor in (
        replace(MEMBER, id=wild),
        replace(MEMBER, organisation_id=wild, permissions=frozenset({"*:*"})),
        replace(MEMBER, team_capabilities={wild: LEAD}),
        replace(MEMBER, id=wild, organisation_id=wild, team_capabilities={wild: LEAD}),
    ):
        document = policy(actor, ARN)
        opened = {r for r in REQUESTS if allows(document, f"{API}/{r.text}")}
        anywhere = {r for r in opened if "{" not in r.row.path or r.row.permission == "any"}
        assert opened - anywhere <= plain


SEGMENTS = st.text(
    st.sampled_from("abteamsrolesmembersusers0123456789-.%*?~$:@ \u00e9\n"), min_size=1, max_size=60
) | st.sampled_from(["teams", "roles", "members", "users", "..", "%2F", f"{OWN}%2F..", "x" * 28, "permissions"])


@given(SEGMENTS, SEGMENTS, SEGMENTS)
def test_no_organisation_but_the_own_whatever_it_is_called(org: str, team: str, user: str) -> None:
    actor = replace(MEMBER, permissions=frozenset({"*:*"}), team_capabilities={LED[0]: LEAD})
    document = policy(actor, ARN)
    for row in ROWS:
        if "{orgId}" in row.path and org != OWN:
            assert not allows(document, f"{API}/{Request(row, org, team, user).text}")


@given(SEGMENTS, SEGMENTS, st.frozensets(st.sampled_from([p.id for p in PERMISSIONS]), max_size=4))
def test_an_id_that_slips_through_another_endpoints_pattern_is_no_id(
    team: str, user: str, held: frozenset[str]
) -> None:
    """A made-up id can make ``…/teams/x/members`` as long as ``…/teams/{id}``; then it is no team's."""
    actor = replace(MEMBER, permissions=held)
    document = policy(actor, ARN)
    for request in requests([OWN, OTHER], [team], [user]):
        if allows(document, f"{API}/{request.text}") and not may_call(actor, request):
            assert request.org == OWN
            assert len(team) != 36
