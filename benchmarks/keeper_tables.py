"""Tables for the keeper's benchmarks: sound ones, so that a check has nothing to look at twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config

from bbws_access import keys
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import EventType, Scope
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User
from bbws_access.services.chain import GENESIS, event_hash
from bbws_access.store.codec import encode
from bbws_access.store.schema import table_definition

NOW = "2026-03-01T09:30:00.000Z"
STAMPS = {"date_created": NOW, "created_by": "ops@example.com", "date_last_updated": NOW, "last_updated_by": "ops"}
USERS = 100
EVENTS = 400
PER_ORGANISATION = 4 * USERS + EVENTS + 9
"""Items."""

TTL = 1 << 32


def client(endpoint: str) -> Any:
    config = Config(max_pool_connections=16, read_timeout=120)
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - what the emulator takes
        config=config,
    )


def fill(dynamodb: Any, table: str, organisations: int) -> None:
    """Makes the table and puts so many organisations into it; a bare loop of batch writes."""
    dynamodb.create_table(**table_definition(table))
    write(dynamodb, table, items(organisations))


def write(dynamodb: Any, table: str, found: Iterator[dict[str, Any]]) -> None:
    while batch := [{"PutRequest": {"Item": item}} for item in itertools.islice(found, 25)]:
        dynamodb.batch_write_item(RequestItems={table: batch})


def items(organisations: int) -> Iterator[dict[str, Any]]:
    """In DynamoDB's typed form."""
    return (encode(item) for number in range(organisations) for item in _organisation(number))


def _organisation(number: int) -> Iterator[dict[str, Any]]:
    org = f"org-{number:06d}"
    own: dict[str, Any] = {"organisation_id": org, **STAMPS}
    yield Organisation(name=f"Organisation {number}", **own).to_item()
    yield keys.organisation_name_key(f"organisation {number}") | {"organisationId": org}
    role = {"name": "SITE_VIEWER", "display_name": "Site Viewer", "permissions": frozenset({"site:read"})}
    yield Role(role_id=f"role-{number}", scope=Scope.TEAM, user_count=USERS, **role, **own).to_item()
    yield keys.unique_name_key(org, "ROLE", "site_viewer") | {"holder": f"role-{number}"}
    seat = {"name": "MEMBER", "display_name": "Member", "capabilities": frozenset({"CAN_VIEW_SITES"})}
    yield TeamRole(team_role_id=f"seat-{number}", user_count=USERS, **seat, **own).to_item()
    yield keys.unique_name_key(org, "TEAMROLE", "member") | {"holder": f"seat-{number}"}
    yield Team(team_id=f"team-{number}", name="Web", member_count=USERS, **own).to_item()
    yield keys.unique_name_key(org, "TEAM", "web") | {"holder": f"team-{number}"}
    for user in (f"user-{number:06d}-{n:04d}" for n in range(USERS)):
        email = f"{user}@example.com"
        yield User(user_id=user, email=email, first_name="Thandi", last_name="Nkosi", **own).to_item()
        yield keys.user_email_key(org, email) | {"holder": user}
        held = {"role_name": "SITE_VIEWER", "scope": Scope.TEAM, "assigned_by": "ops@example.com", "assigned_at": NOW}
        yield RoleAssignment(organisation_id=org, user_id=user, role_id=f"role-{number}", **held).to_item()
        joined = {"team_role_name": "MEMBER", "joined_at": NOW, "added_by": "ops@example.com", "user_email": email}
        ids = {"organisation_id": org, "team_id": f"team-{number}", "team_role_id": f"seat-{number}"}
        yield TeamMember(user_id=user, **ids, **joined).to_item()
    yield from _events(org)


def _events(org: str) -> Iterator[dict[str, Any]]:
    previous = GENESIS
    for n in range(1, EVENTS + 1):
        event = AuditEvent(
            event_id=f"01JN{n:022d}",
            event_type=EventType.TEAM_MEMBERSHIP,
            timestamp=f"2026-03-{1 + n % 28:02d}T09:30:00.{n:03d}Z",
            user_id=f"user-{n % USERS}",
            user_email=f"user-{n % USERS}@example.com",
            organisation_id=org,
            resource_type="team",
            resource_id="team",
            action="team.member.add",
            details={"after": {"userId": f"user-{n}", "email": f"user-{n}@example.com", "teamRole": "MEMBER"}},
            sequence=n,
            previous_hash=previous,
            ttl=TTL,
        )
        previous = event_hash(event)
        yield event.model_copy(update={"event_hash": previous}).to_item()
    yield keys.audit_head_key(org) | {"sequence": EVENTS, "hash": previous, "organisationId": org}
