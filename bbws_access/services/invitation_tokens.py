"""Looking an invitation up by the token of its link: the one thing that strangers may try."""

from __future__ import annotations

import ipaddress
from typing import Final

from bbws_access import keys
from bbws_access.access.actor import Origin
from bbws_access.errors import NotFound
from bbws_access.ids import TOKEN_LENGTH, token_hash
from bbws_access.models.invitation import Invitation
from bbws_access.services.limits import Limits
from bbws_access.store.table import Table

LOOKUPS_PER_MINUTE: Final = 5
"""From one address, whether they find something or not."""

_IPV6_NETWORK: Final = 64
"""Bits that one subscriber has in common; the rest of an IPv6 address they choose as they like."""


class InvitationTokens:
    """Finds invitations by token, whatever state they are in."""

    def __init__(self, table: Table, limits: Limits) -> None:
        self._table = table
        self._limits = limits

    def find(self, token: str, origin: Origin) -> Invitation:
        """Raises ``NotFound`` for a token that opens nothing, ``TooManyRequests``.

        An origin without an address is the operator's at the command line, who is not counted.
        """
        if origin.ip_address is not None:
            scope = f"LOOKUP#{_source(origin.ip_address)}"
            self._limits.take(scope, LOOKUPS_PER_MINUTE, "look-ups of an invitation from one address")
        unknown = NotFound(
            "this invitation's link is not valid",
            code="INVITATION_NOT_FOUND",
            hint="only the newest email's works; bbws-access invitations resend EMAIL sends another",
        )
        if len(token) != TOKEN_LENGTH:
            raise unknown
        hashed = token_hash(token)
        record = self._table.get(keys.invitation_token_key(hashed))
        if record is None:
            raise unknown
        item = self._table.get(keys.invitation_key(str(record["organisationId"]), str(record["invitationId"])))
        if item is None or item["tokenHash"] != hashed:
            raise unknown
        return Invitation.from_item(item)


def _source(address: str) -> str:
    """Whom an address stands for."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if found.version == 6 and (mapped := found.ipv4_mapped) is not None:
        return str(mapped)
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((int(found), _IPV6_NETWORK), strict=False))
