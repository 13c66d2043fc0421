"""Times from outside: written out, with a zone, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bbws_access.models.moments import Moment

MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)


@pytest.mark.parametrize("text", ["2026-01-31T09:30:00Z", "2026-01-31T11:30:00.000+02:00", "2026-01-31 09:30Z"])
def test_a_time_with_its_zone(text: str) -> None:
    assert MOMENT.validate_python(text).isoformat(timespec="minutes").startswith("2026-01-31T")


@pytest.mark.parametrize(
    "value", ["2026", "0.5", "1767225600", 5, 0.5, True, "2026-01-31", "2026-01-31T09:30", "", "now"]
)
def test_a_number_is_no_time(value: Any) -> None:
    """Pydantic would make 1970 of it, and a question would reach back further than it was meant to."""
    with pytest.raises(ValidationError):
        MOMENT.validate_python(value)
