"""What botocore spends most of a client's making on, once in a process: reading its descriptions of the services.

Each session reads them anew. They are the same for all, and no client changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import pytest
from botocore.loaders import Loader


@contextmanager
def quick_botocore() -> Iterator[None]:
    """Meanwhile all sessions that look in the same folders share what they have read."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("load_service_model", "load_data", "load_data_with_path"):
            patched.setattr(Loader, name, _read_once(getattr(Loader, name)))
        yield


def _read_once(read: Callable[..., Any]) -> Callable[..., Any]:
    found: dict[Any, Any] = {}

    @wraps(read)
    def shared(self: Loader, *words: Any, **named: Any) -> Any:
        asked = (tuple(self.search_paths), words, tuple(sorted(named.items())))
        if asked not in found:
            found[asked] = read(self, *words, **named)
        return found[asked]

    return shared
