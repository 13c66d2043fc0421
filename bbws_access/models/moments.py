"""Times as they come from outside."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _written_out(value: Any) -> Any:
    """Pydantic takes a number, also as text, for seconds since 1970: ``2026`` would be in 1970."""
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("is a time with its zone, such as 2026-01-31T09:30:00Z")
    return value


Moment = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_written_out),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""ISO 8601 with a zone."""
