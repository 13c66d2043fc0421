"""Numbers in sentences."""

from __future__ import annotations


def number_of(count: int, noun: str) -> str:
    """``1 day``, ``2 days``, ``12,000 items``; for nouns whose plural ends in ``s``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
