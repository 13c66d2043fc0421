"""An archived day against the table's copy of it, event by event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bbws_access import keys
from bbws_access.models.audit_findings import FindingKind
from bbws_access.services.archive_objects import archived_event, event_line
from bbws_access.store.table import Item

Difference = tuple[FindingKind, str, Mapping[str, Any]]
"""What happened, in words that follow the event's name, and the event."""


def differences(archived: Iterable[dict[str, Any]], items: Iterable[Item], *, expired: bool) -> Iterator[Difference]:
    """Where the two differ. With ``expired``, what the table no longer holds is as it should be.

    An item without ``ttl`` came after the day was archived: it is not looked at here.
    """
    here: dict[str, list[Item]] = {}
    for item in items:
        here.setdefault(str(item.get("eventId")), []).append(item)
    for event in archived:
        found = here.pop(str(event["eventId"]), [])
        genuine = next((item for item in found if _same(archived_event(item), event)), found[0] if found else None)
        if genuine is None:
            if not expired:
                yield FindingKind.REMOVED, "is archived, and missing in the table", event
        elif not _same(archived_event(genuine), event):
            yield FindingKind.ALTERED, "is not what was archived", event
        for item in found:
            if item is not genuine:
                yield FindingKind.INSERTED, "stands in the table a second time", item
    for found in here.values():
        for item in found:
            if "ttl" in item:
                yield FindingKind.INSERTED, "is in no part of the archive", item


def in_its_place(item: Item) -> bool:
    """Whether the keys, of the table and of the indexes, are those of the content."""
    try:
        ought = keys.event(
            item["organisationId"], item["userId"], item["eventType"], item["timestamp"], item["eventId"]
        )
    except (KeyError, TypeError):
        return True  # the chain has its own word on an event that lacks so much
    return all(item.get(name) == value for name, value in ought.items())


def _same(here: dict[str, Any], archived: dict[str, Any]) -> bool:
    """As JSON, which knows neither sets nor bytes; most events are equal before that."""
    return here == archived or event_line(here) == event_line(archived)
