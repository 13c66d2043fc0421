"""Looking through a whole file before the first row of it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bbws_access.import_file import ImportFile
from bbws_access.keeper.sorting import Sorter
from bbws_access.services.import_rows import ImportRows, Names, Need, Numbered

MOST_PROBLEMS: Final = 1_000
"""That are kept to be shown; all are counted."""

_HELD: Final = 64 * 1024
"""Bytes of addresses in memory; the others are on the disk."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with the row in a line; ``email`` where it has one that can be read."""

    line: int
    email: str
    cause: str


@dataclass(slots=True)
class Checked:
    """``needs`` counts what the good rows ask for."""

    rows: int = 0
    needs: Counter[Need] = field(default_factory=Counter)
    problems: list[RowProblem] = field(default_factory=list)
    bad: int = 0

    def add(self, line: int, email: str, cause: str) -> None:
        self.bad += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(RowProblem(line, email, cause))

    @property
    def emails(self) -> int:
        return self.needs[Need.INVITE] + self.needs[Need.SEND_AGAIN]


def check(
    file: ImportFile, rows: ImportRows, names: Names, skipped: Callable[[int], bool], seen: Callable[[], None]
) -> Checked:
    """Every row by itself, against the table, and against the others: an address stands in a file once.

    Rows of lines that are ``skipped`` are not looked up; ``seen`` is called for each row. In memory are one chunk
    of rows and the problems; addresses are compared on the disk.
    """
    found = Checked()
    with Sorter(run_bytes=_HELD) as addresses:

        def good() -> Iterator[Numbered]:
            for line in file.lines():
                found.rows += 1
                seen()
                if line.row is None:
                    found.add(line.number, "", line.problem)
                    continue
                addresses.add(f"{line.row.email}\0{line.number:012}\n".encode())
                if not skipped(line.number):
                    yield Numbered(line.number, line.row)

        for judged in rows.judge(names, good()):
            if judged.problem:
                found.add(judged.numbered.line, judged.numbered.row.email, judged.problem)
            else:
                found.needs[judged.need] += 1
        first, first_line = "", 0
        for entry in addresses.lines():
            email, _, number = entry.decode().rstrip("\n").partition("\0")
            if email == first:
                found.add(int(number), email, f"{email} stands in line {first_line} too")
            else:
                first, first_line = email, int(number)
    found.problems.sort(key=lambda one: one.line)
    return found


def good_rows(file: ImportFile, skipped: Callable[[int], bool]) -> Iterator[Numbered]:
    """What is still to be written; what does not fit any more, because the file was changed meanwhile, is left out."""
    for line in file.lines():
        if line.row is not None and not skipped(line.number):
            yield Numbered(line.number, line.row)
