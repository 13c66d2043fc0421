"""A table in the old layout, made item by item; the same random source makes the same table."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bbws_access.clock import iso
from bbws_access.migrations.wire import Attributes
from bbws_access.store.codec import encode

DATA = Path(__file__).parent / "data"
BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def sample() -> list[Attributes]:
    """An export of a real-looking table; ``sample.census.json`` says what it holds."""
    with gzip.open(DATA / "sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["Item"] for line in lines]


def census() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "sample.census.json").read_text(encoding="utf-8"))
    return found


class LegacyTable:
    """Makes items; ``more`` adds to or replaces attributes, and ``None`` takes one away."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._seconds = 0

    def token(self) -> str:
        return f"{self._chance.getrandbits(256):064x}"

    def _now(self) -> str:
        self._seconds += 1
        return iso(BEGAN + timedelta(seconds=self._seconds))

    def _item(self, attributes: dict[str, Any], more: dict[str, Any]) -> Attributes:
        return encode({name: value for name, value in (attributes | more).items() if value is not None})

    def _stamps(self) -> dict[str, str]:
        now, who = self._now(), "admin@x.test"
        return {"dateCreated": now, "dateLastUpdated": now, "createdBy": who, "lastUpdatedBy": who}

    def organisation(self, org: str, **more: Any) -> Attributes:
        return self._item(
            {
                "PK": f"ORG#{org}",
                "SK": "METADATA",
                "organisationId": org,
                "name": f"Organisation {org}",
                "active": True,
                "dateCreated": self._now(),
            },
            more,
        )

    def user(self, org: str, user: str, **more: Any) -> Attributes:
        email = more.get("email", f"{user}@x.test")
        return self._item(
            {
                "PK": f"ORG#{org}",
                "SK": f"USER#{user}",
                "userId": user,
                "organisationId": org,
                "email": email,
                "firstName": "Naledi",
                "lastName": "van der Merwe",
                "active": True,
                "dateCreated": self._now(),
                "GSI2PK": f"EMAIL#{email}",
                "GSI2SK": f"ORG#{org}#USER",
            },
            more,
        )

    def role(self, org: str, role: str, name: str = "ORG_ADMIN", **more: Any) -> Attributes:
        return self._item(
            {
                "PK": f"ORG#{org}" if org != "PLATFORM" else org,
                "SK": f"ROLE#{role}",
                "roleId": role,
                "organisationId": org,
                "name": name,
                "displayName": name.title(),
                "scope": "ORGANISATION",
                "permissions": {"site:read", "team:read"},
                "isSystem": False,
                "isDefault": True,
                "priority": 1,
                "active": True,
                "GSI1PK": f"ORG#{org}#ACTIVE#true",
                "GSI1SK": f"ROLE#{name}",
                **self._stamps(),
            },
            more,
        )

    def team(self, org: str, team: str, name: str, **more: Any) -> Attributes:
        return self._item(
            {
                "PK": f"ORG#{org}",
                "SK": f"TEAM#{team}",
                "teamId": team,
                "organisationId": org,
                "name": name,
                "description": "",
                "memberCount": 0,
                "siteCount": 3,
                "active": True,
                "GSI1PK": f"ORG#{org}#ACTIVE#true",
                "GSI1SK": f"TEAM#{name}",
                **self._stamps(),
            },
            more,
        )

    def team_role(self, org: str, role: str, name: str, *capabilities: str, **more: Any) -> Attributes:
        return self._item(
            {
                "PK": f"ORG#{org}",
                "SK": f"TEAMROLE#{role}",
                "teamRoleId": role,
                "organisationId": org,
                "name": name,
                "displayName": name.title(),
                "capabilities": set(capabilities) or {"CAN_VIEW_MEMBERS"},
                "isDefault": True,
                "sortOrder": 1,
                "active": True,
                **self._stamps(),
            },
            more,
        )

    def member(self, org: str, team: str, user: str, role: str, **more: Any) -> Attributes:
        return self._item(
            {
                "PK": f"ORG#{org}#TEAM#{team}",
                "SK": f"MEMBER#{user}",
                "organisationId": org,
                "teamId": team,
                "userId": user,
                "userEmail": f"{user}@x.test",
                "teamRoleId": role,
                "teamRoleName": "MEMBER",
                "joinedAt": self._now(),
                "addedBy": "admin@x.test",
                "active": True,
                "GSI1PK": f"USER#{user}",
                "GSI1SK": f"ORG#{org}#TEAM#{team}",
            },
            more,
        )

    def assignment(self, org: str, user: str, role: str, **more: Any) -> Attributes:
        return self._item(
            {
                "PK": f"USER#{user}#ORG#{org}",
                "SK": f"ROLE#{role}",
                "organisationId": org,
                "userId": user,
                "roleId": role,
                "roleName": "ORG_ADMIN",
                "scope": "ORGANISATION",
                "assignedBy": "admin@x.test",
                "assignedAt": self._now(),
                "active": True,
                "GSI1PK": f"ORG#{org}#ROLE#{role}",
                "GSI1SK": f"USER#{user}",
            },
            more,
        )

    def invitation(self, org: str, invitation: str, token: str, /, status: str = "PENDING", **more: Any) -> Attributes:
        email = more.get("email", f"{invitation}@x.test")
        created = self._now()
        return self._item(
            {
                "PK": f"ORG#{org}",
                "SK": f"INV#{invitation}",
                "invitationId": invitation,
                "organisationId": org,
                "organisationName": f"Organisation {org}",
                "token": token,
                "email": email,
                "roleId": "r1",
                "roleName": "ORG_ADMIN",
                "status": status,
                "expiresAt": iso(BEGAN + timedelta(days=7)),
                "resendCount": 0,
                "active": status == "PENDING",
                "dateCreated": created,
                "dateLastUpdated": created,
                "createdBy": "admin@x.test",
            },
            more,
        )

    def token_record(self, org: str, invitation: str, token: str, /, **more: Any) -> Attributes:
        expires = BEGAN + timedelta(days=7)
        return self._item(
            {
                "PK": f"INVTOKEN#{token}",
                "SK": "METADATA",
                "invitationId": invitation,
                "organisationId": org,
                "expiresAt": iso(expires),
                "ttl": int(expires.timestamp()),
            },
            more,
        )

    def event(self, org: str, event: str, moment: datetime = BEGAN, **more: Any) -> Attributes:
        at = iso(moment)
        return self._item(
            {
                "PK": f"ORG#{org}#DATE#{at[:10]}",
                "SK": f"EVENT#{at}#{event}",
                "eventId": event,
                "eventType": "AUTHORIZATION",
                "timestamp": at,
                "userId": "u1",
                "userEmail": "u1@x.test",
                "organisationId": org,
                "resourceType": "team",
                "resourceId": "t1",
                "action": "update",
                "outcome": "SUCCESS",
                "details": {"before": {"n": 1}, "after": {"n": 2.5}},
                "GSI1PK": "USER#u1",
                "GSI1SK": f"{at}#{event}",
                "GSI2PK": f"ORG#{org}#TYPE#AUTHORIZATION",
                "GSI2SK": f"{at}#{event}",
                "ttl": int((moment + timedelta(days=30)).timestamp()),
            },
            more,
        )

    def basics(self, org: str = "o1") -> list[Attributes]:
        """An organisation with a user, two roles, two team roles and a team."""
        return [
            self.organisation(org),
            self.user(org, "u1"),
            self.role(org, "r1"),
            self.team_role(org, "lead", "TEAM_LEAD", "CAN_MANAGE_MEMBERS", "CAN_VIEW_MEMBERS"),
            self.team_role(org, "member", "MEMBER"),
            self.team(org, "t1", "Team 1"),
        ]

    def crowd(self, items: int, users: int = 40) -> Iterator[Attributes]:
        """About as real tables are: mostly events, the rest people in organisations."""
        made = 0
        for number in range(items):
            org = f"org-{number:04d}"
            group = [*self.basics(org), *(self.user(org, f"{org}-u{n}") for n in range(users))]
            for n in range(users):
                user = f"{org}-u{n}"
                group.append(self.member(org, "t1", user, "lead" if n == 0 else "member"))
                group.append(self.assignment(org, user, "r1"))
            token = self.token()
            group += [self.invitation(org, "i1", token), self.token_record(org, "i1", token)]
            group += [self.event(org, f"e{n}", BEGAN + timedelta(minutes=n)) for n in range(5 * users)]
            for item in group:
                if made == items:
                    return
                made += 1
                yield item
