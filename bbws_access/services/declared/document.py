"""An organisation as a file of declared state: the same for the same state, so that git shows what changed."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import yaml

from bbws_access.models.team import Team
from bbws_access.services.declared.standing import Standing


def document(standing: Standing) -> dict[str, Any]:
    """All that is in force, sorted by name; without who is deactivated, and what rests with them."""
    people = {user.user_id: user.email for user in standing.users.values() if user.active}
    held: dict[str, list[str]] = defaultdict(list)
    names = {role.role_id: role.name for role in standing.roles.values() if role.active}
    for user_id, role_id in standing.held:
        if user_id in people and role_id in names:
            held[people[user_id]].append(names[role_id])
    return {
        "teamRoles": [
            {
                "name": role.name,
                "displayName": role.display_name,
                "description": role.description,
                "sortOrder": role.sort_order,
                "capabilities": sorted(one.value for one in role.capabilities),
            }
            for _, role in sorted(standing.team_roles.items())
            if role.active
        ],
        "roles": [
            {
                "name": role.name,
                "displayName": role.display_name,
                "description": role.description,
                "scope": role.scope.value,
                "priority": role.priority,
                "permissions": sorted(role.permissions),
            }
            for _, role in sorted(standing.roles.items())
            if role.active
        ],
        "teams": [_team(standing, team, people) for _, team in sorted(standing.teams.items()) if team.active],
        "assignments": [{"user": email, "roles": sorted(roles)} for email, roles in sorted(held.items())],
    }


def _team(standing: Standing, team: Team, people: dict[str, str]) -> dict[str, Any]:
    members = [
        {"user": people[user_id], "teamRole": seat.team_role_name}
        for (team_id, user_id), seat in standing.seats.items()
        if team_id == team.team_id and user_id in people
    ]
    return {
        "name": team.name,
        "description": team.description,
        **({"divisionId": team.division_id} if team.division_id else {}),
        "members": sorted(members, key=lambda one: one["user"]),
    }


class _Dumper(yaml.SafeDumper):
    """Texts that another reader of YAML would take for something else stand in quotes; so does what cannot be seen."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if value.isprintable() else '"')


_Dumper.add_representer(str, _text)


def written(data: dict[str, Any]) -> str:
    """The text of the file."""
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
    return text
