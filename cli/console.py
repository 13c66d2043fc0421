"""The terminal as rich writes to it."""

from __future__ import annotations

from typing import IO, NoReturn

from rich.console import Console


class PlainConsole(Console):
    """Reads no markup into anything. A reader that has gone, as ``head`` goes, ends the output and is no failure."""

    def __init__(
        self, *, file: IO[str] | None = None, force_terminal: bool | None = None, stderr: bool = False
    ) -> None:
        super().__init__(
            file=file, force_terminal=force_terminal, stderr=stderr, highlight=False, emoji=False, markup=False
        )

    def on_broken_pipe(self) -> NoReturn:
        """rich would end the program with 1 here; :mod:`cli.main` knows what a closed pipe means."""
        raise BrokenPipeError
