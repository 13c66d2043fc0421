"""A process of its own, whose memory is measured: ``backup|verify|restore ENDPOINT TABLE PATH``.

Prints its peak resident memory in KiB.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from bbws_access.clock import SystemClock
from bbws_access.keeper.archive import open_archive
from bbws_access.keeper.backup import back_up
from bbws_access.keeper.restore import Restorer
from bbws_access.keeper.verify import Verifier
from bbws_access.store.table import Table
from benchmarks.keeper_tables import client


def main(what: str, endpoint: str, table: str, path: str) -> None:
    dynamodb = client(endpoint)
    if what == "backup":
        back_up(dynamodb, table, Path(path), SystemClock(), lambda _: None)
    elif what == "verify":
        assert Verifier(Table(dynamodb, table), SystemClock()).verify().clean
    else:
        Restorer(dynamodb, table).restore(open_archive(Path(path), lambda _: None), lambda _: None)
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


if __name__ == "__main__":
    main(*sys.argv[1:])
