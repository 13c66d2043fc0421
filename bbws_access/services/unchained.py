"""Events that tell of a change and have no place in the chain, where they ought to have one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from bbws_access import keys
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType, Outcome
from bbws_access.services.chain_check import CHAIN_FIELDS
from bbws_access.services.stamps import MIGRATED_FROM
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Item, Query, Table


class Unchained:
    """Reads the platform's trail only where an event says that a migration brought it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def among(self, items: Iterable[Item], since: str) -> Iterator[Item]:
        """A change has its place in the chain since that began; decisions, denials and failures have none.

        Neither has what the old platform told of while both were at work, up to the last run of the migration that
        the platform's trail has.
        """
        for item in items:
            claims = item.get("outcome") == Outcome.SUCCESS and item.get("eventType") != EventType.AUTHORIZATION
            later = bool(since) and str(item.get("timestamp")) > since
            if claims and later and not CHAIN_FIELDS & item.keys() and not self._was_brought(item):
                yield item

    def _was_brought(self, item: Item) -> bool:
        number, _, digest = str(item.get(MIGRATED_FROM, "")).partition(":")
        return bool(digest) and str(item.get("timestamp")) <= self._last_runs.get(number, "")

    @cached_property
    def _last_runs(self) -> dict[str, str]:
        """When each migration was recorded as done the last time, by its number."""
        migrations = Attr("resourceType").eq("migration")
        query = Query(keys.events_of_type(PLATFORM, EventType.CONFIGURATION), index=5, filter=migrations)
        found: dict[str, str] = {}
        for event in self._table.query_all(query):
            done = event.get("outcome") == Outcome.SUCCESS and event.keys() >= CHAIN_FIELDS
            if done and event.get("resourceType") == "migration":
                number = str(event.get("resourceId"))
                found[number] = max(found.get(number, ""), str(event.get("timestamp")))
        return found
