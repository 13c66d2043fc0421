"""The periodic access review: everybody's grants, which of them are privileged, and which nobody used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final, TypeVar

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.access.grants import EVERYTHING, covers
from bbws_access.access.principal import PrincipalLoader
from bbws_access.access.privileged import privileged
from bbws_access.access.rights import known_permissions
from bbws_access.clock import Clock, iso
from bbws_access.errors import Denied
from bbws_access.export.formats import Row
from bbws_access.models.access_review import AccessReview, ReviewedGrant, ReviewedInvitation, ReviewedUser, Use
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.base import Record
from bbws_access.models.effective_access import Grant, Reach
from bbws_access.models.invitation import Invitation
from bbws_access.models.kinds import EventType, InvitationStatus
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import Role
from bbws_access.models.team import Team
from bbws_access.models.user import User
from bbws_access.services.access_sources import grants_of
from bbws_access.services.activity import SEEN, SEEN_CAPABILITIES, Done, activity
from bbws_access.services.audit import Audit
from bbws_access.services.effective_access import require_reading
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import Query, Table

DAYS: Final = 90
"""After which a grant that was not used is worth a question; the contract's figure."""

_IDLE: Final = Done()

R = TypeVar("R", bound=Record)


class AccessReviews:
    """For whoever may read users, roles, teams, invitations and the trail."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, audit: Audit) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._audit = audit

    def rows(self, actor: Actor, org_id: str, days: int = DAYS) -> Iterable[Row]:
        """The events of the time that is looked at, from the archive where the table no longer has them.

        Raises ``Denied`` before anything is read.
        """
        since = self._clock.now() - timedelta(days=days)
        return self._audit.rows(actor, AuditQuestion(org_id, since=since, newest_first=False))

    def review(
        self,
        actor: Actor,
        organisation: Organisation,
        rows: Iterable[Row],
        days: int = DAYS,
        done: Callable[[], object] = lambda: None,
    ) -> AccessReview:
        """Consumes ``rows``, see :meth:`rows`; two requests a member beside. ``done`` is called after each member.

        Raises ``Denied``.
        """
        org_id = organisation.organisation_id
        require_reading(actor, org_id)
        actor.require("invitation:read", org_id)
        actor.require("audit:read", org_id)
        did = activity(rows)
        now = self._clock.now()
        since = iso(now - timedelta(days=days))
        head = self._table.get(keys.audit_head_key(org_id))
        begun = None if head is None else str(head.get("since") or "") or None
        reaches = begun is not None and begun <= since
        teams = {team.team_id: team.name for team in self._of(org_id, keys.TEAM_PREFIX, Team)}
        loader = PrincipalLoader(self._table, self._clock)
        users = []
        for user in self._of(org_id, keys.USER_PREFIX, User):
            grants = self._grants(loader, user, teams)
            own = did.get(user.user_id, _IDLE)
            users.append(
                ReviewedUser(
                    user_id=user.user_id,
                    email=user.email,
                    name=f"{user.first_name} {user.last_name}",
                    active=user.active,
                    last_activity=own.last or None,
                    grants=tuple(_reviewed(grant, own, since, reaches=reaches) for grant in grants),
                )
            )
            done()
        return AccessReview(
            organisation=organisation.name,
            organisation_id=org_id,
            made_at=iso(now),
            made_by=actor.email or actor.id,
            since=since,
            days=days,
            trail_since=None if reaches else begun or iso(now),
            users=tuple(sorted(users, key=lambda user: user.email)),
            invitations=tuple(self._pending(org_id)),
        )

    def record(self, actor: Actor, review: AccessReview, target: str, file_format: str, sha256: str) -> None:
        """The trail says who took a copy of it; ``target`` is a path."""
        told = {"target": target, "format": file_format, "count": len(review.users), "sha256": sha256}
        change = Change(EventType.CONFIGURATION, "access.review", "organisation", review.organisation_id, more=told)
        self._trail.commit(actor, review.organisation_id, [change])

    def _of(self, org_id: str, prefix: str, model: type[R]) -> list[R]:
        query = Query(keys.owner(org_id), begins_with=prefix)
        return [model.from_item(item) for item in self._table.query_all(query)]

    def _grants(self, loader: PrincipalLoader, user: User, teams: dict[str, str]) -> list[Grant]:
        """What is in force; whoever was deactivated holds nothing."""
        try:
            principal = loader.load(user.user_id, user.organisation_id)
        except Denied:
            return []
        return [grant for grant in grants_of(principal, teams) if grant.rests is None]

    def _pending(self, org_id: str) -> Iterable[ReviewedInvitation]:
        gives = {role.role_id: privileged(role.permissions) for role in self._of(org_id, keys.ROLE_PREFIX, Role)}
        query = Query(keys.invitations_by_status(org_id, InvitationStatus.PENDING), index=1)
        now = iso(self._clock.now())
        for invitation in map(Invitation.from_item, self._table.query_all(query)):
            if invitation.expires_at > now:
                yield ReviewedInvitation(
                    email=invitation.email,
                    role=invitation.role_name,
                    invited_by=invitation.inviter_email,
                    expires_at=invitation.expires_at,
                    privileged=gives.get(invitation.role_id, ()),
                )


def _reviewed(grant: Grant, did: Done, since: str, *, reaches: bool) -> ReviewedGrant:
    seat = grant.reach is Reach.SEAT
    special = privileged(grant.yields)
    acted = {can for team, can in did.capabilities if team == grant.team_id} if seat else did.permissions
    if seat:
        used = bool(acted & set(grant.yields))
        visible = set(grant.yields) <= SEEN_CAPABILITIES
    else:
        used = any(covers(frozenset(grant.yields), one) for one in acted)
        visible = known_permissions(frozenset(grant.yields)) <= SEEN
    return ReviewedGrant(
        where=grant.where,
        given_by=grant.given_by,
        given_at=grant.given_at,
        use=_use(used=used, fresh=grant.given_at > since, knowable=visible and reaches),
        privileged=special,
        idle=_idle(special, acted, used=used) if reaches else (),
    )


def _idle(special: tuple[str, ...], acted: set[str], *, used: bool) -> tuple[str, ...]:
    """Of everything at once it is not asked which part."""
    return tuple(one for one in special if one not in acted and not (one == EVERYTHING and used))


def _use(*, used: bool, fresh: bool, knowable: bool) -> Use:
    if used:
        return Use.USED
    if fresh:
        return Use.NEW
    return Use.UNUSED if knowable else Use.UNKNOWN
