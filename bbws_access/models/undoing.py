"""The inverse of an audited change."""

from __future__ import annotations

from bbws_access.models.base import ApiModel


class Inverse(ApiModel):
    """``says`` is what taking the change back does, in words; the rest is the event's own."""

    event_id: str
    action: str
    by: str
    at: str
    says: str
