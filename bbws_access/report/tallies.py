"""Counting without end in bounded memory."""

from __future__ import annotations

from collections import Counter, deque
from datetime import date, timedelta
from typing import Final, Generic, TypeVar

from bbws_access.report.data import Counts, Ranking

T = TypeVar("T")

MOST_NAMES: Final = 10_000
"""That are told apart; an attacker could otherwise fill the memory with names."""

SHOWN_NAMES: Final = 20

_MOST_DAYS_BY_DAY: Final = 62
_MOST_DAYS_BY_WEEK: Final = 62 * 7


class Tally:
    """Counts names, up to :data:`MOST_NAMES` of them."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()
        self._untold = 0

    def add(self, name: str) -> None:
        if name in self._counts or len(self._counts) < self._most:
            self._counts[name] += 1
        else:
            self._untold += 1

    def ranking(self, shown: int = SHOWN_NAMES) -> Ranking:
        """The highest first; equal ones by name."""
        ordered = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))
        rest = ordered[shown:]
        more = sum(count for _, count in rest) + self._untold
        return Ranking(ordered[:shown], len(rest), more, at_least=self._untold > 0)


class OutcomeTally:
    """Counts names by outcome; what is one name too many counts as ``other names``."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._counts: dict[str, list[int]] = {}

    def add(self, name: str, outcome: int) -> None:
        """``outcome`` is its place in :class:`Counts`: success, failure, denied, other."""
        counts = self._counts.get(name)
        if counts is None:
            if len(self._counts) >= self._most:
                name = "other names"
            counts = self._counts.setdefault(name, [0, 0, 0, 0])
        counts[outcome] += 1

    def counts(self, name: str) -> Counts:
        return Counts(name, *self._counts.get(name, ()))

    def names(self) -> list[str]:
        return list(self._counts)


class Latest(Generic[T]):
    """The latest entries, and how many there were."""

    def __init__(self, most: int) -> None:
        self._entries: deque[T] = deque(maxlen=most)
        self.total = 0

    def add(self, entry: T) -> None:
        self._entries.append(entry)
        self.total += 1

    def entries(self) -> list[T]:
        return list(self._entries)


def unit_of(first: date, last: date) -> str:
    """What a range is counted by, so that a chart has at most some sixty bars: day, week or month."""
    days = (last - first).days + 1
    if days <= _MOST_DAYS_BY_DAY:
        return "day"
    return "week" if days <= _MOST_DAYS_BY_WEEK else "month"


def bin_of(day: str, unit: str) -> str:
    """The name of the bin that a day (ISO 8601) is in: a day, the Monday of a week, or a month."""
    if unit == "day":
        return day
    if unit == "month":
        return day[:7]
    moment = date.fromisoformat(day)
    return (moment - timedelta(days=moment.weekday())).isoformat()


def bins(first: date, last: date, unit: str) -> list[str]:
    """Every bin of a range, whether anything happened in it or not."""
    days = ((first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1))
    return list(dict.fromkeys(bin_of(day, unit) for day in days))
