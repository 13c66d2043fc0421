"""What each row of an import needs, as things are; and which cannot be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Final, TypeVar

from bbws_access import keys
from bbws_access.access.actor import Actor, ActorKind
from bbws_access.clock import Clock
from bbws_access.errors import Denied
from bbws_access.models.imported import ImportRow
from bbws_access.models.invitation import Invitation
from bbws_access.models.kinds import EmailStatus
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import Role
from bbws_access.models.team import Team, TeamRole
from bbws_access.models.user import User
from bbws_access.services.invitation_records import has_expired
from bbws_access.services.organisations import Organisations
from bbws_access.services.teams import DEFAULT_TEAM_ROLE, Teams
from bbws_access.store.table import Item, Query, Table
from bbws_access.text import fold_name
from bbws_access.yaml_source import shortened

CHUNK: Final = 50
"""Rows that are looked up together: two guards each fill a request for a hundred keys."""

T = TypeVar("T")
_Pair = tuple[str, str]


class Need(StrEnum):
    """What a row asks for, as things are."""

    INVITE = "invite"
    SEND_AGAIN = "send again"
    ASSIGN = "assign"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row with the line that it stands in."""

    line: int
    row: ImportRow


@dataclass(frozen=True, slots=True)
class Judged:
    """A row and what is there for it; ``problem`` is why it cannot be done."""

    numbered: Numbered
    need: Need = Need.NOTHING
    problem: str = ""
    role: Role | None = None
    team: Team | None = None
    user: User | None = None
    pending: Invitation | None = None
    lacks_role: bool = False
    lacks_seat: bool = False


@dataclass
class Names:
    """The organisation's roles and teams that are in force, by id and by folded name; read once."""

    organisation: Organisation
    roles: dict[str, Role]
    teams: dict[str, Team]
    seat: TeamRole
    forbidden: dict[str, str] = field(default_factory=dict)


