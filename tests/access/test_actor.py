"""The second lock: what an actor may do, asked before anything is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bbws_access.access.actor import Actor, ActorKind, Origin, operator, system
from bbws_access.errors import Denied
from bbws_access.keys import PLATFORM

OWN, OTHER = "org-own", "org-other"
TEAM, OTHER_TEAM = "team-mine", "team-theirs"

MEMBER = Actor("u-1", "thandi@example.com", ActorKind.USER, OWN)
ADMIN = replace(MEMBER, permissions=frozenset({"team:*", "site:read"}))
SUPPORT = replace(MEMBER, platform_permissions=frozenset({"team:read"}))
EDITOR = replace(MEMBER, team_permissions=frozenset({"site:*"}), team_capabilities={TEAM: frozenset()})
LEAD = replace(MEMBER, team_capabilities={TEAM: frozenset({"CAN_MANAGE_MEMBERS"})})

ORGANISATIONS = st.sampled_from([OWN, OTHER, PLATFORM, "", "org-own ", "ORG-OWN", "org-own#USER"])
PERMISSIONS = st.sampled_from(["site:read", "team:read", "team:member:add", "site:*", "team:*", "*:*"])


def code(actor: Actor, permission: str, org_id: str, **more: str) -> str:
    try:
        actor.require(permission, org_id, **more)
    except Denied as denied:
        return denied.code
    return "ALLOWED"


def test_a_permission_holds_in_the_own_organisation() -> None:
    assert code(ADMIN, "team:member:add", OWN) == "ALLOWED"
    assert code(ADMIN, "site:read", OWN) == "ALLOWED"
    assert code(ADMIN, "site:update", OWN) == "PERMISSION_DENIED"
    assert code(MEMBER, "site:read", OWN) == "PERMISSION_DENIED"


@pytest.mark.parametrize("org_id", [OTHER, PLATFORM, "", "ORG-OWN", "org-own ", "org-own#USER#x"])
def test_no_permission_reaches_another_organisation(org_id: str) -> None:
    almighty = replace(
        MEMBER,
        permissions=frozenset({"*:*"}),
        team_permissions=frozenset({"*:*"}),
        team_capabilities={TEAM: frozenset({"CAN_MANAGE_MEMBERS"})},
    )
    assert not almighty.may("site:read", org_id, team_id=TEAM, capability="CAN_MANAGE_MEMBERS")
    assert code(almighty, "site:read", org_id, team_id=TEAM, capability="CAN_MANAGE_MEMBERS") == "ORG_ACCESS_DENIED"
    with pytest.raises(Denied) as denied:
        almighty.require_tenant(org_id)
    assert denied.value.code == "ORG_ACCESS_DENIED"
    with pytest.raises(Denied):
        almighty.require_holding(frozenset({"site:read"}), org_id)


def test_a_user_whose_organisation_is_called_platform_holds_nothing_on_the_platform() -> None:
    crook = replace(MEMBER, organisation_id=PLATFORM, permissions=frozenset({"*:*"}))
    assert crook.held_in(PLATFORM) == frozenset()
    assert code(crook, "org:create", PLATFORM) == "PERMISSION_DENIED"


def test_a_user_of_no_organisation_holds_nothing_anywhere() -> None:
    nobody = replace(MEMBER, organisation_id=None, permissions=frozenset({"*:*"}))
    for org_id in (OWN, "", PLATFORM, "None"):
        assert code(nobody, "site:read", org_id) == "ORG_ACCESS_DENIED"


def test_platform_permissions_hold_in_every_organisation_and_only_as_far_as_they_go() -> None:
    for org_id in (OWN, OTHER, PLATFORM):
        assert code(SUPPORT, "team:read", org_id) == "ALLOWED"
        assert code(SUPPORT, "team:update", org_id) == "PERMISSION_DENIED"


def test_what_is_held_at_home_is_not_taken_abroad_by_platform_permissions() -> None:
    both = replace(SUPPORT, permissions=frozenset({"team:update"}))
    assert code(both, "team:update", OWN) == "ALLOWED"
    assert code(both, "team:update", OTHER) == "PERMISSION_DENIED"
    assert both.held_in(OTHER) == {"team:read"}
    assert both.held_in(OWN) == {"team:read", "team:update"}


def test_a_team_role_counts_in_the_own_teams_only() -> None:
    assert code(EDITOR, "site:update", OWN, team_id=TEAM) == "ALLOWED"
    assert code(EDITOR, "site:update", OWN, team_id=OTHER_TEAM) == "PERMISSION_DENIED"
    assert code(EDITOR, "site:update", OWN) == "PERMISSION_DENIED"
    assert code(EDITOR, "site:update", OTHER, team_id=TEAM) == "ORG_ACCESS_DENIED"
    assert code(EDITOR, "team:read", OWN, team_id=TEAM) == "PERMISSION_DENIED"


def test_a_team_role_of_somebody_without_teams_counts_nowhere() -> None:
    assert code(replace(EDITOR, team_capabilities={}), "site:update", OWN, team_id=TEAM) == "PERMISSION_DENIED"


def test_a_capability_counts_in_its_team_and_for_what_asks_for_it() -> None:
    assert code(LEAD, "team:member:add", OWN, team_id=TEAM, capability="CAN_MANAGE_MEMBERS") == "ALLOWED"
    assert code(LEAD, "team:member:add", OWN, team_id=OTHER_TEAM, capability="CAN_MANAGE_MEMBERS") != "ALLOWED"
    assert code(LEAD, "team:update", OWN, team_id=TEAM, capability="CAN_UPDATE_TEAM") == "PERMISSION_DENIED"
    assert code(LEAD, "team:member:add", OWN, team_id=TEAM) == "PERMISSION_DENIED"
    assert code(LEAD, "team:member:add", OWN, capability="CAN_MANAGE_MEMBERS") == "PERMISSION_DENIED"


def test_a_capability_of_one_team_does_not_count_in_another_of_the_own() -> None:
    two = replace(LEAD, team_capabilities={TEAM: frozenset({"CAN_UPDATE_TEAM"}), OTHER_TEAM: frozenset()})
    assert two.may("team:update", OWN, team_id=TEAM, capability="CAN_UPDATE_TEAM")
    assert not two.may("team:update", OWN, team_id=OTHER_TEAM, capability="CAN_UPDATE_TEAM")


def test_a_capability_is_not_taken_along_into_another_organisation_by_platform_permissions() -> None:
    both = replace(LEAD, platform_permissions=frozenset({"usage:read"}))
    asked = {"team_id": TEAM, "capability": "CAN_MANAGE_MEMBERS"}
    assert code(both, "team:member:add", OTHER, **asked) == "PERMISSION_DENIED"


def test_the_refusal_does_not_tell_whether_the_thing_exists() -> None:
    messages = set()
    for team_id in (OTHER_TEAM, "team-that-is-not", ""):
        with pytest.raises(Denied) as denied:
            LEAD.require("team:update", OWN, team_id=team_id)
        messages.add((denied.value.message, repr(denied.value.details)))
    assert len(messages) == 1


@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        ({"site:read"}, {"site:read"}, []),
        ({"site:*"}, {"site:read", "site:update"}, []),
        ({"*:*"}, {"*:*", "audit:*", "site:read"}, []),
        ({"team:*"}, {"team:member:*"}, []),
        ({"site:read"}, {"site:*"}, ["site:*"]),
        ({"team:member:*"}, {"team:*", "team:member:add"}, ["team:*"]),
        ({"site:*"}, {"*:*"}, ["*:*"]),
        (set(), {"usage:read"}, ["usage:read"]),
        (set(), set(), []),
    ],
)
def test_nobody_passes_on_what_they_do_not_hold(held: set[str], wanted: set[str], missing: list[str]) -> None:
    actor = replace(MEMBER, permissions=frozenset(held))
    if not missing:
        actor.require_holding(frozenset(wanted), OWN)
        return
    with pytest.raises(Denied) as denied:
        actor.require_holding(frozenset(wanted), OWN)
    assert denied.value.code == "PRIVILEGE_BOUNDARY"
    assert denied.value.details == {"permissions": missing}


def test_what_is_held_in_a_team_is_not_passed_on_to_the_organisation() -> None:
    with pytest.raises(Denied):
        EDITOR.require_holding(frozenset({"site:read"}), OWN)


def test_what_is_held_in_the_own_organisation_is_not_passed_on_on_the_platform() -> None:
    almighty = replace(SUPPORT, permissions=frozenset({"*:*"}))
    almighty.require_holding(frozenset({"*:*"}), OWN)
    almighty.require_holding(frozenset({"team:read"}), PLATFORM)
    for org_id in (OTHER, PLATFORM):
        with pytest.raises(Denied):
            almighty.require_holding(frozenset({"*:*"}), org_id)


@pytest.mark.parametrize("actor", [operator("arn:aws:iam::1:user/ops", "ops@example.com"), system("archive")])
def test_operators_and_the_platform_itself_span_everything(actor: Actor) -> None:
    for org_id in (OWN, OTHER, PLATFORM):
        actor.require("site:delete", org_id)
        actor.require_tenant(org_id)
        actor.require_holding(frozenset({"*:*"}), org_id)
    assert actor.organisation_id is None


def test_operators_and_the_platform_are_told_apart_from_users() -> None:
    origin = Origin("127.0.0.1", "cli", "r-1")
    ops, archive = operator("arn:aws:iam::1:user/ops", "ops@example.com", origin), system("archive", origin)
    assert (ops.kind, ops.id, ops.email, ops.origin) == (
        ActorKind.OPERATOR,
        "arn:aws:iam::1:user/ops",
        "ops@example.com",
        origin,
    )
    assert (archive.kind, archive.id, archive.email, archive.origin) == (
        ActorKind.SYSTEM,
        "system:archive",
        "archive@system",
        origin,
    )
    assert operator("a", "b").origin == system("c").origin == Origin()


@given(
    st.frozensets(PERMISSIONS),
    st.frozensets(PERMISSIONS),
    st.sampled_from([None, TEAM, OTHER_TEAM, ""]),
    ORGANISATIONS,
    PERMISSIONS,
)
def test_without_platform_permissions_nothing_is_open_but_the_own_organisation(
    everywhere: frozenset[str], in_teams: frozenset[str], team_id: str | None, org_id: str, permission: str
) -> None:
    actor = replace(
        MEMBER,
        permissions=everywhere,
        team_permissions=in_teams,
        team_capabilities={TEAM: frozenset({"CAN_UPDATE_TEAM"})},
    )
    allowed = actor.may(permission, org_id, team_id=team_id, capability="CAN_UPDATE_TEAM")
    if org_id != OWN:
        assert not allowed
    elif team_id == TEAM:
        assert allowed
    else:
        assert allowed == actor.may(permission, OWN)
