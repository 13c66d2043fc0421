"""Somebody leaves for good: everything they have is handed over or taken, in an order that is safe to interrupt.

1. Teams whose last lead they are get another.
2. They are deactivated: from then on every request of theirs is denied, and their roles and seats are taken.
3. Roles of the platform are revoked, unless they stay in another organisation.
4. What the deactivation kept for a reactivation is forgotten.

Each step finds what is left of it, so that running it again finishes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.backoff import Backoff
from bbws_access.clock import Clock
from bbws_access.errors import Busy, Conflict
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.models.role import RoleAssignment
from bbws_access.models.team import MemberChanges, NewMember, Team, TeamMember
from bbws_access.models.user import User
from bbws_access.services.editing import edit_of, edited
from bbws_access.services.holdings import Holdings, first_batch, last_lead
from bbws_access.services.members import Members
from bbws_access.services.organisations import Organisations
from bbws_access.services.role_assignments import RoleAssignments
from bbws_access.services.team_roles import load_team_role
from bbws_access.services.teams import Teams
from bbws_access.services.trail import Change, Trail
from bbws_access.services.users import Users
from bbws_access.store.table import ConditionFailed, Item, Query, Table


@dataclass(frozen=True, slots=True)
class Led:
    """A team that has no lead but the one who leaves; ``team_role_id`` is what they are there."""

    team: Team
    team_role_id: str


@dataclass(frozen=True, slots=True)
class Departure:
    """What somebody has; ``teams`` by name. ``elsewhere`` are the organisations in which they stay active, by name."""

    user: User
    roles: Sequence[RoleAssignment]
    teams: Sequence[str]
    led: Sequence[Led]
    platform_roles: Sequence[RoleAssignment]
    elsewhere: Sequence[str]


class Offboarding:
    """Looks at what somebody has, and takes it."""

    def __init__(
        self,
        table: Table,
        trail: Trail,
        clock: Clock,
        organisations: Organisations,
        users: Users,
        teams: Teams,
        members: Members,
        role_assignments: RoleAssignments,
        backoff: Backoff | None = None,
    ) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._organisations = organisations
        self._users = users
        self._teams = teams
        self._members = members
        self._role_assignments = role_assignments
        self._holdings = Holdings(table, clock)
        self._backoff = backoff or Backoff()

    def look(self, actor: Actor, org_id: str, user_id: str) -> Departure:
        """Raises ``NotFound`` and ``Denied``."""
        actor.require("user:delete", org_id)
        found = self._users.access(actor, org_id, user_id)
        seats = [seat for seat in found.teams if seat.active]
        held = list(self._table.query_all(Query(keys.everything_of_user(found.user.user_id), index=3)))
        platform = keys.assignments_of_user(PLATFORM, found.user.user_id)
        profiles = [item for item in held if _is_profile(item) and item["organisationId"] != org_id]
        return Departure(
            found.user,
            [role for role in found.roles if role.active],
            sorted(self._teams.load(org_id, seat.team_id).name for seat in seats),
            [led for seat in seats for led in self._led(seat)],
            [RoleAssignment.from_item(item) for item in held if item["PK"] == platform and item.get("active", True)],
            sorted(
                self._organisations.load(str(item["organisationId"])).name
                for item in self._table.get_many(profiles)
                if item["active"]
            ),
        )

    def take(self, actor: Actor, departure: Departure, heir: User | None) -> User:
        """Takes all of it; teams that would be without a lead go to ``heir``.

        Raises ``Conflict``: ``LAST_LEAD``, which names the teams, where there is no ``heir``; as
        ``Members.add``, ``Members.update``, ``Users.deactivate`` and ``RoleAssignments.revoke`` do, too.
        """
        user = departure.user
        if heir is not None and heir.user_id == user.user_id:
            raise Conflict(f"{user.email} cannot take over from themselves", code="SAME_USER")
        if heir is not None and not heir.active:
            raise Conflict(f"user {heir.email} is not active", code="USER_INACTIVE")
        if departure.led and heir is None:
            refusal = last_lead([led.team for led in departure.led])
            refusal.hint = "say with --hand-over-to who leads them from now on"
            raise refusal
        for led in departure.led:
            assert heir is not None
            self._hand_over(actor, led, heir)
        self._users.deactivate(actor, user.organisation_id, user.user_id)
        if not departure.elsewhere:
            for assignment in departure.platform_roles:
                self._role_assignments.revoke(actor, PLATFORM, user.user_id, assignment.role_id)
        return self._forget(actor, user.organisation_id, user.user_id)

    def _led(self, seat: TeamMember) -> list[Led]:
        role = load_team_role(self._table, seat.organisation_id, seat.team_role_id)
        if not role.leads:
            return []
        team = self._teams.load(seat.organisation_id, seat.team_id)
        return [Led(team, role.team_role_id)] if team.lead_count <= 1 else []

    def _hand_over(self, actor: Actor, led: Led, heir: User) -> None:
        org_id, team_id = led.team.organisation_id, led.team.team_id
        seat = self._table.get(keys.member_key(org_id, team_id, heir.user_id))
        if seat is not None and seat["active"]:
            changes = MemberChanges(team_role_id=led.team_role_id)
            self._members.update(actor, org_id, team_id, heir.user_id, changes)
        else:
            self._members.add(actor, org_id, team_id, NewMember(user_id=heir.user_id, team_role_id=led.team_role_id))

    def _forget(self, actor: Actor, org_id: str, user_id: str) -> User:
        lost = iter(self._backoff.tries())
        next(lost)
        while (user := self._users.find(actor, org_id, user_id)).deactivated_with is not None:
            mark = user.deactivated_with
            pieces = self._holdings.to_forget(user, mark)
            batch = first_batch(pieces)
            changes, writes = batch.changes, batch.writes
            if len(batch.pieces) == len(pieces):
                after = edited(user, {"deactivated_with": None}, actor, self._clock)
                more = {"email": user.email}
                changes.append(Change(EventType.USER_MANAGEMENT, "user.offboard", "user", user_id, more=more))
                writes.append(edit_of(keys.user_key(org_id, user_id), user, after))
            try:
                self._trail.commit(actor, org_id, changes, writes)
            except ConditionFailed:
                if next(lost, None) is None:
                    raise Busy("this user is being changed by others", hint="run this again in a moment") from None
        return user


def _is_profile(item: Item) -> bool:
    return str(item["SK"]).startswith(keys.USER_PREFIX)
