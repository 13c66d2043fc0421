"""The one renderer: data to stdout as a table or for machines, everything else to stderr.

Values come from people of many organisations: nothing of them is read as markup, and no control
character of theirs reaches the terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final

from bbws_access.errors import InvalidInput
from cli.asking import somebody_reads
from cli.documents import Row, compiled, write_document, write_rows
from cli.overrides import Output
from cli.paging import paged
from cli.safety import safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from cli.layout import Layout

_BESIDE: Final = 2
"""Cells between what a field is called and its value."""

_AROUND_ROWS: Final = 4
"""Lines of a screen that a table's rows do not have: its title, the line below it, a note, and the prompt."""

__all__ = ["Renderer", "error_line", "safe"]


class Renderer:
    """Prints one command's results.

    ``columns`` are titles or keys with commas; ``query`` is JMESPath, which asks for JSON by itself;
    ``quiet`` keeps stderr for errors; while ``withheld``, as in a dry run, nothing is shown as done;
    ``pager`` is the program for tables that are longer than the screen; ``retyped`` gives a note's command its flags.
    """

    def __init__(
        self,
        output: Output | None = None,
        *,
        columns: str | None = None,
        query: str | None = None,
        quiet: bool = False,
        withheld: bool = False,
        pager: Sequence[str] = (),
        retyped: Callable[[str], str] = str,
    ) -> None:
        self._query = compiled(query, output)
        self._output = output or (Output.TABLE if query is None else Output.JSON)
        self._columns = None if columns is None else [name for name in map(str.strip, columns.split(",")) if name]
        if self._columns == []:
            raise InvalidInput("--columns names no column", hint="give titles or keys, with commas between them")
        self.quiet = quiet
        self.withheld = withheld
        self._pager = list(pager)
        self._retyped = retyped

    @property
    def is_json(self) -> bool:
        """Whether a result is a document for machines, in whatever format."""
        return self._output is not Output.TABLE

    def table(
        self, rows: Iterable[Row], columns: Mapping[str, str], *, empty: str, more_available: bool = False
    ) -> None:
        """A list. ``columns`` maps titles to the rows' keys; what is for machines has every key.

        ``empty`` is the sentence for a list without items; ``more_available`` says that it was cut.
        """
        if self.withheld:
            return
        if self._output is Output.JSONL and self._columns is None:
            write_rows(rows, [], self._output, sys.stdout)
            return
        found = list(rows)
        if self._columns is not None:
            columns = _chosen(self._columns, columns, found)
            found = [{key: row.get(key) for key in columns.values()} for row in found]
        match self._output:
            case Output.JSON | Output.YAML:
                self.json({"items": found, "count": len(found), "moreAvailable": more_available})
            case Output.JSONL | Output.CSV:
                write_rows(found, columns.values(), self._output, sys.stdout)
            case Output.TABLE if found:
                self._print_table(found, columns)
            case Output.TABLE:
                self.note(empty)

    def narrowed(self, row: Row, columns: Mapping[str, str]) -> Row:
        """Of a row that comes by itself what was chosen, else the row itself; ``columns`` as in :meth:`table`."""
        if self._columns is None:
            return row
        return {key: row.get(key) for key in _chosen(self._columns, columns, [row]).values()}

    def record(self, data: Row, fields: Mapping[str, str]) -> None:
        """One thing: a line a field; what is for machines has every key."""
        if self.withheld:
            return
        if self._columns is not None:
            fields = _chosen(self._columns, fields, [data])
            data = {key: data.get(key) for key in fields.values()}
        if self.is_json:
            self.json(data)
            return
        from rich.text import Text

        from cli.layout import folded

        # On a screen lines are folded between words only: an id or a link that was cut in two could not be copied.
        width = max(len(title) for title in fields)
        console = self._console()
        room = console.width - width - _BESIDE if console.is_terminal else None
        for title, key in fields.items():
            first, *more = folded(safe(data.get(key)), room)
            console.print(Text.assemble((safe(title).ljust(width), "bold"), " " * _BESIDE, first), soft_wrap=True)
            for line in more:
                console.print(_plain(" " * (width + _BESIDE) + line), soft_wrap=True)

    def line(self, text: str) -> None:
        """A line of data that is no table."""
        self._console().print(_plain(safe(text)), soft_wrap=True)

    def parts(self, *parts: tuple[str, str | None], cut: bool = False) -> None:
        """A line of data in pieces, each with a style; at the edge of a screen folded under its last piece, or ``cut``.

        One with a command in it is left whole, to be copied.
        """
        from rich.text import Text

        console = self._console()
        pieces = [Text(safe(text), style or "") for text, style in parts]
        line = Text.assemble(*pieces)
        if console.is_terminal and line.cell_len > console.width:
            if cut:
                line.truncate(console.width, overflow="ellipsis")
            elif "bbws-access" not in line.plain:
                line = _hanging(line, pieces[-1], console)
        console.print(line, soft_wrap=True)

    def json(self, data: Any) -> None:
        """A document for machines, in the format that was asked for."""
        if not self.withheld:
            write_document(self._query(data), self._output, sys.stdout)

    def done(self, message: str) -> None:
        """What was done."""
        if not self.quiet and not self.withheld:
            self._aside(self._retyped(message), "green")

    def note(self, message: str, *, always: bool = False) -> None:
        """Something beside the data; ``always`` is for what must not be missed by those who want quiet."""
        if always or not self.quiet:
            self._aside(self._retyped(message), "dim")

    def _aside(self, message: str, style: str) -> None:
        """On a screen folded between words, unless it has a command, which is there to be copied."""
        console = self._console(stderr=True)
        whole = not console.is_terminal or "bbws-access" in message
        console.print(_plain(safe(message)), style=style, soft_wrap=whole)

    def warn(self, message: str) -> None:
        """What nobody may overlook."""
        self._console(stderr=True).print(_plain(safe(message)), style="bold white on red", soft_wrap=True)

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
        from cli.layout import TIME, Column, laid_out

        console = self._console()
        table = []
        for title, key in columns.items():
            numeric = all(_is_number(row.get(key)) for row in rows)
            cells = [safe(row.get(key)) for row in rows]
            if console.is_terminal:
                cells = [f"{time[1]}Z" if (time := TIME.fullmatch(cell)) else cell for cell in cells]
            table.append(Column(safe(title), key, cells, numeric))
        layout = laid_out(table, console.width if console.is_terminal else None)
        if self._pager and len(rows) + _AROUND_ROWS > console.height and somebody_reads():
            with paged(self._pager) as out:
                self._print_layout(self._console(out), layout, len(rows))
        else:
            self._print_layout(console, layout, len(rows))
        self._note_what_is_missing(layout.shortened, layout.left_out)

    @staticmethod
    def _print_layout(console: Console, layout: Layout, rows: int) -> None:
        console.print(_plain(layout.line(None)), style="bold", soft_wrap=True)
        console.print(_plain("─" * layout.width), style="dim", soft_wrap=True)
        console.file.writelines(layout.line(n) + "\n" for n in range(rows))

    def _note_what_is_missing(self, shortened: list[str], left_out: list[str]) -> None:
        said = [
            f"{word}: {', '.join(titles)}."
            for word, titles in (("Left out", left_out), ("Shortened", shortened))
            if titles
        ]
        if said:
            self.note(f"{' '.join(said)} See --columns, -o json.")

    @staticmethod
    def _console(pager: IO[str] | None = None, *, stderr: bool = False) -> Console:
        from cli.console import PlainConsole

        terminal = None if pager is None else True
        return PlainConsole(file=pager, force_terminal=terminal, stderr=stderr)


