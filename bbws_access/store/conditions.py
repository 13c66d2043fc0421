"""What DynamoDB would say of a condition, said of an item in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from boto3.dynamodb.conditions import AttributeBase, ConditionBase

from bbws_access.errors import AccessError

_ABSENT: Final = object()

_COMPARED: Final[dict[str, Callable[..., bool]]] = {
    "=": lambda left, right: bool(left == right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
    "BETWEEN": lambda value, low, high: bool(low <= value <= high),
    "IN": lambda value, among: value in among,
    "begins_with": lambda value, prefix: isinstance(value, str) and value.startswith(prefix),
    "contains": lambda value, part: part in value,
}
"""Operators that are false, not wrong, where the attribute is absent or of another type."""


def holds(condition: ConditionBase | None, item: Mapping[str, Any] | None) -> bool:
    """Whether ``condition`` holds for ``item``; ``None`` is an item that is not there.

    Raises :class:`AccessError` for an operator that this project does not use.
    """
    if condition is None:
        return True
    expression = condition.get_expression()
    operator, operands = expression["operator"], expression["values"]
    match operator:
        case "AND":
            return all(holds(part, item) for part in operands)
        case "OR":
            return any(holds(part, item) for part in operands)
        case "NOT":
            return not holds(operands[0], item)
    values = [_value(operand, item or {}) for operand in operands]
    match operator:
        case "attribute_exists":
            return values[0] is not _ABSENT
        case "attribute_not_exists":
            return values[0] is _ABSENT
        case "<>":
            return bool(values[0] != values[1])
        case _ if operator in _COMPARED:
            try:
                return not any(value is _ABSENT for value in values) and _COMPARED[operator](*values)
            except TypeError:
                return False
    raise AccessError(f"a condition with {operator} cannot be judged here")


def _value(operand: Any, item: Mapping[str, Any]) -> Any:
    return item.get(operand.name, _ABSENT) if isinstance(operand, AttributeBase) else operand
