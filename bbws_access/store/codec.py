"""Between Python values and DynamoDB's typed attribute values.

Numbers come back as ``int`` where they are whole and ``float`` where not; sets are of text, of numbers or of
bytes, and come back as ``frozenset``; an empty set, which DynamoDB has no value for, is left out of its item.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any, Final

Attributes = dict[str, Any]
"""An item in DynamoDB's typed form: ``{"PK": {"S": "…"}}``."""

_NUMBERS: Final = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
"""What DynamoDB can hold exactly: 38 digits, from 1E-130 to 9.99…E+125 (its developer guide, "Data types")."""


def encode_value(value: Any) -> Any:
    """Raises ``TypeError`` for what DynamoDB cannot hold; of a number that would be rounded ``DecimalException``."""
    match value:
        case str():
            return {"S": str(value)}
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float() | Decimal():
            return {"N": _digits(value)}
        case Mapping():
            return {"M": {str(name): encode_value(v) for name, v in value.items()}}
        case list() | tuple():
            return {"L": [encode_value(v) for v in value]}
        case set() | frozenset() if len(kinds := {_set_kind(v) for v in value}) == 1:
            (kind,) = kinds
            return {kind: sorted({encode_value(v)[kind[0]] for v in value})}
        case bytes() | bytearray():
            return {"B": bytes(value)}
    raise TypeError(f"DynamoDB holds no {_told(value)}")


def _set_kind(member: Any) -> str:
    """The type of a set of such members, of which all are alike; raises ``TypeError`` for what no set can hold."""
    match member:
        case str():
            return "SS"
        case bytes():
            return "BS"
        case int() | float() | Decimal() if not isinstance(member, bool):
            return "NS"
    raise TypeError(f"DynamoDB holds no set of {type(member).__name__}")


def _told(value: Any) -> str:
    name = type(value).__name__
    return f"{'mixed' if value else 'empty'} {name}" if isinstance(value, set | frozenset) else name


def encode(item: Mapping[str, Any]) -> Attributes:
    return {name: encode_value(value) for name, value in item.items() if not _is_empty_set(value)}


def _is_empty_set(value: Any) -> bool:
    return isinstance(value, set | frozenset) and not value


def _digits(value: float | Decimal) -> str:
    """Raises ``TypeError`` for infinity and what is no number."""
    exact = _NUMBERS.create_decimal(str(value))
    if not exact.is_finite():
        raise TypeError(f"DynamoDB holds no number {value}")
    return str(exact)


def decode(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _decoded(value) for name, value in attributes.items()}


def decode_raw(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """:func:`decode` for an item in DynamoDB's own JSON, where binary values are base64."""
    return {name: _decoded(value, base64.b64decode) for name, value in attributes.items()}


def _decoded(value: Mapping[str, Any], binary: Callable[[Any], Any] = bytes) -> Any:
    """In one go: boto3's deserializer and a second walk over its decimals and sets took four times as long."""
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return _number(content)
        case "M":
            return {name: _decoded(v, binary) for name, v in content.items()}
        case "L":
            return [_decoded(v, binary) for v in content]
        case "NULL":
            return None
        case "SS":
            return frozenset(content)
        case "NS":
            return frozenset(_number(v) for v in content)
        case "B":
            return binary(content)
        case "BS":
            return frozenset(binary(v) for v in content)
    raise TypeError(f"DynamoDB has no type {kind}")


def _number(text: str) -> int | float:
    if text.isdecimal():
        return int(text)
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)


def to_request(attributes: Mapping[str, Any]) -> Attributes:
    """An item in DynamoDB's own JSON as boto3 takes it: with bytes for base64."""
    return {name: _to_request(value) for name, value in attributes.items()}


def _to_request(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {"B": base64.b64decode(content)}
        case "BS":
            return {"BS": [base64.b64decode(v) for v in content]}
        case "L":
            return {"L": [_to_request(v) for v in content]}
        case "M":
            return {"M": to_request(content)}
    return value


def json_form(value: Any) -> Any:
    """For ``json``'s ``default``, of what a decoded item may hold: sets as sorted lists, bytes in base64."""
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return base64.b64encode(bytes(value)).decode()
