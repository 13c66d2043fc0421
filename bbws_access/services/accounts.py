"""The account behind a user's profiles: worked on by one at a time, and open while a profile is active.

An account lies outside the table and serves profiles in several organisations. Whoever creates,
deletes, enables or disables it holds its lease meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bbws_access import keys
from bbws_access.clock import Clock, iso
from bbws_access.directory import Directory
from bbws_access.errors import AccessError, Conflict
from bbws_access.ids import Ids
from bbws_access.models.user import User
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import Item, Query, Table
from bbws_access.store.writes import Delete, Update

LEASE_LASTS: Final = timedelta(seconds=60)
"""How long a try may take before another may take over; twice the longest time of its function."""


def unclaimed(clock: Clock) -> Condition:
    """Holds for a record that nobody works on; the claim of one who died has run out."""
    return Attr("claim").not_exists() | Attr("claimExpiresAt").lt(iso(clock.now()))


def lease_attributes(claim: str, clock: Clock) -> dict[str, str]:
    return {"claim": claim, "claimExpiresAt": iso(clock.now() + LEASE_LASTS)}


def take_lease(email: str, claim: str, clock: Clock, otherwise: AccessError) -> Update:
    expires = int((clock.now() + LEASE_LASTS).timestamp())
    return Update(
        keys.account_claim_key(email),
        assign={**lease_attributes(claim, clock), "ttl": expires},
        condition=unclaimed(clock),
        otherwise=otherwise,
    )


def give_back_lease(email: str, claim: str, otherwise: AccessError | None = None) -> Delete:
    return Delete(keys.account_claim_key(email), condition=Attr("claim").eq(claim), otherwise=otherwise)


def profiles_of(table: Table, user_id: str, org_id: str | None) -> list[Item]:
    """Every profile that hangs on an account, that in ``org_id`` first.

    They are found through an index and each is read anew and consistently, that in ``org_id`` whatever the index
    knows of it.
    """
    query = Query(keys.everything_of_user(user_id), index=3, begins_with=keys.ORGANISATION_PREFIX)
    found = [] if org_id is None else [keys.user_key(org_id, user_id)]
    found += [item for item in table.query_all(query) if item["SK"].startswith(keys.USER_PREFIX)]
    return sorted(table.get_many(found), key=lambda profile: profile["organisationId"] != org_id)


class Accounts:
    """Keeps accounts in step with profiles."""

    def __init__(self, table: Table, clock: Clock, ids: Ids, directory: Directory) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._directory = directory

    def follow(self, user: User) -> None:
        """Enables the user's account where one of their profiles is active, and disables it where none is.

        Idempotent. Raises :class:`Conflict` (``ACCOUNT_BUSY``) while an invitation of theirs is being accepted.
        """
        claim = self._ids.record()
        busy = Conflict(
            f"the account of {user.email} is being worked on", code="ACCOUNT_BUSY", hint="run this again in a minute"
        )
        self._table.write(take_lease(user.email, claim, self._clock, busy))
        try:
            self._follow(user)
        finally:
            self._give_back(user.email, claim)

    def _follow(self, user: User) -> None:
        account = self._directory.find(user.email)
        if account is None or account.user_id != user.user_id:
            return
        # Repeated where the account is so already: what else hangs on it, such as its sessions, follows too.
        if any(profile["active"] for profile in profiles_of(self._table, user.user_id, user.organisation_id)):
            self._directory.enable(account)
        else:
            self._directory.disable(account)

    def _give_back(self, email: str, claim: str) -> None:
        try:
            self._table.write(give_back_lease(email, claim))
        except AccessError:
            return  # it runs out by itself
