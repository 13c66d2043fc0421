"""The migrations, in their order. A number is never given twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bbws_access.migrations import m0001_legacy_table
from bbws_access.migrations.in_place import InPlace


@dataclass(frozen=True, slots=True)
class FromTable:
    """From another table into this one; the way back takes out again what was brought and nobody touched."""

    number: int
    title: str


Migration = FromTable | InPlace

MIGRATIONS: Final[tuple[Migration, ...]] = (FromTable(m0001_legacy_table.NUMBER, m0001_legacy_table.TITLE),)
