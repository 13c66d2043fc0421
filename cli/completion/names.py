"""Names of an environment's things: read from a cache at once, and fetched beside that, so that nobody waits for a key.

A name that a shell would not take as one plain word is not offered, its id is: nothing that somebody was called can
become a command.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Final

from bbws_access.errors import AccessError
from cli.overrides import Overrides
from cli.place import Place

_FRESH: Final = 60.0
"""Seconds for which names are taken from the cache without being fetched anew."""

_FETCHING: Final = 30.0
"""Seconds within which nobody else begins to fetch."""

_PLAIN: Final = re.compile(r"[\w@.+%:][\w@.+%:-]*")

Names = list[tuple[str, str]]
"""Of each thing its name and its id."""


def offered(kind: str, start: str, *, env: str | None, org: str | None) -> list[str]:
    """Names of a kind that begin with ``start``; none where nothing is known, or nothing can be read."""
    try:
        place = Place(Overrides(env=env, org=org))
        words = sorted(place.contexts.named) if kind == "contexts" else _kept(place, kind)
    except (AccessError, OSError, ValueError, KeyError, TypeError):
        return []
    return [word for word in words if _PLAIN.fullmatch(word) and word.startswith(start)]


def _kept(place: Place, kind: str) -> list[str]:
    cache = cache_of(place)
    if _age(cache) > _FRESH:
        _fetch_beside(place, cache)
    found: Names = json.loads(cache.read_text(encoding="utf-8"))[kind]
    return [name if _PLAIN.fullmatch(name) else thing_id for name, thing_id in found]


def cache_of(place: Place) -> Path:
    """Where the names of the organisation are kept, or those of the platform where none was named."""
    digest = hashlib.sha256((place.org_name or "").encode()).hexdigest()[:16]
    return place.env_dir / "names" / f"{digest}.json"


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")


def _fetch_beside(place: Place, cache: Path) -> None:
    """In a process of its own, which nobody waits for."""
    begun = cache.with_suffix(".fetching")
    if _age(begun) < _FETCHING:
        return
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    begun.touch()
    import subprocess

    # It must not take itself for a shell that completes.
    environment = {name: value for name, value in os.environ.items() if name != "_BBWS_ACCESS_COMPLETE"}
    subprocess.Popen(
        [sys.executable, "-m", "cli.completion.fetching", place.env, *filter(None, [place.org_name])],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
