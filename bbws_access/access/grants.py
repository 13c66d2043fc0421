"""Permissions and the wildcards that cover them.

A permission is ``resource:action``; the action may have two parts (``team:member:add``). A grant is a
permission or a wildcard that covers all below it: ``team:member:*``, ``team:*`` or ``*:*``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

EVERYTHING: Final = "*:*"

GRANT_PATTERN: Final = re.compile(r"^(\*:\*|[a-z][a-z-]*(:[a-z][a-z-]*){0,1}(:\*|:[a-z][a-z-]*))$(?!\n)")
"""What a grant looks like: two or three parts, only the last of which may be ``*``.

Python's ``$`` also holds before a newline at the end, which the look-ahead refuses; ``\\Z`` would not do,
because the pattern goes into the OpenAPI document as it is.
"""


def covering(permission: str) -> tuple[str, ...]:
    """All grants that cover ``permission``, the narrowest first."""
    parts = permission.split(":")
    wider = (":".join([*parts[:n], "*"]) for n in range(len(parts) - 1, 0, -1))
    return (permission, *wider, EVERYTHING)


def covers(granted: frozenset[str] | set[str], permission: str) -> bool:
    """Whether ``granted`` allows ``permission``, which may itself be a wildcard."""
    return any(grant in granted for grant in covering(permission))


def exceeding(granted: frozenset[str] | set[str], wanted: Iterable[str]) -> list[str]:
    """Those of ``wanted`` that ``granted`` does not cover, sorted: what must not be passed on."""
    return sorted({grant for grant in wanted if not covers(granted, grant)})
