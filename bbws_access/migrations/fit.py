"""Whether an item in typed form is one that its model can read, without converting it first.

The rules are taken from the model's own fields, once; a property test holds them against the model.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin

from bbws_access.models.base import Record

Check = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    required: bool
    nullable: bool
    fits: Check
    what: str


@cache
def _fields(model: type[Record]) -> tuple[_Field, ...]:
    found = []
    for attribute, field in model.model_fields.items():
        annotation, nullable = _without_none(field.annotation)
        what, fits = _check(annotation)
        found.append(_Field(field.alias or attribute, field.is_required(), nullable, fits, what))
    return tuple(found)


@cache
def known_attributes(model: type[Record]) -> frozenset[str]:
    """The names under which the model's fields are stored."""
    return frozenset(field.name for field in _fields(model))


def misfit(model: type[Record], item: Mapping[str, Any]) -> str | None:
    """What is wrong with the first attribute that does not fit; ``None`` where all do. Values are not repeated."""
    for field in _fields(model):
        value = item.get(field.name)
        if value is None:
            if field.required:
                return f"{field.name} is missing"
        elif not field.fits(value) and not (field.nullable and "NULL" in value):
            return f"{field.name} is not {field.what}"
    return None


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        (inner,) = (a for a in get_args(annotation) if a is not type(None))
        return inner, True
    return annotation, False


def _check(annotation: Any) -> tuple[str, Check]:
    if annotation is str:
        return "a text", lambda v: "S" in v
    if annotation is bool:
        return "true or false", lambda v: "BOOL" in v
    if annotation is int:
        return "a whole number", lambda v: "N" in v and _whole(v["N"])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        values = frozenset(annotation)
        return f"one of {', '.join(annotation)}", lambda v: v.get("S") in values
    if get_origin(annotation) is frozenset:
        (inner,) = get_args(annotation)
        what, fits = _check(inner)
        return f"a list, each item {what}", lambda v: _each(v, fits)
    if get_origin(annotation) is dict:
        return "a map", lambda v: "M" in v
    raise TypeError(f"no rule for {annotation}")


def _whole(digits: str) -> bool:
    return digits.removeprefix("-").isdigit() and len(digits) < 19


def _each(value: Mapping[str, Any], fits: Check) -> bool:
    if "SS" in value:
        return all(fits({"S": v}) for v in value["SS"])
    return "L" in value and all(fits(v) for v in value["L"])
