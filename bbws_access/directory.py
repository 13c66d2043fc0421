"""The directory of accounts, as services see it: who can sign in, apart from what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the user pool.

    ``user_id`` is its ``sub``; ``organisation_id`` the tenant that its tokens name; ``confirmed`` is
    false until a password was set.
    """

    user_id: str
    email: str
    organisation_id: str | None
    confirmed: bool
    enabled: bool = True


class Directory(Protocol):
    """Accounts of one user pool. Every method is idempotent; failures are the project's errors."""

    def find(self, email: str) -> Account | None: ...

    def create(self, email: str, organisation_id: str, first_name: str, last_name: str) -> Account:
        """An account without a password, or the one of that address that is there already."""
        ...

    def set_password(self, account: Account, password: str) -> None:
        """Final, not temporary. Raises ``InvalidInput`` where the pool's policy refuses it."""
        ...

    def delete(self, account: Account) -> None: ...

    def enable(self, account: Account) -> None:
        """Its owner may sign in."""
        ...

    def disable(self, account: Account) -> None:
        """Its owner may not sign in, and whoever is signed in stays so only until their tokens run out."""
        ...
