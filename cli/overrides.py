"""What was given on a command line for every command; it imports nothing heavy, for a shell waits for it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


class Output(StrEnum):
    """How data is printed on stdout."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Overrides:
    """What was given before the command's name, or after it; ``None`` was not given."""

    env: str | None = None
    org: str | None = None
    output: Output | None = None
    columns: str | None = None
    query: str | None = None
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_pager: bool = False
    acting_as: str | None = None

    def under(self, nearer: Overrides) -> Overrides:
        """``nearer`` wins where it says something: what stands next to the command is what was meant."""
        return Overrides(**{f.name: getattr(nearer, f.name) or getattr(self, f.name) for f in fields(self)})
