"""An organisation with one of everything, its neighbours, and somebody of each kind to call the API."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bbws_access.access.actor import Actor
from bbws_access.bootstrap import Services
from bbws_access.catalogue import Function
from bbws_access.keys import PLATFORM
from bbws_access.models.invitation import NewInvitation
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.permission import NewPermissionSet
from bbws_access.models.role import NewRole
from bbws_access.models.team import NewMember, NewTeam, NewTeamRole
from tests.access.people import People
from tests.fakes import FakeIds
from tests.matrix.expected import Caller

PERSON = {"firstName": "Thandi", "lastName": "Nkosi", "password": "Correct-horse-7"}


@dataclass(frozen=True)
class User:
    user_id: str
    organisation_id: str
    email: str


@dataclass(frozen=True)
class Asked:
    """One request: ``params`` of its path, and whatever else it takes."""

    params: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class World:
    """``people`` writes users as they are; everything else is made by the services, as an operator would.

    What a request changes is made for it: its outcome hangs on nothing that another request did.
    """

    def __init__(self, services: Services, operator: Actor, people: People, ids: FakeIds, name: str = "Matrix") -> None:
        self.services = services
        self._operator = operator
        self._people = people
        self._ids = ids
        self._numbers = itertools.count(1)
        self._name = name
        make = services.organisations.create
        self.org = make(operator, NewOrganisation(name=name)).organisation_id
        self.other = make(operator, NewOrganisation(name=f"{name} others")).organisation_id
        self.team, self.other_team = (self._team(n) for n in ("Inside", "Outside"))
        self.users: dict[tuple[Caller, str], User] = {}

    def _team(self, name: str) -> str:
        return self.services.teams.create(self._operator, self.org, NewTeam(name=name)).team_id

    def _team_role(self, name: str) -> str:
        return self.services.teams.load_role_named(self.org, name).team_role_id

    @cached_property
    def lead(self) -> str:
        """A team role with every capability, those to audit the team among them."""
        every = frozenset({f"CAN_{n}" for n in CAPABILITIES})
        request = NewTeamRole.model_validate(
            {"name": "EVERYTHING", "displayName": "Everything", "capabilities": every}, strict=False
        )
        return self.services.team_roles.create(self._operator, self.org, request).team_role_id

    @cached_property
    def role_to_offer(self) -> str:
        """It gives only what every inviter of these tests holds."""
        request = NewRole(name="GUEST", display_name="Guest", permissions=frozenset({"invitation:create"}))
        return self.services.roles.create(self._operator, self.org, request).role_id

    # --- callers ----------------------------------------------------------------------------------

    def caller(self, caller: Caller, function: Function) -> User:
        """Made once: one of each kind, and for each permission one who holds it alone."""
        needed = function.permission or "" if caller is Caller.WITH else ""
        if (caller, needed) not in self.users:
            self.users[caller, needed] = self._new(caller, needed)
        return self.users[caller, needed]

    def _new(self, caller: Caller, needed: str) -> User:
        match caller:
            case Caller.STRANGER:
                return self.user(self.other, "*:*")
            case Caller.WITH if needed:
                return self.user(self.org, needed)
            case Caller.INSIDE | Caller.OUTSIDE:
                user = self.user(self.org)
                self._people.join(
                    self.org, self.team if caller is Caller.INSIDE else self.other_team, user.user_id, self.lead
                )
                return user
            case Caller.DEACTIVATED:
                return self.user(self.org, "*:*", active=False)
            case Caller.PLATFORM_ADMIN:
                user = self.user(self.other)
                self._people.holding(PLATFORM, user.user_id, "*:*")
                return user
            case Caller.EXPIRED:
                return self.user(self.org, "*:*")
            case _:
                return self.user(self.org)

    def user(self, org_id: str, *permissions: str, **more: Any) -> User:
        email = f"{self._name.lower()}-{next(self._numbers)}@callers.example"
        user = User(self.new_account(email, org_id), org_id, email)
        self._people.user(org_id, user.user_id, email=email, **more)
        if permissions:
            self._people.holding(org_id, user.user_id, *permissions)
        return user

    def new_account(self, email: str, org_id: str) -> str:
        """Its ``sub``; where people sign in for real, an account is made too."""
        return str(uuid.uuid4())

    # --- requests ---------------------------------------------------------------------------------

    def request(self, function: Function) -> Asked:
        """A request to the endpoint that succeeds for whoever may make it."""
        path = function.path or ""
        params = {name: self._param(name, function) for name in PARAMETERS if f"{{{name}}}" in path}
        in_query = function.service == "audit" and "{orgId}" not in path and function.method == "GET"
        return Asked(params, {"organisationId": self.org} if in_query else {}, self._body(function))

    def _param(self, name: str, function: Function) -> str:
        match name:
            case "orgId":
                return self.org
            case "teamId":
                return self.team
            case "permissionId":
                return "site:read"
            case "setId":
                body = {"name": self._new_name(), "description": "Made for a test", "permissions": ["site:read"]}
                request = NewPermissionSet.model_validate(body, strict=False)
                return self.services.permission_sets.create(self._operator, self.org, request).set_id
            case "teamRoleId":
                body = {"name": self._new_name(), "displayName": "For a test", "capabilities": ["CAN_VIEW_SITES"]}
                request_role = NewTeamRole.model_validate(body, strict=False)
                return self.services.team_roles.create(self._operator, self.org, request_role).team_role_id
            case "roleId" if "/platform/" in (function.path or ""):
                return self._people.role(PLATFORM, ["site:read"])
            case "roleId":
                request_r = NewRole(name=self._new_name(), display_name="Test", permissions=frozenset({"role:update"}))
                return self.services.roles.create(self._operator, self.org, request_r).role_id
            case "invitationId":
                return self._invitation()[0]
            case "token":
                return self._invitation()[1]
            case "userId" if "{teamId}" in (function.path or ""):
                member = NewMember(user_id=self.user(self.org).user_id, team_role_id=self._team_role("MEMBER"))
                return self.services.members.add(self._operator, self.org, self.team, member).user_id
            case _:
                return self.user(self.org).user_id

    def _body(self, function: Function) -> Any:
        match function.action:
            case "create-permission-set":
                words = {"name": self._new_name(), "description": "Made for a test"}
                return {**words, "permissions": ["permission:create"]}
            case "update-permission-set" | "update-team" | "update-team-role" | "update-role":
                return {"description": f"Changed for a test {next(self._numbers)}"}
            case "create-invitation":
                return {"email": f"guest-{next(self._numbers)}@guests.example", "roleId": self.role_to_offer}
            case "revoke-invitation":
                return {"status": "REVOKED"}
            case "accept-invitation":
                return PERSON
            case "create-team":
                return {"name": self._new_name()}
            case "create-team-role":
                words = {"name": self._new_name(), "displayName": "For a test"}
                return {**words, "capabilities": ["CAN_VIEW_SITES"]}
            case "add-member":
                return {"userId": self.user(self.org).user_id, "teamRoleId": self._team_role("MEMBER")}
            case "update-member":
                return {"active": False}
            case "transfer-member":
                return {"teamId": self.other_team}
            case "create-role":
                return {"name": self._new_name(), "displayName": "For a test", "permissions": ["role:create"]}
            case "assign-permissions":
                return {"permissions": ["role:update"]}
            case "export-audit":
                return {"format": "csv", "organisationId": self.org}
            case _:
                return None

    def _invitation(self) -> tuple[str, str]:
        request = NewInvitation(email=f"guest-{next(self._numbers)}@guests.example", role_id=self.role_to_offer)
        self.forget_limits()
        made = self.services.invitations.create(self._operator, self.org, request)
        return made.invitation_id, self._ids.tokens[-1]

    def _new_name(self) -> str:
        return f"TEST_{next(self._numbers)}"

    def forget_limits(self) -> None:
        """As if the minute were over: what a limit does is tested elsewhere."""
        table, client = self._people.table_name, self._people.client
        pages = client.get_paginator("scan").paginate(
            TableName=table,
            FilterExpression="begins_with(PK, :rate)",
            ExpressionAttributeValues={":rate": {"S": "RATE#"}},
            ProjectionExpression="PK, SK",
        )
        for item in [item for page in pages for item in page["Items"]]:
            client.delete_item(TableName=table, Key=item)


CAPABILITIES = (
    "MANAGE_MEMBERS",
    "UPDATE_TEAM",
    "VIEW_MEMBERS",
    "VIEW_SITES",
    "EDIT_SITES",
    "DELETE_SITES",
    "VIEW_AUDIT",
)
PARAMETERS = ("orgId", "teamId", "permissionId", "setId", "teamRoleId", "roleId", "invitationId", "token", "userId")
