"""What a member held at a moment, from what is held now and the trail of what has happened since.

Events since then are taken back in thought, the latest first: each says what was before it. So nothing is needed
from before that moment, and records that came into the table without an event, by a migration for one, are told of
as well. What comes of the records is the authorizer's own reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from bbws_access import keys
from bbws_access.access.actor import Actor, Origin
from bbws_access.access.principal import principal_of
from bbws_access.clock import Clock, iso, parse_iso
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.audit import AuditEvent
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.effective_access import EffectiveAccess, Grant
from bbws_access.models.kinds import Outcome
from bbws_access.models.past_access import PastAccess
from bbws_access.services.access_sources import grants_of
from bbws_access.services.audit import Audit
from bbws_access.services.effective_access import require_reading
from bbws_access.store.table import Item, Query, Table

UNKNOWN: Final = "unknown"
"""Who gave something, where only later events speak of it."""

_WHOLESALE: Final = frozenset({"table.restore", "table.migrate", "table.repair", "table.pitr"})
"""Actions that change records without an event for each."""

_KINDS: Final = {"role": "role", "team-role": "team-role", "teamRole": "team-role"}

_MOST_DOUBTS: Final = 5


class PastAccessQuestions:
    """For whoever may read users, roles, teams and the trail."""

    def __init__(self, table: Table, clock: Clock, audit: Audit) -> None:
        self._table = table
        self._clock = clock
        self._audit = audit

    def at(self, actor: Actor, org_id: str, user_id: str, moment: datetime) -> PastAccess:
        """What the user held at ``moment``, an aware time.

        Reads the events of the organisation and of the platform since then, from the archive where the table no
        longer has them. Raises ``Denied``, ``NotFound`` for a user that has never been, and ``InvalidInput`` for a
        moment to come or before the trail begins.
        """
        require_reading(actor, org_id)
        if moment > self._clock.now():
            raise InvalidInput("that moment has not come yet", hint="bbws-access access show USER")
        doubts: list[str] = []
        chains = [self._since(actor, owner, moment, doubts) for owner in (org_id, PLATFORM)]
        past = _Records(self._table, org_id, user_id)
        undone = sum(past.take_back(event) for chain in chains for event in chain)
        return PastAccess(at=iso(moment), held=past.held(), undone=undone, doubts=tuple(doubts[:_MOST_DOUBTS]))

    def _since(self, actor: Actor, owner: str, moment: datetime, doubts: list[str]) -> list[AuditEvent]:
        """The chained events after ``moment``, the latest first."""
        head = self._table.get(keys.audit_head_key(owner))
        begun = None if head is None else str(head.get("since") or "")
        if owner != PLATFORM and (begun is None or iso(moment) < begun):
            where = "has not begun" if begun is None else f"begins at {begun}"
            raise InvalidInput(f"the trail {where}: what was before, it cannot tell", code="BEFORE_THE_TRAIL")
        if head is None:
            return []
        asked = AuditQuestion(owner, since=moment, until=self._clock.now() + timedelta(seconds=60))
        found = [event for event in self._audit.events(actor, asked) if event.timestamp > iso(moment)]
        chained = sorted((event for event in found if event.sequence is not None), key=lambda e: -(e.sequence or 0))
        doubts += _gaps(owner, chained, int(head["sequence"]), self._last_before(actor, owner, moment, str(begun)))
        done = [event for event in chained if event.outcome is Outcome.SUCCESS]
        doubts += [
            f"{event.action} at {event.timestamp} changed records without an event for each"
            for event in done
            if event.action in _WHOLESALE
        ]
        return done

    def _last_before(self, actor: Actor, owner: str, moment: datetime, begun: str) -> int:
        """The sequence of the last event that ``moment`` had seen; 0 where there was none."""
        until = moment + timedelta(milliseconds=1)
        since = min(parse_iso(begun) if begun else moment, moment)
        last: AuditEvent | None = None
        for event in self._audit.events(actor, AuditQuestion(owner, since=since, until=until, newest_first=True)):
            if last is not None and event.timestamp != last.timestamp:
                break
            if event.sequence is not None and (last is None or event.sequence > (last.sequence or 0)):
                last = event
        return 0 if last is None else last.sequence or 0


def _gaps(owner: str, chained: Iterable[AuditEvent], head: int, before: int) -> Iterator[str]:
    """Of events ``before + 1`` to ``head`` those that are not there."""
    expected = head
    for event in chained:
        sequence = event.sequence or 0
        if sequence > expected:  # written since the head was read
            continue
        if sequence < expected:
            yield f"events {sequence + 1} to {expected} of {owner} are missing from the trail"
        expected = sequence - 1
    if before < expected:
        yield f"events {before + 1} to {expected} of {owner} are missing from the trail"


class _Records:
    """The records that decide what one user holds, and how they were before each event."""

    def __init__(self, table: Table, org_id: str, user_id: str) -> None:
        self._org_id = org_id
        self._user_id = user_id
        profile = table.get(keys.user_key(org_id, user_id))
        if profile is None:
            raise NotFound("there is no such user in this organisation", code="USER_NOT_FOUND")
        self._profile = dict(profile)
        self._organisation = dict(table.get(keys.organisation_key(org_id)) or {})
        self._there = True
        self._assignments: dict[tuple[str, str], Item] = {}
        self._seats: dict[str, Item] = {}
        for item in table.query_all(Query(keys.everything_of_user(user_id), index=3)):
            if str(item["SK"]).startswith(keys.ROLE_PREFIX) and item["organisationId"] in {org_id, PLATFORM}:
                self._assignments[str(item["organisationId"]), str(item["roleId"])] = dict(item)
            elif str(item["SK"]).startswith(keys.MEMBER_PREFIX) and item["organisationId"] == org_id:
                self._seats[str(item["teamId"])] = dict(item)
        self._roles: dict[tuple[str, str], Item] = {
            (owner, str(item["roleId"])): dict(item)
            for owner in (org_id, PLATFORM)
            for item in table.query_all(Query(keys.owner(owner), begins_with=keys.ROLE_PREFIX))
        }
        self._team_roles: dict[str, Item] = {
            str(item["teamRoleId"]): dict(item)
            for item in table.query_all(Query(keys.owner(org_id), begins_with=keys.TEAM_ROLE_PREFIX))
        }
        self._teams: dict[str, Item] = {
            str(item["teamId"]): dict(item)
            for item in table.query_all(Query(keys.owner(org_id), begins_with=keys.TEAM_PREFIX))
        }

    def held(self) -> EffectiveAccess:
        """As the authorizer reads the records."""
        denied = "USER_NOT_FOUND" if not self._there else None
        denied = denied or (None if self._profile.get("active") else "USER_INACTIVE")
        denied = denied or (None if self._organisation.get("active", True) else "ORG_ACCESS_DENIED")
        grants: tuple[Grant, ...] = ()
        if denied is None:
            kept = (*self._roles.values(), *self._team_roles.values(), *self._teams.values())
            definitions = {(item["PK"], item["SK"]): item for item in kept}
            principal = principal_of(
                self._profile,
                self._org_id,
                list(self._assignments.values()),
                list(self._seats.values()),
                definitions,
                Origin(),
            )
            names = {team_id: str(team["name"]) for team_id, team in self._teams.items()}
            grants = tuple(grant for grant in grants_of(principal, names) if grant.rests is None)
        return EffectiveAccess(
            user_id=self._user_id,
            email=str(self._profile["email"]),
            organisation_id=self._org_id,
            denied=denied,
            grants=grants,
        )

    def take_back(self, event: AuditEvent) -> bool:
        """Makes the records what they were before ``event``; whether it was about any of them."""
        before: dict[str, Any] = dict(event.details.get("before") or {})
        after: dict[str, Any] = dict(event.details.get("after") or {})
        if event.resource_type == "user" and event.resource_id == self._user_id:
            return self._of_user(event, before, after)
        if event.organisation_id == PLATFORM and event.resource_type != "role":
            return False
        if event.action.startswith("team.member."):
            user_id = event.details.get("userId") or before.get("userId") or after.get("userId")
            return user_id == self._user_id and self._of_seat(event, before)
        kind = _KINDS.get(event.resource_type)
        if kind == "role":
            return self._edited(self._roles.get((event.organisation_id, event.resource_id)), before)
        if kind == "team-role":
            return self._edited(self._team_roles.get(event.resource_id), before)
        if event.resource_type == "organisation":
            return self._edited(self._organisation, before)
        return event.resource_type == "team" and self._edited(self._teams.get(event.resource_id), before)

    def _of_user(self, event: AuditEvent, before: dict[str, Any], after: dict[str, Any]) -> bool:
        owner = event.organisation_id
        match event.action:
            case "role.assign":
                item = self._assignments.get((owner, str(after["roleId"])))
                if item is not None:
                    # What was there before it, if anything, rested; who had given that, this event does not say.
                    item |= {"active": False, "assignedBy": UNKNOWN, "assignedAt": ""}
            case "role.revoke":
                key = (owner, str(before["roleId"]))
                there = self._assignments.get(key, {"assignedBy": UNKNOWN, "assignedAt": "", "organisationId": owner})
                self._assignments[key] = {**there, "active": True, **before}
            case "user.deactivate" | "user.reactivate" if owner == self._org_id:
                self._profile["active"] = before["active"]
            case "user.create" if owner == self._org_id:
                self._there = False
            case _:
                return False
        return True

    def _of_seat(self, event: AuditEvent, before: dict[str, Any]) -> bool:
        team_id = event.resource_id
        seat = self._seats.setdefault(
            team_id, {"teamId": team_id, "organisationId": self._org_id, "addedBy": UNKNOWN, "joinedAt": ""}
        )
        match event.action:
            case "team.member.add":
                seat["active"] = False
            case "team.member.remove" | "team.member.update":
                seat |= {"active": True, "teamRoleId": self._team_role(before)}
            case _:
                return False
        return True

    def _edited(self, item: Item | None, before: dict[str, Any]) -> bool:
        if item is None:
            return False
        sets = {name: set(value) for name, value in before.items() if isinstance(value, list)}
        item |= {**before, **sets}
        return bool(before)

    def _team_role(self, seat: dict[str, Any]) -> str:
        """By its id; older events have only what it was called at that moment."""
        named = (ident for ident, item in self._team_roles.items() if item["name"] == seat["teamRole"])
        return str(seat.get("teamRoleId") or next(named, UNKNOWN))
