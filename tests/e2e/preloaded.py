"""Commands in processes of their own that need not load everything again: one process loads, each command is a fork.

``python -m tests.e2e.preloaded SOCKET`` listens on a Unix socket. A request is one JSON line with ``words``,
``environment`` and ``cwd``, sent with the file descriptors of the command's three streams; the answer is its exit
code. What a command would do before ``main`` is called is all that is shared: modules that are loaded, and what
botocore says of AWS's services.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any, NoReturn

from tests.quick_botocore import quick_botocore

_MOST = 1 << 20


class Preloaded:
    """The client's side; the process is started at the first command and ends with this one."""

    def __init__(self) -> None:
        self._path = Path()
        self._process: subprocess.Popen[str] | None = None
        self._starting = threading.Lock()

    def run(self, words: Sequence[str], environment: Mapping[str, str], cwd: Path, streams: Sequence[IO[Any]]) -> int:
        """The command's exit code; negative for a signal."""
        self._start()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._path))
            request = {"words": list(words), "environment": dict(environment), "cwd": str(cwd)}
            socket.send_fds(connection, [b"f"], [stream.fileno() for stream in streams])
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = b"".join(iter(lambda: connection.recv(64), b""))
        return int(answer)

    def _start(self) -> None:
        with self._starting:
            if self._process is not None:
                return
            self._path = Path(mkdtemp(prefix="preloaded-")) / "socket"
            words = [sys.executable, "-m", "tests.e2e.preloaded", str(self._path)]
            self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == "ready\n"


def load() -> None:
    """Everything that a command may come to need."""
    for package in ("cli", "cli.commands", "bbws_access.services", "bbws_access.models"):
        for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(found.name)
    for name in ("boto3", "botocore.session", "rich.table", "rich.console", "bbws_access.bootstrap"):
        importlib.import_module(name)
    import boto3

    for service in ("cognito-idp", "dynamodb", "kms", "lambda", "s3", "ses", "sts"):
        boto3.Session().client(service, region_name="eu-west-1", aws_access_key_id="-", aws_secret_access_key="-")  # type: ignore[call-overload]


def serve(path: str) -> None:
    with quick_botocore():
        _serve(path)


def _serve(path: str) -> None:
    load()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while listener in select.select([listener, sys.stdin], [], [])[0]:  # what started this ends: so does stdin
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(connection)
            connection.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    shutil.rmtree(Path(path).parent)


def _answer(connection: socket.socket) -> None:
    """In a child: forks the command, waits for it, and tells how it ended."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    request = json.loads(connection.makefile().readline())
    command = os.fork()
    if command == 0:
        connection.close()
        _become(request, streams)
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(command, 0)
    with suppress(OSError):
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(request: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv = ["bbws-access", *request["words"]]
    from cli.main import main

    try:
        main()
    except SystemExit as end:
        code = end.code
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else bool(code))  # without taking apart what was loaded before


if __name__ == "__main__":
    serve(sys.argv[1])
