"""The group of the ``table`` noun, which its commands' modules register themselves on."""

from __future__ import annotations

from cli.command import noun

app = noun("The platform's one table: seed, verify, back up and restore it.")
