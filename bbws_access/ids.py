"""Identifiers and secrets, handed in so that tests can foresee them."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Final, Protocol

from ulid import ULID

TOKEN_LENGTH: Final = 64
"""Characters of an invitation's token; each carries 4 bits from the system's CSPRNG."""


class Ids(Protocol):
    """A source of new identifiers."""

    def organisation(self) -> str: ...
    def role(self) -> str: ...
    def record(self) -> str: ...
    def event(self) -> str: ...
    def token(self) -> str: ...


class RandomIds:
    """Identifiers from the system's random source."""

    def organisation(self) -> str:
        return f"org-{uuid.uuid4()}"

    def role(self) -> str:
        return f"role-{uuid.uuid4()}"

    def record(self) -> str:
        return str(uuid.uuid4())

    def event(self) -> str:
        """A ULID: sorts by time, to the millisecond."""
        return str(ULID())

    def token(self) -> str:
        return secrets.token_hex(TOKEN_LENGTH // 2)


def token_hash(token: str) -> str:
    """SHA-256 in hex: all that the table ever learns of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
