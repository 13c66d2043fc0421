"""A table with a bit of everything, which a check finds clean."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from bbws_access import keys
from bbws_access.access.actor import Origin
from bbws_access.keeper.findings import Finding
from bbws_access.keeper.live import Live
from bbws_access.keeper.repair import Repaired, Repairer
from bbws_access.keeper.verify import Report, Verifier
from bbws_access.models.invitation import Acceptance
from bbws_access.models.permission import NewPermissionSet
from bbws_access.models.team import MemberChanges, NewMember, NewTeam, Team
from bbws_access.models.user import User
from bbws_access.store.codec import decode, encode
from bbws_access.store.table import Item
from tests.conftest import TABLE_NAME, Platform

QUIET = partial(Live, quiet=0.0, sleep=lambda _: None)
"""The table in memory has indexes that do not lag, and nobody else writes to it."""


@dataclass
class Town:
    """The platform with two organisations, their people and what they are in."""

    platform: Platform
    org_id: str
    lead: User
    member: User
    team: Team
    other_team: Team
    role_id: str
    team_role_id: str
    lead_role_id: str
    invitation_id: str
    token_hash: str
    set_id: str

    # --- checking --------------------------------------------------------------------------------

    def verifier(self) -> Verifier:
        return Verifier(self.platform.table, self.platform.clock, segments=1, make_live=QUIET)

    def verify(self) -> Report:
        return self.verifier().verify()

    def repair(self) -> Repaired:
        return Repairer(self.verifier(), self.platform.services.trail).repair(self.platform.operator)

    def problems(self) -> list[str]:
        return sorted(f.problem for f in self.verify().findings)

    def only(self) -> Finding:
        findings = self.verify().findings
        assert len(findings) == 1, [(str(f.problem), f.key, f.message) for f in findings]
        return findings[0]

    def items(self) -> list[Item]:
        """The whole table, in the order of its keys."""
        found = [decode(item.to_json()["Attributes"]) for item in moto_table(self.platform.client).all_items()]
        return sorted(found, key=lambda item: (item["PK"], item["SK"]))

    # --- damaging --------------------------------------------------------------------------------

    def get(self, key: keys.Keys) -> Item:
        item = self.platform.table.get({"PK": key["PK"], "SK": key["SK"]})
        assert item is not None, key
        return item

    def put(self, item: dict[str, Any]) -> None:
        self.platform.client.put_item(TableName=self.platform.table.name, Item=encode(item))

    def edit(self, key: keys.Keys, **changes: Any) -> None:
        """Behind the services' back; ``None`` takes an attribute away."""
        item = {**self.get(key), **changes}
        self.put({name: value for name, value in item.items() if value is not None})

    def delete(self, key: keys.Keys) -> None:
        self.platform.client.delete_item(
            TableName=self.platform.table.name, Key=encode({"PK": key["PK"], "SK": key["SK"]})
        )

    def events(self, org_id: str | None = None) -> list[Item]:
        """Of the organisation's chain, in order."""
        mine = [i for i in self.items() if i.get("sequence") and i["SK"].startswith("EVENT#")]
        return sorted((i for i in mine if i["organisationId"] == (org_id or self.org_id)), key=lambda i: i["sequence"])

    # --- keys ------------------------------------------------------------------------------------

    @property
    def member_key(self) -> keys.Keys:
        return keys.member_key(self.org_id, self.team.team_id, self.member.user_id)

    @property
    def assignment_key(self) -> keys.Keys:
        return keys.assignment_key(self.org_id, self.member.user_id, self.role_id)

    @property
    def team_key(self) -> keys.Keys:
        return keys.team_key(self.org_id, self.team.team_id)

    @property
    def invitation_key(self) -> keys.Keys:
        return keys.invitation_key(self.org_id, self.invitation_id)

    @property
    def token_key(self) -> keys.Keys:
        return keys.invitation_token_key(self.token_hash)


def settle(platform: Platform) -> Town:
    services, who = platform.services, platform.operator
    services.seeder.seed(who)
    platform.organisation("Other")
    org = platform.organisation("Acme")
    org_id = org.organisation_id

    def join(email: str, role: str) -> User:
        _, token = platform.invite(org, email, role=role)
        acceptance = Acceptance(first_name="Thandi", last_name="Nkosi", password="Correct-horse-7")
        return services.accept_invitation.accept(token, acceptance, Origin()).user

    lead, member = join("lead@example.com", "ORG_ADMIN"), join("ada@example.com", "SITE_EDITOR")
    gone = join("x@example.com", "SITE_VIEWER")
    team = services.teams.create(who, org_id, NewTeam(name="Web", division_id="north"))
    other = services.teams.create(who, org_id, NewTeam(name="Mail"))
    leads = services.teams.load_role_named(org_id, "TEAM_LEAD")
    plain = services.teams.load_role_named(org_id, "MEMBER")
    services.members.add(who, org_id, team.team_id, NewMember(user_id=lead.user_id, team_role_id=leads.team_role_id))
    services.members.add(who, org_id, team.team_id, NewMember(user_id=member.user_id, team_role_id=plain.team_role_id))
    services.members.add(who, org_id, other.team_id, NewMember(user_id=gone.user_id, team_role_id=plain.team_role_id))
    services.members.add(who, org_id, other.team_id, NewMember(user_id=member.user_id, team_role_id=plain.team_role_id))
    services.members.update(who, org_id, other.team_id, member.user_id, MemberChanges(active=False))
    services.users.deactivate(who, org_id, "x@example.com")
    services.role_assignments.assign_platform(who, org_id, lead.user_id, "role-support-agent-001")
    made = services.permission_sets.create(
        who, org_id, NewPermissionSet(name="Publishers", description="Those who publish.", permissions={"site:publish"})
    )
    declined, token = platform.invite(org, "no@example.com", role="SITE_VIEWER")
    services.invitations.decline(token, Origin())
    resent, _ = platform.invite(org, "again@example.com", role="SITE_VIEWER", team_id=team.team_id)
    invitation = services.invitations.resend(who, org_id, resent.invitation_id)
    del declined
    return Town(
        platform,
        org_id,
        lead,
        member,
        team,
        other,
        services.roles.find(who, org_id, "SITE_EDITOR").role_id,
        plain.team_role_id,
        leads.team_role_id,
        invitation.invitation_id,
        invitation.token_hash,
        made.set_id,
    )


@dataclass
class _Settled:
    """Made once: the services take longer to fill a table than the checks to read it."""

    items: Any
    town: Town


_settled: list[_Settled] = []


@pytest.fixture
def town(platform: Platform) -> Town:
    memory = moto_table(platform.client)
    if not _settled:
        made = settle(platform)
        for spare in [i for i in made.items() if i["PK"].startswith("PERM#") and i["PK"] != "PERM#site:read"]:
            made.delete(spare)
        _settled.append(_Settled(copy.deepcopy(memory.items), made))
        return made
    memory.items = copy.deepcopy(_settled[0].items)
    return replace(_settled[0].town, platform=platform)


def moto_table(client: Any) -> Any:
    """What moto keeps of the table: reading it there takes a hundredth of reading it through boto3."""
    return get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["eu-west-1"].tables[TABLE_NAME]
