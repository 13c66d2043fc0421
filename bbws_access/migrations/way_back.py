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
from bbws_access.migrations.wire import is_untouched, pair

_NAMED: Final = 5
"""Keys in an error."""


def look_back(target: Target, migration: int) -> int:
    """How many items would be removed. Raises as :func:`take_back`, which this is the dry run of."""
    brought, changed = 0, []
    for page in target.pages(0, 1, **stamped_by(migration)):
        brought += page.count
        changed += [" / ".join(pair(item)) for item in page.items if not is_untouched(item, migration)]
    if changed:
        raise Refused(
            f"{len(changed)} migrated items were changed on the new platform since, and going back would lose that: "
            f"{', '.join(changed[:_NAMED])}{' …' if len(changed) > _NAMED else ''}",
            code="CHANGED_SINCE",
            details={"changed": changed},
        )
    return brought


def take_back(target: Target, migration: int, on_progress: OnProgress, begin: Callable[[], None]) -> int:
    """How many items were removed; ``begin`` is called before the first of them.

    Raises ``Refused`` (``CHANGED_SINCE``), before anything is removed, where the new platform has changed
    what was brought: that would be lost.
    """
    look_back(target, migration)
    begin()
    phase = Phase("taking back", 0, target.meter, on_progress)
    settler = Settler(target, migration, rules.guards_of, lambda _item, _outcome: None)
    removed = 0
    for page in target.pages(0, 1, **stamped_by(migration)):
        removed += settler.remove(page.items)
        phase.advance(page.count)
    look_back(target, migration)
    return removed
