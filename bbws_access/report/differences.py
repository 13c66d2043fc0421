"""What a change changed, short enough to be read and to be held a thousand times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bbws_access.export.formats import text_of
from bbws_access.report.data import FieldChange

MOST_CHARACTERS: Final = 300
"""Of a value."""

MOST_FIELDS: Final = 12
"""Of a change."""

MOST_ENTRIES: Final = 40
"""Of what a list gained, and of what it lost."""


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """``text``, cut where it is longer than ``most`` characters, and saying so."""
    return text if len(text) <= most else f"{text[: most - 1]}… ({len(text)} characters)"


def field_changes(details: Any) -> tuple[FieldChange, ...]:
    """Each field of ``before`` and ``after`` that differs, by name; raises nothing, whatever ``details`` is."""
    if not isinstance(details, Mapping):
        return ()
    before, after = _side(details, "before"), _side(details, "after")
    names = sorted({*before, *after})
    changed = [_field(str(name), before.get(name), after.get(name)) for name in names]
    found = [field for field in changed if field is not None]
    if len(found) > MOST_FIELDS:
        left = len(found) - MOST_FIELDS
        found = [*found[:MOST_FIELDS], FieldChange("…", after=f"and {left} more fields")]
    return tuple(found)


def _side(details: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    side = details.get(name)
    if side is None:
        return {}
    return side if isinstance(side, Mapping) else {name: side}


def _field(name: str, before: Any, after: Any) -> FieldChange | None:
    label = shortened(name, 60)
    if before == after:
        return None
    if _is_list(before) and _is_list(after) and (before or after):
        was, now = _texts(before), _texts(after)
        added = [text for text in now if text not in was]
        removed = [text for text in was if text not in now]
        return FieldChange(label, added=_some(added), removed=_some(removed), kept=len(now) - len(added))
    return FieldChange(label, _shown(before), _shown(after))


def _is_list(value: Any) -> bool:
    return value is None or isinstance(value, list | tuple | set | frozenset)


def _texts(value: Any) -> dict[str, None]:
    """In their order, each once."""
    return dict.fromkeys(shortened(text_of(entry), 80) for entry in value or ())


def _some(texts: list[str]) -> tuple[str, ...]:
    if len(texts) <= MOST_ENTRIES:
        return tuple(texts)
    return (*texts[:MOST_ENTRIES], f"and {len(texts) - MOST_ENTRIES} more")


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shortened(text_of(value))
