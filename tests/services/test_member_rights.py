"""Who may see and change members, and what they cannot pass on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bbws_access.access.principal import PrincipalLoader
from bbws_access.catalogue import ENDPOINTS
from bbws_access.defaults import ORGANISATION_ROLES, PERMISSIONS
from bbws_access.errors import Denied, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import Capability
from bbws_access.models.team import MemberChanges, NewMember, NewTeamRole
from bbws_access.services.boundary import CAPABILITY_PERMISSIONS
from bbws_access.services.pages import PageRequest
from tests.conftest import Platform
from tests.services.holders import holder, member
from tests.services.office import Office

pytestmark = pytest.mark.slow

MANAGE, VIEW = "CAN_MANAGE_MEMBERS", "CAN_VIEW_MEMBERS"


@pytest.fixture
def office(platform: Platform) -> Office:
    return Office(platform)


def test_permissions_of_the_organisation(office: Office) -> None:
    office.add("u-1", actor=holder(office.org, "team:member:add"))
    web, reader = office.web.team_id, holder(office.org, "team:member:read")
    assert [m.user_id for m in office.members.page(reader, office.org, web, PageRequest()).items] == ["u-1"]
    assert office.members.get(reader, office.org, web, "u-1").user_id == "u-1"
    for denied in (
        lambda: office.add("u-2", actor=holder(office.org, "team:member:remove team:member:read org:*")),
        lambda: office.remove("u-1", holder(office.org, "team:member:add team:update org:*")),
        lambda: office.transfer("u-1", holder(office.org, "team:*")),
        lambda: office.members.page(holder(office.org, "team:read"), office.org, web, PageRequest()),
        lambda: office.members.get(holder(office.org, "team:read"), office.org, web, "u-1"),
    ):
        with pytest.raises(Denied) as refused:
            denied()
        assert refused.value.code == "PERMISSION_DENIED"
    office.transfer("u-1", holder(office.org, "org:user:manage"))


def test_a_lead_runs_their_own_team_alone(office: Office) -> None:
    lead = office.inside(*Capability)
    office.add("u-1", "TEAM_LEAD", actor=lead)
    office.add("u-2", actor=lead)
    office.give("u-2", "TEAM_LEAD", lead)
    office.remove("u-1", lead)
    for denied in (
        lambda: office.add("u-3", team=office.shop, actor=lead),
        lambda: office.remove("u-2", office.inside(*Capability, team=office.shop)),
        lambda: office.members.page(lead, office.org, office.shop.team_id, PageRequest()),
        lambda: office.transfer("u-2", lead),
        lambda: office.add("u-3", actor=office.inside(VIEW)),
        lambda: office.remove("u-2", office.inside(VIEW)),
    ):
        with pytest.raises(Denied):
            denied()
    assert office.counts() == (1, 1)


def test_nobody_passes_on_a_capability_that_they_lack(office: Office) -> None:
    office.add("u-1", "VIEWER")
    manager = office.inside(MANAGE, VIEW)
    before = office.platform.items()
    for attempt in (
        lambda: office.add("u-2", "TEAM_LEAD", actor=manager),
        lambda: office.add("u-2", "MEMBER", actor=manager),
        lambda: office.give("u-1", "MEMBER", manager),
        lambda: office.give("u-1", "TEAM_LEAD", holder(office.org, "team:member:remove")),
        lambda: office.give("u-1", "TEAM_LEAD", holder(office.org, "team:member:remove", team="team:*")),
    ):
        with pytest.raises(Denied) as refused:
            attempt()
        assert refused.value.code == "PRIVILEGE_BOUNDARY"
    assert office.platform.items() == before
    assert office.add("u-2", "VIEWER", actor=manager).team_role_name == "VIEWER"
    assert office.give("u-1", "TEAM_LEAD", holder(office.org, "team:member:*")).team_role_name == "TEAM_LEAD"


def test_nobody_gives_themselves_a_seat_above_them(office: Office) -> None:
    """Who may add members to any team fills the organisation's team roles with others."""
    adds, moves = "team:member:* team:update", "org:user:manage"
    member(office.platform, office.org, "u-caller")
    manager = holder(office.org, adds)
    before = office.platform.items()
    for role in ("TEAM_LEAD", "SENIOR_MEMBER", "MEMBER"):
        with pytest.raises(Denied) as refused:
            office.add("u-caller", role, actor=manager)
        assert refused.value.code == "PRIVILEGE_BOUNDARY"
    assert office.platform.items() == before
    office.add("u-1", "TEAM_LEAD", actor=manager)
    office.add("u-caller", "VIEWER", actor=manager)
    with pytest.raises(Denied):
        office.give("u-caller", "TEAM_LEAD", manager)
    with pytest.raises(Denied):
        office.transfer("u-caller", holder(office.org, f"{adds} {moves}"), team_role_id=office.role("MEMBER"))
    office.give("u-caller", "MEMBER", office.platform.operator)
    with pytest.raises(Denied):  # what they see in one team, they do not see in another
        office.transfer("u-caller", holder(office.org, f"{adds} {moves}"))
    office.give("u-caller", "TEAM_LEAD", holder(office.org, f"{adds} site:*"))
    assert office.counts() == (2, 2)


