"""Against the emulator: a check while others write, restores that are killed, calls that are refused."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from bbws_access.access.actor import Origin, operator
from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.emulator.process import RunningEmulator
from bbws_access.keeper.backup import back_up
from bbws_access.keeper.live import Live
from bbws_access.keeper.repair import Repairer
from bbws_access.keeper.verify import Progress, Verifier
from bbws_access.models.invitation import Acceptance, NewInvitation
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.team import MemberChanges, NewMember, NewTeam, TeamChanges
from bbws_access.store.codec import encode
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Table
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeIds, FakeMailer
from tests.services.acceptance_child import client

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

ROOT = Path(__file__).parents[2]
OPERATOR = operator("arn:test", "ops@example.com")


def quiet(count: int) -> None:
    """Nobody is told."""


class City:
    """The services over a table of the emulator, with an organisation that people work in."""

    def __init__(self, endpoint: str) -> None:
        self.client = client("dynamodb", endpoint)
        self.name = f"keeper-{uuid.uuid4()}"
        self.client.create_table(**table_definition(self.name))
        self.table = Table(self.client, self.name)
        self.ids = FakeIds()
        mailer, directory, storage = FakeMailer(), FakeDirectory(), FakeAuditStorage()
        world = World(self.table, SystemClock(), self.ids, mailer, directory, storage, lambda token: token)
        self.services = Services(world)
        self.org_id = self.services.organisations.create(OPERATOR, NewOrganisation(name="City")).organisation_id
        self.users = [self.join(f"u{n}@example.com") for n in range(4)]
        self.team = self.services.teams.create(OPERATOR, self.org_id, NewTeam(name="Web"))
        self.role = self.services.teams.load_role_named(self.org_id, "MEMBER")

    def join(self, email: str) -> str:
        role = self.services.roles.find(OPERATOR, self.org_id, "SITE_VIEWER")
        self.services.invitations.create(OPERATOR, self.org_id, NewInvitation(email=email, role_id=role.role_id))
        acceptance = Acceptance(first_name="A", last_name="B", password="Correct-horse-7")
        accept = self.services.accept_invitation.accept
        return accept(self.ids.tokens[-1], acceptance, Origin()).user.user_id

    def work(self, chance: random.Random, number: int) -> None:
        """Something that moves counts, names, guards and the chain."""
        match number % 4:
            case 0:
                user = chance.choice(self.users)
                members, seat = self.services.members, NewMember(user_id=user, team_role_id=self.role.team_role_id)
                members.add(OPERATOR, self.org_id, self.team.team_id, seat)
                members.update(OPERATOR, self.org_id, self.team.team_id, user, MemberChanges(active=False))
            case 1:
                changes = TeamChanges(name=f"Web {number}")
                self.services.teams.update(OPERATOR, self.org_id, self.team.team_id, changes)
            case 2:
                self.join(f"w{number}@example.com")
            case _:
                role = self.services.roles.find(OPERATOR, self.org_id, "SITE_EDITOR")
                user = chance.choice(self.users)
                self.services.role_assignments.assign(OPERATOR, self.org_id, user, role.role_id)
                self.services.role_assignments.revoke(OPERATOR, self.org_id, user, role.role_id)

    def fill(self, pages: int) -> None:
        """Records that nobody knows, between the organisation's, so that they are not read at once."""
        for n in range(4 * pages):
            place = f"ORG#{self.org_id}#E{n}" if n % 2 else f"LATER#{n}"
            item = {"PK": place, "SK": "X", "text": "x" * 260_000}
            self.client.put_item(TableName=self.name, Item=encode(item))


@pytest.fixture(scope="module")
def city(running: RunningEmulator) -> City:
    return City(running.endpoint)


class Looks(Progress):
    """Counts what was looked at a second time."""

    def __init__(self) -> None:
        self.count = 0

    def looking(self, left: int) -> None:
        self.count += 1


