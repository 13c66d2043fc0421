"""Every member with what they hold, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.models.team import Team
from bbws_access.models.user import User
from bbws_access.store.table import Item, Query, Table


def user_rows(table: Table, actor: Actor, org_id: str) -> Iterator[dict[str, Any]]:
    """Under the API's names, by id; ``roles`` are names, ``teams`` names with the team role. One request a member.

    Of what rests with a deactivation nothing is shown: they do not have it. Raises ``Denied``.
    """
    actor.require("user:read", org_id)
    actor.require("team:read", org_id)
    partition = keys.owner(org_id)
    teams = {
        t.team_id: t.name for t in map(Team.from_item, table.query_all(Query(partition, begins_with=keys.TEAM_PREFIX)))
    }
    for item in table.query_all(Query(partition, begins_with=keys.USER_PREFIX)):
        user = User.from_item(item)
        prefix = f"{keys.ORGANISATION_PREFIX}{org_id}#"
        held = table.query_all(Query(keys.everything_of_user(user.user_id), index=3, begins_with=prefix))
        found = [one for one in held if one.get("active", True)]
        yield {
            "email": user.email,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "active": user.active,
            "roles": sorted(str(one["roleName"]) for one in found if _is(one, keys.ROLE_PREFIX)),
            "teams": sorted(
                f"{teams.get(one['teamId'], one['teamId'])}: {one['teamRoleName']}"
                for one in found
                if _is(one, keys.MEMBER_PREFIX)
            ),
            "since": user.date_created,
            "userId": user.user_id,
        }


def _is(item: Item, prefix: str) -> bool:
    return str(item["SK"]).startswith(prefix)
