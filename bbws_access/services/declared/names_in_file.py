"""What is wrong with a file by itself: things declared twice, and renames that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bbws_access.models.declared import DeclaredRole, DeclaredState, DeclaredTeam, DeclaredTeamRole
from bbws_access.text import fold_name
from bbws_access.yaml_source import Steps, shortened

Problem = tuple[Steps, str]
"""Where in the file, and what is wrong there."""

_Named = Sequence[DeclaredRole | DeclaredTeamRole | DeclaredTeam]


def problems_of_file(state: DeclaredState) -> Iterator[Problem]:
    sections: list[tuple[str, str, _Named]] = [
        ("teamRoles", "team role", state.team_roles or ()),
        ("roles", "role", state.roles or ()),
        ("teams", "team", state.teams or ()),
    ]
    for section, word, declared in sections:
        yield from _twice(section, word, [one.name for one in declared], "name")
        yield from _renames(section, declared)
    for n, team in enumerate(state.teams or ()):
        seen: set[str] = set()
        for m, member in enumerate(team.members or ()):
            if member.user in seen:
                yield ("teams", n, "members", m, "user"), f"{shortened(member.user)} is in team {team.name} twice"
            seen.add(member.user)
    yield from _twice("assignments", "user", [one.user for one in state.assignments or ()], "user")
    for n, given in enumerate(state.assignments or ()):
        for m, role in enumerate(given.roles):
            if role in given.roles[:m]:
                yield ("assignments", n, "roles", m), f"role {role} is given to {shortened(given.user)} twice"


def _twice(section: str, word: str, names: Sequence[str], field: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for n, name in enumerate(names):
        if fold_name(name) in seen:
            yield (section, n, field), f"{word} {shortened(name)} is declared twice"
        seen.add(fold_name(name))


def _renames(section: str, declared: _Named) -> Iterator[Problem]:
    before = {fold_name(one.name): fold_name(one.renamed_from) for one in declared if one.renamed_from}
    claimed: set[str] = set()
    for n, one in enumerate(declared):
        if one.renamed_from is None:
            continue
        old, where = fold_name(one.renamed_from), (section, n, "renamedFrom")
        way = _followed(fold_name(one.name), before)
        if old == fold_name(one.name):
            yield where, f"{shortened(one.name)} is its own earlier name"
        elif way is not None:
            yield where, f"these renames go in a circle: {' → '.join(map(shortened, way))}"
        elif old in {fold_name(other.name) for other in declared}:
            yield where, f"{shortened(one.renamed_from)} is declared too; rename one after the other"
        elif old in claimed:
            yield where, f"{shortened(one.renamed_from)} is the earlier name of two"
        claimed.add(old)


def _followed(name: str, before: dict[str, str]) -> list[str] | None:
    """The circle that ``name`` is in."""
    way = [name]
    while (name := before.get(name, "")) and name not in way:
        way.append(name)
    return [*way, name] if name and name == way[0] and len(way) > 1 else None
