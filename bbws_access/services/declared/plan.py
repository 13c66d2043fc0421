"""From what is and what a file says to the steps between them, all checked before the first is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from pydantic.alias_generators import to_camel

from bbws_access.models.base import ApiModel
from bbws_access.models.declared import DeclaredRole, DeclaredState, DeclaredTeam, DeclaredTeamRole
from bbws_access.models.kinds import Capability, Scope
from bbws_access.models.role import Role
from bbws_access.models.team import Team, TeamRole
from bbws_access.services.boundary import unknown_grants
from bbws_access.services.declared.names_in_file import Problem, problems_of_file
from bbws_access.services.declared.people import Places, plan_assignments, plan_members
from bbws_access.services.declared.reach import differences
from bbws_access.services.declared.standing import Standing
from bbws_access.services.declared.steps import Kind, Plan, Sign, Step
from bbws_access.text import fold_name
from bbws_access.wording import number_of
from bbws_access.yaml_source import Steps, YamlSource, shortened

T = TypeVar("T", Role, TeamRole, Team)

_FIELDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEAM_ROLE: ("display_name", "description", "capabilities", "sort_order"),
    Kind.ROLE: ("display_name", "description", "priority", "scope", "permissions"),
    Kind.TEAM: ("description", "division_id"),
}
_SECTION = {Kind.TEAM_ROLE: "teamRoles", Kind.ROLE: "roles", Kind.TEAM: "teams"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A file that was read, and what it says."""

    source: YamlSource
    state: DeclaredState

    @classmethod
    def of(cls, source: YamlSource) -> Declared:
        """Raises :class:`InvalidInput` with one line for the first thing that is wrong with the file by itself."""
        found = cls(source, source.checked(DeclaredState))
        found.require(problems_of_file(found.state))
        return found

    @property
    def assignments(self) -> Iterable[tuple[str, str]]:
        """Address and role name."""
        return ((one.user, role) for one in self.state.assignments or () for role in one.roles)

    def require(self, problems: Iterable[Problem]) -> None:
        """Raises :class:`InvalidInput` unless there are none."""
        found = list(problems)
        if found:
            raise self.source.refusal(found)


def plan(declared: Declared, standing: Standing, *, prune: bool) -> Plan:
    """The steps, in the order in which they can be taken.

    Raises :class:`InvalidInput`: one line that names file, line and cause, for what the file asks and cannot be.
    """
    return _Planner(declared, standing, prune).plan()


