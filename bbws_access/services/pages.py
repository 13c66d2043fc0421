"""One page of a list, as services hand it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from bbws_access.errors import InvalidInput
from bbws_access.keys import Keys
from bbws_access.store.table import Item, Query, Table

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """``size`` is 1 to 100 items; ``start_after`` the position that the page before ended at.

    Raises :class:`InvalidInput` with the code ``INVALID_PAGE_SIZE``.
    """

    size: int = DEFAULT_PAGE_SIZE
    start_after: Keys | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_PAGE_SIZE:
            raise InvalidInput(
                f"pageSize is 1 to {MAX_PAGE_SIZE}, not {self.size}",
                code="INVALID_PAGE_SIZE",
                details={"fields": {"pageSize": f"1 to {MAX_PAGE_SIZE}"}},
            )


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """``last`` is where the next page starts after; ``None`` when there is no more."""

    items: list[T]
    last: Keys | None = None


def fetch_page(table: Table, query: Query, page: PageRequest, build: Callable[[Item], T]) -> ListPage[T]:
    """One page of ``query``; a filter of the query may make it shorter than asked for, never out of step."""
    found = table.query(replace(query, limit=page.size, start_after=page.start_after))
    return ListPage([build(item) for item in found.items], found.last)


def every(fetch: Callable[[PageRequest], ListPage[T]]) -> Iterator[T]:
    """All items of a list, page after page; ``fetch`` is a service's list method."""
    page = PageRequest(MAX_PAGE_SIZE)
    while True:
        found = fetch(page)
        yield from found.items
        if found.last is None:
            return
        page = PageRequest(MAX_PAGE_SIZE, found.last)
