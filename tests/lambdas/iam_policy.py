"""IAM, as far as our own policies go: allow and deny, on DynamoDB's keys and attributes, and on tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from tests.lambdas.recorder import AwsCall

_VARIABLES: Final[Mapping[str, Callable[[AwsCall], tuple[str, ...]]]] = {
    "dynamodb:LeadingKeys": lambda call: call.leading_keys,
    "dynamodb:Attributes": lambda call: call.attributes,
}
_SINGLE: Final = frozenset({"iam:PermissionsBoundary", "kms:RequestAlias"})
_TAGS: Final = ("aws:RequestTag/", "aws:ResourceTag/")
_OF_SINGLE: Final = frozenset({"StringEquals", "StringEqualsIfExists"})
_OPERATORS: Final[Mapping[str, Callable[[str, list[str]], bool]]] = {
    "StringLike": lambda value, wanted: any(fnmatchcase(value, pattern) for pattern in wanted),
    "StringNotEquals": lambda value, wanted: value not in wanted,
}


@dataclass(frozen=True)
class Grant:
    """One action on one resource, of one allowing statement; what a policy is made of."""

    sid: str
    action: str
    resource: str


@dataclass(frozen=True)
class Statement:
    """One statement of a policy; raises ``NotImplementedError`` for one that says more than this understands."""

    sid: str
    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Statement:
        if data.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}:
            raise NotImplementedError(data)
        conditions = [
            (operator, variable, tuple(_listed(values)))
            for operator, tests in data.get("Condition", {}).items()
            for variable, values in tests.items()
        ]
        for operator, variable, _ in conditions:
            quantifier, _, test = operator.partition(":")
            many = quantifier in {"ForAllValues", "ForAnyValue"} and test in _OPERATORS and variable in _VARIABLES
            if not many and not (operator in _OF_SINGLE and _is_single(variable)):
                raise NotImplementedError(data)
        return cls(
            data.get("Sid", ""),
            data["Effect"] == "Allow",
            tuple(_listed(data["Action"])),
            tuple(_listed(data["Resource"])),
            tuple(conditions),
        )

    def fits(self, call: AwsCall) -> bool:
        return (
            any(fnmatchcase(call.action, action) for action in self.actions)
            and any(fnmatchcase(call.resource, resource) for resource in self.resources)
            and all(_holds(*condition, call) for condition in self.conditions)
        )

    def used(self, calls: Iterable[AwsCall]) -> set[Grant]:
        """Which of the statement's grants a call makes use of."""
        return {
            Grant(self.sid, action, resource)
            for action in self.actions
            for resource in self.resources
            for call in calls
            if fnmatchcase(call.action, action) and fnmatchcase(call.resource, resource) and self.fits(call)
        }

    def grants(self) -> set[Grant]:
        return {Grant(self.sid, action, resource) for action in self.actions for resource in self.resources}


class Policy:
    """All statements of a role: what none allows is denied, and so is what one denies."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.statements = [Statement.read(statement) for statement in document["Statement"]]

    def allows(self, call: AwsCall) -> bool:
        fitting = [statement for statement in self.statements if statement.fits(call)]
        return bool(fitting) and all(statement.allow for statement in fitting)

    def unused(self, calls: Iterable[AwsCall]) -> set[Grant]:
        made = list(calls)
        allowing = [statement for statement in self.statements if statement.allow]
        return {g for s in allowing for g in s.grants()} - {g for s in allowing for g in s.used(made)}


def _holds(operator: str, variable: str, wanted: tuple[str, ...], call: AwsCall) -> bool:
    """``ForAllValues`` holds for a request without a value: that is how IAM works, and why nobody may scan.

    A single value that is not there equals nothing, except where the operator ends in ``IfExists``.
    """
    if _is_single(variable):
        value = dict(call.context).get(variable)
        return operator.endswith("IfExists") if value is None else value in wanted
    quantifier, _, test = operator.partition(":")
    values = [_OPERATORS[test](value, list(wanted)) for value in _VARIABLES[variable](call)]
    return all(values) if quantifier == "ForAllValues" else any(values)


def _is_single(variable: str) -> bool:
    return variable in _SINGLE or variable.startswith(_TAGS)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
