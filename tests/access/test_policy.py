"""The gateway's decision, for every endpoint, against the contract."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bbws_access.access.actor import Actor, ActorKind
from bbws_access.access.policy import MAX_POLICY_BYTES, denial, policy
from bbws_access.catalogue import ENDPOINTS
from bbws_access.defaults import ORGANISATION_ROLES, PERMISSIONS, PLATFORM_ROLES, TEAM_ROLES
from tests.access.contract import GUARDED, ROWS, Request, allows, may_call, requests

API = "arn:aws:execute-api:af-south-1:123456789012:abcdefghij/prod"
ARN = f"{API}/GET/v1/platform/roles"
OWN, OTHER = f"org-{uuid.UUID(int=1)}", f"org-{uuid.UUID(int=2)}"
TEAMS = [str(uuid.UUID(int=n)) for n in range(10, 14)]
SELF, SOMEBODY = str(uuid.UUID(int=20)), str(uuid.UUID(int=21))
CAPABILITIES = sorted({row.other for row in ROWS if row.other.startswith("CAN_")} | {"CAN_VIEW_SITES"})
LEAD = frozenset(str(c) for c in TEAM_ROLES[0].capabilities)

REQUESTS = tuple(requests([OWN, OTHER], TEAMS, [SELF, SOMEBODY]))
MEMBER = Actor(SELF, "thandi@example.com", ActorKind.USER, OWN)


def open_to(actor: Actor, asked: tuple[Request, ...] = REQUESTS) -> set[Request]:
    document = policy(actor, ARN)
    return {request for request in asked if allows(document, f"{API}/{request.text}")}


def judged(actor: Actor) -> None:
    """The gateway opens what the contract opens."""
    gateway, contract = open_to(actor), {r for r in REQUESTS if may_call(actor, r)}
    assert {r.text for r in gateway - contract} == set(), "open, and should not be"
    assert {r.text for r in contract - gateway} == set(), "closed, and should not be"


def names(opened: set[Request]) -> set[str]:
    return {request.row.name for request in opened}


def test_the_contract_of_these_tests_is_the_catalogues() -> None:
    assert len(ROWS) == len(ENDPOINTS) == 40
    assert [(r.name, r.method, r.path) for r in ROWS] == [(e.action, e.method, e.path) for e in ENDPOINTS]


GRANTS = st.sampled_from(
    [*sorted(p.id for p in PERMISSIONS), "*:*", "team:*", "team:member:*", "team:role:*", "user:*", "role:*", "org:*"]
)
HELD = st.frozensets(GRANTS, max_size=5) | st.sampled_from([r.permissions for r in ORGANISATION_ROLES])
SPANNING = (
    st.just(frozenset()) | st.frozensets(GRANTS, max_size=4) | st.sampled_from([r.permissions for r in PLATFORM_ROLES])
)
IN_TEAMS = st.dictionaries(st.sampled_from(TEAMS[:3]), st.frozensets(st.sampled_from(CAPABILITIES), max_size=4))


@pytest.mark.slow
@given(HELD, SPANNING, HELD, IN_TEAMS)
@settings(max_examples=300)
def test_the_gateway_opens_exactly_what_the_contract_opens(
    held: frozenset[str], spanning: frozenset[str], in_teams: frozenset[str], teams: dict[str, frozenset[str]]
) -> None:
    judged(
        replace(
            MEMBER, permissions=held, platform_permissions=spanning, team_permissions=in_teams, team_capabilities=teams
        )
    )


@pytest.mark.parametrize("grant", [*sorted(p.id for p in PERMISSIONS), "*:*", "team:*", "role:*", "team:member:*"])
def test_each_permission_alone(grant: str) -> None:
    one = frozenset({grant})
    judged(replace(MEMBER, permissions=one))
    judged(replace(MEMBER, platform_permissions=one))
    judged(replace(MEMBER, team_permissions=one, team_capabilities={TEAMS[0]: frozenset()}))
    judged(replace(MEMBER, permissions=one, platform_permissions=frozenset({"usage:read"})))


@pytest.mark.parametrize("closed", sorted({r.permission for r in GUARDED} - {"any"}))
def test_all_permissions_but_one(closed: str) -> None:
    """Where all but one endpoint of a family are open, a pattern for the family would open it too."""
    others = frozenset(p.id for p in PERMISSIONS) - {closed}
    judged(replace(MEMBER, permissions=others))
    judged(replace(MEMBER, platform_permissions=others))
    judged(replace(MEMBER, permissions=others, team_capabilities={TEAMS[0]: LEAD}))


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_each_capability_alone(capability: str) -> None:
    can = {TEAMS[0]: frozenset({capability}), TEAMS[1]: frozenset()}
    judged(replace(MEMBER, team_capabilities=can))
    judged(replace(MEMBER, team_capabilities=can, permissions=frozenset({"team:read"})))


@pytest.mark.parametrize("role", [*ORGANISATION_ROLES, *PLATFORM_ROLES], ids=lambda role: role.name)
def test_the_default_roles(role: Any) -> None:
    judged(replace(MEMBER, permissions=role.permissions))
    judged(replace(MEMBER, platform_permissions=role.permissions))


@pytest.mark.parametrize("role", TEAM_ROLES, ids=lambda role: role.name)
def test_the_default_team_roles(role: Any) -> None:
    judged(replace(MEMBER, team_capabilities={TEAMS[0]: frozenset(str(c) for c in role.capabilities)}))


def test_a_user_without_rights_sees_the_platforms_lists_and_their_own_teams() -> None:
    assert names(open_to(MEMBER)) == {
        "list-permissions",
        "get-permission",
        "list-platform-roles",
        "get-platform-role",
        "get-user-teams",
    }


def test_a_user_without_an_organisation_and_platform_rights_may_call_nothing() -> None:
    document = policy(replace(MEMBER, organisation_id=None), ARN)
    assert [s["Effect"] for s in document["Statement"]] == ["Deny"]
    assert open_to(replace(MEMBER, organisation_id=None)) == set()


def test_listing_teams_everywhere_is_not_looking_up_peoples_teams_nor_takes_ones_own_away() -> None:
    """``…/organisations/*/teams`` would run across ``…/users/U/teams``."""
    opened = open_to(replace(MEMBER, platform_permissions=frozenset({"team:read"})))
    assert {(r.org, r.user) for r in opened if r.row.name == "get-user-teams"} == {(OWN, SELF)}
    assert {r.org for r in opened if r.row.name == "list-teams"} == {OWN, OTHER}


def test_reading_a_team_is_not_reading_its_members() -> None:
    opened = open_to(replace(MEMBER, permissions=frozenset({"team:read"})))
    assert {"get-team", "list-teams", "list-team-roles"} <= names(opened)
    assert not {"list-members", "get-member"} & names(opened)


def test_updating_a_team_is_not_updating_its_members_nor_team_roles() -> None:
    opened = open_to(replace(MEMBER, permissions=frozenset({"team:update"})))
    assert names(opened) & {"update-team", "update-member", "update-team-role"} == {"update-team"}


def test_a_team_of_ones_own_opens_nothing_under_another_organisations_name() -> None:
    opened = open_to(replace(MEMBER, team_capabilities={TEAMS[0]: LEAD}))
    assert {(r.org, r.team) for r in opened if "{teamId}" in r.row.path} == {(OWN, TEAMS[0])}


def test_whatever_was_asked_first_the_policy_is_the_same() -> None:
    actor = replace(MEMBER, permissions=frozenset({"team:*"}), team_capabilities={TEAMS[0]: LEAD})
    asked = [f"{API}/{request.text}" for request in REQUESTS] + [API, f"{API}/", f"{API}/GET/..%2F..%2F*/x"]
    assert len({json.dumps(policy(actor, arn)) for arn in asked}) == 1
    assert len({json.dumps(denial(arn)) for arn in asked}) == 1


