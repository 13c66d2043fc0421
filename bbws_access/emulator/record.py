"""The record of the running emulator: one small JSON file, which is never trusted by itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

INSTANCE_PATH = "/_bbws/instance"
"""Where the emulator tells which instance it is."""

_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class Record:
    """Who runs where; ``started`` is ISO 8601 in UTC, ``instance`` a random id of this one start."""

    pid: int
    port: int
    region: str
    started: str
    instance: str


def read(path: Path) -> Record | None:
    """The record at ``path``, or ``None`` if there is none that makes sense."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        data = json.loads(text) if len(text) <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    pid, port = data.get("pid"), data.get("port")
    region, started, instance = data.get("region"), data.get("started"), data.get("instance")
    if type(pid) is not int or type(port) is not int or pid <= 1 or not 0 < port < 65_536:
        return None
    if not (isinstance(region, str) and isinstance(started, str) and isinstance(instance, str) and instance):
        return None
    return Record(pid=pid, port=port, region=region, started=started, instance=instance)


def write(path: Path, record: Record) -> None:
    """Replace the record at ``path``, so that a reader sees the old one or the new one."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")
    new.replace(path)
