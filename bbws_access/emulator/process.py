"""The emulator as a process: find it, start it, stop it, erase what it keeps.

Everything belongs to one directory. Whether an emulator runs there is known from a lock that it holds for
as long as it lives, never from a process id alone; whether the one that answers on the recorded port is
that one is known from a random id that it tells.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bbws_access.emulator import group, launch, lock, record
from bbws_access.emulator.loopback import get_json
from bbws_access.errors import AccessError, Conflict, ProvisioningFailed, Unreachable

START = "bbws-access env up local"
STOP = "bbws-access env down local"

_POLL = 0.05
_ANSWER = 5.0  # seconds: the emulator may be busy, a stranger may be silent
_DYING = 3.0
_STARTUP = 90.0
_SHUTDOWN = 30.0


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """An emulator that answers; ``endpoint`` is its URL, without a trailing slash."""

    pid: int
    port: int
    region: str
    endpoint: str


class Emulator:
    """The emulator whose files are in ``state_dir``, running or not. The directory is the emulator's own."""

    def __init__(self, state_dir: Path) -> None:
        self._files = launch.Layout(state_dir)

    @property
    def log(self) -> Path:
        """Where the emulator and its functions write what they have to say."""
        return self._files.log

    def find(self) -> RunningEmulator | None:
        """The running emulator, if it is ours and answers."""
        known = record.read(self._files.record)
        if known is None or lock.is_held(self._files.running) is False:
            return None
        return self._ask(known.port, known.instance)

    def require(self) -> RunningEmulator:
        """The running emulator; raises ``Unreachable`` if there is none, or if it does not answer."""
        running = self.find()
        if running is not None:
            return running
        if lock.is_held(self._files.running):
            raise Unreachable("the local AWS runs but does not answer", hint=f"{STOP}, then {START}")
        raise Unreachable("the local AWS is not running", hint=START)

    def unsaved(self) -> list[str]:
        """What changed since it was last saved: names of services. Empty when a crash would lose nothing."""
        return [str(name) for name in self._status().get("unsaved", [])]

    def saves(self) -> int:
        """How often the running emulator has saved what changed."""
        return int(self._status().get("saves", 0))

    def start(self, *, port: int | None = None, region: str = "eu-west-1") -> RunningEmulator:
        """Start the emulator, or return the one that runs.

        Without ``port`` the previous one is used again, else a free one is found. Raises ``Conflict`` if
        the port is taken, or if it already runs on another port or for another region, and
        ``ProvisioningFailed`` if it cannot be started.
        """
        with self._exclusively():
            running = self.find()
            if running is not None:
                return _as_asked(running, port, region)
            # One that was just killed holds its lock for a moment more.
            if lock.is_held(self._files.running) and not group.eventually(self._is_gone, _DYING):
                raise ProvisioningFailed(
                    f"the local AWS (process {lock.owner(self._files.running)}) runs but does not answer", hint=STOP
                )
            if importlib.util.find_spec("ministack") is None:
                raise ProvisioningFailed(
                    "the local AWS is not installed: the package ministack is missing",
                    hint="pip install 'bbws-access[local]'",
                )
            return self._launch(port, region)

    def stop(self) -> bool:
        """Stop the emulator and its functions, after it saved its state; whether there was one to stop."""
        if not self._files.root.is_dir():
            return False
        with self._exclusively():
            return self._stop()

    def erase(self) -> None:
        """Stop the emulator and delete everything it keeps."""
        if not self._files.root.is_dir():
            return
        with self._exclusively():
            self._stop()
            for directory in (self._files.data, self._files.scratch):
                if directory.exists():
                    shutil.rmtree(directory)
            for file in (self._files.record, self._files.log, self._files.previous_log):
                file.unlink(missing_ok=True)

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        try:
            self._files.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with lock.held(self._files.starting, _STARTUP + _SHUTDOWN) as mine:
                if not mine:
                    raise ProvisioningFailed("another command has been starting or stopping the local AWS for too long")
                yield
        except OSError as error:
            raise ProvisioningFailed(
                f"the local AWS cannot use {error.filename or self._files.root}: {error.strerror or error}"
            ) from error

    def _status(self) -> dict[str, Any]:
        return self._instance(self.require().port) or {}

    def _instance(self, port: int) -> dict[str, Any] | None:
        try:
            answer = get_json(_endpoint(port), record.INSTANCE_PATH, timeout=_ANSWER, limit=65_536)
        except (OSError, ValueError):
            return None
        return answer if isinstance(answer, dict) else None

    def _ask(self, port: int, instance: str) -> RunningEmulator | None:
        answer = self._instance(port)
        if answer is None or answer.get("instance") != instance or type(answer.get("pid")) is not int:
            return None
        return RunningEmulator(pid=answer["pid"], port=port, region=str(answer.get("region")), endpoint=_endpoint(port))

    def _launch(self, port: int | None, region: str) -> RunningEmulator:
        if port is not None and not launch.is_free(port):
            raise _port_taken(port)
        previous = record.read(self._files.record)
        if self._files.scratch.exists():  # what functions of a killed emulator left
            shutil.rmtree(self._files.scratch, ignore_errors=True)
        candidates = (
            iter([port])
            if port is not None
            else launch.free_ports(previous.port if previous else None, self._files.root)
        )
        for candidate in candidates:
            instance = secrets.token_hex(16)
            child = launch.spawn(self._files, instance=instance, port=candidate, region=region)
            # Reaps the child when it ends, so that it does not stay behind as a zombie of a long-lived caller.
            threading.Thread(target=child.wait, daemon=True).start()
            try:
                running = self._wait_until_ready(child, candidate, instance)
            except BaseException:
                group.kill(child.pid)
                raise
            if running is not None:
                return running
        raise _port_taken(port) if port is not None else ProvisioningFailed("no free port for the local AWS")

    def _wait_until_ready(self, child: subprocess.Popen[bytes], port: int, instance: str) -> RunningEmulator | None:
        """The emulator once it answers; ``None`` if someone was faster to take the port."""
        deadline = time.monotonic() + _STARTUP
        while time.monotonic() < deadline:
            running = self._ask(port, instance)
            if running is not None:
                return running
            code = child.poll()
            if code == launch.PORT_TAKEN:
                return None
            if code is not None:
                raise self._failed(f"the local AWS ended with code {code} while it started")
            time.sleep(_POLL)
        raise self._failed(f"the local AWS did not answer within {_STARTUP:.0f} seconds")

    def _failed(self, what: str) -> AccessError:
        return ProvisioningFailed(
            f"{what}; the log is {self._files.log}\n{launch.log_tail(self._files)}".rstrip(),
            details={"log": str(self._files.log)},
        )

    def _stop(self) -> bool:
        pid = self._owner()
        if pid is None:
            return False
        try:
            leader = group.leads(pid)
            os.kill(pid, signal.SIGTERM)
            gone = group.eventually(self._is_gone, _SHUTDOWN)
            if leader:
                group.kill(pid)  # the workers of functions that did not end by themselves
            elif not gone:
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        except ProcessLookupError:
            pass
        if not group.eventually(self._is_gone, _ANSWER):
            raise ProvisioningFailed(f"the local AWS (process {pid}) does not end")
        return True

    def _owner(self) -> int | None:
        """The process to stop: only one that certainly is the emulator of this directory."""
        held = lock.is_held(self._files.running)
        if held is False:
            return None
        running = self.find()
        pid = running.pid if running else lock.owner(self._files.running) if held else None
        if pid is None and held:
            raise ProvisioningFailed(f"some process holds {self._files.running} and is not known to be the local AWS")
        return pid

    def _is_gone(self) -> bool:
        held = lock.is_held(self._files.running)
        return self.find() is None if held is None else not held


def _endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _as_asked(running: RunningEmulator, port: int | None, region: str) -> RunningEmulator:
    if port is not None and port != running.port:
        raise Conflict(f"the local AWS already runs on port {running.port}", hint=f"{STOP}, then start it again")
    if region != running.region:
        raise Conflict(f"the local AWS already runs for {running.region}", hint=f"{STOP}, then start it again")
    return running


def _port_taken(port: int) -> Conflict:
    return Conflict(f"port {port} is taken by another program", hint="choose another port, or none")