class ImportRows:
    """Reads; writes nothing."""

    def __init__(self, table: Table, clock: Clock, organisations: Organisations, teams: Teams) -> None:
        self._table = table
        self._clock = clock
        self._organisations = organisations
        self._teams = teams

    def names(self, actor: Actor, org_id: str) -> Names:
        """What rows may name. Raises ``NotFound``, ``Denied`` for who is no operator, and ``Conflict``
        (``ORGANISATION_INACTIVE``)."""
        if actor.kind is not ActorKind.OPERATOR:
            raise Denied("an import is for operators")
        for permission in ("invitation:create", "role:assign", "team:member:add", "user:read"):
            actor.require(permission, org_id)
        organisation = self._organisations.load_active(org_id)
        roles = [Role.from_item(item) for item in self._of(org_id, keys.ROLE_PREFIX)]
        teams = [Team.from_item(item) for item in self._of(org_id, keys.TEAM_PREFIX)]
        found = Names(
            organisation,
            {key: one for one in roles if one.active for key in (fold_name(one.name), one.role_id)},
            {key: one for one in teams if one.active for key in (fold_name(one.name), one.team_id)},
            self._teams.load_role_named(org_id, DEFAULT_TEAM_ROLE),
        )
        for role in found.roles.values():
            try:
                actor.require_holding(role.permissions, org_id)
            except Denied as denied:
                found.forbidden[role.role_id] = denied.message
        return found

    def judge(self, names: Names, rows: Iterable[Numbered]) -> Iterator[Judged]:
        """Looks each row up, in their order, :data:`CHUNK` at a time; writes nothing."""
        for chunk in chunks(rows):
            yield from self.judge_chunk(names, chunk)

    def _of(self, org_id: str, prefix: str) -> Iterator[Item]:
        return self._table.query_all(Query(keys.owner(org_id), begins_with=prefix))

    def judge_chunk(self, names: Names, chunk: Sequence[Numbered]) -> list[Judged]:
        """Of at most :data:`CHUNK` rows, in their order."""
        org_id = names.organisation.organisation_id
        emails = [one.row.email for one in chunk]
        guards = self._found(
            [
                *(keys.user_email_key(org_id, email) for email in emails),
                *(keys.pending_invitation_key(org_id, email) for email in emails),
            ]
        )
        wanted = []
        for one in chunk:
            member = guards.get(_pair(keys.user_email_key(org_id, one.row.email)))
            pending = guards.get(_pair(keys.pending_invitation_key(org_id, one.row.email)))
            if member is not None:
                wanted += _held_keys(names, one.row, str(member["holder"]))
            elif pending is not None:
                wanted.append(keys.invitation_key(org_id, str(pending["invitationId"])))
        found = {**guards, **self._found(wanted)}
        return [self._judged(names, one, found) for one in chunk]

    def _found(self, wanted: Sequence[keys.Keys]) -> dict[_Pair, Item]:
        return {_pair(item): item for item in self._table.get_many(wanted)} if wanted else {}

    def _judged(self, names: Names, one: Numbered, found: dict[_Pair, Item]) -> Judged:
        org_id, row = names.organisation.organisation_id, one.row
        role = _named(names.roles, row.role)
        team = None if row.team is None else _named(names.teams, row.team)
        if role is None:
            return Judged(one, problem=f"there is no role {shortened(row.role)!r}")
        if row.team is not None and team is None:
            return Judged(one, problem=f"there is no team {shortened(row.team)!r}")
        if role.role_id in names.forbidden:
            return Judged(one, problem=names.forbidden[role.role_id])
        member = found.get(_pair(keys.user_email_key(org_id, row.email)))
        if member is None:
            return self._judged_invitation(names, one, found, role, team)
        user = User.from_item(found[_pair(keys.user_key(org_id, str(member["holder"])))])
        if not user.active:
            return Judged(one, problem=f"{row.email} is deactivated; reactivate them first")
        held = found.get(_pair(keys.assignment_key(org_id, user.user_id, role.role_id)))
        seat = None if team is None else found.get(_pair(keys.member_key(org_id, team.team_id, user.user_id)))
        lacks_role = held is None or not held["active"]
        lacks_seat = team is not None and (seat is None or not seat["active"])
        need = Need.ASSIGN if lacks_role or lacks_seat else Need.NOTHING
        return Judged(one, need, "", role, team, user, None, lacks_role, lacks_seat)

    def _judged_invitation(
        self, names: Names, one: Numbered, found: dict[_Pair, Item], role: Role, team: Team | None
    ) -> Judged:
        org_id, row = names.organisation.organisation_id, one.row
        guard = found.get(_pair(keys.pending_invitation_key(org_id, row.email)))
        item = None if guard is None else found.get(_pair(keys.invitation_key(org_id, str(guard["invitationId"]))))
        if item is None:
            return Judged(one, Need.INVITE, "", role, team)
        pending = Invitation.from_item(item)
        if has_expired(pending, self._clock):
            return Judged(one, Need.INVITE, "", role, team, pending=pending)
        if (pending.role_id, pending.team_id) != (role.role_id, None if team is None else team.team_id):
            where = "" if pending.team_name is None else f" in team {pending.team_name}"
            return Judged(one, problem=f"{row.email} is invited already, as {pending.role_name}{where}")
        need = Need.NOTHING if pending.email_status is EmailStatus.SENT else Need.SEND_AGAIN
        return Judged(one, need, "", role, team, pending=pending)


def _held_keys(names: Names, row: ImportRow, user_id: str) -> list[keys.Keys]:
    org_id = names.organisation.organisation_id
    role, team = _named(names.roles, row.role), _named(names.teams, row.team or "")
    found = [keys.user_key(org_id, user_id)]
    if role is not None:
        found.append(keys.assignment_key(org_id, user_id, role.role_id))
    if team is not None:
        found.append(keys.member_key(org_id, team.team_id, user_id))
    return found


def _named(things: dict[str, T], name: str) -> T | None:
    return things.get(name) or things.get(fold_name(name))


def _pair(key: keys.Keys | Item) -> _Pair:
    return str(key["PK"]), str(key["SK"])


def chunks(things: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(things)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
