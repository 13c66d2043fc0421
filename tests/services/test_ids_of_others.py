"""Ids of another organisation, in path and body, by somebody who may do everything in their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bbws_access.access.actor import Actor
from bbws_access.errors import AccessError, Denied, NotFound
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.invitation import NewInvitation
from bbws_access.models.kinds import Capability, FileFormat, Scope
from bbws_access.models.permission import NewPermissionSet, PermissionSetChanges
from bbws_access.models.role import NewRole, RoleChanges, RolePermissions
from bbws_access.models.team import MemberChanges, NewMember, NewTeam, NewTeamRole, TeamChanges, TeamRoleChanges
from bbws_access.models.team import Transfer as Move
from bbws_access.models.user import UserChanges
from bbws_access.services.pages import PageRequest
from tests.conftest import Platform
from tests.services import staff
from tests.services.holders import holder

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Firm:
    """An organisation with one of everything; ``lead`` leads ``team``, and ``plain`` is in it too."""

    org: str
    role: str
    permission_set: str
    team: str
    seat: str
    lead: str
    plain: str
    invitation: str


def firm(platform: Platform, name: str) -> Firm:
    services, who = platform.services, platform.operator
    org = platform.organisation(name)
    lead, plain = (staff.joined(platform, org, f"{one}@{name.lower()}.example") for one in ("lead", "plain"))
    team = services.teams.create(who, org.organisation_id, NewTeam(name="Web"))
    for user, seat in ((lead, "TEAM_LEAD"), (plain, "MEMBER")):
        request = NewMember(user_id=user.user_id, team_role_id=_seat(platform, org.organisation_id, seat))
        services.members.add(who, org.organisation_id, team.team_id, request)
    offered = NewPermissionSet(name="Readers", description="Who reads sites.", permissions=frozenset({"site:read"}))
    return Firm(
        org.organisation_id,
        services.roles.find(who, org.organisation_id, "SITE_VIEWER").role_id,
        services.permission_sets.create(who, org.organisation_id, offered).set_id,
        team.team_id,
        _seat(platform, org.organisation_id, "VIEWER"),
        lead.user_id,
        plain.user_id,
        platform.invite(org, f"new@{name.lower()}.example")[0].invitation_id,
    )


def _seat(platform: Platform, org_id: str, name: str) -> str:
    return platform.services.teams.load_role_named(org_id, name).team_role_id


Act = Callable[[Platform, Actor, Firm, Firm], object]

GRANTS = frozenset({"site:read"})
CAN = frozenset({Capability.VIEW_SITES})

IN_THE_BODY: dict[str, Act] = {
    "invite into their role": lambda p, who, own, their: p.services.invitations.create(
        who, own.org, NewInvitation(email="a@example.com", role_id=their.role)
    ),
    "invite into their team": lambda p, who, own, their: p.services.invitations.create(
        who, own.org, NewInvitation(email="a@example.com", role_id=own.role, team_id=their.team)
    ),
    "seat their user": lambda p, who, own, their: p.services.members.add(
        who, own.org, own.team, NewMember(user_id=their.plain, team_role_id=own.seat)
    ),
    "seat in their team role": lambda p, who, own, their: p.services.members.update(
        who, own.org, own.team, own.plain, MemberChanges(team_role_id=their.seat)
    ),
    "seat in their team": lambda p, who, own, their: p.services.members.add(
        who, own.org, their.team, NewMember(user_id=own.plain, team_role_id=own.seat)
    ),
    "move to their team": lambda p, who, own, their: p.services.members.transfer(
        who, own.org, own.team, own.plain, Move(team_id=their.team)
    ),
    "move from their team": lambda p, who, own, their: p.services.members.transfer(
        who, own.org, their.team, their.plain, Move(team_id=own.team)
    ),
    "give their role": lambda p, who, own, their: p.services.roles.assign(who, own.org, own.plain, their.role),
    "give to their user": lambda p, who, own, their: p.services.roles.assign(who, own.org, their.plain, own.role),
    "take from their user": lambda p, who, own, their: p.services.role_assignments.revoke(
        who, own.org, their.plain, own.role
    ),
    "edit their role": lambda p, who, own, their: p.services.roles.set_permissions(
        who, own.org, their.role, RolePermissions(permissions=GRANTS)
    ),
    "edit their team role": lambda p, who, own, their: p.services.team_roles.update(
        who, own.org, their.seat, TeamRoleChanges(capabilities=CAN)
    ),
    "edit their team": lambda p, who, own, their: p.services.teams.update(
        who, own.org, their.team, TeamChanges(name="Mine")
    ),
    "edit their set": lambda p, who, own, their: p.services.permission_sets.update(
        who, own.org, their.permission_set, PermissionSetChanges(name="Mine")
    ),
    "resend theirs": lambda p, who, own, their: p.services.invitations.resend(who, own.org, their.invitation),
    "revoke theirs": lambda p, who, own, their: p.services.invitations.revoke(who, own.org, their.invitation),
    "rename their user": lambda p, who, own, their: p.services.users.update(
        who, own.org, their.plain, UserChanges(first_name="X")
    ),
    "deactivate their user": lambda p, who, own, their: p.services.users.deactivate(
        who, own.org, "plain@globex.example"
    ),
    "read their member": lambda p, who, own, their: p.services.members.get(who, own.org, their.team, their.plain),
    "read their invitation": lambda p, who, own, their: p.services.invitations.get(who, own.org, their.invitation),
}

IN_THE_PATH: dict[str, Act] = {
    "role": lambda p, who, _, their: p.services.roles.create(
        who, their.org, NewRole(name="MINE", display_name="Mine", permissions=GRANTS)
    ),
    "edit role": lambda p, who, _, their: p.services.roles.update(who, their.org, their.role, RoleChanges(priority=1)),
    "team": lambda p, who, _, their: p.services.teams.create(who, their.org, NewTeam(name="Mine")),
    "team role": lambda p, who, _, their: p.services.team_roles.create(
        who, their.org, NewTeamRole(name="MINE", display_name="Mine", capabilities=CAN)
    ),
    "set": lambda p, who, _, their: p.services.permission_sets.create(
        who,
        their.org,
        NewPermissionSet(name="Mine", description="All of it, mine.", permissions=GRANTS, scope=Scope.ORGANISATION),
    ),
    "invite": lambda p, who, _, their: p.services.invitations.create(
        who, their.org, NewInvitation(email="a@example.com", role_id=their.role)
    ),
    "seat": lambda p, who, _, their: p.services.members.add(
        who, their.org, their.team, NewMember(user_id=who.id, team_role_id=their.seat)
    ),
    "give": lambda p, who, _, their: p.services.roles.assign(who, their.org, who.id, their.role),
    "teams of oneself": lambda p, who, _, their: p.services.members.teams_of(who, their.org, who.id, PageRequest()),
    "deactivate": lambda p, who, _, their: p.services.users.deactivate(who, their.org, their.plain),
    "export": lambda p, who, _, their: p.services.audit.export(who, AuditQuestion(their.org), FileFormat.CSV),
    "offboard": lambda p, who, _, their: p.services.offboarding.look(who, their.org, their.plain),
    "undo": lambda p, who, _, their: p.services.undo.look(who, their.org, "any"),
}


@pytest.fixture
def firms(platform: Platform) -> tuple[Firm, Firm]:
    return firm(platform, "Acme"), firm(platform, "Globex")


def _owner(own: Firm) -> Actor:
    """All rights, a lead's seat too, in their own organisation."""
    actor = holder(own.org, "*:*", own.lead)
    return Actor(
        actor.id,
        actor.email,
        actor.kind,
        own.org,
        actor.permissions,
        team_permissions=frozenset({"*:*"}),
        team_capabilities={own.team: frozenset(Capability)},
    )


def _refused(platform: Platform, act: Act, own: Firm, their: Firm, by: type[AccessError]) -> None:
    with pytest.raises(by):
        act(platform, _owner(own), own, their)


def test_ids_of_another_organisation_are_nothing_in_ones_own(platform: Platform, firms: tuple[Firm, Firm]) -> None:
    before = [item for item in platform.items() if not item["PK"].startswith("RATE#")]
    for act in IN_THE_BODY.values():
        _refused(platform, act, *firms, NotFound)
    assert [item for item in platform.items() if not item["PK"].startswith("RATE#")] == before


def test_another_organisation_is_closed_whatever_one_may_in_ones_own(
    platform: Platform, firms: tuple[Firm, Firm]
) -> None:
    before = platform.items()
    for act in IN_THE_PATH.values():
        _refused(platform, act, *firms, Denied)
    assert platform.items() == before
