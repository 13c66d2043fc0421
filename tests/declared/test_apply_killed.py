"""An apply whose process is killed, again and again, against the emulator: the next run goes on with what is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.emulator.process import RunningEmulator
from bbws_access.ids import RandomIds
from bbws_access.models.organisation import NewOrganisation
from bbws_access.services.declared.document import document, written
from bbws_access.store.schema import table_definition
from bbws_access.store.table import Table
from bbws_access.store.writes import Put
from tests.declared.place import WHO, read, user_items
from tests.declared.test_apply import random_file
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeMailer
from tests.services.acceptance_child import client

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

ROOT: Final = Path(__file__).parents[2]
PEOPLE: Final = 6


def test_killed_again_and_again(running: RunningEmulator) -> None:
    db = client("dynamodb", running.endpoint)
    db.create_table(**table_definition("apply-killed"))
    table = Table(db, "apply-killed")
    services = Services(
        World(table, SystemClock(), RandomIds(), FakeMailer(), FakeDirectory(), FakeAuditStorage(), str)
    )
    org_id = services.organisations.create(WHO, NewOrganisation(name="Acme")).organisation_id
    for n in range(PEOPLE):
        table.transact([Put(item) for item in user_items(org_id, n)])
    text = random_file(3, PEOPLE, 3, 3)
    steps = len(services.declared_state.plan(WHO, org_id, read(text), prune=True).steps)
    given: dict[str, Any] = {"endpoint": running.endpoint, "table": "apply-killed", "org_id": org_id, "text": text}
    left: list[int] = []
    for requests in (45, 70, 91, 0):
        done = subprocess.run(
            [sys.executable, "-m", "tests.declared.apply_child"],
            input=json.dumps({**given, "requests": requests}),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert done.returncode == (-signal.SIGKILL if requests else 0), done.stderr
        plan = services.declared_state.plan(WHO, org_id, read(text), prune=True)
        left.append(len(plan.steps))
    assert steps > left[0] > left[1] > left[2] > left[3] == 0
    exported = written(document(services.standings.read(WHO, org_id)))
    assert services.declared_state.plan(WHO, org_id, read(exported), prune=True).steps == []
