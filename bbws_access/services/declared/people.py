"""The part of a plan that is about people: who sits in which team, and who holds which role."""

from __future__ import annotations

from dataclasses import dataclass

from bbws_access.models.declared import DeclaredState, DeclaredTeam
from bbws_access.models.kinds import Capability
from bbws_access.models.user import User
from bbws_access.services.declared.names_in_file import Problem
from bbws_access.services.declared.reach import Reach
from bbws_access.services.declared.standing import Standing
from bbws_access.services.declared.steps import Kind, Sign, Step
from bbws_access.text import fold_name
from bbws_access.yaml_source import Steps, shortened

Planned = tuple[list[Step], list[Step]]
"""What comes, and what goes."""


@dataclass
class Places:
    """Names to what stands under them afterwards, and who may do what before and after."""

    standing: Standing
    state: DeclaredState
    prune: bool

    def __post_init__(self) -> None:
        standing = self.standing
        self.team_roles = {name: role.team_role_id for name, role in standing.team_roles.items() if role.active}
        self.roles = {name: role.role_id for name, role in standing.roles.items() if role.active}
        self.teams = {name: team.team_id for name, team in standing.teams.items() if team.active}
        emails = standing.emails
        self.before = Reach(
            grants={r.role_id: (r.scope, r.permissions) for r in standing.roles.values() if r.active},
            capabilities={r.team_role_id: frozenset(r.capabilities) for r in standing.team_roles.values() if r.active},
            team_names={team.team_id: team.name for team in standing.teams.values()},
            held={(emails[user], role) for user, role in standing.held if user in emails},
            seats={
                (emails[user], team): seat.team_role_id
                for (team, user), seat in standing.seats.items()
                if user in emails
            },
        )
        self.after = self.before.copy()

    def settle(self) -> None:
        """Roles, team roles and teams as they will be."""
        for role in self.state.roles or ():
            self.after.grants[self.roles[fold_name(role.name)]] = (role.scope, role.permissions)
        for team_role in self.state.team_roles or ():
            self.after.capabilities[self.team_roles[fold_name(team_role.name)]] = frozenset(team_role.capabilities)
        for team in self.state.teams or ():
            self.after.team_names[self.teams[fold_name(team.name)]] = team.name

    def leads(self, team_role: str) -> bool:
        return Capability.MANAGE_MEMBERS in self.after.capabilities.get(team_role, ())

    def user(self, path: Steps, email: str, problems: list[Problem]) -> User | None:
        user = self.standing.users.get(email)
        if user is None:
            cause = f"{shortened(email)} is no member of {self.standing.organisation.name}; invite them first"
            problems.append(((*path, "user"), cause))
        elif not user.active:
            problems.append(((*path, "user"), f"{shortened(email)} is deactivated"))
        return user if user is not None and user.active else None


def plan_members(places: Places, problems: list[Problem]) -> Planned:
    """Who leads comes first and goes last, so that no team is without a lead in between."""
    places.settle()
    come: list[tuple[bool, Step]] = []
    gone: list[Step] = []
    for n, team in enumerate(places.state.teams or ()):
        if team.members is None:
            continue
        team_id = places.teams[fold_name(team.name)]
        led = any(places.leads(role) for (_, at), role in places.before.seats.items() if at == team_id)
        come += _coming(places, problems, n, team, team_id)
        if places.prune:
            gone += _leaving(places, team, team_id)
        if led and not any(places.leads(role) for (_, at), role in places.after.seats.items() if at == team_id):
            problems.append((("teams", n, "members"), f"team {team.name} would be left without a lead"))
    return [step for _, step in sorted(come, key=lambda one: not one[0])], gone


def _coming(
    places: Places, problems: list[Problem], n: int, team: DeclaredTeam, team_id: str
) -> list[tuple[bool, Step]]:
    found: list[tuple[bool, Step]] = []
    for m, member in enumerate(team.members or ()):
        path: Steps = ("teams", n, "members", m)
        user = places.user(path, member.user, problems)
        role = places.team_roles.get(fold_name(member.team_role))
        if role is None:
            problems.append(((*path, "teamRole"), f"there is no team role {member.team_role}"))
        if user is None or role is None:
            continue
        there = places.standing.seats.get((team_id, user.user_id))
        places.after.seats[user.email, team_id] = role
        if there is not None and there.team_role_id == role:
            continue
        before = {} if there is None else {"teamRole": there.team_role_name}
        step = Step(
            Sign.CREATE if there is None else Sign.CHANGE,
            Kind.MEMBERSHIP,
            f"{user.email} in {team.name}",
            before,
            {"teamRole": member.team_role},
            {"userId": user.user_id, "team": team.name, "teamRole": member.team_role},
            None if there is None else there.version,
        )
        found.append((places.leads(role), step))
    return found


def _leaving(places: Places, team: DeclaredTeam, team_id: str) -> list[Step]:
    declared = {member.user for member in team.members or ()}
    emails = places.standing.emails
    found: list[tuple[bool, Step]] = []
    for (at, user_id), seat in places.standing.seats.items():
        email = emails.get(user_id, seat.user_email)
        if at != team_id or email in declared:
            continue
        places.after.seats.pop((email, team_id), None)
        step = Step(
            Sign.REMOVE,
            Kind.MEMBERSHIP,
            f"{email} in {team.name}",
            {"teamRole": seat.team_role_name},
            about={"userId": user_id, "team": team.name},
            version=seat.version,
        )
        found.append((places.leads(seat.team_role_id), step))
    return [step for _, step in sorted(found, key=lambda one: (one[0], one[1].name))]


def plan_assignments(places: Places, problems: list[Problem]) -> Planned:
    given: list[Step] = []
    declared: set[tuple[str, str]] = set()
    names = {role.role_id: role.name for role in places.standing.roles.values()}
    for n, one in enumerate(places.state.assignments or ()):
        user = places.user(("assignments", n), one.user, problems)
        for m, name in enumerate(one.roles):
            role = places.roles.get(fold_name(name))
            if role is None:
                problems.append((("assignments", n, "roles", m), f"there is no role {name}"))
            if user is None or role is None:
                continue
            declared.add((user.user_id, role))
            places.after.held.add((user.email, role))
            if (user.user_id, role) not in places.standing.held:
                about = {"userId": user.user_id, "role": name}
                given.append(Step(Sign.CREATE, Kind.ASSIGNMENT, f"{name} to {user.email}", about=about))
    taken: list[Step] = []
    if places.prune and places.state.assignments is not None:
        emails = places.standing.emails
        for user_id, role in places.standing.held.keys() - declared:
            email = emails.get(user_id, user_id)
            places.after.held.discard((email, role))
            about = {"userId": user_id, "id": role}
            taken.append(Step(Sign.REMOVE, Kind.ASSIGNMENT, f"{names[role]} from {email}", about=about))
    return given, sorted(taken, key=lambda step: step.name)
