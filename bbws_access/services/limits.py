"""Limits per minute, counted in the table so that every function instance sees the same count."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bbws_access import keys
from bbws_access.clock import Clock
from bbws_access.errors import TooManyRequests
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Table
from bbws_access.store.writes import Update

_KEPT_FOR: Final = timedelta(hours=1)


class Limits:
    """Fixed windows of one minute; a counter's record goes by TTL an hour later."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def take(self, scope: str, per_minute: int, of_what: str) -> None:
        """Counts one; raises :class:`TooManyRequests` when the minute's are used up."""
        now = self._clock.now()
        self._table.write(
            Update(
                keys.rate_key(scope, now.strftime("%Y-%m-%dT%H:%M")),
                assign={"ttl": int((now + _KEPT_FOR).timestamp())},
                add={"taken": 1},
                condition=Attr("taken").not_exists() | Attr("taken").lt(per_minute),
                otherwise=TooManyRequests(f"at most {per_minute} {of_what} a minute", hint="try again in a minute"),
            )
        )
