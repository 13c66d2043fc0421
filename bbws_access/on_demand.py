"""What is made when it is first used: a client of AWS takes longer to make than most requests take."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, cast

T = TypeVar("T")


def on_demand(make: Callable[[], T]) -> T:
    """Stands for what ``make`` returns, and calls it once, with the first use of any attribute."""
    return cast("T", _OnDemand(make))


class _OnDemand:
    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._made, name)
        self.__dict__[name] = found
        return found

    @cached_property
    def _made(self) -> Any:
        return self._make()
