"""``python -m benchmarks [NAME …]``: runs the benchmarks and prints a line for each, for BENCHMARKS.md."""

from __future__ import annotations

import os
import platform
import sys

from benchmarks import authorizer, awscli, completion, env_up, exports, keeper, migrate, startup

BENCHMARKS = {
    "startup": startup.run,
    "awscli": awscli.run,
    "completion": completion.run,
    "authorizer": authorizer.run,
    "env-up": env_up.run,
    "exports": exports.run,
    "export-memory": exports.run_memory,
    "migrate": migrate.run,
    "table-rates": keeper.rates,
    "table-memory": keeper.memory,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    sys.stdout.write(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
