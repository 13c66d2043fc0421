"""What a plan says of people's rights is what the authorizer reads before and after."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from bbws_access.access.grants import covers
from bbws_access.access.principal import PrincipalLoader
from bbws_access.defaults import PERMISSIONS
from bbws_access.services.declared.steps import AccessChange
from tests.declared.place import Place, address
from tests.declared.test_apply import random_file

PEOPLE = 10


def read_by_the_authorizer(place: Place) -> dict[str, set[str]]:
    """In the words of a plan."""
    loader = PrincipalLoader(place.table, place.memory.world.clock)
    names = {team.team_id: team.name for team in place.services.standings.read(_who(), place.org_id).teams.values()}
    found: dict[str, set[str]] = {}
    for n in range(PEOPLE):
        actor = loader.load(f"id-{n}", place.org_id).actor
        everywhere = {known.id for known in PERMISSIONS if covers(actor.permissions, known.id)}
        found[address(n)] = set(everywhere)
        for team, capabilities in actor.team_capabilities.items():
            inside = {known.id for known in PERMISSIONS if covers(actor.team_permissions, known.id)} - everywhere
            found[address(n)] |= {f"{one} in team {names[team]}" for one in inside | set(capabilities)}
    return found


def _who() -> Any:
    from tests.declared.place import WHO

    return WHO


@pytest.mark.parametrize("seed", range(8))
def test_what_a_plan_foretells_is_what_is_read_then(seed: int) -> None:
    place = Place(people=PEOPLE)
    place.apply(random_file(seed, PEOPLE, 4, 4))
    first: Any = yaml.safe_load(random_file(seed, PEOPLE, 4, 4))
    second: Any = yaml.safe_load(random_file(seed + 100, PEOPLE, 4, 4))
    for old, new in zip(first["roles"], second["roles"], strict=True):
        new["scope"] = old["scope"]
    for old, new in zip(first["teams"], second["teams"], strict=True):
        new["name"] = old["name"]
        new["members"] = [one for one in new["members"] if one["teamRole"] == "TEAM_LEAD"] + [
            {"user": one["user"], "teamRole": "VIEWER"} for one in old["members"][1:]
        ] if old["members"] else []  # fmt: skip
        seen: set[str] = set()
        new["members"] = [m for m in new["members"] if m["user"] not in seen and not seen.add(m["user"])]
        if old["members"] and not any(m["teamRole"] == "TEAM_LEAD" for m in new["members"]):
            new["members"] = old["members"]
    data = {"roles": second["roles"], "teams": second["teams"], "assignments": second["assignments"]}
    before = read_by_the_authorizer(place)
    planned = place.apply(yaml.safe_dump(data, allow_unicode=True), prune=True)
    after = read_by_the_authorizer(place)
    expected = [
        AccessChange(user, sorted(after[user] - before[user]), sorted(before[user] - after[user]))
        for user in sorted(before)
        if before[user] != after[user]
    ]
    assert list(planned.access) == expected
    assert expected
