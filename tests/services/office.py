"""An organisation with two teams and people to put into them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bbws_access.access.actor import Actor
from bbws_access.models.team import MemberChanges, NewMember, NewTeam, Team, TeamMember, Transfer
from bbws_access.services.pages import every
from tests.conftest import Platform
from tests.services.holders import holder, member
from tests.services.staff import require_exact_counts

ADMIN = "team:* org:user:manage user:read"


class Office:
    """An organisation with two teams and four users."""

    def __init__(self, platform: Platform, name: str = "Acme") -> None:
        self.platform = platform
        self.org = platform.organisation(name).organisation_id
        self.admin = holder(self.org, ADMIN)
        self.members = platform.services.members
        self.web, self.shop = (
            platform.services.teams.create(self.admin, self.org, NewTeam(name=name)) for name in ("Web", "Shop")
        )
        for n in range(1, 5):
            member(platform, self.org, f"u-{n}")

    def role(self, name: str) -> str:
        return self.platform.services.teams.load_role_named(self.org, name).team_role_id

    def add(
        self, user_id: str, role: str = "MEMBER", team: Team | None = None, actor: Actor | None = None
    ) -> TeamMember:
        request = NewMember(user_id=user_id, team_role_id=self.role(role))
        return self.members.add(actor or self.admin, self.org, (team or self.web).team_id, request)

    def give(self, user_id: str, role: str, actor: Actor | None = None, **more: Any) -> TeamMember:
        changes = MemberChanges(team_role_id=self.role(role), **more)
        return self.members.update(actor or self.admin, self.org, self.web.team_id, user_id, changes)

    def remove(self, user_id: str, actor: Actor | None = None) -> TeamMember:
        changes = MemberChanges(active=False)
        return self.members.update(actor or self.admin, self.org, self.web.team_id, user_id, changes)

    def transfer(self, user_id: str, actor: Actor | None = None, **more: Any) -> TeamMember:
        request = Transfer(**{"team_id": self.shop.team_id, **more})
        return self.members.transfer(actor or self.admin, self.org, self.web.team_id, user_id, request)

    def listed(self, team: Team | None = None) -> list[str]:
        team_id = (team or self.web).team_id
        found = every(lambda page: self.members.page(self.admin, self.org, team_id, replace(page, size=1)))
        return [m.user_id for m in found]

    def counts(self, team: Team | None = None) -> tuple[int, int]:
        require_exact_counts(self.platform)
        found = self.platform.services.teams.load(self.org, (team or self.web).team_id)
        return found.member_count, found.lead_count

    def inside(self, *capabilities: str, team: Team | None = None) -> Actor:
        """Somebody whose rights are those of their team role."""
        seats = {(team or self.web).team_id: frozenset(capabilities)}
        return replace(holder(self.org, ""), team_capabilities=seats)
