"""Progress on a terminal; silence elsewhere, so that logs of machines stay readable."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def counted(description: str, items: Iterable[T]) -> Generator[Iterator[T], None, None]:
    """Counts items as they pass, on stderr."""
    if not sys.stderr.isatty():
        yield iter(items)
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description)

        def passing() -> Iterator[T]:
            for item in items:
                yield item
                progress.advance(task)

        yield passing()


@contextmanager
def working(description: str) -> Generator[None, None, None]:
    """Says what takes a while, on stderr, for as long as it takes."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{description} …"):
        yield
