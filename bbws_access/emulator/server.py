"""The emulator's program, which :mod:`bbws_access.emulator.process` starts: ministack, its state kept.

``python -m bbws_access.emulator.server``, with the environment of :func:`launch.environment`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bbws_access.emulator import launch, lock, record

_LOCK_WAIT = 2.0  # seconds: who only looks whether the lock is held holds it for an instant

logger = logging.getLogger(__name__)


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    # Taken out of the environment, so that functions do not see them.
    files = launch.Layout(Path(os.environ.pop(launch.STATE_DIR_VARIABLE)))
    instance = os.environ.pop(launch.INSTANCE_VARIABLE)
    port = int(os.environ["GATEWAY_PORT"])
    lifetime = lock.acquire(files.running, _LOCK_WAIT)
    if lifetime is None:
        logger.error("another emulator uses %s", files.root)
        return launch.ALREADY_RUNNING
    lock.write_owner(lifetime)
    try:
        listener = launch.listen(port)
    except OSError as error:
        logger.error("port %s: %s", port, error.strerror)
        return launch.PORT_TAKEN
    identity = record.Record(
        pid=os.getpid(),
        port=port,
        region=os.environ["MINISTACK_REGION"],
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        instance=instance,
    )
    record.write(files.record, identity)
    _allow_many_files()
    return _serve(files, listener, identity)


def _serve(files: launch.Layout, listener: socket.socket, identity: record.Record) -> int:
    # ministack reads the environment while it is imported, and takes most of a second: not before it is needed.
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from bbws_access.emulator import apigateway_gaps, cloudwatch_gaps, lambda_gaps, workers
    from bbws_access.emulator.checkpoint import Checkpointer
    from bbws_access.emulator.gateway import Gateway
    from bbws_access.emulator.statefile import StateFile

    apigateway_gaps.install()
    cloudwatch_gaps.install()
    lambda_gaps.install()
    try:
        state = StateFile(files.data / "state.sqlite3")
    except sqlite3.Error:
        logger.exception("the saved state %s cannot be read", files.data)
        return 1
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.backlog = launch.BACKLOG
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.loglevel = "WARNING"

    async def run() -> None:
        await serve(Gateway(Checkpointer(state), identity), config)  # type: ignore[arg-type]

    code = 0
    try:
        asyncio.run(run())
    except Exception:
        logger.exception("the emulator failed")
        code = 1
    workers.end_all()
    state.close()
    return code


def _allow_many_files() -> None:
    """As many open files as the system lets us have: each worker and each connection takes some."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    exit_code = main()
    logging.shutdown()
    # Not sys.exit: it would wait for every thread that still waits for a function.
    os._exit(exit_code)
