"""Events as an organisation leaves them, for benchmarks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bbws_access.clock import iso
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import EventType, Outcome

ORG: Final = "org-bench"
START: Final = datetime(2026, 3, 1, tzinfo=UTC)
A_DAY: Final = 2_500
TABLE: Final = "bbws-access-bench-ddb-access-management"


def client_of(endpoint: str) -> Any:
    """A DynamoDB client of the emulator."""
    import boto3

    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
    )


def event_item(n: int, moment: datetime) -> dict[str, Any]:
    """The item of a change of a role's permissions; ``n`` makes it one of a kind."""
    permissions = [f"site:{verb}" for verb in ("create", "read", "update", "delete", "publish")]
    event = AuditEvent(
        event_id=f"01J{n:023}",
        event_type=list(EventType)[n % len(EventType)],
        timestamp=iso(moment + timedelta(milliseconds=n % 86_000_000)),
        user_id=f"user-{n % 50}",
        user_email=f"user-{n % 50}@example.com",
        organisation_id=ORG,
        resource_type="role",
        resource_id=f"role-{n % 200}",
        action="role.permissions",
        outcome=list(Outcome)[n % len(Outcome)],
        details={"before": {"permissions": permissions[:3]}, "after": {"permissions": permissions}, "name": "EDITOR"},
        ip_address="192.0.2.7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        request_id=f"{n:036}",
        sequence=n + 1,
        previous_hash=f"{n:064x}",
        event_hash=f"{n + 1:064x}",
    )
    return event.to_item()
