"""Teams and their members under many hands, against the emulator, which serves each request atomically."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import boto3
import pytest
from botocore.config import Config

from bbws_access.access.actor import operator
from bbws_access.bootstrap import Services, World
from bbws_access.emulator.process import RunningEmulator
from bbws_access.errors import Conflict, NotFound
from bbws_access.models.kinds import Capability
from bbws_access.models.team import MemberChanges, NewMember, NewTeam, Team, TeamChanges, TeamRoleChanges, Transfer
from bbws_access.services.pages import PageRequest
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Table
from tests.conftest import Platform
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeIds, FakeMailer, FixedClock
from tests.services.holders import member
from tests.services.office import Office
from tests.services.staff import require_exact_counts

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator"), pytest.mark.timeout(900)]

THREADS = 16
ROUNDS = 50


@pytest.fixture
def platform(running: RunningEmulator) -> Platform:
    """The platform of the other tests, over a table of the emulator's."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=running.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(max_pool_connections=2 * THREADS),
    )
    name = f"teams-{uuid.uuid4().hex}"
    client.create_table(**table_definition(name))
    table, clock, ids = Table(client, name), FixedClock(), FakeIds()
    mailer, directory, storage = FakeMailer(), FakeDirectory(), FakeAuditStorage()
    world = World(table, clock, ids, mailer, directory, storage, lambda token: token)
    who = operator("arn:test", "ops@example.com")
    return Platform(client, table, clock, ids, mailer, directory, storage, world, Services(world), who)


@pytest.fixture
def office(platform: Platform) -> Office:
    made = Office(platform)
    for n in range(5, THREADS + 1):
        member(platform, made.org, f"u-{n}")
    return made


def at_once(attempts: Sequence[Callable[[], object]]) -> list[str]:
    """Lets all attempts start together; what became of each: ``done`` or the refusal's code."""
    start = threading.Barrier(len(attempts))

    def run(attempt: Callable[[], object]) -> str:
        start.wait()
        try:
            attempt()
        except (Conflict, NotFound) as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(run, attempts))


def ending(office: Office, team: Team, user_id: str, way: str, there: Team) -> Callable[[], object]:
    """A lead ceases to be one: removed, demoted or transferred."""
    if way == "transfer":
        request = Transfer(team_id=there.team_id)
        return lambda: office.members.transfer(office.admin, office.org, team.team_id, user_id, request)
    less = MemberChanges(team_role_id=office.role("VIEWER"))
    changes = MemberChanges(active=False) if way == "remove" else less
    return lambda: office.members.update(office.admin, office.org, team.team_id, user_id, changes)


