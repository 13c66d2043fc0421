"""What Terraform is doing, as it does it: resources done of all, what is being made, time elapsed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bbws_access.provisioning.events import Event, Finished, Planned, Started, Stopping, Summary

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_INDEX = re.compile(r'^\w+\["([^"]*)"\]$')
"""``this["name"]``: only the name says something."""

_VERBS = {"create": "creating", "update": "changing", "delete": "removing", "replace": "replacing", "read": "reading"}


class ProvisioningProgress:
    """A bar on a terminal; elsewhere a line a step, so that a log stays short."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._planned = 0
        self._under_way: dict[str, str] = {}
        self._done = 0
        self._stopping = False

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                SpinnerColumn,
                TextColumn,
                TimeElapsedColumn,
            )
            from rich.table import Column

            self._progress = Progress(
                SpinnerColumn(),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._progress.add_task("starting", total=None)
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
        if self._stopping and kind is KeyboardInterrupt:
            self._say("Stopped. What was done is kept; the same command again goes on.")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the terminal to somebody who is shown something and asked."""
        if self._progress is None:
            yield
            return
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def step(self, title: str) -> None:
        """A stage of the work that is not Terraform's own."""
        if self._progress is None:
            sys.stderr.write(f"{title} …\n")
        else:
            self._show(title, reset=True)

    def event(self, event: Event) -> None:
        """One of Terraform's events."""
        match event:
            case Stopping():
                self._stopping = True
                self._say("Stopping: Terraform ends what it has begun and keeps its state. Please wait …")
                return
            case Planned(action="read" | "noop"):
                return
            case Planned():
                self._planned += 1
            case Summary(operation="plan"):
                self._planned = event.total
            case Started():
                self._under_way[event.address] = _VERBS.get(event.action, event.action)
            case Finished():
                self._under_way.pop(event.address, None)
                if event.action != "read":
                    self._done += 1
            case _:
                return
        self._show(self._current())

    def _say(self, line: str) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        sys.stderr.write(f"{line}\n")

    def _current(self) -> str:
        """The longest under way is what everybody waits for."""
        address, verb = next(iter(self._under_way.items()), ("", "planning" if not self._done else "finishing"))
        return f"{verb} {_short(address)}".strip()

    def _show(self, description: str, *, reset: bool = False) -> None:
        if self._progress is None or self._task is None:
            return
        total = None if reset or not self._planned else self._planned
        self._progress.update(self._task, description=description, total=total, completed=self._done)


def _short(address: str) -> str:
    """``module.table.aws_dynamodb_table.this`` is ``table dynamodb_table``."""
    parts = [part for part in address.split(".") if part not in {"module", "this", "data"}]
    return " ".join(_INDEX.sub(r"\1", part).removeprefix("aws_") for part in parts)
