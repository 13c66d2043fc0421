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


class Counter:
    """A number that goes up; this one shows it to nobody."""

    def add(self, count: float) -> None:
        """So many more."""

    def set(self, count: float) -> None:
        """So many by now."""

    def say(self, description: str) -> None:
        """What is being done by now."""


@contextmanager
def counting(description: str, total: float | None = None) -> Generator[Counter, None, None]:
    """A counter on stderr, with its rate; of ``total``, where that is known, with the time left."""
    if not sys.stderr.isatty():
        yield Counter()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    rate = TextColumn("{task.fields[rate]}")
    known: tuple[ProgressColumn, ...] = (BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    unknown: tuple[ProgressColumn, ...] = (TextColumn("{task.completed:.0f}"), rate, TimeElapsedColumn())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), *(known if total is not None else unknown))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=total, rate="")

        class Shown(Counter):
            def add(self, count: float) -> None:
                speed = progress.tasks[0].speed
                progress.update(task, advance=count, rate=f"{speed:.0f}/s" if speed else "")

            def set(self, count: float) -> None:
                progress.update(task, completed=count)

            def say(self, description: str) -> None:
                progress.update(task, description=description)

        yield Shown()
