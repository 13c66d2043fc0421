"""Requests that change some of a record's fields."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bbws_access.models.base import Request

Version = Annotated[int, Field(ge=1, le=2**53)]


class Changes(Request):
    """Only the fields that are given change; to each the limits of the whole record apply.

    ``version`` is the one that the caller has seen: where the record has moved on, nothing changes.
    """

    clearable: ClassVar[frozenset[str]] = frozenset()
    """Fields that ``null`` empties; for all others it is no value."""

    version: Version | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _no_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in cls.clearable:
            raise ValueError("null is not a value; leave the field out to keep what it is")
        return value

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.changes():
            raise ValueError("nothing to change is named")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields that were given, by the record's own names."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - {"version"})}
