"""What a plan would do, as data: from ``terraform show -json``, or, of what is only new, from Terraform's events.

The format is Terraform's "JSON output format" (version 1.x), whose ``resource_changes`` carry for each
resource the actions, both states of its attributes, and the paths that force a replacement.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.events import Planned

HOLDS_DATA: Final = frozenset(
    {
        "aws_dynamodb_table",
        "aws_dynamodb_table_replica",
        "aws_s3_bucket",
        "aws_kms_key",
        "aws_kms_replica_key",
        "aws_cognito_user_pool",
    }
)
"""Kinds of resources that hold what nobody can make again: records, the archive, users, and the keys to them."""

HIDDEN: Final = "(sensitive)"
UNKNOWN: Final = "(known after apply)"

_INDEX: Final = re.compile(r'\["?([^"\]]*)"?\]$')


class Action(StrEnum):
    """What happens to a resource, in the order in which a summary tells it."""

    DESTROY = "destroy"
    REPLACE = "replace"
    CHANGE = "change"
    ADD = "add"
    FORGET = "forget"


_ACTIONS: Final = {
    ("create",): Action.ADD,
    ("update",): Action.CHANGE,
    ("delete",): Action.DESTROY,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
    ("create", "forget"): Action.REPLACE,
}
_EVENTS: Final = {
    "create": Action.ADD,
    "update": Action.CHANGE,
    "delete": Action.DESTROY,
    "replace": Action.REPLACE,
    "remove": Action.FORGET,
    "forget": Action.FORGET,
}
_NOTHING: Final = frozenset({("no-op",), ("read",), ()})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute that changes. Values are as Terraform has them; secrets and unknowns are placeholders."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that changes; ``because`` names the attributes that force its replacement.

    ``tainted`` is one that Terraform replaces only since it does not know whether its creation came to an end.
    """

    address: str
    kind: str
    action: Action
    attributes: tuple[Attribute, ...] = ()
    because: tuple[str, ...] = ()
    tainted: bool = False

    @property
    def holds_data(self) -> bool:
        return self.kind in HOLDS_DATA

    @property
    def loses_data(self) -> bool:
        return self.holds_data and (self.action in {Action.DESTROY, Action.REPLACE} or bool(self.lost_replicas))

    @property
    def lost_replicas(self) -> tuple[str, ...]:
        """Regions in which a table would no longer be, although the table itself is only changed."""
        if self.kind != "aws_dynamodb_table" or self.action is not Action.CHANGE:
            return ()
        found = next((a for a in self.attributes if a.name == "replica"), None)
        return () if found is None else tuple(sorted(_regions(found.before) - _regions(found.after)))

    @property
    def module(self) -> str:
        """``module.table.aws_x.this`` is in ``table``; what is in no module is in an empty one."""
        parts = re.sub(r"\[[^\]]*\]", "", self.address).split(".")
        return ".".join(parts[n + 1] for n in range(0, len(parts) - 1) if parts[n] == "module")

    @property
    def label(self) -> str:
        """What tells it from its siblings: its index, else its name where that says something."""
        index = _INDEX.search(self.address)
        if index is not None:
            return index[1]
        name = self.address.rpartition(".")[2]
        return "" if name == "this" else name


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """All that a plan would do; ``outputs`` are the names of outputs that change."""

    changes: tuple[Change, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.outputs

    @property
    def counts(self) -> dict[Action, int]:
        """How many resources meet with each action."""
        found = Counter(change.action for change in self.changes)
        return {action: found.get(action, 0) for action in Action}

    @property
    def losses(self) -> tuple[Change, ...]:
        """What holds data and would be gone, or be another one."""
        return tuple(change for change in self.changes if change.loses_data)

    def as_data(self) -> dict[str, Any]:
        """For machines: counts, and every change with its attributes."""
        return {
            "counts": {action.value: count for action, count in self.counts.items()},
            "changes": [
                {
                    "address": change.address,
                    "kind": change.kind,
                    "action": change.action.value,
                    "holdsData": change.holds_data,
                    "because": list(change.because),
                    "attributes": [{"name": a.name, "before": a.before, "after": a.after} for a in change.attributes],
                }
                for change in self.changes
            ],
            "outputs": list(self.outputs),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Changes that can be told in one line: the same action on the same attributes of resources of one kind."""

    action: Action
    module: str
    kind: str
    changes: tuple[Change, ...]

    @property
    def holds_data(self) -> bool:
        return self.changes[0].holds_data


def grouped(summary: PlanSummary) -> list[Group]:
    """What is lost first; within an action in the order of addresses."""
    order = list(Action)
    groups: dict[tuple[Any, ...], list[Change]] = {}
    for change in sorted(summary.changes, key=lambda c: (order.index(c.action), c.module, c.kind, c.address)):
        told = tuple(a.name for a in change.attributes) if change.action in {Action.CHANGE, Action.REPLACE} else ()
        groups.setdefault((change.action, change.module, change.kind, told, change.because), []).append(change)
    return [Group(key[0], key[1], key[2], tuple(found)) for key, found in groups.items()]


def from_events(events: Iterable[Planned]) -> PlanSummary:
    """A summary without attributes: all that there is to say of resources that are new."""
    return PlanSummary(tuple(Change(e.address, e.kind, _EVENTS[e.action]) for e in events if e.action in _EVENTS))


def from_json(plan: Any) -> PlanSummary:
    """From what ``terraform show -json`` says of a plan; raises :class:`ProvisioningFailed` for anything else."""
    try:
        changes = tuple(_changes(plan.get("resource_changes") or []))
        outputs = tuple(
            name
            for name, change in sorted((plan.get("output_changes") or {}).items())
            if tuple(change["actions"]) not in _NOTHING
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProvisioningFailed(f"Terraform's plan cannot be read: {type(error).__name__} {error}") from error
    return PlanSummary(changes, outputs)


def to_be_made(plan: Any) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Kind and attributes, as far as they are known, of what a plan creates, by address; from the same JSON."""
    return {
        resource["address"]: (resource["type"], resource["change"].get("after") or {})
        for resource in plan.get("resource_changes") or ()
        if resource["change"]["actions"] == ["create"]
    }


def _changes(found: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    for resource in found:
        change = resource["change"]
        actions = tuple(change["actions"])
        if actions in _NOTHING or resource.get("mode") == "data":
            continue
        if actions not in _ACTIONS:
            # What is not understood is not taken for harmless.
            raise ValueError(f"{resource['address']}: unknown actions {', '.join(actions)}")
        action = _ACTIONS[actions]
        told = tuple(_attributes(change)) if action in {Action.CHANGE, Action.REPLACE} else ()
        because = tuple(dict.fromkeys(path_name(path) for path in change.get("replace_paths") or ()))
        tainted = resource.get("action_reason") == "replace_because_tainted"
        yield Change(str(resource["address"]), str(resource["type"]), action, told, because, tainted)


def _regions(replicas: Any) -> set[str]:
    return {str(one["region_name"]) for one in replicas or ()} if isinstance(replicas, list) else set()


def _attributes(change: Mapping[str, Any]) -> Iterator[Attribute]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    for name in sorted({*before, *after, *(n for n, flag in unknown.items() if flag)}):
        is_unknown = bool(unknown.get(name)) if not isinstance(unknown.get(name), dict | list) else False
        was, becomes = before.get(name), after.get(name)
        if was == becomes and not is_unknown:
            continue
        if is_secret(change.get("before_sensitive"), name) or is_secret(change.get("after_sensitive"), name):
            yield Attribute(name, HIDDEN, HIDDEN)
        else:
            yield Attribute(name, was, UNKNOWN if is_unknown else becomes)


def is_secret(marks: Any, name: str) -> bool:
    """Whether an attribute is, or holds, a secret: ``marks`` has ``true`` wherever a value is sensitive."""
    if marks is True:
        return True
    return isinstance(marks, Mapping) and _marked(marks.get(name))


def _marked(mark: Any) -> bool:
    if isinstance(mark, Mapping):
        return any(_marked(inner) for inner in mark.values())
    if isinstance(mark, list):
        return any(_marked(inner) for inner in mark)
    return mark is True


def path_name(path: Any) -> str:
    """``["attribute", 0, "name"]`` is ``attribute.0.name``."""
    return ".".join(str(step) for step in path) if isinstance(path, list) else str(path)
