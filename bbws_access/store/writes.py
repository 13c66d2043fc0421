"""What can be written: puts, updates, deletes and checks, each with its condition.

``otherwise`` is the error that is raised when the condition does not hold, so that a race lost reads as what it means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bbws_access.errors import AccessError
from bbws_access.keys import Keys
from bbws_access.store.codec import encode, encode_value
from bbws_access.store.conditions import Attr, Condition, condition_request

ABSENT: Final = Attr("PK").not_exists()
PRESENT: Final = Attr("PK").exists()


@dataclass(frozen=True, slots=True)
class Put:
    """Writes a whole item."""

    item: Mapping[str, Any]
    condition: Condition | None = None
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"Put": {"Item": encode(self.item), **condition_request(self.condition)}}


@dataclass(frozen=True, slots=True)
class Update:
    """Changes some attributes and leaves the others, known or not, alone.

    ``assign`` sets, ``add`` adds to numbers, ``remove`` takes attributes away.
    """

    key: Keys
    assign: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: Sequence[str] = ()
    condition: Condition | None = None
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
        condition = condition_request(self.condition)
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
    condition: Condition | None = None
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"Delete": {"Key": encode(self.key), **condition_request(self.condition)}}


@dataclass(frozen=True, slots=True)
class Check:
    """Writes nothing, and makes the transaction depend on an item's state."""

    key: Keys
    condition: Condition
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"ConditionCheck": {"Key": encode(self.key), **condition_request(self.condition)}}


@dataclass(frozen=True, slots=True)
class PutTyped:
    """Writes a new item that is in DynamoDB's typed form already; nothing of it is reinterpreted."""

    item: Mapping[str, Any]
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"Put": {"Item": self.item, "ConditionExpression": "attribute_not_exists(PK)"}}


@dataclass(frozen=True, slots=True)
class UpdateTyped:
    """Turns an item that is exactly ``before`` into ``after``, both in typed form; their keys are the same.

    Only what differs is written: an attribute that somebody has added since it was read stays, unless it is
    one of ``without``, which must not be there, or one that ``after`` adds.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    without: Sequence[str] = ()
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        added = sorted(self.after.keys() - self.before.keys())
        condition = _as_read(self.before, [*dict.fromkeys([*self.without, *added])])
        names: dict[str, str] = dict(condition["ExpressionAttributeNames"])
        values: dict[str, Any] = dict(condition["ExpressionAttributeValues"])
        sets, removes = [], []
        differing = [name for name, value in self.after.items() if self.before.get(name) != value]
        for n, name in enumerate(differing):
            names[f"#s{n}"], values[f":s{n}"] = name, self.after[name]
            sets.append(f"#s{n} = :s{n}")
        for n, name in enumerate(sorted(self.before.keys() - self.after.keys())):
            names[f"#r{n}"] = name
            removes.append(f"#r{n}")
        clauses = [("SET", sets), ("REMOVE", removes)]
        update: dict[str, Any] = {
            "Key": {name: self.before[name] for name in ("PK", "SK")},
            "UpdateExpression": " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses if parts),
            **condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        return {"Update": update}


@dataclass(frozen=True, slots=True)
class DeleteTyped:
    """Removes an item that has the attributes ``expected`` exactly so, and none of ``without``."""

    key: Mapping[str, Any]
    expected: Mapping[str, Any]
    without: Sequence[str] = ()
    otherwise: AccessError | None = None

    def request(self) -> dict[str, Any]:
        return {"Delete": {"Key": self.key, **_as_read(self.expected, self.without)}}


def _as_read(expected: Mapping[str, Any], without: Sequence[str]) -> dict[str, Any]:
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

Write = PlainWrite | PutTyped | UpdateTyped | DeleteTyped
