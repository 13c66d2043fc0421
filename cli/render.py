"""The one renderer: data to stdout as a table or JSON, everything else to stderr.

Values come from people of many organisations: nothing of them is read as markup, and no control
character of theirs reaches the terminal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cli.options import Output

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def safe(value: Any) -> str:
    """One line of text without control or direction characters."""
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case list() | tuple() | set() | frozenset():
            text = ", ".join(str(v) for v in (sorted(value) if isinstance(value, set | frozenset) else value))
        case dict():
            text = json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value)
    return _CONTROL.sub("�", text)


class Renderer:
    """Prints one command's results."""

    def __init__(self, output: Output) -> None:
        self._output = output

    @property
    def is_json(self) -> bool:
        return self._output is Output.JSON

    def table(
        self, rows: Iterable[Row], columns: Mapping[str, str], *, empty: str, more_available: bool = False
    ) -> None:
        """A list. ``columns`` maps titles to the rows' keys; JSON has every key.

        ``empty`` is the sentence for a list without items; ``more_available`` says that it was cut.
        """
        found = list(rows)
        if self.is_json:
            self.json({"items": found, "count": len(found), "moreAvailable": more_available})
        elif not found:
            self.note(empty)
        else:
            self._print_table(found, columns)

    def record(self, data: Row, fields: Mapping[str, str]) -> None:
        """One thing: a line a field; JSON has every key."""
        if self.is_json:
            self.json(data)
            return
        from rich.table import Table

        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for title, key in fields.items():
            grid.add_row(_plain(title), _plain(safe(data.get(key))))
        self._console().print(grid)

    def json(self, data: Any) -> None:
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")

    def done(self, message: str) -> None:
        """What was done, where there is no data to print."""
        self._console(stderr=True).print(_plain(safe(message)), style="green", soft_wrap=True)

    def note(self, message: str) -> None:
        self._console(stderr=True).print(_plain(safe(message)), style="dim", soft_wrap=True)

    def blank(self) -> None:
        """An empty line between records; not part of the data."""
        if not self.is_json:
            sys.stdout.write("\n")

    def _print_table(self, rows: Sequence[Row], columns: Mapping[str, str]) -> None:
        from rich import box
        from rich.table import Table

        console = self._console()
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for title in columns:
            table.add_column(title, no_wrap=True, overflow="ellipsis")
        for row in rows:
            table.add_row(*(_plain(safe(row.get(key))) for key in columns.values()))
        if not console.is_terminal:
            # No screen to fit: cutting off would lose data for whoever reads the file.
            console.width = max(console.measure(table).maximum, console.width)
        console.print(table)

    @staticmethod
    def _console(*, stderr: bool = False) -> Console:
        from rich.console import Console

        return Console(stderr=stderr, highlight=False, emoji=False, markup=False)


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)


def error_line(message: str, hint: str | None) -> None:
    """The one line of a failure, on stderr."""
    from rich.console import Console
    from rich.text import Text

    line = Text.assemble(("error: ", "bold red"), safe(message))
    if hint:
        line.append(f"; try: {safe(hint)}" if hint.startswith("bbws-access") else f"; {safe(hint)}")
    Console(stderr=True, highlight=False).print(line, soft_wrap=True)
