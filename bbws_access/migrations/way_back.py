"""Taking out of the target what a migration from another table brought. The source was never touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bbws_access.errors import Refused
from bbws_access.migrations import m0001_legacy_table as rules
from bbws_access.migrations.gone import stamped_by
from bbws_access.migrations.settle import Settler
from bbws_access.migrations.sweep import OnProgress, Phase
from bbws_access.migrations.tables import Target
from bbws_access.migrations.wire import digest, pair, stamp_of

_NAMED: Final = 5
"""Keys in an error."""


def changed_since(target: Target, migration: int) -> list[str]:
    """Keys of what was brought and has been changed on the new platform."""
    return [
        " / ".join(pair(item))
        for page in target.pages(0, 1, **stamped_by(migration))
        for item in page.items
        if stamp_of(item, migration) != digest(item)
    ]


def take_back(target: Target, migration: int, on_progress: OnProgress, begin: Callable[[], None]) -> int:
    """How many items were removed; ``begin`` is called before the first of them.

    Raises ``Refused`` (``CHANGED_SINCE``), before anything is removed, where the new platform has changed
    what was brought: that would be lost.
    """
    _refuse(changed_since(target, migration))
    begin()
    phase = Phase("taking back", 0, target.meter, on_progress)
    settler = Settler(target, migration, rules.guards_of, lambda _item, _outcome: None)
    removed = 0
    for page in target.pages(0, 1, **stamped_by(migration)):
        removed += settler.remove(page.items)
        phase.advance(page.count)
    _refuse(changed_since(target, migration))
    return removed


def _refuse(changed: list[str]) -> None:
    if changed:
        raise Refused(
            f"{len(changed)} migrated items were changed on the new platform since, and going back would lose that: "
            f"{', '.join(changed[:_NAMED])}{' …' if len(changed) > _NAMED else ''}",
            code="CHANGED_SINCE",
            details={"changed": changed},
        )
