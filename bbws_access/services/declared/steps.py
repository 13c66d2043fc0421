"""The steps from what is to what a file says: each is one change, one transaction and one event of the trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Sign(StrEnum):
    """What a step does."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


class Kind(StrEnum):
    """What it does it to."""

    TEAM_ROLE = "team role"
    ROLE = "role"
    TEAM = "team"
    MEMBERSHIP = "membership"
    ASSIGNMENT = "assignment"


@dataclass(frozen=True, slots=True)
class Step:
    """``before`` and ``after`` are fields under the API's names, of a change only those that change.

    ``about`` says by name, and by id where there is one already, which record it is; ``version`` which version of it.
    """

    sign: Sign
    kind: Kind
    name: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    version: int | None = None

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "action": self.sign.value,
            "kind": self.kind.value,
            "name": self.name,
            "before": dict(self.before),
            "after": dict(self.after),
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What one user may do afterwards and not before, and the other way round; ``in Web`` is in that team only."""

    user: str
    gains: Sequence[str]
    loses: Sequence[str]

    def data(self) -> dict[str, Any]:
        return {"user": self.user, "gains": list(self.gains), "loses": list(self.loses)}


@dataclass(frozen=True, slots=True)
class Plan:
    """``digest`` is the file's SHA-256; ``sequence`` where the trail stood when the state was read."""

    org_id: str
    file: str
    digest: str
    prune: bool
    sequence: int
    steps: Sequence[Step]
    access: Sequence[AccessChange]

    @property
    def id(self) -> str:
        """The same for the same file, the same steps and the same versions of what they change; 16 hex digits."""
        about = [self.org_id, self.digest, self.prune, [[one.data(), dict(one.about)] for one in self.steps]]
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]

    def count(self, sign: Sign) -> int:
        return sum(one.sign is sign for one in self.steps)

    def data(self) -> dict[str, Any]:
        """For machines."""
        return {
            "plan": self.id,
            "file": self.file,
            "sha256": self.digest,
            "prune": self.prune,
            "steps": [one.data() for one in self.steps],
            "access": [one.data() for one in self.access],
            **{sign.value: self.count(sign) for sign in Sign},
        }
