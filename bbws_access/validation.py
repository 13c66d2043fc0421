"""Pydantic's validation errors as ours: each field by its name, without the value that was given."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from bbws_access.errors import InvalidInput

WHOLE: Final = "body"
"""The name of an error that is about no single field."""

T = TypeVar("T", bound=BaseModel)


def field_errors(error: ValidationError) -> dict[str, str]:
    """Field (as outside, dotted) to what is wrong with it. The values stay out: they may be secret."""
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        field = ".".join(str(part) for part in problem["loc"]) or WHOLE
        found.setdefault(field, problem["msg"].removeprefix("Value error, "))
    return found


def build(model: type[T], **values: Any) -> T:
    """``model`` from values that a person gave; raises :class:`InvalidInput` that names each wrong field."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = field_errors(error)
        message = "; ".join(f"{name}: {problem}" for name, problem in fields.items())
        raise InvalidInput(message, details={"fields": fields}) from None
