"""The members of an organisation."""

from __future__ import annotations

from dataclasses import dataclass

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.errors import NotFound
from bbws_access.models.role import RoleAssignment
from bbws_access.models.team import TeamMember
from bbws_access.models.user import User
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.store.table import Query, Table
from bbws_access.text import fold_email


@dataclass(frozen=True, slots=True)
class UserAccess:
    """A member with all that they hold in the organisation."""

    user: User
    roles: list[RoleAssignment]
    teams: list[TeamMember]


class Users:
    """Lists and finds members."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(self, actor: Actor, org_id: str, page: PageRequest) -> ListPage[User]:
        """Members, by id."""
        actor.require("user:read", org_id)
        return fetch_page(self._table, Query(keys.owner(org_id), begins_with=keys.USER_PREFIX), page, User.from_item)

    def find(self, actor: Actor, org_id: str, id_or_email: str) -> User:
        """By id or by address. Raises :class:`NotFound` (``USER_NOT_FOUND``)."""
        actor.require("user:read", org_id)
        guard = self._table.get(keys.user_email_key(org_id, fold_email(id_or_email)))
        user_id = str(guard["holder"]) if guard else id_or_email
        item = self._table.get(keys.user_key(org_id, user_id))
        if item is None:
            raise NotFound(
                f"there is no user {id_or_email!r} in this organisation",
                code="USER_NOT_FOUND",
                hint="bbws-access users list",
            )
        return User.from_item(item)

    def access(self, actor: Actor, org_id: str, id_or_email: str) -> UserAccess:
        """The member, their role assignments and their team memberships."""
        user = self.find(actor, org_id, id_or_email)
        assignments = Query(keys.assignments_of_user(org_id, user.user_id), begins_with=keys.ROLE_PREFIX)
        teams = Query(
            keys.everything_of_user(user.user_id),
            index=3,
            begins_with=f"{keys.ORGANISATION_PREFIX}{org_id}#{keys.TEAM_PREFIX}",
        )
        return UserAccess(
            user,
            [RoleAssignment.from_item(item) for item in self._table.query_all(assignments)],
            [TeamMember.from_item(item) for item in self._table.query_all(teams)],
        )
