"""Where two values part: the paths inside them, so that a change of one statement is not told as a new policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

ABSENT: Final = None
"""Stands for what is not there on one side; Terraform makes no difference between that and null."""

_DEEPEST: Final = 20


def differing(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each innermost place where the two differ: its path below ``path``, and both values.

    Text that holds JSON on both sides is compared as what it stands for. Lists are compared from both ends, so
    that what was put in between shows as that.
    """
    yield from _walk(path, one, other, 0)


def _walk(path: str, one: Any, other: Any, depth: int) -> Iterator[tuple[str, Any, Any]]:
    if one == other:
        return
    parsed = (_parsed(one), _parsed(other))
    if all(isinstance(side, dict | list) for side in parsed):
        one, other = parsed
        if one == other:  # only spelt differently; but it was told as a difference
            yield path, one, other
            return
    if depth < _DEEPEST and isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}, key=str):
            yield from _walk(f"{path}.{key}", one.get(key, ABSENT), other.get(key, ABSENT), depth + 1)
    elif depth < _DEEPEST and isinstance(one, list) and isinstance(other, list):
        yield from _lists(path, one, other, depth)
    else:
        yield path, one, other


def _lists(path: str, one: list[Any], other: list[Any], depth: int) -> Iterator[tuple[str, Any, Any]]:
    shorter = min(len(one), len(other))
    start = next((n for n in range(shorter) if one[n] != other[n]), shorter)
    end = next((n for n in range(shorter - start) if one[-1 - n] != other[-1 - n]), shorter - start)
    mine, theirs = one[start : len(one) - end], other[start : len(other) - end]
    for n in range(max(len(mine), len(theirs))):
        left = mine[n] if n < len(mine) else ABSENT
        right = theirs[n] if n < len(theirs) else ABSENT
        yield from _walk(f"{path}[{start + n}]", left, right, depth + 1)


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