def test_nobody_seats_themselves_where_their_roles_for_teams_would_begin_to_count(office: Office) -> None:
    """Whoever edits the sites of their teams does not choose which teams these are."""
    member(office.platform, office.org, "u-caller")
    adds = "team:member:* org:user:manage"
    editor = holder(office.org, adds, team="site:update")
    before = office.platform.items()
    with pytest.raises(Denied) as refused:
        office.add("u-caller", "VIEWER", actor=editor)
    assert (refused.value.code, refused.value.details) == ("PRIVILEGE_BOUNDARY", {"permissions": ["site:update"]})
    assert office.platform.items() == before
    office.add("u-caller", "VIEWER", actor=office.platform.operator)
    with pytest.raises(Denied):
        office.transfer("u-caller", editor)
    seated = replace(editor, team_capabilities={office.web.team_id: frozenset({VIEW})})
    assert office.give("u-caller", "VIEWER", seated).team_role_name == "VIEWER"
    office.add("u-1", "VIEWER", actor=editor)  # of others that is what adding members means
    assert office.transfer("u-caller", holder(office.org, f"{adds} site:*", team="site:update")).active


def test_what_capabilities_stand_for_is_what_the_catalogue_says() -> None:
    assert set(CAPABILITY_PERMISSIONS) == set(Capability)
    opened: dict[str, set[str]] = {}
    for function in ENDPOINTS:
        if function.capability:
            opened.setdefault(function.capability, set()).add(str(function.permission))
    assert {c: CAPABILITY_PERMISSIONS[Capability(c)] for c in opened} == opened
    known = {permission.id for permission in PERMISSIONS}
    assert all(permissions <= known for permissions in CAPABILITY_PERMISSIONS.values())


def test_the_default_roles_can_do_their_work(office: Office) -> None:
    """An administrator passes on every capability; a manager fills teams, and makes no team role."""
    roles = {role.name: role.permissions for role in ORGANISATION_ROLES}
    admin = holder(office.org, " ".join(roles["ORG_ADMIN"]))
    member(office.platform, office.org, "u-caller")
    office.add("u-caller", "TEAM_LEAD", actor=admin)
    request = NewTeamRole(name="ALL", display_name="All", capabilities=frozenset(Capability))
    assert office.platform.services.team_roles.create(admin, office.org, request).capabilities == set(Capability)
    manager = holder(office.org, " ".join(roles["ORG_MANAGER"]), "u-manager")
    for n, role in enumerate(("TEAM_LEAD", "SENIOR_MEMBER", "MEMBER", "VIEWER"), start=1):
        assert office.add(f"u-{n}", role, actor=manager).team_role_name == role
    with pytest.raises(Denied):
        office.platform.services.team_roles.create(manager, office.org, request.model_copy(update={"name": "MINE"}))


def test_a_transfer_is_no_way_up(office: Office) -> None:
    mover, request = holder(office.org, "org:user:manage"), {"team_role_id": office.role("TEAM_LEAD")}
    office.add("u-1")
    with pytest.raises(Denied) as refused:
        office.transfer("u-1", mover, **request)
    assert refused.value.code == "PRIVILEGE_BOUNDARY"
    assert office.transfer("u-1", mover).team_role_name == "MEMBER"


