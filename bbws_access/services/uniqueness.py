"""Names that are unique in an organisation, kept by guard items in the same transaction."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from enum import StrEnum

from bbws_access import keys
from bbws_access.errors import Conflict, InvalidInput
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Table
from bbws_access.store.writes import ABSENT, Delete, Put
from bbws_access.text import fold_name


class Named(StrEnum):
    """What has a unique name."""

    ROLE = "ROLE"
    TEAM = "TEAM"
    TEAM_ROLE = "TEAMROLE"
    PERMISSION_SET = "PERMSET"


_WORDS = {
    Named.ROLE: "role",
    Named.TEAM: "team",
    Named.TEAM_ROLE: "team role",
    Named.PERMISSION_SET: "permission set",
}


def claim_name(org_id: str, kind: Named, name: str, holder: str) -> Put:
    """Fails the transaction with a :class:`Conflict` where the name, however it is written, is taken."""
    word = _WORDS[kind]
    taken = Conflict(
        f"there is a {word} called {name!r} already",
        code=f"{kind.name}_EXISTS",
        hint=f"bbws-access {word.replace(' ', '-')}s show {shlex.quote(name)}",  # it may be one that was deactivated
    )
    guard = keys.unique_name_key(org_id, kind, fold_name(name)) | {"holder": holder}
    return Put(guard, condition=ABSENT, otherwise=taken)


def release_name(org_id: str, kind: Named, name: str, holder: str) -> Delete:
    return Delete(keys.unique_name_key(org_id, kind, fold_name(name)), condition=Attr("holder").eq(holder))


def holder_of(table: Table, org_id: str, kind: Named, name: str) -> str | None:
    """The id of what is called ``name``, read consistently."""
    guard = table.get(keys.unique_name_key(org_id, kind, fold_name(name)))
    return str(guard["holder"]) if guard else None


def ambiguous(what: str, name: str, candidates: Sequence[str]) -> InvalidInput:
    """The error (``AMBIGUOUS_NAME``) for a name that several things have; ``candidates`` tell them apart."""
    return InvalidInput(
        f"{len(candidates)} {what} are called {name!r}: {'; '.join(candidates)}",
        code="AMBIGUOUS_NAME",
        hint="name the one by its id",
        details={"candidates": list(candidates)},
    )
