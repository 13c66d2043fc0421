"""``access can``, ``access explain`` and the authorizer say the same of random people in random organisations."""

from __future__ import annotations

import random
import uuid
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bbws_access.access.actor import operator
from bbws_access.access.authorizer import Authorizer
from bbws_access.access.principal import PrincipalLoader
from bbws_access.access.tokens import Claims
from bbws_access.defaults import PERMISSIONS
from bbws_access.errors import Denied
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import Capability, Scope
from bbws_access.services.effective_access import EffectiveAccessQuestions
from bbws_access.store.codec import decode
from tests.access.contract import GUARDED, Request, allows, may_call
from tests.access.people import People
from tests.cli.memory import MemoryTable
from tests.fakes import FixedClock

pytestmark = pytest.mark.slow

EXAMPLES, PAIRS = 50, 200
"""Ten thousand pairs of a user and a request about which all three can be asked; the others are extra."""

API = "arn:aws:execute-api:region:account:api/stage"
OPERATOR = operator("arn:aws:iam::000000000000:user/ops", "ops@example.com")
GRANTS = [*sorted(p.id for p in PERMISSIONS), "*:*", "team:*", "team:member:*", "role:*", "audit:*"]


class Random:
    """One organisation and a neighbour, drawn from ``chance``."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.table = MemoryTable()
        self.orgs = [f"org-{self._uuid()}" for _ in range(2)]
        client = SimpleNamespace(put_item=self._put)
        self.people = People(SimpleNamespace(client=client, table=self.table, clock=FixedClock()))  # type: ignore[arg-type]
        self.people.organisation(self.orgs[0], active=chance.random() < 0.9)
        self.teams = [self.people.team(self.orgs[0], active=chance.random() < 0.8) for _ in range(3)]
        roles = [self._role() for _ in range(4)]
        team_roles = [self._team_role() for _ in range(3)]
        self.users = [self._user(roles, team_roles) for _ in range(5)]

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self.chance.getrandbits(128), version=4)

    def _put(self, TableName: str, Item: Any) -> None:
        item = decode(Item)
        self.table._written[(item["PK"], item["SK"])] = item

    def _role(self) -> tuple[str, str]:
        owner = self.chance.choice([self.orgs[0]] * 3 + [PLATFORM])
        grants = self.chance.sample(GRANTS, self.chance.randint(1, 4))
        scope = Scope.PLATFORM if owner == PLATFORM else self.chance.choice([Scope.ORGANISATION, Scope.TEAM])
        active = self.chance.random() < 0.85
        return owner, self.people.role(owner, grants, scope=scope, active=active)

    def _team_role(self) -> str:
        can = self.chance.sample(sorted(Capability), self.chance.randint(1, 3))
        return self.people.team_role(self.orgs[0], *can, active=self.chance.random() < 0.85)

    def _user(self, roles: list[tuple[str, str]], team_roles: list[str]) -> str:
        active = self.chance.random() < 0.9
        user = self.people.user(self.orgs[0], str(self._uuid()), active=active)
        for owner, role in self.chance.sample(roles, self.chance.randint(0, 3)):
            self.people.assign(owner, user, role, active=self.chance.random() < 0.9)
        for team in self.chance.sample(self.teams, self.chance.randint(0, 2)):
            self.people.join(self.orgs[0], team, user, self.chance.choice(team_roles))
        return user

    def request(self) -> Request:
        return Request(
            self.chance.choice(GUARDED),
            self.chance.choice([self.orgs[0]] * 4 + [self.orgs[1]]),
            self.chance.choice([*self.teams, str(self._uuid())]),
            self.chance.choice(self.users),
        )


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(min_value=0, max_value=2**32))
def test_three_ways_to_ask_have_one_answer(seed: int) -> None:
    chance = random.Random(seed)
    world = Random(chance)
    org, clock = world.orgs[0], FixedClock()
    questions = EffectiveAccessQuestions(world.table, clock)
    verifier = SimpleNamespace(verify=lambda user: Claims(user, "id", org, None, 0))
    authorizer = Authorizer(verifier, PrincipalLoader(world.table, clock))  # type: ignore[arg-type]
    asked = 0
    while asked < PAIRS:
        user, request = chance.choice(world.users), world.request()
        method, _, path = request.text.partition("/")
        decision = authorizer.decide(user, f"{API}/{request.text}")
        opened = allows(decision.policy, f"{API}/{request.text}")
        holder = None if decision.principal is None or decision.code != "ALLOWED" else decision.principal.actor
        assert opened is (holder is not None and may_call(holder, request)), request.text

        told = questions.explain(OPERATOR, org, user, method, f"/{path}")
        assert told.allowed is opened, (request.text, told)
        assert told.code == decision.verdict(f"{API}/{request.text}")
        assert all(step.passed for step in told.steps) is opened

        row = request.row
        if row.permission == "any" or "{orgId}" not in row.path or request.org != org:
            continue
        team = request.team if "{teamId}" in row.path else None
        if (row.other and team is None) or (row.other == "self" and request.user == user):
            continue
        asked += 1
        answer = questions.can(OPERATOR, org, user, row.permission, team)
        assert answer.allowed is opened or _stands_for_more(row.permission, answer, team)
        assert bool(answer.through) is answer.allowed


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(min_value=0, max_value=2**32))
def test_who_holds_it_is_whoever_can(seed: int) -> None:
    chance = random.Random(seed)
    world = Random(chance)
    org = world.orgs[0]
    questions = EffectiveAccessQuestions(world.table, FixedClock())
    for permission in chance.sample([p.id for p in PERMISSIONS], 8):
        told = {holder.user_id for holder in questions.who(OPERATOR, org, permission)}
        able = {
            user
            for user in world.users
            if any(questions.can(OPERATOR, org, user, permission, team).allowed for team in (None, *world.teams))
        }
        assert told == able, permission


def test_who_counts_holders_of_platform_roles_as_the_authorizer_does() -> None:
    world = Random(random.Random(7))
    people, (here, there) = world.people, world.orgs
    clock = FixedClock()
    support = people.role(PLATFORM, ["team:read"], scope=Scope.PLATFORM)
    lesser = people.role(PLATFORM, ["team:read"], scope=Scope.ORGANISATION)
    homes: dict[str, dict[str, bool]] = {
        "member": {here: True},
        "foreigner": {there: True},
        "both": {here: True, there: True},
        "moved": {here: False, there: True},
        "left": {there: False},
        "nobody": {},
    }
    for user, profiles in homes.items():
        for age, (org_id, active) in enumerate(profiles.items()):
            people.user(org_id, user, active=active, date_created=f"2026-01-0{age + 1}T00:00:00.000Z")
        people.assign(PLATFORM, user, support)
        people.assign(PLATFORM, user, lesser)

    def told() -> dict[str, list[str]]:
        """By user, the roles that are said to give it; and nobody whom the authorizer does not let do it."""
        found: dict[str, list[str]] = {}
        for holder in EffectiveAccessQuestions(world.table, clock).who(OPERATOR, here, "team:read"):
            if holder.user_id in homes:
                found.setdefault(holder.user_id, []).append(holder.through)
        loader, able = PrincipalLoader(world.table, clock), set()
        for user in homes:
            with suppress(Denied):
                able |= {user} if loader.load(user, None, or_elsewhere=True).actor.may("team:read", here) else set()
        assert set(found) == able
        return {user: sorted(found[user]) for user in sorted(found)}

    people.organisation(here)
    people.organisation(there)
    one, both = ["R (platform role)"], ["R (platform role)", "R (role)"]
    assert told() == {"both": both, "foreigner": one, "member": both, "moved": one}
    people.organisation(here, active=False)
    assert told() == {"both": one, "foreigner": one, "moved": one}
    people.organisation(there, active=False)
    assert told() == {}
    people.organisation(here)
    assert told() == {"both": both, "member": both}


def _stands_for_more(permission: str, answer: Any, team: str | None) -> bool:
    """A capability stands for a permission in a team, whichever of its endpoints is asked about."""
    return team is not None and answer.allowed and all(g.reach == "SEAT" for g in answer.through)
