"""Finding a provider mirror by looking, for machines that cannot reach Terraform's registry.

A *filesystem mirror* is a folder whose tree begins with ``registry.terraform.io/hashicorp/aws/…``.
Terraform itself looks into a few folders; people also keep mirrors in the conventional places for
software that no package manager put there, so those are searched a few levels down.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

PROVIDER: Final = Path("registry.terraform.io", "hashicorp", "aws")
WANTED: Final = re.compile(r"^5\.(\d+)\.\d+$")
PACKED: Final = re.compile(r"^terraform-provider-aws_([^_]+)_([^_]+_[^_]+)\.zip$")
"""How ``terraform providers mirror`` keeps a provider: a zip file for each version and machine."""
MINIMUM_MINOR: Final = 100
"""Provider versions that ``terraform/versions.tf`` admits: 5.100 and later, below 6."""

_DEPTH: Final = 3
_MOST_FOLDERS: Final = 5_000
"""Bounds of the search, so that a large disk does not hold a command up."""


def target() -> str:
    """This machine as Terraform names it, such as ``linux_amd64``."""
    system = {"win32": "windows"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{system}_{architecture}"


def conventional_roots(home: Path, environment: Mapping[str, str]) -> list[Path]:
    """Where mirrors are kept: Terraform's own folders first, then the system's places for added software."""
    data_home = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    data_dirs = (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    named = [environment[n] for n in ("TF_PLUGIN_CACHE_DIR",) if environment.get(n)]
    own = [home / ".terraform.d" / "plugins", data_home / "terraform" / "plugins"]
    own += [Path(d) / "terraform" / "plugins" for d in data_dirs if d]
    added = [Path(p) for p in ("/opt", "/srv", "/usr/local", "/usr/local/share", "/usr/share", "/var/lib")]
    return [Path(n) for n in named] + own + added + [home]


def find_mirror(roots: Iterable[Path], machine: str | None = None) -> Path | None:
    """The first folder that holds a fitting AWS provider for this machine; ``None`` where there is none."""
    wanted = machine or target()
    return next((folder for root in roots for folder in _folders(root) if _fits(folder, wanted)), None)


def _fits(folder: Path, machine: str) -> bool:
    provider = folder / PROVIDER
    try:
        # Terraform does not follow links on the way to a provider, only one that is the provider.
        if provider.resolve() != folder.resolve() / PROVIDER:
            return False
        with os.scandir(provider) as entries:
            return any(_holds(entry, machine) for entry in entries)
    except (OSError, RuntimeError):  # the latter is how resolve() meets links in a circle
        return False


def _holds(entry: os.DirEntry[str], machine: str) -> bool:
    packed = PACKED.match(entry.name)
    if packed is not None:
        return packed[2] == machine and _is_wanted(packed[1])
    return _is_wanted(entry.name) and entry.is_dir(follow_symlinks=False) and (Path(entry.path) / machine).is_dir()


def _is_wanted(version: str) -> bool:
    match = WANTED.match(version)
    return match is not None and int(match[1]) >= MINIMUM_MINOR


def _folders(root: Path) -> Iterator[Path]:
    """``root`` and the folders below it, breadth first; links are not followed, what is closed is passed over."""
    waiting = deque([(root, 0)])
    seen = 0
    while waiting and seen < _MOST_FOLDERS:
        folder, depth = waiting.popleft()
        seen += 1
        yield folder
        if depth == _DEPTH:
            continue
        try:
            with os.scandir(folder) as entries:
                below = sorted(e.name for e in entries if e.is_dir(follow_symlinks=False))
        except OSError:
            continue
        waiting.extend((folder / name, depth + 1) for name in below)


def cli_configuration(mirror: Path) -> str:
    """Terraform's CLI configuration that takes the AWS provider from ``mirror`` and anything else from its source."""
    quoted = str(mirror).replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    return f"""provider_installation {{
  filesystem_mirror {{
    path    = "{quoted}"
    include = ["registry.terraform.io/hashicorp/aws"]
  }}
  direct {{
    exclude = ["registry.terraform.io/hashicorp/aws"]
  }}
}}
"""
