"""Pydantic's validation errors as ours: each field by its name, in this project's words, without the value.

A constraint that needs more than a kind, such as what a name looks like, says so itself (``models/wording.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from bbws_access.errors import InvalidInput

WHOLE: Final = "body"
"""The name of an error that is about no single field."""

_SAID: Final = {
    "extra_forbidden": "there is no such field",
    "missing": "is missing",
    "string_type": "is not text",
    "string_unicode": "is not text: half a character is none",
    "string_pattern_mismatch": "does not have the form that it needs",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "is not a number",
    "bool_type": "is not true or false",
    "none_required": "is to be left out",
    "list_type": "is not a list",
    "tuple_type": "is not a list",
    "set_type": "is not a list",
    "frozen_set_type": "is not a list",
    "dict_type": "is not a mapping",
    "model_type": "is not a mapping",
    "model_attributes_type": "is not a mapping",
    "json_type": "is not JSON",
    "json_invalid": "is not JSON",
}
"""By pydantic's kind of error."""

_EMPTY: Final = frozenset({"string_too_short", "too_short"})
_VALUE: Final = "Value error, "

T = TypeVar("T", bound=BaseModel)


def said(problem: Mapping[str, Any]) -> str:
    """One of pydantic's errors, with its context, in a few words that follow the field's name."""
    kind, given = str(problem["type"]), problem.get("ctx", {})
    if kind in _SAID:
        return _SAID[kind]
    if kind in _EMPTY and given["min_length"] == 1:
        return "is empty"
    match kind:
        case "string_too_short":
            return f"has fewer than {given['min_length']} characters"
        case "string_too_long":
            return f"has more than {given['max_length']} characters"
        case "too_short":
            return f"has fewer than {given['min_length']} entries"
        case "too_long":
            return f"has more than {given['max_length']} entries"
        case "greater_than_equal":
            return f"is less than {given['ge']}"
        case "less_than_equal":
            return f"is more than {given['le']}"
        case "enum" | "literal_error":
            return f"is not {given['expected']}"
    words = str(problem["msg"]).removeprefix(_VALUE)
    return words.replace("Input should be", "is to be").removeprefix("value ")


def field_errors(error: ValidationError) -> dict[str, str]:
    """Field (as outside, dotted) to what is wrong with it. The values stay out: they may be secret."""
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in problem["loc"]) or WHOLE
        found.setdefault(field, said(problem))
    return found


def build(model: type[T], **values: Any) -> T:
    """``model`` from values that a person gave; raises :class:`InvalidInput` that names each wrong field."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise refused(field_errors(error)) from None


def refused(fields: Mapping[str, str]) -> InvalidInput:
    """What is wrong with each field, in one line and as data."""
    message = "; ".join(f"{name}: {problem}" for name, problem in fields.items())
    return InvalidInput(message, details={"fields": dict(fields)})