def test_a_table_in_use_raises_no_false_alarm(city: City) -> None:
    city.fill(8)
    stop, worked = threading.Event(), 0

    def write() -> None:
        nonlocal worked
        chance = random.Random(7)
        while not stop.is_set():
            city.work(chance, worked)
            worked += 1

    looks, reports = Looks(), []
    writer = ThreadPoolExecutor(1).submit(write)
    try:
        while not writer.done() and (worked < 24 or not looks.count):
            reports.append(Verifier(city.table, SystemClock(), segments=1 + len(reports) % 3).verify(looks))
    finally:
        stop.set()
        writer.result()
    assert looks.count, "the pass saw nothing half-done, so this has shown nothing"
    assert [(str(f.problem), f.key, f.message) for r in reports for f in r.findings] == []


def test_repairs_while_others_write_leave_exact_counts(city: City) -> None:
    role = city.services.roles.find(OPERATOR, city.org_id, "SITE_EDITOR")
    # The emulator's indexes do not lag; on AWS a repair of a role's count waits for a second of peace.
    verifier = Verifier(city.table, SystemClock(), make_live=partial(Live, quiet=0.0))
    stop = threading.Event()

    def write() -> None:
        chance = random.Random(8)
        for number in itertools.cycle((0, 1, 3)):
            city.work(chance, number)
            if stop.wait(0.2):
                return

    writer = ThreadPoolExecutor(1).submit(write)
    try:
        for pk, sk, name in (
            (f"ORG#{city.org_id}", f"TEAM#{city.team.team_id}", "memberCount"),
            (f"ORG#{city.org_id}", f"ROLE#{role.role_id}", "userCount"),
        ):
            city.client.update_item(
                TableName=city.name,
                Key=encode({"PK": pk, "SK": sk}),
                UpdateExpression="ADD #n :five",
                ExpressionAttributeNames={"#n": name},
                ExpressionAttributeValues=encode({":five": 5}),
            )
        Repairer(verifier, city.services.trail).repair(OPERATOR)
    finally:
        stop.set()
        writer.result()
    # What a busy writer did not leave time for is mended when there is peace.
    Repairer(verifier, city.services.trail).repair(OPERATOR)
    assert [(str(f.problem), f.key, f.message) for f in verifier.verify().findings] == []


def restored(given: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "tests.keeper.restore_child"]
    return subprocess.run(
        words, input=json.dumps(given), capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )


def test_a_restore_that_is_killed_goes_on(city: City, running: RunningEmulator, tmp_path: Path) -> None:
    city.fill(8)
    made = back_up(city.client, city.name, tmp_path / "one.gz", SystemClock(), quiet)
    total = made.manifest.items
    given = {"endpoint": running.endpoint, "table": f"{city.name}-again", "path": str(made.path)}
    there = 0
    for items in (total // 3, total // 2, 2 * total // 3):
        done = restored({**given, "items": items})
        assert done.returncode == -signal.SIGKILL, done.stderr
        count = city.client.describe_table(TableName=given["table"])["Table"]["ItemCount"]
        assert there <= count < total
        there = count
    assert there > 0
    done = restored({**given, "items": 0})
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["identical"] >= there
    assert outcome["identical"] + outcome["restored"] == total
    again = back_up(city.client, given["table"], tmp_path / "two.gz", SystemClock(), quiet)
    assert again.path.read_bytes() == made.path.read_bytes()


def test_a_tenth_of_the_calls_is_refused(city: City, running: RunningEmulator, tmp_path: Path) -> None:
    """Before they reach the table: throttled reads and writes, each tenth."""
    city.fill(8)
    slow = client("dynamodb", running.endpoint)
    calls = 0

    def refuse(request: Any, **_: Any) -> AWSResponse | None:
        nonlocal calls
        calls += 1
        if calls % 10:
            return None
        body = b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}'
        response = AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, None)
        response._content = body
        return response

    from bbws_access.keeper.archive import open_archive
    from bbws_access.keeper.restore import Restorer
    from bbws_access.keeper.tables import ensure

    slow.meta.events.register("before-send.dynamodb", refuse)
    made = back_up(slow, city.name, tmp_path / "one.gz", SystemClock(), quiet)
    target = f"{city.name}-slow"
    ensure(slow, target)
    Restorer(slow, target).restore(open_archive(made.path, quiet), quiet)
    assert Verifier(Table(slow, target), SystemClock()).verify().clean
    assert back_up(slow, target, tmp_path / "two.gz", SystemClock(), quiet).manifest.sha256 == made.manifest.sha256
    assert calls > 20
