"""The commands that the README and the guides name, in the order in which they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator

GUIDES = [
    "first-user.md",
    "daily-work.md",
    "access.md",
    "declared-state.md",
    "audit-trail.md",
    "importing.md",
    "audit-report.md",
    "audit-evidence.md",
    "api.md",
    "table.md",
    "migrating.md",
    "local.md",
]
"""In this order: what one makes, the next may use."""

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\|[^|]+\| `(bbws-access [^`]+)` \|$", re.MULTILINE)


def commands(text: str) -> Iterator[str]:
    for block in BLOCK.findall(text):
        for line in block.splitlines():
            command = line.partition("  #")[0].strip()
            if command.startswith("bbws-access "):
                yield command
    yield from ROW.findall(text)
