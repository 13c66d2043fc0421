"""What the trail says somebody held is what they held; and what it cannot say, it does not."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from bbws_access import keys
from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.clock import iso
from bbws_access.errors import AccessError, Denied, InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.effective_access import EffectiveAccess
from bbws_access.models.invitation import Acceptance, NewInvitation
from bbws_access.models.kinds import Capability, Scope
from bbws_access.models.organisation import OrganisationChanges
from bbws_access.models.role import NewRole, RoleChanges, RolePermissions
from bbws_access.models.team import (
    MemberChanges,
    NewMember,
    NewTeam,
    NewTeamRole,
    TeamChanges,
    TeamRoleChanges,
    Transfer,
)
from bbws_access.store.writes import Delete
from tests.services.writing_cases import OPERATOR, Stage

CHANGES, LOOKS = 500, 150
GRANTS = ["site:read", "site:update", "site:publish", "team:read", "role:*", "user:read"]

Held = tuple[str | None, frozenset[tuple[str, str, str, str | None, tuple[str, ...]]]]


def in_force(held: EffectiveAccess) -> Held:
    grants = (g for g in held.grants if g.rests is None and held.denied is None)
    return held.denied, frozenset((g.reach.value, g.source_id, g.name, g.team_name, g.yields) for g in grants)


@dataclass
class History:
    """Whatever people do to an organisation, at random and one thing a second."""

    stage: Stage
    chance: random.Random
    done: dict[str, int] = field(default_factory=dict)

    def step(self) -> bool:
        """Whether something was changed; what the services refuse is not."""
        names = sorted(name for name in vars(History) if name.startswith("do_"))
        name = self.chance.choice(names)
        self.stage.clock.advance(seconds=1)
        before = self.stage.memory.table.get(keys.audit_head_key(self.stage.org))
        platform = self.stage.memory.table.get(keys.audit_head_key(PLATFORM))
        try:
            getattr(self, name)()
        except AccessError:
            return False
        moved = self.stage.memory.table.get(keys.audit_head_key(self.stage.org)) != before
        moved = moved or self.stage.memory.table.get(keys.audit_head_key(PLATFORM)) != platform
        self.done[name] = self.done.get(name, 0) + moved
        return moved

    def of(self, prefix: str, name: str) -> list[str]:
        mine = f"ORG#{self.stage.org}"
        found = self.stage.memory.table.state().items()
        return sorted(str(i[name]) for (pk, sk), i in found if i and pk == mine and sk.startswith(prefix))

    @property
    def users(self) -> list[str]:
        return self.of("USER#", "userId")

    def user(self) -> str:
        return self.chance.choice(self.users)

    def role(self) -> str:
        return self.chance.choice(self.of("ROLE#", "roleId"))

    def team(self) -> str:
        return self.chance.choice(self.of("TEAM#", "teamId"))

    def team_role(self) -> str:
        return self.chance.choice(self.of("TEAMROLE#", "teamRoleId"))

    def grants(self) -> frozenset[str]:
        return frozenset(self.chance.sample(GRANTS, self.chance.randint(1, 3)))

    def capabilities(self) -> frozenset[Capability]:
        return frozenset(self.chance.sample(sorted(Capability), self.chance.randint(1, 3)))

    def number(self) -> int:
        return self.chance.randrange(10**6)

    def do_invite(self) -> None:
        if len(self.users) > 8:
            return
        team = self.chance.choice([None, self.team()])
        asked = NewInvitation(email=f"p{self.number()}@example.com", role_id=self.role(), team_id=team)
        self.stage.services.invitations.create(OPERATOR, self.stage.org, asked)
        acceptance = Acceptance(first_name="A", last_name="B", password="Correct-horse-7")
        self.stage.services.accept_invitation.accept(self.stage.token, acceptance, Origin())

    def do_create_role(self) -> None:
        scope = self.chance.choice([Scope.ORGANISATION, Scope.TEAM])
        asked = NewRole(name=f"R_{self.number()}", display_name="Some", permissions=self.grants(), scope=scope)
        self.stage.services.roles.create(OPERATOR, self.stage.org, asked)

    def do_permissions(self) -> None:
        asked = RolePermissions(permissions=self.grants())
        self.stage.services.roles.set_permissions(OPERATOR, self.stage.org, self.role(), asked)

    def do_role_in_use(self) -> None:
        asked = RoleChanges(active=self.chance.random() < 0.5)
        self.stage.services.roles.update(OPERATOR, self.stage.org, self.role(), asked)

    def do_rename_role(self) -> None:
        asked = RoleChanges(name=f"R_{self.number()}")
        self.stage.services.roles.update(OPERATOR, self.stage.org, self.role(), asked)

    def do_assign(self) -> None:
        self.stage.services.role_assignments.assign(OPERATOR, self.stage.org, self.user(), self.role())

    def do_assign_again(self) -> None:
        self.do_assign()

    def do_revoke(self) -> None:
        self.stage.services.role_assignments.revoke(OPERATOR, self.stage.org, self.user(), self.role())

    def do_platform(self) -> None:
        role = self.stage.services.roles.find(OPERATOR, PLATFORM, "SUPPORT_AGENT").role_id
        self.stage.services.role_assignments.assign_platform(OPERATOR, self.stage.org, self.user(), role)

    def do_platform_revoke(self) -> None:
        role = self.stage.services.roles.find(OPERATOR, PLATFORM, "SUPPORT_AGENT").role_id
        self.stage.services.role_assignments.revoke(OPERATOR, PLATFORM, self.user(), role)

    def do_team(self) -> None:
        self.stage.services.teams.create(OPERATOR, self.stage.org, NewTeam(name=f"T {self.number()}"))

    def do_rename_team(self) -> None:
        asked = TeamChanges(name=f"T {self.number()}")
        self.stage.services.teams.update(OPERATOR, self.stage.org, self.team(), asked)

    def do_team_role(self) -> None:
        asked = NewTeamRole(name=f"TR_{self.number()}", display_name="Some", capabilities=self.capabilities())
        self.stage.services.team_roles.create(OPERATOR, self.stage.org, asked)

    def do_capabilities(self) -> None:
        asked = TeamRoleChanges(capabilities=self.capabilities())
        self.stage.services.team_roles.update(OPERATOR, self.stage.org, self.team_role(), asked)

    def do_rename_team_role(self) -> None:
        asked = TeamRoleChanges(name=f"TR_{self.number()}")
        self.stage.services.team_roles.update(OPERATOR, self.stage.org, self.team_role(), asked)

    def do_join(self) -> None:
        seat = NewMember(user_id=self.user(), team_role_id=self.team_role())
        self.stage.services.members.add(OPERATOR, self.stage.org, self.team(), seat)

    def do_join_again(self) -> None:
        self.do_join()

    def seat(self) -> tuple[str, str]:
        """Of somebody who sits somewhere: the team and the user."""
        rows = self.stage.memory.table.state().values()
        seats = sorted((i["teamId"], i["userId"]) for i in rows if i and i["SK"].startswith("MEMBER#") and i["active"])
        return self.chance.choice(seats)

    def do_reseat(self) -> None:
        asked = MemberChanges(team_role_id=self.team_role())
        self.stage.services.members.update(OPERATOR, self.stage.org, *self.seat(), asked)

    def do_leave(self) -> None:
        self.stage.services.members.update(OPERATOR, self.stage.org, *self.seat(), MemberChanges(active=False))

    def do_transfer(self) -> None:
        asked = Transfer(team_id=self.team(), team_role_id=self.chance.choice([None, self.team_role()]))
        self.stage.services.members.transfer(OPERATOR, self.stage.org, *self.seat(), asked)

    def do_deactivate(self) -> None:
        self.stage.services.users.deactivate(OPERATOR, self.stage.org, self.user())

    def do_reactivate(self) -> None:
        self.stage.services.users.reactivate(OPERATOR, self.stage.org, self.user())

    def do_organisation(self) -> None:
        asked = OrganisationChanges(active=self.chance.random() < 0.8)
        self.stage.services.organisations.update(OPERATOR, self.stage.org, asked)

    def do_undo(self) -> None:
        state = self.stage.memory.table.state().items()
        found = sorted(str(i["eventId"]) for (pk, sk), i in state if i and sk.startswith("EVENT#"))
        self.stage.services.undo.take(OPERATOR, self.stage.org, self.chance.choice(found[-20:]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_history_of_five_hundred_changes(stage: Stage, seed: int) -> None:
    history = History(stage, random.Random(seed))
    snapshots: list[tuple[datetime, dict[str, Held]]] = []
    changes = 0
    while changes < CHANGES:
        if not history.step():
            continue
        changes += 1
        show = stage.services.effective_access.show
        held = {user: in_force(show(OPERATOR, stage.org, user)) for user in history.users}
        snapshots.append((stage.clock.now(), held))
    kinds = {name for name in vars(History) if name.startswith("do_")}
    assert set(history.done) == kinds, "the history is too short to show everything"
    everybody = history.users
    for moment, held in history.chance.sample(snapshots, LOOKS):
        user = history.chance.choice(everybody)
        past = stage.services.past_access.at(OPERATOR, stage.org, user, moment)
        assert in_force(past.held) == held.get(user, ("USER_NOT_FOUND", frozenset())), (moment, user)
        assert past.doubts == ()


def at(stage: Stage, name: str, moment: datetime, actor: Actor = OPERATOR) -> Any:
    return stage.services.past_access.at(actor, stage.org, stage.user(name), moment)


def test_it_tells_who_gave_what_was_taken_since(stage: Stage) -> None:
    then = stage.clock.now()
    before = stage.services.effective_access.show(OPERATOR, stage.org, stage.user("ada"))
    stage.clock.advance(hours=1)
    role = stage.role("SITE_VIEWER")
    stage.services.role_assignments.revoke(OPERATOR, stage.org, stage.user("ada"), role)
    past = at(stage, "ada", then)
    assert past.held == before
    assert past.undone == 1


def test_before_they_came_they_were_nobody(stage: Stage) -> None:
    then = stage.clock.now()
    stage.clock.advance(hours=1)
    acceptance = Acceptance(first_name="New", last_name="Comer", password="Correct-horse-7")
    stage.services.accept_invitation.accept(stage.token, acceptance, Origin())
    past = at(stage, "new", then)
    assert (past.held.denied, past.held.grants) == ("USER_NOT_FOUND", ())


def test_it_reaches_into_the_archive(stage: Stage) -> None:
    then = stage.clock.now()
    before = in_force(stage.services.effective_access.show(OPERATOR, stage.org, stage.user("ada")))
    stage.clock.advance(hours=1)
    stage.services.role_assignments.revoke(OPERATOR, stage.org, stage.user("ada"), stage.role("SITE_VIEWER"))
    stage.clock.advance(days=1)
    assert not stage.services.archive.run(OPERATOR, [stage.org]).failures
    stage.clock.advance(days=50)
    days = f"ORG#{stage.org}#DATE#2026-03-01"
    gone = [pair for pair, item in stage.memory.table.state().items() if item and pair[0] == days]
    stage.memory.table.transact([Delete({"PK": pk, "SK": sk}) for pk, sk in gone])
    past = at(stage, "ada", then)
    assert in_force(past.held) == before
    assert past.doubts == ()


def test_what_is_missing_from_the_trail_is_said(stage: Stage) -> None:
    then = stage.clock.now()
    stage.clock.advance(hours=1)
    for name in ("One", "Two"):
        stage.services.teams.create(OPERATOR, stage.org, NewTeam(name=name))
    state = stage.memory.table.state().items()
    events = [pair for pair, i in state if i and i.get("action") == "team.create" and i["timestamp"] > iso(then)]
    stage.memory.table.transact([Delete({"PK": events[0][0], "SK": events[0][1]})])
    (doubt,) = at(stage, "ada", then).doubts
    assert doubt.startswith("events ")
    assert doubt.endswith("are missing from the trail")


def test_a_moment_to_come_and_one_before_the_trail(stage: Stage) -> None:
    now = stage.clock.now()
    with pytest.raises(InvalidInput, match="has not come yet"):
        at(stage, "ada", now + timedelta(seconds=1))
    with pytest.raises(InvalidInput, match="the trail begins at 2026-03-01"):
        at(stage, "ada", now - timedelta(days=1))


def test_who_may_not_read_people_or_the_trail_is_told_nothing(stage: Stage) -> None:
    reading = frozenset({"user:read", "role:read", "team:read"})
    for permissions in (frozenset({"audit:read"}), reading):
        somebody = Actor("u", "u@example.com", ActorKind.USER, stage.org, permissions=permissions)
        with pytest.raises(Denied):
            at(stage, "ada", stage.clock.now(), somebody)
    with pytest.raises(NotFound):
        stage.services.past_access.at(OPERATOR, stage.org, "nobody", stage.clock.now())


def test_what_was_there_before_the_trail_began_is_told_too(stage: Stage) -> None:
    """A migrated assignment, which no event speaks of."""
    then = stage.clock.now()
    role = stage.services.roles.find(OPERATOR, stage.org, "SITE_EDITOR")
    made = stage.services.role_assignments.new_assignment(OPERATOR, stage.user("ada"), role)
    stage.memory.table.put_all([made.to_item()])
    stage.clock.advance(hours=1)
    names = {grant.name for grant in at(stage, "ada", then).held.grants}
    assert "SITE_EDITOR" in names


def test_a_change_without_events_is_a_doubt(stage: Stage) -> None:
    from bbws_access.models.kinds import EventType
    from bbws_access.services.trail import Change

    then = stage.clock.now()
    stage.clock.advance(hours=1)
    restored = Change(EventType.CONFIGURATION, "table.restore", "table", "t")
    stage.services.trail.commit(OPERATOR, PLATFORM, [restored])
    assert "table.restore" in at(stage, "ada", then).doubts[0]
