"""An item as a line of a backup: DynamoDB's export format, in the one way that this program writes it.

``{"Item":{"PK":{"S":"…"},"SK":{"S":"…"},…}}``: the key first, the other attributes by name, sets in order,
no white space, UTF-8. So equal items are equal lines, and lines sort by their items' keys.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bbws_access.errors import InvalidInput
from bbws_access.store.codec import Attributes

LONGEST_LINE: Final = 4 * 1024 * 1024
"""Bytes. An item has at most 400 KB; as JSON, with every character escaped, six times that."""

_DEEPEST: Final = 33
"""Levels; DynamoDB takes 32 below the item."""

_SETS: Final = frozenset({"SS", "NS", "BS"})
_NESTED: Final = frozenset({"L", "M"})


def line_of(item: Mapping[str, Any]) -> bytes:
    """Of an item in DynamoDB's own JSON; with its line end."""
    rest = {name: _ordered(value) for name, value in item.items() if name not in {"PK", "SK"}}
    body = _compact(rest)
    separator = "," if rest else ""
    key = f'"PK":{_compact(item["PK"])},"SK":{_compact(item["SK"])}'
    text = f'{{"Item":{{{key}{separator}{body[1:]}}}\n'
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which is no text but may have been stored
        return text.encode("utf-8", "surrogatepass")


def read_line(line: bytes) -> Attributes:
    """The reverse; raises :class:`InvalidInput` for whatever :func:`line_of` has not made."""
    try:
        document = json.loads(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise InvalidInput("is not JSON") from None
    if not isinstance(document, dict) or document.keys() != {"Item"} or not isinstance(document["Item"], dict):
        raise InvalidInput('is no {"Item": …}')
    item: Attributes = document["Item"]
    if not all(_is_key(item.get(name)) for name in ("PK", "SK")):
        raise InvalidInput("has no key")
    if not all(_well_formed(value, 1) for value in item.values()):
        raise InvalidInput("has a value of no type of DynamoDB's")
    if line_of(item) != line:
        raise InvalidInput("is not written as this program writes it")
    return item


def key_of(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["PK"]["S"], item["SK"]["S"]


def sort_key(item: Mapping[str, Any]) -> bytes:
    """By which lines sort: their beginning, up to the end of the key."""
    return line_of({"PK": item["PK"], "SK": item["SK"]})


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _ordered(value: Any) -> Any:
    """Sets have no order of their own, and need not come in the same one twice."""
    ((kind, content),) = value.items()
    if kind in _SETS:
        return {kind: sorted(content)}
    if kind not in _NESTED:
        return value
    if kind == "L":
        return {"L": [_ordered(v) for v in content]}
    return {"M": {k: _ordered(v) for k, v in content.items()}}


def _is_key(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"S"} and isinstance(value["S"], str) and value["S"] != ""


def _well_formed(value: Any, depth: int) -> bool:
    if not isinstance(value, dict) or len(value) != 1 or depth > _DEEPEST:
        return False
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return isinstance(content, str)
        case "N":
            return _is_number(content)
        case "B":
            return _is_base64(content)
        case "BOOL":
            return isinstance(content, bool)
        case "NULL":
            return content is True
        case "L":
            return isinstance(content, list) and all(_well_formed(v, depth + 1) for v in content)
        case "M":
            return isinstance(content, dict) and all(_well_formed(v, depth + 1) for v in content.values())
    checks = {"SS": lambda v: isinstance(v, str), "NS": _is_number, "BS": _is_base64}
    return kind in checks and isinstance(content, list) and bool(content) and all(map(checks[kind], content))


def _is_number(content: Any) -> bool:
    if not isinstance(content, str) or len(content) > 200:
        return False
    try:
        return Decimal(content).is_finite()
    except InvalidOperation:
        return False


def _is_base64(content: Any) -> bool:
    if not isinstance(content, str):
        return False
    try:
        base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
