"""An import whose process is killed, again and again, against the emulator: the next run goes on, with nobody twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.emulator.process import RunningEmulator
from bbws_access.ids import RandomIds
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.team import NewTeam
from bbws_access.store.codec import decode
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Table
from tests.bulk.crowd import csv_of
from tests.declared.place import WHO
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeMailer
from tests.services.acceptance_child import client

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

ROOT: Final = Path(__file__).parents[2]
ROWS: Final = 120


def test_killed_again_and_again(running: RunningEmulator, tmp_path: Path) -> None:
    db = client("dynamodb", running.endpoint)
    db.create_table(**table_definition("import-killed"))
    world = World(
        Table(db, "import-killed"), SystemClock(), RandomIds(), FakeMailer(), FakeDirectory(), FakeAuditStorage(), str
    )
    services = Services(world)
    org_id = services.organisations.create(WHO, NewOrganisation(name="Acme")).organisation_id
    services.teams.create(WHO, org_id, NewTeam(name="Web"))
    given: dict[str, Any] = {
        "endpoint": running.endpoint,
        "table": "import-killed",
        "org_id": org_id,
        "file": str(csv_of(tmp_path, ROWS)),
        "report": str(tmp_path / "report"),
        "mails": str(tmp_path / "mails"),
    }
    # Before the first commit's answer, after it, among the emails, and at the next commit.
    for run, requests in enumerate([11, 20, 33, 0]):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bulk.import_child"],
            input=json.dumps({**given, "requests": requests, "resume": run > 0}),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert done.returncode == (-signal.SIGKILL if requests else 0), done.stderr
    items = [
        decode(item)
        for page in db.get_paginator("scan").paginate(TableName="import-killed", ConsistentRead=True)
        for item in page["Items"]
    ]
    invitations = [one for one in items if one["SK"].startswith("INV#")]
    everybody = sorted(f"p{n}@example.com" for n in range(ROWS))
    assert sorted(one["email"] for one in invitations) == everybody
    assert {one["emailStatus"] for one in invitations} == {"SENT"}
    mails = Counter((tmp_path / "mails").read_text().split())
    assert sorted(mails) == everybody
    # Whoever's email was on its way when the process was killed gets it again, with a link that works.
    assert sum(mails.values()) <= ROWS + 3
    actions = Counter(one["action"] for one in items if one["SK"].startswith("EVENT#"))
    assert actions["invitation.create"] == ROWS
    lines = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()[1:]]
    assert sorted(one["line"] for one in lines) == list(range(2, ROWS + 2))
