"""Terraform's machine-readable output, line by line, as typed events.

The format is Terraform's "machine-readable UI" (version 1.x): one JSON object a line with a ``type``.
Types that are not known here, and lines that are no JSON, are passed over: new versions add to them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Planned:
    """A resource that will change; ``action`` is ``create``, ``update``, ``delete``, ``replace`` or ``read``."""

    address: str
    action: str
    kind: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many resources change, or have changed; ``operation`` is ``plan``, ``apply`` or ``destroy``."""

    operation: str
    add: int
    change: int
    remove: int

    @property
    def total(self) -> int:
        return self.add + self.change + self.remove


@dataclass(frozen=True, slots=True)
class Started:
    """Work on a resource has begun."""

    address: str
    action: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Work on a resource has ended; ``seconds`` is how long it took."""

    address: str
    action: str
    seconds: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A warning or an error, with the resource or file that it is about."""

    severity: str
    summary: str
    detail: str
    where: str | None


@dataclass(frozen=True, slots=True)
class Outputs:
    """The root module's outputs after an apply, by name; sensitive ones are not told."""

    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stopping:
    """Not Terraform's own: it has been told to stop, and is waited for."""


Event = Planned | Summary | Started | Finished | Diagnostic | Outputs | Stopping


def parse_line(line: str) -> Event | None:
    """The event of one line of output, or ``None`` for a line that says nothing here."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    try:
        return _event(message)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _event(message: dict[str, Any]) -> Event | None:
    match message.get("type"):
        case "planned_change":
            change = message["change"]
            resource = change["resource"]
            return Planned(str(resource["addr"]), str(change["action"]), str(resource.get("resource_type", "")))
        case "change_summary":
            changes = message["changes"]
            return Summary(
                str(changes["operation"]), int(changes["add"]), int(changes["change"]), int(changes["remove"])
            )
        case "apply_start":
            hook = message["hook"]
            return Started(str(hook["resource"]["addr"]), str(hook["action"]))
        case "apply_complete" | "apply_errored":
            hook = message["hook"]
            return Finished(
                str(hook["resource"]["addr"]),
                str(hook["action"]),
                float(hook.get("elapsed_seconds") or 0),
                message["type"] == "apply_errored",
            )
        case "outputs":
            found = message["outputs"].items()
            return Outputs({name: output["value"] for name, output in found if "value" in output})
        case "diagnostic":
            return _diagnostic(message["diagnostic"])
        case _:
            return None


def _diagnostic(found: dict[str, Any]) -> Diagnostic:
    place = found.get("address")
    if place is None and found.get("range"):
        place = f"{found['range']['filename']}:{found['range']['start']['line']}"
    return Diagnostic(
        severity=str(found.get("severity", "error")),
        summary=str(found.get("summary", "")).strip(),
        detail=str(found.get("detail", "")).strip(),
        where=str(place) if place is not None else None,
    )
