"""Users, roles and teams, put into the table as the services would."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from bbws_access.clock import iso
from bbws_access.keys import PLATFORM, Keys
from bbws_access.models.base import Record
from bbws_access.models.kinds import Capability, Scope
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User
from bbws_access.store.codec import encode
from bbws_access.store.writes import Update
from tests.conftest import Platform


class People:
    """Writes items; every method returns the id of what it made."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.client = platform.client
        self.table_name = platform.table.name

    def _put(self, record: Record, **raw: Any) -> None:
        item = encode({**record.to_item(), **raw})
        self._platform.client.put_item(TableName=self._platform.table.name, Item=item)

    def _stamps(self) -> dict[str, str]:
        now = iso(self._platform.clock.now())
        return {"date_created": now, "created_by": "ops", "date_last_updated": now, "last_updated_by": "ops"}

    def organisation(self, org_id: str, **more: Any) -> str:
        self._put(Organisation(organisation_id=org_id, name="Acme", **(self._stamps() | more)))
        return org_id

    def user(self, org_id: str, user_id: str | None = None, **more: Any) -> str:
        user_id = user_id or str(uuid.uuid4())
        names: dict[str, Any] = {"email": "thandi@example.com", "first_name": "Thandi", "last_name": "Nkosi"}
        self._put(User(user_id=user_id, organisation_id=org_id, **(names | self._stamps() | more)))
        return user_id

    def role(self, org_id: str, permissions: Iterable[str], raw: dict[str, Any] | None = None, **more: Any) -> str:
        role_id = f"role-{uuid.uuid4()}"
        scope = Scope.PLATFORM if org_id == PLATFORM else Scope.ORGANISATION
        given = {"scope": scope, "permissions": frozenset(permissions), **more}
        role = Role(role_id=role_id, organisation_id=org_id, name="R", display_name="R", **given, **self._stamps())
        self._put(role, **(raw or {}))
        return role_id

    def assign(self, org_id: str, user_id: str, role_id: str, **more: Any) -> None:
        self._put(
            RoleAssignment(
                organisation_id=org_id,
                user_id=user_id,
                role_id=role_id,
                role_name="R",
                scope=Scope.ORGANISATION,
                assigned_by="ops",
                assigned_at=iso(self._platform.clock.now()),
                **more,
            )
        )

    def holding(self, org_id: str, user_id: str, *permissions: str, **more: Any) -> str:
        """A role of the organisation, or of the platform, that the user holds."""
        role_id = self.role(org_id, permissions, **more)
        self.assign(org_id, user_id, role_id)
        return role_id

    def team_role(self, org_id: str, *capabilities: str, **more: Any) -> str:
        team_role_id = more.pop("team_role_id", None) or str(uuid.uuid4())
        given = {"capabilities": frozenset(Capability(c) for c in capabilities), **more}
        self._put(
            TeamRole(
                team_role_id=team_role_id,
                organisation_id=org_id,
                name="T",
                display_name="T",
                **given,
                **self._stamps(),
            )
        )
        return team_role_id

    def team(self, org_id: str, **given: Any) -> str:
        team_id = str(uuid.uuid4())
        self._put(Team(team_id=team_id, organisation_id=org_id, name=team_id, **given, **self._stamps()))
        return team_id

    def join(self, org_id: str, team_id: str, user_id: str, team_role_id: str, **more: Any) -> str:
        self._put(
            TeamMember(
                organisation_id=org_id,
                team_id=team_id,
                user_id=user_id,
                user_email="thandi@example.com",
                team_role_id=team_role_id,
                team_role_name="T",
                joined_at=iso(self._platform.clock.now()),
                added_by="ops",
                **more,
            )
        )
        return team_id

    def change(self, key: Keys, **attributes: Any) -> None:
        self._platform.table.write(Update(key, assign=attributes))
