"""What people read where a value of theirs does not fit."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator


def saying(words: str) -> WrapValidator:
    """Says ``words`` where the constraints before it in the annotation do not hold."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(words) from None

    return WrapValidator(check)