def test_a_policy_names_one_api_and_one_stage() -> None:
    almighty = replace(MEMBER, permissions=frozenset({"*:*"}), platform_permissions=frozenset({"*:*"}))
    document = policy(almighty, ARN)
    for request in REQUESTS:
        assert not allows(document, f"{API.replace('/prod', '/dev')}/{request.text}")
        assert not allows(document, f"{API.replace('abcdefghij', 'other')}/{request.text}")
        assert not allows(document, f"{API.replace('123456789012', '210987654321')}/{request.text}")


def test_methods_and_paths_that_the_api_does_not_have_stay_closed() -> None:
    almighty = policy(replace(MEMBER, platform_permissions=frozenset({"*:*"})), ARN)
    for text in ("DELETE/v1/platform/roles", f"DELETE/v1/organisations/{OWN}/roles/x", "GET/", "GET/v2/platform/roles"):
        assert not allows(almighty, f"{API}/{text}")
    assert not allows(almighty, f"{API}/PUT/v1/platform/roles/role-platform-admin-001")


@pytest.mark.parametrize("arn", ["", "x", API.split("/")[0], "arn:aws:execute-api:::/"])
def test_an_arn_that_is_none_opens_nothing(arn: str) -> None:
    document = policy(replace(MEMBER, platform_permissions=frozenset({"*:*"})), arn)
    assert not any(allows(document, f"{API}/{request.text}") for request in REQUESTS)


def test_a_denial_denies_every_endpoint() -> None:
    for request in REQUESTS:
        assert not allows(denial(ARN), f"{API}/{request.text}")
    (statement,) = denial(ARN)["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", [f"{API}/*"])


def test_policies_keep_within_the_gateways_limit_by_far_for_the_default_roles() -> None:
    for role in [*ORGANISATION_ROLES, *PLATFORM_ROLES]:
        for held in ({"permissions": role.permissions}, {"platform_permissions": role.permissions}):
            assert len(json.dumps(policy(replace(MEMBER, **held), ARN))) < MAX_POLICY_BYTES / 2
