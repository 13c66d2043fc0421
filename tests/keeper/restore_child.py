"""A process that restores a backup and kills itself after a number of items.

Its configuration is one JSON document on standard input: ``endpoint``, ``table``, ``path`` and ``items``,
after which it dies; 0 lets it live.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from bbws_access.keeper.archive import open_archive
from bbws_access.keeper.restore import Restorer
from bbws_access.keeper.tables import ensure
from tests.services.acceptance_child import client


def main() -> int:
    given = json.load(sys.stdin)
    dynamodb = client("dynamodb", given["endpoint"])
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        if given["items"] and done >= given["items"]:
            os.kill(os.getpid(), signal.SIGKILL)

    archive = open_archive(Path(given["path"]), lambda _: None)
    ensure(dynamodb, given["table"])
    outcome = Restorer(dynamodb, given["table"]).restore(archive, progress)
    sys.stdout.write(json.dumps({str(fate): count for fate, count in outcome.counts.items()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
