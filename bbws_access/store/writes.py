"""What can be written: puts, updates, deletes and checks, each with its condition.

A condition is built with boto3's own builder (``Attr("version").eq(3)``). ``otherwise`` is the error
that is raised when the condition does not hold, so that a race lost reads as what it means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, ConditionExpressionBuilder

from bbws_access.errors import AccessError
from bbws_access.keys import Keys
from bbws_access.store.codec import encode, encode_value

ABSENT: ConditionBase = Attr("PK").not_exists()
PRESENT: ConditionBase = Attr("PK").exists()


@dataclass(frozen=True, slots=True)
class Put:
    """Writes a whole item."""

    item: Mapping[str, Any]
    condition: ConditionBase | None = None
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"Put": {"Item": encode(self.item), **_condition(self.condition)}}


@dataclass(frozen=True, slots=True)
class Update:
    """Changes some attributes and leaves the others, known or not, alone.

    ``assign`` sets, ``add`` adds to numbers, ``remove`` takes attributes away.
    """

    key: Keys
    assign: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: Sequence[str] = ()
    condition: ConditionBase | None = None
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        sets, adds, removes = [], [], []
        for n, (attribute, value) in enumerate(self.assign.items()):
            names[f"#s{n}"], values[f":s{n}"] = attribute, encode_value(value)
            sets.append(f"#s{n} = :s{n}")
        for n, (attribute, amount) in enumerate(self.add.items()):
            names[f"#a{n}"], values[f":a{n}"] = attribute, encode_value(amount)
            adds.append(f"#a{n} :a{n}")
        for n, attribute in enumerate(self.remove):
            names[f"#r{n}"] = attribute
            removes.append(f"#r{n}")
        clauses = [("SET", sets), ("ADD", adds), ("REMOVE", removes)]
        expression = " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses if parts)
        condition = _condition(self.condition)
        names |= condition.pop("ExpressionAttributeNames", {})
        values |= condition.pop("ExpressionAttributeValues", {})
        request: dict[str, Any] = {
            "Key": encode(self.key),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": names,
            **condition,
        }
        if values:
            request["ExpressionAttributeValues"] = values
        return {"Update": request}


@dataclass(frozen=True, slots=True)
class Delete:
    """Removes an item: guards and tokens only; entities are deactivated."""

    key: Keys
    condition: ConditionBase | None = None
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"Delete": {"Key": encode(self.key), **_condition(self.condition)}}


@dataclass(frozen=True, slots=True)
class Check:
    """Writes nothing, and makes the transaction depend on an item's state."""

    key: Keys
    condition: ConditionBase
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"ConditionCheck": {"Key": encode(self.key), **_condition(self.condition)}}


@dataclass(frozen=True, slots=True)
class PutTyped:
    """Writes a whole item that is in DynamoDB's typed form already; nothing of it is reinterpreted.

    ``expected`` are attributes that the item there must have exactly, in typed form too, and ``without``
    those it must not have; with neither there must be no item.
    """

    item: Mapping[str, Any]
    expected: Mapping[str, Any] | None = None
    without: Sequence[str] = ()
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"Put": {"Item": self.item, **_as_read(self.expected, self.without)}}


@dataclass(frozen=True, slots=True)
class DeleteTyped:
    """Removes an item whose attributes are exactly ``expected``; see :class:`PutTyped`."""

    key: Mapping[str, Any]
    expected: Mapping[str, Any]
    without: Sequence[str] = ()
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"Delete": {"Key": self.key, **_as_read(self.expected, self.without)}}


def _as_read(expected: Mapping[str, Any] | None, without: Sequence[str]) -> dict[str, Any]:
    if expected is None:
        return {"ConditionExpression": "attribute_not_exists(PK)"}
    names = {f"#e{n}": name for n, name in enumerate(expected)}
    values = {f":e{n}": value for n, value in enumerate(expected.values())}
    absent = {f"#w{n}": name for n, name in enumerate(without) if name not in expected}
    parts = [f"#e{n} = :e{n}" for n in range(len(names))] + [f"attribute_not_exists({alias})" for alias in absent]
    return {
        "ConditionExpression": " AND ".join(parts),
        "ExpressionAttributeNames": names | absent,
        "ExpressionAttributeValues": values,
    }


PlainWrite = Put | Update | Delete | Check
"""What the services write."""

Write = PlainWrite | PutTyped | DeleteTyped


def _condition(condition: ConditionBase | None) -> dict[str, Any]:
    if condition is None:
        return {}
    built = ConditionExpressionBuilder().build_expression(condition)
    parts: dict[str, Any] = {"ConditionExpression": built.condition_expression}
    if built.attribute_name_placeholders:
        parts["ExpressionAttributeNames"] = dict(built.attribute_name_placeholders)
    if built.attribute_value_placeholders:
        parts["ExpressionAttributeValues"] = encode(built.attribute_value_placeholders)
    return parts
