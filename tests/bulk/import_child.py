"""A process that imports a file and is killed after one of its requests to the table.

Its configuration is one JSON document on standard input: ``endpoint``, ``table``, ``org_id``, ``file``, ``report``,
``mails`` (a file that gets the address of each email), ``resume`` and ``requests`` (0 lives).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.ids import RandomIds
from bbws_access.import_check import check, good_rows
from bbws_access.import_file import ImportFile
from bbws_access.import_report import ImportReport
from bbws_access.mail import Mail
from bbws_access.store.table import Table
from tests.declared.place import WHO
from tests.fakes import FakeAuditStorage, FakeDirectory
from tests.services.acceptance_child import client


class Requests:
    """Counts them, and kills the process; nothing of Python gets to run after that."""

    def __init__(self, last: int) -> None:
        self._last = last
        self.count = 0

    def __call__(self, **_: Any) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


class Postbox:
    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def send(self, mail: Mail) -> None:
        with self._path.open("a", encoding="utf-8") as out:
            out.write(f"{mail.to}\n")


def main() -> None:
    given = json.load(sys.stdin)
    requests = Requests(given["requests"])
    db = client("dynamodb", given["endpoint"])
    db.meta.events.register("after-call.dynamodb.*", requests)
    table = Table(db, given["table"])
    world = World(
        table,
        SystemClock(),
        RandomIds(),
        Postbox(given["mails"]),
        FakeDirectory(),
        FakeAuditStorage(),
        lambda token: token,
    )
    services, file = Services(world), ImportFile(Path(given["file"]))
    names = services.import_rows.names(WHO, given["org_id"])
    assert check(file, services.import_rows, names, lambda _: False, lambda: None).bad == 0
    with ImportReport(Path(given["report"]), {"sha256": file.digest}, resume=given["resume"]) as report:
        for done in services.user_import({"file": "p"}).write(WHO, names, good_rows(file, report.has)):
            report.add(done.numbered.line, done.numbered.row.email, done.outcome)
    sys.stdout.write(str(requests.count))


if __name__ == "__main__":
    main()