def test_who_leads_is_who_manages(office: Office) -> None:
    """What the counts call a lead is what the authorizer lets manage."""
    made = NewTeamRole(name="HOST", display_name="Host", capabilities=frozenset({Capability.MANAGE_MEMBERS}))
    office.platform.services.team_roles.create(office.admin, office.org, made)
    office.add("u-1", "HOST")
    assert office.counts() == (1, 1)
    host = PrincipalLoader(office.platform.table, office.platform.clock).load("u-1", office.org).actor
    office.add("u-2", "HOST", actor=host)
    assert office.counts() == (2, 2)


def test_another_tenants_members_are_closed(office: Office) -> None:
    office.add("u-1")
    outsider, web = holder("org-other", "*:*", "u-1"), office.web.team_id
    for attempt in (
        lambda: office.add("u-2", actor=outsider),
        lambda: office.remove("u-1", outsider),
        lambda: office.transfer("u-1", outsider),
        lambda: office.members.page(outsider, office.org, web, PageRequest()),
        lambda: office.members.get(outsider, office.org, web, "u-1"),
        lambda: office.members.teams_of(outsider, office.org, "u-1", PageRequest()),
    ):
        with pytest.raises(Denied) as refused:
            attempt()
        assert refused.value.code == "ORG_ACCESS_DENIED"
    request = NewMember(user_id="u-1", team_role_id=office.role("MEMBER"))
    for org_id in ("org-other", PLATFORM):
        with pytest.raises((NotFound, Denied)):
            office.members.add(outsider, org_id, web, request)


def test_the_teams_of_a_user(office: Office) -> None:
    other = Office(office.platform, "Other")
    for place in (office, other):
        place.add("u-1", "VIEWER")
    office.add("u-1", "TEAM_LEAD", team=office.shop)
    office.add("u-2")
    themselves, reader = holder(office.org, "", "u-1"), holder(office.org, "user:read")
    for actor in (themselves, reader):
        found = office.members.teams_of(actor, office.org, "u-1", PageRequest()).items
        assert sorted((t.team_name, t.team_role_name, t.active) for t in found) == [
            ("Shop", "TEAM_LEAD", True),
            ("Web", "VIEWER", True),
        ]
    with pytest.raises(Denied):
        office.members.teams_of(holder(office.org, "team:*", "u-2"), office.org, "u-1", PageRequest())
    with pytest.raises(NotFound):
        office.members.teams_of(reader, office.org, "nobody", PageRequest())


def test_what_is_not_there(office: Office) -> None:
    for team_id, user_id in (("nothing", "u-1"), (office.web.team_id, "nothing"), (office.web.team_id, "u-1#x")):
        with pytest.raises(NotFound):
            office.members.get(office.admin, office.org, team_id, user_id)
        with pytest.raises(NotFound):
            office.members.update(office.admin, office.org, team_id, user_id, MemberChanges(active=False))
    with pytest.raises(NotFound):
        office.members.page(office.admin, office.org, "nothing", PageRequest())


def test_the_trail_tells(office: Office) -> None:
    for user_id in ("u-1", "u-2"):
        office.add(user_id, "TEAM_LEAD")
    office.give("u-1", "VIEWER")
    office.transfer("u-1")
    found = office.platform.services.audit.events(office.platform.operator, AuditQuestion(office.org))
    events = [e for e in found if e.event_type == "TEAM_MEMBERSHIP" and "u-1" in str(e.details)]
    events.sort(key=lambda e: e.sequence)
    seat = {"userId": "u-1", "email": "u-1@example.com"}
    way = {"from": office.web.team_id, "to": office.shop.team_id}
    lead, viewer = (
        {"teamRole": name, "teamRoleId": office.platform.services.teams.load_role_named(office.org, name).team_role_id}
        for name in ("TEAM_LEAD", "VIEWER")
    )
    assert [(e.action, e.resource_id, e.details) for e in events] == [
        ("team.member.add", office.web.team_id, {"after": {**seat, **lead}}),
        ("team.member.update", office.web.team_id, {**seat, "before": lead, "after": viewer}),
        ("team.member.remove", office.web.team_id, {"before": {**seat, **viewer}, "transfer": way}),
        ("team.member.add", office.shop.team_id, {"after": {**seat, **viewer}, "transfer": way}),
    ]
