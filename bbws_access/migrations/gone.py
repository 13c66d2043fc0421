"""What was deleted from a source after it was copied, and so goes from the target too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from bbws_access.errors import Refused
from bbws_access.migrations.legacy_layout import Kind
from bbws_access.migrations.outcomes import Tally
from bbws_access.migrations.settle import Settler
from bbws_access.migrations.snapshot import is_event
from bbws_access.migrations.tables import ScanPage, Target
from bbws_access.migrations.wire import STAMP, Attributes, KeyPair, pair

FEW: Final = 20
"""So many items may have been deleted from a source without anybody asking why; or a tenth of what was migrated."""


class SourceShrank(Refused):
    """So much has gone from the source that it looks emptied rather than used; nothing was removed from the target."""

    default_code = "SOURCE_SHRANK"

    def __init__(self, source: str, gone: int) -> None:
        super().__init__(
            f"{gone} of the migrated items are not in {source} any more: it looks as if it had been cleaned up",
            hint="if they were deleted on purpose, and shall go here too, add --with-deletions",
        )


def stamped_by(migration: int) -> dict[str, Any]:
    """Of a scan: only what a migration wrote."""
    return {
        "FilterExpression": "begins_with(#stamp, :migration)",
        "ExpressionAttributeNames": {"#stamp": STAMP},
        "ExpressionAttributeValues": {":migration": {"S": f"{migration}:"}},
    }


class Gone:
    """Finds and removes it, as far as nobody has touched it.

    Events stay, and whatever else a source's TTL may have taken: the archive wants the events, and has them
    only once this platform has archived them; the tokens open nothing.
    """

    def __init__(self, target: Target, migration: int, source: str, *, with_deletions: bool) -> None:
        self._target = target
        self._source = source
        self._with_deletions = with_deletions
        self._filter = stamped_by(migration)

    def remove(self, tally: Tally, there: int, wanted: Callable[[], set[KeyPair]], settler: Settler) -> int:
        """How many were removed.

        ``there`` counts what the migration wrote and is there, but for events; ``wanted``, all keys that belong
        there, is only asked where some may have gone. Raises :class:`SourceShrank`, before anything is removed,
        where it would be much.
        """
        if there <= tally.migrated.total() - tally.migrated[Kind.EVENT] - tally.taken_away:
            return 0
        belongs = wanted()
        if not self._with_deletions:
            gone = sum(len(_not_among(page.items, belongs)) for page in self._pages())
            if gone > max(FEW, there // 10):
                raise SourceShrank(self._source, gone)
        return sum(settler.remove(_not_among(page.items, belongs)) for page in self._pages())

    def _pages(self) -> Iterator[ScanPage]:
        """What this migration wrote, as far as it is still there."""
        return self._target.pages(0, 1, **self._filter)


def _not_among(items: list[Attributes], belongs: set[KeyPair]) -> list[Attributes]:
    return [item for item in items if not is_event(item) and "ttl" not in item and pair(item) not in belongs]