@dataclass
class _Planner:
    declared: Declared
    standing: Standing
    prune: bool
    problems: list[Problem] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    ended: list[Step] = field(default_factory=list)

    def plan(self) -> Plan:
        state, standing = self.declared.state, self.standing
        organisation = standing.organisation
        if state.organisation is not None and state.organisation not in {
            organisation.name,
            organisation.organisation_id,
        }:
            cause = f"this is about {shortened(state.organisation)}, not about {organisation.name}"
            self.problems.append((("organisation",), cause))
        places = Places(standing, self.declared.state, self.prune)
        self._section(Kind.TEAM_ROLE, state.team_roles, standing.team_roles, places.team_roles)
        self._section(Kind.ROLE, state.roles, standing.roles, places.roles)
        self._section(Kind.TEAM, state.teams, standing.teams, places.teams)
        members, gone = plan_members(places, self.problems)
        given, taken = plan_assignments(places, self.problems)
        self._require_unused(places)
        self.declared.require(self.problems)
        return Plan(
            organisation.organisation_id,
            self.declared.source.name,
            self.declared.source.digest,
            self.prune,
            standing.sequence,
            [*self.steps, *members, *given, *taken, *gone, *self.ended],
            differences(places.before, places.after),
        )

    # --- roles, team roles and teams ----------------------------------------------------------------

    def _section(
        self,
        kind: Kind,
        declared: Sequence[DeclaredRole | DeclaredTeamRole | DeclaredTeam] | None,
        there: Mapping[str, T],
        keys: dict[str, str],
    ) -> None:
        """Fills ``keys`` with what stands under each declared name: its id, or one of its own where it is new."""
        kept: set[str] = set()
        for n, wanted in enumerate(declared or ()):
            path: Steps = (_SECTION[kind], n)
            name, old = fold_name(wanted.name), fold_name(wanted.renamed_from or "")
            found = there.get(name) or there.get(old)
            if isinstance(wanted, DeclaredRole):
                self._require_role(path, wanted)
            if found is None:
                keys[name] = f"new {name}"
                self.steps.append(Step(Sign.CREATE, kind, wanted.name, after=_shown(wanted, _FIELDS[kind])))
                continue
            kept.add(fold_name(found.name))
            keys.pop(fold_name(found.name), None)
            keys[name] = _id(found)
            changes = _differing(found, wanted, ("name", *_FIELDS[kind]))
            self._require_changeable(path, found, changes)
            self.steps += _changes(kind, found, changes)
        if self.prune and declared is not None:
            for name in sorted(there.keys() - kept):
                one = there[name]
                if one.active and not getattr(one, "is_default", False):
                    keys.pop(name, None)
                    self.ended.append(Step(Sign.REMOVE, kind, one.name, about={"id": _id(one)}, version=one.version))

    def _require_role(self, path: Steps, wanted: DeclaredRole) -> None:
        if wanted.scope is Scope.PLATFORM:
            self.problems.append(((*path, "scope"), "is ORGANISATION or TEAM for a role of an organisation"))
        unknown = unknown_grants(wanted.permissions)
        if unknown:
            self.problems.append(((*path, "permissions"), f"there is no permission {shortened(unknown[0])}"))

    def _require_changeable(self, path: Steps, found: Role | TeamRole | Team, changes: Mapping[str, Any]) -> None:
        if isinstance(found, Team):
            return
        word = "role" if isinstance(found, Role) else "team role"
        if "scope" in changes:
            cause = f"role {found.name} has scope {found.scope} and keeps it" if isinstance(found, Role) else ""
            self.problems.append(((*path, "scope"), cause))
        if "name" in changes and found.is_default:
            self.problems.append((path, f"{found.name} is a default {word} and keeps its name"))
        elif "name" in changes and found.user_count:
            holders = number_of(found.user_count, "user")
            self.problems.append((path, f"{word} {found.name} is held by {holders} and keeps its name"))
        lead = Capability.MANAGE_MEMBERS in changes.get("capabilities", getattr(found, "capabilities", ()))
        if isinstance(found, TeamRole) and found.user_count and found.leads is not lead:
            cause = f"team role {found.name} has {found.user_count} members, and cannot begin or cease to lead"
            self.problems.append(((*path, "capabilities"), cause))

    def _require_unused(self, places: Places) -> None:
        """What is removed has nobody any more."""
        for step in self.ended:
            in_use: Iterable[str] = ()
            if step.kind is Kind.ROLE:
                in_use = (user for user, role in places.after.held if role == step.about["id"])
            elif step.kind is Kind.TEAM_ROLE:
                in_use = (user for (user, _), role in places.after.seats.items() if role == step.about["id"])
            count = len(set(in_use))
            if count:
                cause = f"{step.kind} {step.name} is not declared, and {count} users would still have it"
                self.problems.append(((_SECTION[step.kind],), cause))


def _changes(kind: Kind, found: Role | TeamRole | Team, changes: Mapping[str, Any]) -> list[Step]:
    """One step, or two for a role whose permissions change too: they have an event of their own."""
    whole = dict(changes) if found.active else {**changes, "active": True}
    own = [{"permissions": whole.pop("permissions")}] if kind is Kind.ROLE and "permissions" in whole else []
    return [
        Step(
            Sign.CHANGE,
            kind,
            changes.get("name", found.name),
            _aliased({one: getattr(found, one) for one in part}),
            _aliased(part),
            {"id": _id(found)},
            found.version + n,
        )
        for n, part in enumerate([*([whole] if whole else []), *own])
    ]


def _differing(found: ApiModel, wanted: ApiModel, fields: Sequence[str]) -> dict[str, Any]:
    """What the file leaves out of something that is there already stays as it is."""
    said = (name for name in fields if name in wanted.model_fields_set)
    both = ((name, getattr(found, name), getattr(wanted, name)) for name in said)
    return {name: new for name, old, new in both if old != new}


def _shown(wanted: ApiModel, fields: Sequence[str]) -> dict[str, Any]:
    return _aliased({name: getattr(wanted, name) for name in fields})


def _aliased(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Under the API's names, as JSON has them."""

    def plain(value: Any) -> Any:
        if isinstance(value, frozenset):
            return sorted(map(str, value))
        return str(value) if isinstance(value, StrEnum) else value

    return {to_camel(name): plain(value) for name, value in sorted(fields.items())}


def _id(record: Role | TeamRole | Team) -> str:
    match record:
        case Role():
            return record.role_id
        case TeamRole():
            return record.team_role_id
        case Team():
            return record.team_id
