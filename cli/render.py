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


_GAP: Final = 3
"""Cells between two columns."""

_ALWAYS: Final = 2
"""Columns that are shown on the narrowest screen."""


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
        from rich.text import Text

        # Lines are not folded: an id or a link that was cut in two could not be copied.
        width = max(len(title) for title in fields)
        console = self._console()
        for title, key in fields.items():
            line = Text.assemble((title.ljust(width), "bold"), "  ", safe(data.get(key)))
            console.print(line, soft_wrap=True)

    def line(self, text: str) -> None:
        """A line of data that is no table."""
        self._console().print(_plain(safe(text)), soft_wrap=True)

    def json(self, data: Any) -> None:
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")

    def done(self, message: str) -> None:
        """What was done, where there is no data to print."""
        self._console(stderr=True).print(_plain(safe(message)), style="green", soft_wrap=True)

    def note(self, message: str) -> None:
        self._console(stderr=True).print(_plain(safe(message)), style="dim", soft_wrap=True)

    def chapter(self, title: str, *lines: str) -> None:
        """A step of a guided tour."""
        console = self._console()
        console.print()
        console.print(_plain(title), style="bold cyan", soft_wrap=True)
        for line in lines:
            console.print(_plain(safe(line)), style="dim" if line.startswith("$") else None, soft_wrap=True)
        sys.stdout.flush()

    def blank(self) -> None:
        """An empty line between records; not part of the data."""
        if not self.is_json:
            sys.stdout.write("\n")

    def _print_table(self, rows: Sequence[Row], columns: Mapping[str, str]) -> None:
        """Columns stand in order of importance: where the screen is too narrow, the last ones are left out.

        Where there is no screen, nothing is: cutting off would lose data for whoever reads the file.
        """
        from rich import box
        from rich.table import Table

        console = self._console()
        cells = {title: [safe(row.get(key)) for row in rows] for title, key in columns.items()}
        widths = {title: max(_width(text) for text in [title, *found]) for title, found in cells.items()}
        titles = list(columns)
        if console.is_terminal:
            titles = _fitting(widths, console.width)
        else:
            console.width = sum(widths.values()) + _GAP * len(widths)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for title in titles:
            table.add_column(title, no_wrap=True, overflow="ellipsis")
        for n in range(len(rows)):
            table.add_row(*(_plain(cells[title][n]) for title in titles))
        console.print(table)
        if len(titles) < len(columns):
            left_out = ", ".join(title for title in columns if title not in titles)
            self.note(f"Too narrow for: {left_out}. A wider window or -o json shows them.")

    @staticmethod
    def _console(*, stderr: bool = False) -> Console:
        from rich.console import Console

        return Console(stderr=stderr, highlight=False, emoji=False, markup=False)


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _fitting(widths: Mapping[str, int], screen: int) -> list[str]:
    """As many of the first columns as fit, and always the first two."""
    fitting: list[str] = []
    used = 0
    for title, width in widths.items():
        used += width + (_GAP if fitting else 0)
        if used > screen and len(fitting) >= _ALWAYS:
            break
        fitting.append(title)
    return fitting


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