def test_two_leads_who_leave_at_once_leave_one(office: Office) -> None:
    """Each of them is taken out by eight at once, some of whom find that done already."""
    teams, ways = office.platform.services.teams, ("remove", "demote", "transfer")
    for n in range(ROUNDS):
        team, there = (teams.create(office.admin, office.org, NewTeam(name=f"{word} {n}")) for word in ("Round", "To"))
        pair = ((f"u-{n % 8 + 1}", ways[n % 3]), (f"u-{n % 8 + 9}", ways[n // 3 % 3]))
        for user_id, _ in pair:
            office.add(user_id, "TEAM_LEAD", team=team)
        attempts = [ending(office, team, user_id, way, there) for user_id, way in pair] * (THREADS // 2)
        outcomes = set(at_once(attempts))
        assert {"done", "LAST_LEAD"} <= outcomes <= {"done", "LAST_LEAD", "MEMBER_NOT_FOUND", "CONFLICT"}
        assert teams.load(office.org, team.team_id).lead_count == 1
    require_exact_counts(office.platform)


def test_of_sixteen_leads_one_stays(office: Office) -> None:
    users = [f"u-{n}" for n in range(1, THREADS + 1)]
    for user_id in users:
        office.add(user_id, "TEAM_LEAD")
    ways = [("remove", "demote", "transfer")[n % 3] for n in range(THREADS)]
    pairs = zip(users, ways, strict=True)
    outcomes = at_once([ending(office, office.web, user_id, way, office.shop) for user_id, way in pairs])
    assert Counter(outcomes) == {"done": THREADS - 1, "LAST_LEAD": 1}
    moved = [way for way, outcome in zip(ways, outcomes, strict=True) if (way, outcome) == ("transfer", "done")]
    assert office.counts()[1] == 1
    assert office.counts(office.shop) == (len(moved), len(moved))


def test_a_name_that_many_want_is_had_once(office: Office) -> None:
    teams = office.platform.services.teams
    for n in range(ROUNDS):
        wanted = [NewTeam(name=f"{'RACE' if k % 2 else 'race'} {n}") for k in range(THREADS)]
        outcomes = at_once([partial(teams.create, office.admin, office.org, request) for request in wanted])
        assert Counter(outcomes) == {"done": 1, "TEAM_EXISTS": THREADS - 1}
    names = [item["name"] for item in office.platform.items() if item["SK"].startswith("TEAM#")]
    assert len(names) == len({name.casefold() for name in names}) == ROUNDS + 2
    found = teams.page(office.admin, office.org, PageRequest(100)).items
    assert sorted(team.name for team in found) == sorted(names)


def test_a_name_that_is_exchanged_at_once_belongs_to_one(office: Office) -> None:
    """The guards tell what the teams are called, and nothing else."""
    teams = office.platform.services.teams
    for n in range(10):
        wanted = TeamChanges(name=f"Net {n}")
        pair = [partial(teams.update, office.admin, office.org, t.team_id, wanted) for t in (office.web, office.shop)]
        assert sorted(at_once(pair)) == ["TEAM_EXISTS", "done"]
    guards = [item for item in office.platform.items() if item["SK"].startswith("UNIQUE#TEAM#")]
    names = {item["teamId"]: item["name"] for item in office.platform.items() if item["SK"].startswith("TEAM#")}
    assert {guard["holder"]: guard["SK"].removeprefix("UNIQUE#TEAM#") for guard in guards} == {
        team_id: name.casefold() for team_id, name in names.items()
    }


def test_counts_are_exact_after_many_comings_and_goings(office: Office) -> None:
    chance = random.Random(7)
    users = [f"u-{n}" for n in range(1, 9)]
    roles = [office.role(name) for name in ("TEAM_LEAD", "MEMBER", "VIEWER")]
    members, todo = office.members, iter(range(200))

    def attempt() -> Callable[[], object]:
        team, user, role = chance.choice([office.web, office.shop]), chance.choice(users), chance.choice(roles)
        other = office.shop if team is office.web else office.web
        return chance.choice(
            [
                lambda: members.add(office.admin, office.org, team.team_id, NewMember(user_id=user, team_role_id=role)),
                lambda: members.update(office.admin, office.org, team.team_id, user, MemberChanges(active=False)),
                lambda: members.update(office.admin, office.org, team.team_id, user, MemberChanges(team_role_id=role)),
                lambda: members.transfer(office.admin, office.org, team.team_id, user, Transfer(team_id=other.team_id)),
            ]
        )

    had_lead: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    while batch := [attempt() for _, _ in zip(range(THREADS), todo, strict=False)]:
        outcomes.update(at_once(batch))
        require_exact_counts(office.platform)
        for team in (office.web, office.shop):
            leads = office.platform.services.teams.load(office.org, team.team_id).lead_count
            assert leads or not had_lead[team.team_id]  # a team that had a lead keeps one
            had_lead[team.team_id] += leads
    assert outcomes["done"] >= 40
    assert set(outcomes) <= {"done", "ALREADY_MEMBER", "MEMBER_NOT_FOUND", "LAST_LEAD", "CONFLICT"}


def test_who_joins_and_who_changes_the_role_agree(office: Office) -> None:
    """A team role begins to lead, or its first member comes, but the counts know which."""
    services = office.platform.services
    viewer = office.role("VIEWER")
    lead, look = frozenset({Capability.MANAGE_MEMBERS}), frozenset({Capability.VIEW_MEMBERS})
    for n in range(ROUNDS):
        leads = services.team_roles.load(office.org, viewer).leads
        wanted = TeamRoleChanges(capabilities=look if leads else lead)
        team = services.teams.create(office.admin, office.org, NewTeam(name=f"Round {n}"))
        outcomes = at_once(
            [
                partial(office.add, "u-1", "VIEWER", team=team),
                partial(services.team_roles.update, office.admin, office.org, viewer, wanted),
            ]
        )
        assert outcomes in (["done", "TEAM_ROLE_IN_USE"], ["ROLE_CHANGED", "done"], ["done", "done"])
        require_exact_counts(office.platform)
        if outcomes[0] == "done":
            office.add("u-2", "TEAM_LEAD", team=team)
            changes = MemberChanges(active=False)
            office.members.update(office.admin, office.org, team.team_id, "u-1", changes)
