"""The members of an organisation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.backoff import Backoff
from bbws_access.clock import Clock
from bbws_access.errors import Busy, NotFound
from bbws_access.ids import Ids
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.models.user import User, UserChanges
from bbws_access.services.editing import differing, edit_of, edited, require_version, shown_after, shown_before
from bbws_access.services.pages import ListPage, PageRequest, every, fetch_page
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import ConditionFailed, Query, Table
from bbws_access.store.writes import Update
from bbws_access.text import fold_email, fold_name

if TYPE_CHECKING:
    from bbws_access.models.role import RoleAssignment
    from bbws_access.models.team import TeamMember
    from bbws_access.services.accounts import Accounts
    from bbws_access.services.holdings import Holdings, Piece


@dataclass(frozen=True, slots=True)
class UserAccess:
    """A member with all that they hold in the organisation."""

    user: User
    roles: list[RoleAssignment]
    teams: list[TeamMember]


class Users:
    """Lists and finds members, changes them, takes all that they have and gives it back."""

    def __init__(
        self,
        table: Table,
        trail: Trail,
        clock: Clock,
        ids: Ids,
        accounts: Accounts,
        backoff: Backoff | None = None,
    ) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
        self._backoff = backoff or Backoff()

    @cached_property
    def _holdings(self) -> Holdings:
        # It knows every kind of record; who only reads members does not wait for that.
        from bbws_access.services.holdings import Holdings

        return Holdings(self._table, self._clock)

    def page(self, actor: Actor, org_id: str, page: PageRequest) -> ListPage[User]:
        """Members, by id."""
        actor.require("user:read", org_id)
        return fetch_page(self._table, Query(keys.owner(org_id), begins_with=keys.USER_PREFIX), page, User.from_item)

    def find(self, actor: Actor, org_id: str, id_or_email: str) -> User:
        """By id or by address. Raises :class:`NotFound` (``USER_NOT_FOUND``)."""
        actor.require("user:read", org_id)
        return self._locate(org_id, id_or_email)

    def named(self, actor: Actor, org_id: str, name: str) -> list[User]:
        """Everybody whose first and last name this is, whatever its case. Reads all members: for people who type."""
        folded = fold_name(name)
        found = every(lambda page: self.page(actor, org_id, page))
        return [user for user in found if fold_name(f"{user.first_name} {user.last_name}") == folded]

    def several(self, actor: Actor, org_id: str, user_ids: Iterable[str]) -> list[User]:
        """Those of ``user_ids`` who have a profile in the organisation, in no order."""
        actor.require("user:read", org_id)
        return [User.from_item(item) for item in self._table.get_many(keys.user_key(org_id, one) for one in user_ids)]

    def access(self, actor: Actor, org_id: str, id_or_email: str) -> UserAccess:
        """The member, their role assignments and their team memberships."""
        from bbws_access.models.role import RoleAssignment
        from bbws_access.models.team import TeamMember

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

    def update(self, actor: Actor, org_id: str, id_or_email: str, request: UserChanges) -> User:
        """Changes names. Raises ``NotFound``, and ``Conflict`` where somebody else came first."""
        actor.require("user:update", org_id)
        user = self._locate(org_id, id_or_email)
        require_version(user, request.version)
        changes = differing(user, request.changes())
        if not changes:
            return user
        before, after = shown_before(user, changes), shown_after(changes)
        change = Change(EventType.USER_MANAGEMENT, "user.update", "user", user.user_id, before=before, after=after)
        changed = edited(user, changes, actor, self._clock)
        self._trail.commit(actor, org_id, [change], [_edit(user, changed)])
        return changed

    def deactivate(self, actor: Actor, org_id: str, id_or_email: str) -> User:
        """Takes the user's access, and with it their roles and team seats, until they are reactivated.

        The profile goes first: from then on every request of theirs is denied. What follows may be
        interrupted, and running it again finishes it. Their account is disabled where no other
        organisation has an active profile of theirs; the open invitations to them and by them end.

        Raises ``NotFound``, and ``Conflict``: ``LAST_LEAD`` names the teams that need another lead
        first; ``ACCOUNT_BUSY``.
        """
        actor.require("user:delete", org_id)
        user_id = self._locate(org_id, id_or_email).user_id
        user = self._repeated(lambda: self._take_some(actor, self._locate(org_id, user_id)))
        self._accounts.follow(user)
        # Last: an invitation whose records do not fit together keeps nobody active.
        self._repeated(lambda: self._some_of(actor, user, self._holdings.to_withdraw(actor, user)))
        return user

    def reactivate(self, actor: Actor, org_id: str, id_or_email: str) -> User:
        """Gives back what the deactivation took, then the access itself; running it again finishes it.

        Roles and teams that are not active any more stay away. Raises ``NotFound``, ``Denied`` where a role, one
        of the platform's too, or a seat would give back what the actor does not hold, and ``Conflict``
        (``ACCOUNT_BUSY``).
        """
        actor.require("user:update", org_id)
        user_id = self._locate(org_id, id_or_email).user_id
        user = self._repeated(lambda: self._return_some(actor, self._locate(org_id, user_id)))
        self._accounts.follow(user)
        return user

    def _repeated(self, step: Callable[[], User | None]) -> User:
        """Steps until one has nothing left to do; what changed under a step is looked at anew."""
        for _ in self._backoff.tries():
            try:
                while True:
                    done = step()
                    if done is not None:
                        return done
            except ConditionFailed:
                continue
        raise Busy("this user is being changed by others", hint="run this again in a moment")

    def _take_some(self, actor: Actor, user: User) -> User | None:
        from bbws_access.services.holdings import first_batch, last_lead

        mark = user.deactivated_with or self._ids.record()
        pieces = self._holdings.to_take(user, mark)
        if not user.active:
            return self._some_of(actor, user, pieces)
        batch = first_batch(pieces)
        forlorn = [piece.last_lead_of for piece in pieces if piece.last_lead_of is not None]
        if forlorn:
            raise last_lead(forlorn)
        after = edited(user, {"active": False, "deactivated_with": mark}, actor, self._clock)
        changes = [_access_changed("user.deactivate", user, after), *batch.changes]
        self._trail.commit(actor, user.organisation_id, changes, [_edit(user, after), *batch.writes])
        return None

    def _some_of(self, actor: Actor, user: User, pieces: Iterable[Piece]) -> User | None:
        """One transaction of ``pieces``; the user where there are none."""
        from bbws_access.services.holdings import first_batch

        batch = first_batch(pieces)
        if not batch.pieces:
            return user
        self._trail.commit(actor, user.organisation_id, batch.changes, batch.writes)
        return None

    def _return_some(self, actor: Actor, user: User) -> User | None:
        from bbws_access.services.holdings import first_batch

        if user.active:
            return user
        self._require_platform_roles(actor, user)
        mark = user.deactivated_with
        pieces = [] if mark is None else self._holdings.to_return(actor, user, mark)
        batch = first_batch(pieces)
        changes, writes = batch.changes, batch.writes
        if len(batch.pieces) == len(pieces):
            after = edited(user, {"active": True, "deactivated_with": None}, actor, self._clock)
            changes.append(_access_changed("user.reactivate", user, after))
            writes.append(_edit(user, after))
        self._trail.commit(actor, user.organisation_id, changes, writes)
        return None

    def _require_platform_roles(self, actor: Actor, user: User) -> None:
        """A deactivation leaves them: they rest with their user, and count again once one organisation lets them in."""
        from bbws_access.services.role_assignments import held_on_platform

        held = held_on_platform(self._table, user.user_id)
        roles = self._table.get_many(keys.role_key(PLATFORM, assignment.role_id) for assignment in held)
        actor.require_holding(frozenset().union(*(role["permissions"] for role in roles)), PLATFORM)

    def _locate(self, org_id: str, id_or_email: str) -> User:
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


def _edit(before: User, after: User) -> Update:
    return edit_of(keys.user_key(before.organisation_id, before.user_id), before, after)


def _access_changed(action: str, before: User, after: User) -> Change:
    return Change(
        EventType.USER_MANAGEMENT,
        action,
        "user",
        before.user_id,
        before={"active": before.active},
        after={"active": after.active},
        more={"email": before.email},
    )
