"""One export, or one report, in a process of its own, from a table that makes its pages as they are asked for."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bbws_access.access.actor import operator
from bbws_access.clock import SystemClock
from bbws_access.export.files import write_file
from bbws_access.ids import RandomIds
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import FileFormat
from bbws_access.report.collect import Collector
from bbws_access.report.data import Subject
from bbws_access.report.page import report_page
from bbws_access.services.archive import RETAINED
from bbws_access.services.audit import Audit
from bbws_access.services.trail import Trail
from bbws_access.store.codec import encode
from bbws_access.store.table import Table
from benchmarks.events import A_DAY, ORG, START, TABLE, client_of, event_item

PAGE: Final = 1_000
"""Items of a page: about the megabyte that DynamoDB gives at once."""


class Then:
    """A clock of those days: none of them has left the table yet."""

    def now(self) -> datetime:
        return START + timedelta(days=30)


class Endless:
    """A DynamoDB client whose one day has ``count`` events."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._template = encode(event_item(0, START))

    def query(self, **asked: Any) -> dict[str, Any]:
        begin = int(asked.get("ExclusiveStartKey", {}).get("N", {"N": "0"})["N"])
        end = min(begin + PAGE, self._count)
        answer: dict[str, Any] = {"Items": [self._item(n) for n in range(begin, end)]}
        if end < self._count:
            last = answer["Items"][-1]
            answer["LastEvaluatedKey"] = {"PK": last["PK"], "SK": last["SK"], "N": {"N": str(end)}}
        return answer

    def _item(self, n: int) -> dict[str, Any]:
        moment = (START + timedelta(milliseconds=n)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{n % 1000:03}Z"
        ident = f"01J{n:023}"
        own = {
            "SK": {"S": f"EVENT#{moment}#{ident}"},
            "eventId": {"S": ident},
            "timestamp": {"S": moment},
            "userEmail": {"S": f"user-{n % 20_000}@example.com"},
            "outcome": {"S": ("SUCCESS", "DENIED")[n % 2]},
            "sequence": {"N": str(n + 1)},
            "details": {"M": {"text": {"S": f"{n:0200}"}, "path": {"S": f"/v1/{n % 20_000}"}}},
        }
        return self._template | own


def main(kind: str, count: int, endpoint: str | None = None) -> dict[str, int]:
    """With ``endpoint``, a whole number of days of what the benchmark put there."""
    days = 1 if endpoint is None else count // A_DAY
    table = Table(Endless(count), "bench") if endpoint is None else Table(client_of(endpoint), TABLE)  # type: ignore[arg-type]
    audit = Audit(table, Trail(table, SystemClock(), RandomIds()), Then(), RandomIds(), None)  # type: ignore[arg-type]
    # To the last day's end and not beyond: each day that is asked for is one query.
    until = START + timedelta(days=days) - timedelta(milliseconds=1)
    question = AuditQuestion(ORG, since=START, until=until, newest_first=False)
    rows = audit.rows(operator("arn:aws:iam::000000000000:user/bench", "bench@local"), question)
    if kind == "report":
        found = Collector(Subject("Bench", ORG, START, until, until, "bench")).add_all(rows).report([], RETAINED)
        report_page(found)
        written = found.total
    else:
        with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as folder:
            written = write_file(rows, Path(folder) / "out", FileFormat(kind)).count
    return {"count": written, "peak": _peak()}


def _peak() -> int:
    """The most memory of this process, in KB.

    Not ``ru_maxrss``: on Linux a process inherits that from the one that started it.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise RuntimeError("this benchmark needs Linux")
    return int(found[1])


if __name__ == "__main__":
    json.dump(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]), sys.stdout)
