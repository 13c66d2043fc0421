"""A list laid out in columns that stand under each other, whatever letters it is written in.

Columns stand in order of importance. Where a screen is too narrow, long texts are shortened first, and then
columns are left out from the right; an id is shown whole or not at all, for it is there to be copied, and so
is a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

GAP: Final = 3
"""Cells between two columns."""

_LEAST: Final = 16
"""Cells that a text keeps when it is shortened."""

_LEAST_OF_ADDRESS: Final = 40
"""Cells that an email address keeps: most are shown whole, and can be copied."""


TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{3})?Z")
"""The platform's times; the first group is what is enough on a screen."""


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` says what kind of thing the cells are."""

    title: str
    key: str
    cells: Sequence[str]
    numeric: bool = False

    @property
    def natural(self) -> int:
        """Width in terminal cells at which nothing is cut."""
        return max(map(width, [self.title, *self.cells]))

    @property
    def least(self) -> int:
        if self.key.lower().endswith("id") or all(map(TIME.fullmatch, self.cells)):
            return self.natural
        kept = _LEAST_OF_ADDRESS if self.key.lower().endswith("email") else _LEAST
        return min(self.natural, max(kept, width(self.title)))


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that are shown with their widths, and the titles of those shortened and left out."""

    columns: list[tuple[Column, int]]
    shortened: list[str]
    left_out: list[str]

    def line(self, n: int | None) -> str:
        """Row ``n``, or the titles."""
        cells = (
            _sized(column.title, size, column.numeric)
            if n is None
            else _sized(column.cells[n], size, column.numeric, ending=column.key == "path")
            for column, size in self.columns
        )
        return (" " * GAP).join(cells).rstrip()

    @property
    def width(self) -> int:
        return sum(size for _, size in self.columns) + GAP * (len(self.columns) - 1)


def width(text: str) -> int:
    """Terminal cells; East Asian letters and emoji take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def folded(text: str, room: int | None) -> list[str]:
    """Lines of at most ``room`` cells, but for words that are longer; ``None`` is room enough."""
    lines = [""]
    for word in text.split(" "):
        if room is not None and lines[-1] and width(lines[-1]) + 1 + width(word) > room:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return lines


def laid_out(columns: Sequence[Column], screen: int | None) -> Layout:
    """``screen`` is its width in cells; ``None`` where there is none, and then nothing is cut or left out."""
    natural = {column.title: column.natural for column in columns}
    shown = list(columns)
    if screen is None:
        return Layout([(column, natural[column.title]) for column in shown], [], [])
    least = {column.title: column.least for column in columns}
    while len(shown) > 1 and sum(least[c.title] for c in shown) + GAP * (len(shown) - 1) > screen:
        shown.pop()
    cap = _cap(shown, least, natural, screen - GAP * (len(shown) - 1))
    sizes = [(c, max(least[c.title], min(natural[c.title], cap))) for c in shown]
    return Layout(
        sizes,
        [column.title for column, size in sizes if size < natural[column.title]],
        [column.title for column in columns[len(shown) :]],
    )


def _cap(shown: Sequence[Column], least: dict[str, int], natural: dict[str, int], room: int) -> int:
    """The width to which the longest texts are shortened, so that short ones stay whole."""
    low, high = 0, max(natural[c.title] for c in shown)
    while low < high:
        middle = (low + high + 1) // 2
        used = sum(max(least[c.title], min(natural[c.title], middle)) for c in shown)
        low, high = (middle, high) if used <= room else (low, middle - 1)
    return low


def _sized(text: str, size: int, right: bool, *, ending: bool = False) -> str:
    """``ending`` is whether the end is what tells one from another, as with paths."""
    room = size - width(text)
    if room < 0 and ending and text.isascii():
        return f"…{text[1 - size :]}"
    if room < 0:
        from rich.cells import set_cell_size

        cut: Any = set_cell_size(text, size - 1)
        return f"{cut}…"
    return " " * room + text if right else text + " " * room
