"""What every record has in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from bbws_access.keys import Keys


class ApiModel(BaseModel):
    """Camel-case outside, snake-case inside."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore", defer_build=True
    )


class Request(ApiModel):
    """A body from outside: strict, and a field that nobody knows is an error."""

    model_config = ConfigDict(
        defer_build=True,
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="forbid",
        strict=True,
        str_strip_whitespace=True,
    )


class Record(ApiModel):
    """An item of the table. Attributes of an item that the model does not know are left alone by updates."""

    @abstractmethod
    def keys(self) -> Keys:
        """All key attributes of the item, from the keys module."""

    def to_item(self) -> dict[str, Any]:
        """The item as it is stored: keys and attributes; what is ``None`` is absent."""
        return {**self.model_dump(mode="json", by_alias=True, exclude_none=True), **self.keys()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The reverse of :meth:`to_item`; raises pydantic's ``ValidationError`` for an item that does not fit."""
        return cls.model_validate(item)


class Audited(Record):
    """A record that people edit: who made it and last changed it, and a version against lost updates."""

    active: bool = True
    version: int = 1
    date_created: str
    created_by: str
    date_last_updated: str
    last_updated_by: str
