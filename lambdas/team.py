"""Functions of the team service."""

from __future__ import annotations

from bbws_access.models.team import (
    MemberChanges,
    NewMember,
    NewTeam,
    NewTeamRole,
    Team,
    TeamChanges,
    TeamMember,
    TeamRole,
    TeamRoleChanges,
    Transfer,
    UserTeam,
)
from lambdas.api import endpoint
from lambdas.call import Answer, Call
from lambdas.logs import logger


def _create_team(call: Call) -> Answer:
    team = call.services.teams.create(call.actor, call.path("orgId"), call.body(NewTeam))
    return call.created(team, _team_path(team))


def _list_teams(call: Call) -> Answer:
    active = call.flag("active") is not False
    page = call.services.teams.page(call.actor, call.path("orgId"), call.page(), active=active)
    return call.listed(page, _team_path)


def _get_team(call: Call) -> Answer:
    team = call.services.teams.get(call.actor, call.path("orgId"), call.path("teamId"))
    return call.shown(team, _team_path(team))


def _update_team(call: Call) -> Answer:
    team = call.services.teams.update(call.actor, call.path("orgId"), call.path("teamId"), call.body(TeamChanges))
    return call.shown(team, _team_path(team))


def _create_team_role(call: Call) -> Answer:
    role = call.services.team_roles.create(call.actor, call.path("orgId"), call.body(NewTeamRole))
    return call.created(role, _team_role_path(role))


def _list_team_roles(call: Call) -> Answer:
    active = call.flag("active") is not False
    page = call.services.team_roles.page(call.actor, call.path("orgId"), call.page(), active=active)
    return call.listed(page, _team_role_path)


def _get_team_role(call: Call) -> Answer:
    role = call.services.team_roles.get(call.actor, call.path("orgId"), call.path("teamRoleId"))
    return call.shown(role, _team_role_path(role))


def _update_team_role(call: Call) -> Answer:
    actor, org_id, team_role_id = call.actor, call.path("orgId"), call.path("teamRoleId")
    role = call.services.team_roles.update(actor, org_id, team_role_id, call.body(TeamRoleChanges))
    return call.shown(role, _team_role_path(role))


def _add_member(call: Call) -> Answer:
    member = call.services.members.add(call.actor, call.path("orgId"), call.path("teamId"), call.body(NewMember))
    _note_change(member)
    return call.created(member, _member_path(member))


def _list_members(call: Call) -> Answer:
    page = call.services.members.page(call.actor, call.path("orgId"), call.path("teamId"), call.page())
    return call.listed(page, _member_path)


def _get_member(call: Call) -> Answer:
    member = call.services.members.get(call.actor, call.path("orgId"), call.path("teamId"), call.path("userId"))
    return call.shown(member, _member_path(member))


def _update_member(call: Call) -> Answer:
    actor, org_id, team_id, user_id = call.actor, call.path("orgId"), call.path("teamId"), call.path("userId")
    before = call.services.trail.captured
    member = call.services.members.update(actor, org_id, team_id, user_id, call.body(MemberChanges))
    if call.services.trail.captured > before:  # who is as they were asked to be was not changed
        _note_change(member)
    return call.shown(member, _member_path(member))


def _transfer_member(call: Call) -> Answer:
    actor, org_id, team_id, user_id = call.actor, call.path("orgId"), call.path("teamId"), call.path("userId")
    member = call.services.members.transfer(actor, org_id, team_id, user_id, call.body(Transfer))
    _note_change(member)
    return call.shown(member, _member_path(member))


def _get_user_teams(call: Call) -> Answer:
    page = call.services.members.teams_of(call.actor, call.path("orgId"), call.path("userId"), call.page())
    return call.listed(page, _team_path)


def _note_change(member: TeamMember) -> None:
    """What the monitoring counts."""
    logger.info("team membership changed", extra={"team": member.team_id, "member": member.user_id})


def _team_path(team: Team | UserTeam) -> str:
    return f"/v1/organisations/{team.organisation_id}/teams/{team.team_id}"


def _team_role_path(role: TeamRole) -> str:
    return f"/v1/organisations/{role.organisation_id}/team-roles/{role.team_role_id}"


def _member_path(member: TeamMember) -> str:
    return f"/v1/organisations/{member.organisation_id}/teams/{member.team_id}/members/{member.user_id}"


create_team = endpoint(_create_team)
list_teams = endpoint(_list_teams)
get_team = endpoint(_get_team)
update_team = endpoint(_update_team)
create_team_role = endpoint(_create_team_role)
list_team_roles = endpoint(_list_team_roles)
get_team_role = endpoint(_get_team_role)
update_team_role = endpoint(_update_team_role)
add_member = endpoint(_add_member)
list_members = endpoint(_list_members)
get_member = endpoint(_get_member)
update_member = endpoint(_update_member)
transfer_member = endpoint(_transfer_member)
get_user_teams = endpoint(_get_user_teams)
