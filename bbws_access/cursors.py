"""Cursors: where a list goes on, sealed so that a client can neither read nor forge it.

A position is a few keys of the table, which hold ids that are none of the client's business. It is
sealed by a :class:`Sealer` and bound to its list: a cursor of one list opens no other.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final, Protocol

from bbws_access.errors import InvalidInput
from bbws_access.keys import Keys

MAX_CURSOR_LENGTH: Final = 8192


class Sealer(Protocol):
    """Authenticated encryption; ``binding`` is not in the result and must be the same when it is opened."""

    def seal(self, plain: bytes, binding: str) -> bytes: ...

    def open(self, sealed: bytes, binding: str) -> bytes:
        """Raises :class:`InvalidInput` for what was not sealed here, with this binding."""
        ...


class Cursors:
    """Positions to text and back."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def write(self, position: Keys, list_name: str) -> str:
        plain = json.dumps(position, separators=(",", ":"), sort_keys=True).encode()
        return base64.urlsafe_b64encode(self._sealer.seal(plain, list_name)).decode().rstrip("=")

    def read(self, cursor: str, list_name: str) -> Keys:
        """Raises :class:`InvalidInput` (``INVALID_CURSOR``) for anything that :meth:`write` did not make."""
        invalid = InvalidInput(
            "startAt is not a cursor of this list",
            code="INVALID_CURSOR",
            details={"fields": {"startAt": "is not a cursor of this list"}},
        )
        if not cursor or not cursor.isascii() or len(cursor) > MAX_CURSOR_LENGTH:
            raise invalid
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid from error
        # The last characters of base64 carry unused bits: only the one canonical spelling is a cursor.
        if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != cursor:
            raise invalid
        try:
            position = json.loads(self._sealer.open(sealed, list_name))
        except (InvalidInput, ValueError) as error:
            raise invalid from error
        if not isinstance(position, dict):
            raise invalid
        return {str(name): str(value) for name, value in position.items()}
