"""How the emulator's process is started: which port, which environment, which files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PORTS = range(14566, 15566)
"""Where a free port is looked for: below the ports that systems hand out to outgoing connections, so that
the one that was found stays free while the emulator is stopped."""

PORT_TAKEN = 75
ALREADY_RUNNING = 76
"""Exit codes of the server."""

STATE_DIR_VARIABLE = "BBWS_EMULATOR_STATE_DIR"
INSTANCE_VARIABLE = "BBWS_EMULATOR_INSTANCE"

_INHERITED = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("SYSTEMROOT", "USERPROFILE", "COMSPEC", "PATHEXT"),
)
BACKLOG = 512
_LOG_KEPT = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """The files below the emulator's directory."""

    root: Path

    @property
    def record(self) -> Path:
        return self.root / "emulator.json"

    @property
    def log(self) -> Path:
        return self.root / "emulator.log"

    @property
    def previous_log(self) -> Path:
        return self.root / "emulator.log.1"

    @property
    def starting(self) -> Path:
        """Held by whoever starts or stops the emulator."""
        return self.root / "start.lock"

    @property
    def running(self) -> Path:
        """Held by the emulator for as long as it lives."""
        return self.root / "emulator.lock"

    @property
    def data(self) -> Path:
        """All that the emulator keeps."""
        return self.root / "data"

    @property
    def scratch(self) -> Path:
        """Where functions are unpacked and have their ``/tmp``."""
        return self.root / "tmp"


def environment(layout: Layout, *, instance: str, port: int, region: str) -> dict[str, str]:
    """The emulator's environment, which its functions inherit: nothing of the user's AWS, and no proxy."""
    kept = {name: value for name in _INHERITED if (value := os.environ.get(name)) is not None}
    return {
        "LANG": "C.UTF-8",
        **kept,
        "PYTHONUTF8": "1",
        "TZ": "UTC",
        "TMPDIR": str(layout.scratch),
        STATE_DIR_VARIABLE: str(layout.root),
        INSTANCE_VARIABLE: instance,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MINISTACK_REGION": region,
        "MINISTACK_HOST": "127.0.0.1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(layout.data),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(layout.data / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_WARM_TTL_SECONDS": "60",
        # No such socket: a container engine is neither needed nor looked for.
        "DOCKER_HOST": f"unix://{layout.scratch / 'no-container-engine'}",
    }


def is_free(port: int) -> bool:
    """Whether nobody listens on the port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        # Some systems allow binding 127.0.0.1 beside a listener on every interface: ask both ways.
        if client.connect_ex(("127.0.0.1", port)) == 0:
            return False
    try:
        listen(port).close()
    except OSError:
        return False
    return True


def listen(port: int) -> socket.socket:
    """A socket that listens on the port of the loopback interface; raises ``OSError`` if it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere the option would let two processes share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(BACKLOG)  # only now is the port ours: two can bind it
    except OSError:
        listener.close()
        raise
    return listener


def free_ports(previous: int | None, root: Path) -> Iterator[int]:
    """Free ports, the previous one first: what was printed and stored about it stays valid.

    Each ``root`` begins to look at a place of its own, so that the port of an emulator that is stopped for a moment
    is not the first that another one takes.
    """
    if previous is not None and is_free(previous):
        yield previous
    begin = zlib.crc32(str(root.absolute()).encode()) % len(PORTS)
    yield from (port for port in (*PORTS[begin:], *PORTS[:begin]) if port != previous and is_free(port))


def spawn(layout: Layout, *, instance: str, port: int, region: str) -> subprocess.Popen[bytes]:
    """Start the server, detached: its own session, its output in the log."""
    layout.data.mkdir(mode=0o700, exist_ok=True)
    layout.scratch.mkdir(mode=0o700, exist_ok=True)
    if layout.log.exists() and layout.log.stat().st_size > _LOG_KEPT:
        layout.log.replace(layout.previous_log)
    with layout.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "bbws_access.emulator.server"],
            # ``-m`` looks here first, so the package is found without a PYTHONPATH that functions would inherit.
            cwd=Path(__file__).resolve().parents[2],
            env=environment(layout, instance=instance, port=port, region=region),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def log_tail(layout: Layout, lines: int = 8) -> str:
    """The last lines of the log."""
    try:
        with layout.log.open("rb") as log:
            log.seek(max(0, layout.log.stat().st_size - 16_384))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