def _chosen(wanted: Sequence[str], columns: Mapping[str, str], rows: Sequence[Row]) -> dict[str, str]:
    """Titles to keys of the columns that were asked for, in that order."""
    known = {key: title for title, key in columns.items()}
    known = {key: known.get(key, key) for key in dict.fromkeys([*known, *(key for row in rows for key in row)])}
    by_word = {word.lower(): key for key, title in known.items() for word in (title, key)}
    unknown = [word for word in wanted if word.lower() not in by_word]
    if unknown and rows:
        raise InvalidInput(
            f"there is no column {unknown[0]!r}; there are: {', '.join(known)}", details={"columns": list(known)}
        )
    keys = dict.fromkeys(by_word.get(word.lower(), word) for word in wanted)
    return {known.get(key, key): key for key in keys}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)


def _hanging(line: Text, last: Text, console: Console) -> Text:
    """A line folded between words; what goes over stands under its last piece, where that leaves room enough."""
    from rich.text import Text

    start = len(line) - len(last.plain.lstrip())
    indent = line[:start].cell_len
    if indent > console.width // 2:
        start = len(line.plain) - len(line.plain.lstrip())
        indent = start + 4
    lines = line[start:].wrap(console, console.width - indent)
    return line[:start] + Text("\n" + " " * indent).join(lines)


def error_line(message: str, hint: str | None) -> None:
    """The one line of a failure, on stderr."""
    from rich.console import Console
    from rich.text import Text

    line = Text.assemble(("error: ", "bold red"), safe(message))
    asks = message.endswith("?")
    if hint and hint.startswith("bbws-access"):
        line.append(f"{' Try' if asks else '; try'}: {safe(hint)}")
    elif hint:
        line.append(f" {safe(hint[:1].upper() + hint[1:])}" if asks else f"; {safe(hint)}")
    with suppress(OSError):  # nowhere to say it: the exit code still does
        Console(stderr=True, highlight=False).print(line, soft_wrap=True)
