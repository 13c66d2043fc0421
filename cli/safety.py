"""Values of many people's making, as text that does nothing to a terminal."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_BIDI_AND_HIDDEN: Final = r"\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
"""Directions, separators of lines and letters without width; not the joiners that emoji and Persian are made with."""

CONTROL: Final = re.compile(rf"[\x00-\x1f\x7f-\x9f{_BIDI_AND_HIDDEN}]")
"""What is never printed of a value: it moves a cursor, sets a colour, or shows one thing for another."""

CONTROL_IN_CELL: Final = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI_AND_HIDDEN}]")
"""The same, but for tabs and line feeds, which CSV keeps inside quotes."""

_LEFT_BY_JSON: Final = re.compile(rf"[\x7f-\x9f{_BIDI_AND_HIDDEN}]")
"""JSON escapes the controls below U+0020 by itself."""


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
    return CONTROL.sub("�", text)


def safe_lines(text: str) -> str:
    """Text of many lines, which stay lines, with tabs; the rest as :func:`safe`."""
    return CONTROL_IN_CELL.sub("�", text.replace("\r\n", "\n"))


def escaped(document: str) -> str:
    """Text of JSON, or YAML in double quotes, whose strings hold the remaining controls as escapes: nothing is lost."""
    return _LEFT_BY_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document)
