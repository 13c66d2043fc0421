"""Between Python values and DynamoDB's typed attribute values.

Numbers come back as ``int`` where they are whole and ``float`` where not; sets become string sets and
come back as ``frozenset``; an empty set, which DynamoDB has no value for, is left out of its item.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from boto3.dynamodb.types import Binary, TypeSerializer

Attributes = dict[str, Any]
"""An item in DynamoDB's typed form: ``{"PK": {"S": "…"}}``."""

_serializer: Final = TypeSerializer()


def encode_value(value: Any) -> Any:
    """Raises ``TypeError`` for a value that DynamoDB cannot hold."""
    return _serializer.serialize(_storable(value))


def encode(item: Mapping[str, Any]) -> Attributes:
    return {name: encode_value(value) for name, value in item.items() if not _is_empty_set(value)}


def decode(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _decoded(value) for name, value in attributes.items()}


def _is_empty_set(value: Any) -> bool:
    return isinstance(value, set | frozenset) and not value


def _storable(value: Any) -> Any:
    match value:
        case float():
            return Decimal(str(value))
        case Mapping():
            return {str(k): _storable(v) for k, v in value.items()}
        case list() | tuple():
            return [_storable(v) for v in value]
        case set() | frozenset():
            return {str(v) for v in value}
        case _:
            return value


def decode_raw(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """:func:`decode` for an item in DynamoDB's own JSON, where binary values are base64."""
    return {name: _decoded(value, base64.b64decode) for name, value in attributes.items()}


def _decoded(value: Mapping[str, Any], binary: Callable[[Any], Any] = Binary) -> Any:
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
