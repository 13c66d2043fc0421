"""Who made a record and who changed it last: the same four attributes on everything people edit."""

from __future__ import annotations

from typing import Final, TypedDict

from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso

MIGRATED_FROM: Final = "migratedFrom"
"""The attribute in which a migration leaves its number and, after a colon, a digest of what it wrote."""


class Stamps(TypedDict):
    """Attributes of a new record."""

    date_created: str
    created_by: str
    date_last_updated: str
    last_updated_by: str


def new_stamps(actor: Actor, clock: Clock) -> Stamps:
    now = iso(clock.now())
    return {"date_created": now, "created_by": actor.email, "date_last_updated": now, "last_updated_by": actor.email}


def changed_stamps(actor: Actor, clock: Clock) -> dict[str, str]:
    """Attributes, under their stored names, of a record that is changed."""
    return {"dateLastUpdated": iso(clock.now()), "lastUpdatedBy": actor.email}
