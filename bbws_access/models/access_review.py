"""A periodic review of who holds what, and who still needs it."""

from __future__ import annotations

from enum import StrEnum

from bbws_access.models.base import ApiModel


class Use(StrEnum):
    """What the trail says of a grant in the time that is looked at."""

    USED = "used"
    """They did something that it covers."""
    UNUSED = "unused"
    """They did nothing that it covers, and the trail would show all that can be done with it."""
    NEW = "new"
    """It was given in this time, and was not used yet."""
    UNKNOWN = "unknown"
    """It covers work that the trail does not see, such as that on sites; or the trail reaches less far back."""


class ReviewedGrant(ApiModel):
    """One role or seat. ``privileged`` are the rights in it that are; ``idle`` those of them that were not used."""

    where: str
    given_by: str
    given_at: str
    use: Use
    privileged: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()


class ReviewedUser(ApiModel):
    """``last_activity`` is ISO 8601, and absent where the time that is looked at has none."""

    user_id: str
    email: str
    name: str
    active: bool
    last_activity: str | None = None
    grants: tuple[ReviewedGrant, ...] = ()

    @property
    def privileged(self) -> tuple[str, ...]:
        return tuple(sorted({right for grant in self.grants for right in grant.privileged}))

    @property
    def unused(self) -> tuple[ReviewedGrant, ...]:
        return tuple(grant for grant in self.grants if grant.use is Use.UNUSED)


class ReviewedInvitation(ApiModel):
    """Somebody who may still come in; ``privileged`` is what their role would give."""

    email: str
    role: str
    invited_by: str
    expires_at: str
    privileged: tuple[str, ...] = ()


class AccessReview(ApiModel):
    """``since`` is where the time that is looked at begins, ``days`` before it was made.

    ``trail_since`` is where the trail begins, if that is later: then it can vouch for no more.
    """

    organisation: str
    organisation_id: str
    made_at: str
    made_by: str
    since: str
    days: int
    trail_since: str | None = None
    users: tuple[ReviewedUser, ...] = ()
    invitations: tuple[ReviewedInvitation, ...] = ()
