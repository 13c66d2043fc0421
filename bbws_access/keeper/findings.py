"""What a check can find, how bad it is, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bbws_access.keys import Keys
from bbws_access.store.writes import Write


class Severity(StrEnum):
    """ERROR: a rule of the platform does not hold. WARNING: it holds, but somebody should look."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class Problem(StrEnum):
    """The kinds of findings."""

    ITEM_INVALID = "item.invalid"
    KEY_WRONG = "key.wrong"
    INDEX_WRONG = "index.wrong"
    ORGANISATION_MISSING = "organisation.missing"
    GRANT_UNKNOWN = "grant.unknown"
    EMAIL_NOT_FOLDED = "email.not-folded"

    GUARD_MISSING = "guard.missing"
    GUARD_ORPHAN = "guard.orphan"
    GUARD_WRONG = "guard.wrong-holder"
    NAME_DUPLICATE = "name.duplicate"
    EMAIL_DUPLICATE = "email.duplicate"
    PENDING_DUPLICATE = "invitation.duplicate"

    ASSIGNMENT_ROLE_MISSING = "assignment.role-missing"
    ASSIGNMENT_ROLE_INACTIVE = "assignment.role-inactive"
    ASSIGNMENT_ROLE_NAME = "assignment.role-name"
    ASSIGNMENT_USER_MISSING = "assignment.user-missing"
    ASSIGNMENT_USER_INACTIVE = "assignment.user-inactive"

    MEMBER_TEAM_MISSING = "member.team-missing"
    MEMBER_ROLE_MISSING = "member.role-missing"
    MEMBER_ROLE_INACTIVE = "member.role-inactive"
    MEMBER_ROLE_NAME = "member.role-name"
    MEMBER_USER_MISSING = "member.user-missing"
    MEMBER_USER_INACTIVE = "member.user-inactive"

    INVITATION_ROLE_MISSING = "invitation.role-missing"
    INVITATION_TEAM_MISSING = "invitation.team-missing"
    INVITATION_TOKEN_MISSING = "invitation.token-missing"  # noqa: S105 - a kind of finding
    INVITATION_ACTIVE = "invitation.active-wrong"
    TOKEN_ORPHAN = "token.orphan"  # noqa: S105 - a kind of finding
    TOKEN_STALE = "token.stale"  # noqa: S105 - a kind of finding
    TOKEN_EXPIRY = "token.expiry-wrong"  # noqa: S105 - a kind of finding

    ROLE_USER_COUNT = "role.user-count"
    TEAM_ROLE_USER_COUNT = "team-role.user-count"
    TEAM_MEMBER_COUNT = "team.member-count"
    TEAM_LEAD_COUNT = "team.lead-count"
    TEAM_WITHOUT_LEAD = "team.without-lead"

    AUDIT_ALTERED = "audit.altered"
    AUDIT_GAP = "audit.gap"
    AUDIT_DUPLICATE = "audit.duplicate"
    AUDIT_LINK = "audit.broken-link"
    AUDIT_TAIL_MISSING = "audit.tail-missing"
    AUDIT_HEAD_MISSING = "audit.head-missing"
    AUDIT_HEAD_BEHIND = "audit.head-behind"
    AUDIT_HEAD_WRONG = "audit.head-wrong"


_WARNINGS: Final = frozenset(
    {
        Problem.TEAM_WITHOUT_LEAD,
        Problem.ASSIGNMENT_USER_INACTIVE,
        Problem.MEMBER_USER_INACTIVE,
        Problem.TOKEN_ORPHAN,
        Problem.TOKEN_STALE,
        Problem.GRANT_UNKNOWN,
    }
)


def severity_of(problem: Problem) -> Severity:
    return Severity.WARNING if problem in _WARNINGS else Severity.ERROR


@dataclass(frozen=True, slots=True)
class Repair:
    """The one right answer: conditional writes, and what the trail says of them."""

    says: str
    writes: Sequence[Write]
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, at one item."""

    problem: Problem
    entity: str
    organisation_id: str
    key: Keys
    message: str
    expected: Any = None
    found: Any = None
    repair: Repair | None = None
    advice: str | None = None
    """What a person does about it, where there is no repair."""

    @property
    def severity(self) -> Severity:
        return severity_of(self.problem)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        return (self.problem, self.key["PK"], self.key["SK"], self.message)

    def data(self) -> dict[str, Any]:
        """For machines."""
        return {
            "problem": str(self.problem),
            "severity": str(self.severity),
            "entity": self.entity,
            "organisationId": self.organisation_id,
            "key": {"PK": self.key["PK"], "SK": self.key["SK"]},
            "message": self.message,
            "expected": self.expected,
            "found": self.found,
            "repairable": self.repair is not None,
            "repair": self.repair.says if self.repair else None,
            "before": self.repair.before if self.repair else None,
            "after": self.repair.after if self.repair else None,
            "advice": self.advice,
        }
