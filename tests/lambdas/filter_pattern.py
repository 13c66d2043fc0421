"""CloudWatch's filter patterns for JSON lines, as far as ours go: comparisons, ``&&``, ``||`` and parentheses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_TOKEN: Final = re.compile(r'\s*(&&|\|\||!=|>=|<=|[(){}=><]|\$(?:\.\w+)+|"[^"]*"|-?\d+(?:\.\d+)?)')


def matches(pattern: str, line: str) -> bool:
    """Whether a filter with this pattern counts the line; raises ``ValueError`` for a pattern unknown here."""
    tokens = _tokens(pattern)
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and _Reader(tokens, found).whole()


def _tokens(pattern: str) -> list[str]:
    tokens, at = [], 0
    while at < len(pattern.rstrip()):
        match = _TOKEN.match(pattern, at)
        if match is None:
            raise ValueError(f"{pattern!r} at {at}")
        tokens.append(match[1])
        at = match.end()
    return tokens


class _Reader:
    """Reads a pattern from left to right and judges as it goes."""

    def __init__(self, tokens: list[str], line: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._line = line

    def whole(self) -> bool:
        self._take("{")
        found = self._either()
        self._take("}")
        if self._tokens:
            raise ValueError(self._tokens)
        return found

    def _either(self) -> bool:
        found = self._both()
        while self._tokens[0] == "||":
            self._take("||")
            found = self._both() or found
        return found

    def _both(self) -> bool:
        found = self._one()
        while self._tokens[0] == "&&":
            self._take("&&")
            found = self._one() and found
        return found

    def _one(self) -> bool:
        if self._tokens[0] == "(":
            self._take("(")
            found = self._either()
            self._take(")")
            return found
        selector, operator, wanted = (self._tokens.pop(0) for _ in range(3))
        return _compare(_select(self._line, selector), operator, wanted)

    def _take(self, token: str) -> None:
        if not self._tokens or self._tokens.pop(0) != token:
            raise ValueError(f"{token!r} is missing")


def _select(line: Any, selector: str) -> Any:
    for name in selector.split(".")[1:]:
        line = line.get(name) if isinstance(line, Mapping) else None
    return line


def _compare(value: Any, operator: str, wanted: str) -> bool:
    if value is None:
        return False
    if wanted.startswith('"'):
        like = re.fullmatch(".*".join(map(re.escape, wanted[1:-1].split("*"))), str(value), re.DOTALL) is not None
        return {"=": like, "!=": not like}[operator]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    number = float(wanted)
    return {"=": value == number, "!=": value != number, ">": value > number, "<": value < number}[operator]
