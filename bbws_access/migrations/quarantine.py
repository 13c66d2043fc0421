"""The file of what could not be migrated: a line for each item, whole, with its reason."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from pathlib import Path
from typing import Any, Final, TextIO

from bbws_access.errors import AccessError, Refused
from bbws_access.migrations.outcomes import Quarantined
from bbws_access.migrations.wire import Attributes

_BEGINS: Final = b'{"reason": '


class QuarantineFile:
    """Written beside its place and put there by :meth:`keep`; readable by its owner only.

    It has the items as they are in the source, which may include tokens that are still valid. Lines are
    ``{"reason": …, "entity": …, "Item": …}``: without the first two, those of DynamoDB's export format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._lock = threading.Lock()
        self._file: TextIO | None = None

    def begin(self) -> None:
        """Empties it. Raises ``AccessError`` where it cannot be written: before anything is migrated.

        And :class:`Refused` where something else stands under its name.
        """
        self.close()
        try:
            if self.path.exists() and not _is_quarantine(self.path):
                raise Refused(
                    f"{self.path} is there already, and is no quarantine file", hint="choose another with --quarantine"
                )
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._part.unlink(missing_ok=True)
            self._part.touch(mode=0o600)
            self._file = self._part.open("w", encoding="utf-8")
        except OSError as error:
            raise AccessError(
                f"the quarantine file {self.path} cannot be written: {error.strerror}",
                hint="choose it with --quarantine",
            ) from error

    def add(self, item: Attributes, outcome: Quarantined) -> None:
        line = json.dumps({"reason": outcome.reason, "entity": str(outcome.kind), "Item": item}, default=_binary)
        with self._lock:
            assert self._file is not None
            self._file.write(line + "\n")

    def keep(self) -> None:
        """Puts the file in its place, unless nothing is in it."""
        self.close()
        if self._part.exists() and self._part.stat().st_size:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _is_quarantine(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(len(_BEGINS))
    return start in (b"", _BEGINS)


def _binary(value: Any) -> str:
    return b64encode(value).decode()
