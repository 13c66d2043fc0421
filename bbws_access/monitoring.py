"""What the monitoring counts: the 24 metric filters, each with the log group that it reads and its pattern; its alarms.

Terraform gets them as data. Patterns are CloudWatch's for JSON lines; what they look for are the fields
that ``lambdas`` writes, and a test holds each one against the line that the code really writes.

A filter reads one log group. Where an event may happen in several services, the filter is with the one
that it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bbws_access.catalogue import Service

NAMESPACE: Final = "BBWS/AccessManagement"

DEAD_LETTERS: Final = "dlq"
"""The log group of events that a function could not process."""

LOG_GROUPS: Final = (*(service.value for service in Service), "api", DEAD_LETTERS)
"""Keys of the 8 log groups: one for each service, the API's access log, the dead letters'."""


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """Counts ``value`` for each line of ``log_group`` that fits ``pattern``, as the metric ``name``."""

    name: str
    log_group: str
    pattern: str
    value: str = "1"

    def as_data(self) -> dict[str, Any]:
        return {"log_group": self.log_group, "pattern": self.pattern, "value": self.value}


def _said(message: str) -> str:
    return f'{{ $.message = "{message}" }}'


def _refused(code: str) -> str:
    return f'{{ ($.message = "request refused") && ($.code = "{code}") }}'


def _decided(decision: str) -> str:
    return f'{{ $.decision = "{decision}" }}'


def _errors(*reported: str) -> str:
    """An error that was logged, or a run that Lambda's report says to have ended so.

    The report alone, for Lambda says the same once more as the end of the runtime.
    """
    statuses = " || ".join(f'($.record.status = "{status}")' for status in reported)
    return f'{{ ($.level = "ERROR") || (($.type = "platform.report") && ({statuses})) }}'


_GENERAL: Final = _errors("timeout", "failure", "error")

_GENERAL_AUTHORIZER: Final = (
    '{ ($.decision = "INTERNAL_ERROR") '
    '|| (($.errorType = "*") && ($.errorType != "Undecided") && ($.errorMessage != "Unauthorized")) '
    '|| (($.type = "platform.report") && (($.record.status = "timeout") || ($.record.status = "failure"))) }'
)
"""Two exceptions are answers to the gateway, and Lambda's runtime logs them as errors like any other: "Unauthorized",
which is no error of ours, and ``Undecided``, whose error we have logged by then."""


def general_errors(service: Service) -> str:
    """The name of a service's filter of errors, and of its metric."""
    return f"{service.value.capitalize()}GeneralErrors"


FILTERS: Final[tuple[MetricFilter, ...]] = (
    MetricFilter("AuthorizationDenied", "authorizer", '{ ($.decision = "*_DENIED") || ($.decision = "USER_*") }'),
    MetricFilter("TokenValidationFailures", "authorizer", _decided("TOKEN_*")),
    MetricFilter("PermissionDenied", "authorizer", _decided("PERMISSION_DENIED")),
    MetricFilter("OrgAccessDenied", "authorizer", _decided("ORG_ACCESS_DENIED")),
    MetricFilter("InvitationEmailFailures", "invitation", _said("invitation email failed")),
    MetricFilter("InvitationsSent", "invitation", _said("invitation sent")),
    MetricFilter("InvitationsAccepted", "invitation", _said("invitation accepted")),
    MetricFilter("DuplicateInvitations", "invitation", _refused("DUPLICATE_INVITATION")),
    MetricFilter("AuditArchiveFailures", "audit", _said("audit archive failed")),
    MetricFilter("AuditEventsCaptured", "audit", "{ $.auditEvents > 0 }", "$.auditEvents"),
    MetricFilter("AuditExports", "audit", _said("audit export made")),
    MetricFilter("TeamMembershipChanges", "team", _said("team membership changed")),
    MetricFilter("LastLeadProtected", "team", _refused("LAST_LEAD")),
    MetricFilter("RolePermissionChanges", "role", _said("role permissions changed")),
    MetricFilter("RoleInUse", "role", _refused("ROLE_IN_USE")),
    MetricFilter("PermissionSetCreated", "permission", _said("permission set created")),
    MetricFilter("InvalidPermissions", "permission", _refused("INVALID_PERMISSIONS")),
    MetricFilter("DLQMessages", DEAD_LETTERS, _said("event failed")),
    *(
        MetricFilter(
            general_errors(service),
            service.value,
            _GENERAL_AUTHORIZER if service is Service.AUTHORIZER else _GENERAL,
        )
        for service in Service
    ),
)


ALARMS: Final = frozenset(
    {
        "audit-archive-failures",
        "audit-service-errors",
        "authorizer-errors",
        "authorizer-latency",
        "dlq-messages",
        "dynamodb-throttling",
        "invitation-failures",
        "invitation-service-latency",
        "lambda-concurrency",
        "permission-service-errors",
        "permission-service-latency",
        "role-service-errors",
        "team-service-errors",
    }
)
"""What rings, without the environment's prefix; a test holds Terraform's sources, and each plan, against it."""


def as_terraform() -> dict[str, Any]:
    """The filters by name, for Terraform's variable ``metric_filters``."""
    return {found.name: found.as_data() for found in FILTERS}
