"""Conditions of writes and filters of reads: built in Python, said in DynamoDB's words, judged of an item in memory.

``Attr("version").eq(3) & Attr("active").eq(True)`` reads as with boto3's builder. That one cannot be imported without
all of boto3 and its transfer manager, which is time in every start of a function and of a command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bbws_access.store.codec import encode_value

_ABSENT: Final = object()

_WORDS: Final = {
    "AND": "({} AND {})",
    "OR": "({} OR {})",
    "NOT": "(NOT {})",
    "BETWEEN": "{} BETWEEN {} AND {}",
    "begins_with": "begins_with({}, {})",
    "contains": "contains({}, {})",
    "attribute_exists": "attribute_exists({})",
    "attribute_not_exists": "attribute_not_exists({})",
}
"""How DynamoDB writes an operator; comparisons stand between their operands, and ``IN`` takes any number."""

_COMPARED: Final[dict[str, Callable[..., bool]]] = {
    "=": lambda left, right: bool(left == right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
    "BETWEEN": lambda value, low, high: bool(low <= value <= high),
    "IN": lambda value, *among: value in among,
    "begins_with": lambda value, prefix: isinstance(value, str) and value.startswith(prefix),
    "contains": lambda value, part: part in value,
}
"""Operators that are false, not wrong, where the attribute is absent or of another type."""


class Placeholders:
    """What an expression calls its attributes and values, for ``ExpressionAttributeNames`` and ``…Values``."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        """Raises ``TypeError`` for a value that DynamoDB cannot hold."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = encode_value(value)
        return placeholder

    def request(self) -> dict[str, Any]:
        """As parameters of a request, which DynamoDB refuses when they are there and empty."""
        found = {"ExpressionAttributeNames": self.names, "ExpressionAttributeValues": self.values}
        return {parameter: entries for parameter, entries in found.items() if entries}


class Condition:
    """An operator and what it is about: attributes, values, other conditions."""

    __slots__ = ("operands", "operator")

    def __init__(self, operator: str, *operands: Any) -> None:
        self.operator = operator
        self.operands = operands

    def __and__(self, other: Condition) -> Condition:
        return Condition("AND", self, other)

    def __or__(self, other: Condition) -> Condition:
        return Condition("OR", self, other)

    def __invert__(self) -> Condition:
        return Condition("NOT", self)

    def __repr__(self) -> str:
        return f"Condition{(self.operator, *self.operands)}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and (self.operator, self.operands) == (other.operator, other.operands)

    def __hash__(self) -> int:
        return hash((self.operator, repr(self.operands)))

    def expression(self, placeholders: Placeholders) -> str:
        """In DynamoDB's words, with its attributes and values added to ``placeholders``."""
        parts = [_part(operand, placeholders) for operand in self.operands]
        if self.operator in _WORDS:
            return _WORDS[self.operator].format(*parts)
        if self.operator == "IN":
            return f"{parts[0]} IN ({', '.join(parts[1:])})"
        return f"{parts[0]} {self.operator} {parts[1]}"


class Attr:
    """An attribute at an item's top; its name is taken as it stands, with dots too."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Attr({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attr) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def eq(self, value: Any) -> Condition:
        return Condition("=", self, value)

    def ne(self, value: Any) -> Condition:
        """Holds for an attribute that is not there, too."""
        return Condition("<>", self, value)

    def lt(self, value: Any) -> Condition:
        return Condition("<", self, value)

    def lte(self, value: Any) -> Condition:
        return Condition("<=", self, value)

    def gt(self, value: Any) -> Condition:
        return Condition(">", self, value)

    def gte(self, value: Any) -> Condition:
        return Condition(">=", self, value)

    def between(self, low: Any, high: Any) -> Condition:
        """Both ends are within."""
        return Condition("BETWEEN", self, low, high)

    def is_in(self, values: Iterable[Any]) -> Condition:
        """DynamoDB takes one to a hundred values."""
        return Condition("IN", self, *values)

    def begins_with(self, prefix: str) -> Condition:
        return Condition("begins_with", self, prefix)

    def contains(self, part: Any) -> Condition:
        """Of a text a part, of a set or list a member."""
        return Condition("contains", self, part)

    def exists(self) -> Condition:
        return Condition("attribute_exists", self)

    def not_exists(self) -> Condition:
        return Condition("attribute_not_exists", self)


def condition_request(condition: Condition | None) -> dict[str, Any]:
    """A write's condition as parameters of its request: none without one."""
    if condition is None:
        return {}
    placeholders = Placeholders()
    return {"ConditionExpression": condition.expression(placeholders), **placeholders.request()}


def holds(condition: Condition | None, item: Mapping[str, Any] | None) -> bool:
    """What DynamoDB would say of ``condition`` for ``item``; ``None`` is an item that is not there."""
    if condition is None:
        return True
    match condition.operator, condition.operands:
        case "AND", operands:
            return all(holds(part, item) for part in operands)
        case "OR", operands:
            return any(holds(part, item) for part in operands)
        case "NOT", (part,):
            return not holds(part, item)
    values = [_value(operand, item or {}) for operand in condition.operands]
    match condition.operator:
        case "attribute_exists":
            return values[0] is not _ABSENT
        case "attribute_not_exists":
            return values[0] is _ABSENT
        case "<>":
            return bool(values[0] != values[1])
    try:
        return not any(value is _ABSENT for value in values) and _COMPARED[condition.operator](*values)
    except TypeError:
        return False


def _part(operand: Any, placeholders: Placeholders) -> str:
    if isinstance(operand, Condition):
        return operand.expression(placeholders)
    if isinstance(operand, Attr):
        return placeholders.name(operand.name)
    return placeholders.value(operand)


def _value(operand: Any, item: Mapping[str, Any]) -> Any:
    """Truth values are kept apart from numbers, which they are to Python and not to DynamoDB."""
    value = item.get(operand.name, _ABSENT) if isinstance(operand, Attr) else operand
    return (bool, value) if isinstance(value, bool) else value
