"""Taking the steps of a plan, each through the service that would take it for a person."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from bbws_access.access.actor import Actor
from bbws_access.backoff import Backoff
from bbws_access.errors import AccessError, Conflict, PartlyDone
from bbws_access.models.role import NewRole, RoleChanges, RolePermissions
from bbws_access.models.team import MemberChanges, NewMember, NewTeam, NewTeamRole, TeamChanges, TeamRoleChanges
from bbws_access.services.bound_trail import BoundTrail
from bbws_access.services.declared.plan import Declared, plan
from bbws_access.services.declared.standing import Standings
from bbws_access.services.declared.steps import Kind, Plan, Sign, Step
from bbws_access.services.members import Members
from bbws_access.services.role_assignments import RoleAssignments
from bbws_access.services.roles import Roles
from bbws_access.services.team_roles import TeamRoles
from bbws_access.services.teams import Teams
from bbws_access.services.uniqueness import Named, holder_of
from bbws_access.store.table import Table


class Applying:
    """Applies what a file says, if what there is to do is what was planned."""

    def __init__(
        self,
        standings: Standings,
        bound: Callable[[Plan], tuple[StepTaker, BoundTrail]],
        backoff: Backoff | None = None,
    ) -> None:
        self._standings = standings
        self._bound = bound
        self._backoff = backoff or Backoff()

    def plan(self, actor: Actor, org_id: str, declared: Declared, *, prune: bool) -> Plan:
        """Raises :class:`InvalidInput` that names file, line and cause; ``NotFound`` and ``Denied``."""
        return plan(declared, self._standings.read(actor, org_id, declared.assignments), prune=prune)

    def apply(self, actor: Actor, declared: Declared, planned: Plan, taken: Callable[[Step], None]) -> None:
        """Takes the steps of ``planned``; ``taken`` is told of each.

        Everything is read and checked again first, and the first step is written only while nothing else is. Raises
        :class:`Conflict` (``PLAN_STALE``) where the steps, or the versions of what they change, would now be others:
        then nothing was written. Raises :class:`PartlyDone` for what stops it later.
        """
        lost: Conflict | None = None
        for _ in self._backoff.tries():
            current = self.plan(actor, planned.org_id, declared, prune=planned.prune)
            if current.id != planned.id:
                raise Conflict(
                    "the organisation was changed meanwhile, and there is something else to do than was planned",
                    code="PLAN_STALE",
                    hint=f"bbws-access plan -f {shlex.quote(str(planned.file))}",
                )
            taker, trail = self._bound(current)
            done = 0
            try:
                for step in current.steps:
                    taker.take(actor, step)
                    done += 1
                    taken(step)
                return
            except AccessError as error:
                if trail.begun:
                    raise _stopped(error, done, len(current.steps)) from error
                if not isinstance(error, Conflict):
                    raise
                lost = error  # something that is none of the plan's came between: it is looked at again
        assert lost is not None
        raise lost


def _stopped(error: AccessError, done: int, of: int) -> PartlyDone:
    return PartlyDone(
        f"{done} of {of} steps were taken, then: {error.message}",
        hint="run it again: it goes on with what is left",
        details={**error.details, "taken": done, "steps": of, "cause": error.code},
    )


class StepTaker:
    """Takes steps of one organisation. What a step makes, later steps find by its name."""

    def __init__(
        self,
        org_id: str,
        table: Table,
        roles: Roles,
        role_assignments: RoleAssignments,
        teams: Teams,
        team_roles: TeamRoles,
        members: Members,
    ) -> None:
        self._org_id = org_id
        self._table = table
        self._roles = roles
        self._role_assignments = role_assignments
        self._teams = teams
        self._team_roles = team_roles
        self._members = members
        self._ids: dict[tuple[Named, str], str] = {}

    def take(self, actor: Actor, step: Step) -> None:
        """Raises what the service raises. What was taken before is there, and a plan made anew has what is left."""
        org_id = self._org_id
        match step.kind:
            case Kind.ROLE:
                self._take_role(actor, org_id, step)
            case Kind.TEAM_ROLE:
                self._take_team_role(actor, org_id, step)
            case Kind.TEAM:
                self._take_team(actor, org_id, step)
            case Kind.MEMBERSHIP:
                self._take_membership(actor, org_id, step)
            case Kind.ASSIGNMENT:
                self._take_assignment(actor, org_id, step)

    def _take_role(self, actor: Actor, org_id: str, step: Step) -> None:
        if step.sign is Sign.CREATE:
            made = self._roles.create(actor, org_id, NewRole(name=step.name, **step.after))
            self._ids[Named.ROLE, step.name] = made.role_id
        elif "permissions" in step.after:
            request = RolePermissions(**step.after, version=step.version)
            self._roles.set_permissions(actor, org_id, step.about["id"], request)
        else:
            self._roles.update(actor, org_id, step.about["id"], RoleChanges(**_changes(step)))

    def _take_team_role(self, actor: Actor, org_id: str, step: Step) -> None:
        if step.sign is Sign.CREATE:
            made = self._team_roles.create(actor, org_id, NewTeamRole(name=step.name, **step.after))
            self._ids[Named.TEAM_ROLE, step.name] = made.team_role_id
        else:
            self._team_roles.update(actor, org_id, step.about["id"], TeamRoleChanges(**_changes(step)))

    def _take_team(self, actor: Actor, org_id: str, step: Step) -> None:
        if step.sign is Sign.CREATE:
            made = self._teams.create(actor, org_id, NewTeam(name=step.name, **step.after))
            self._ids[Named.TEAM, step.name] = made.team_id
        else:
            self._teams.update(actor, org_id, step.about["id"], TeamChanges(**_changes(step)))

    def _take_membership(self, actor: Actor, org_id: str, step: Step) -> None:
        user_id, team_id = step.about["userId"], self._id(org_id, Named.TEAM, step.about["team"])
        if step.sign is Sign.REMOVE:
            self._members.update(actor, org_id, team_id, user_id, MemberChanges(active=False, version=step.version))
            return
        team_role_id = self._id(org_id, Named.TEAM_ROLE, step.about["teamRole"])
        if step.sign is Sign.CREATE:
            self._members.add(actor, org_id, team_id, NewMember(user_id=user_id, team_role_id=team_role_id))
        else:
            changes = MemberChanges(team_role_id=team_role_id, version=step.version)
            self._members.update(actor, org_id, team_id, user_id, changes)

    def _take_assignment(self, actor: Actor, org_id: str, step: Step) -> None:
        user_id = step.about["userId"]
        if step.sign is Sign.REMOVE:
            self._role_assignments.revoke(actor, org_id, user_id, step.about["id"])
        else:
            self._role_assignments.assign(actor, org_id, user_id, self._id(org_id, Named.ROLE, step.about["role"]))

    def _id(self, org_id: str, kind: Named, name: str) -> str:
        found = self._ids.get((kind, name)) or holder_of(self._table, org_id, kind, name) or name
        self._ids[kind, name] = found
        return found


def _changes(step: Step) -> Mapping[str, Any]:
    fields = {"active": False} if step.sign is Sign.REMOVE else dict(step.after)
    return {**fields, "version": step.version}
