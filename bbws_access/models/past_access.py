"""What somebody held at a moment that is past."""

from __future__ import annotations

from bbws_access.models.base import ApiModel
from bbws_access.models.effective_access import EffectiveAccess


class PastAccess(ApiModel):
    """``held`` has what was in force at ``at`` (ISO 8601), without what rested.

    ``undone`` is how many events since then were taken back in thought to know it. ``doubts`` say what the trail
    cannot vouch for; where there are any, ``held`` is what it says nevertheless.
    """

    at: str
    held: EffectiveAccess
    undone: int
    doubts: tuple[str, ...] = ()
