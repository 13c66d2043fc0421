"""A process that applies a file and is killed after one of its requests to the table.

Its configuration is one JSON document on standard input: ``endpoint``, ``table``, ``org_id``, ``text`` and
``requests`` (0 lives). It writes how many steps there were.
"""

from __future__ import annotations

import json
import sys

from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.ids import RandomIds
from bbws_access.store.table import Table
from tests.bulk.import_child import Requests
from tests.declared.place import WHO, read
from tests.fakes import FakeAuditStorage, FakeDirectory, FakeMailer
from tests.services.acceptance_child import client


def main() -> None:
    given = json.load(sys.stdin)
    db = client("dynamodb", given["endpoint"])
    db.meta.events.register("after-call.dynamodb.*", Requests(given["requests"]))
    table = Table(db, given["table"])
    world = World(table, SystemClock(), RandomIds(), FakeMailer(), FakeDirectory(), FakeAuditStorage(), str)
    state, declared = Services(world).declared_state, read(given["text"])
    plan = state.plan(WHO, given["org_id"], declared, prune=True)
    state.apply(WHO, declared, plan, lambda _: None)
    sys.stdout.write(str(len(plan.steps)))


if __name__ == "__main__":
    main()
