"""How far an organisation's archive has come, how that moves on, and what is said where table and archive part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bbws_access import keys
from bbws_access.errors import Conflict
from bbws_access.keys import PLATFORM
from bbws_access.models.archive import ArchivedPart, ArchiveHead
from bbws_access.models.audit_questions import HOT_DAYS
from bbws_access.services.chain import GENESIS
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import Query, Table
from bbws_access.store.writes import Update


def everybody(table: Table) -> list[str]:
    """Whoever has an archive: every organisation, and the platform."""
    query = Query(keys.organisations(), index=1)
    return [*(str(item["organisationId"]) for item in table.query_all(query)), PLATFORM]


def oldest_marked(now: datetime) -> str:
    """The first day whose parts the job lets expire where that was not done; older ones have long been through it."""
    return (now.date() - timedelta(days=HOT_DAYS + 1)).isoformat()


def read_head(table: Table, org_id: str) -> ArchiveHead:
    item = table.get(keys.archive_head_key(org_id))
    if item is None:
        return ArchiveHead(organisation_id=org_id, manifest_digest=GENESIS)
    return ArchiveHead.from_item(item)


def as_read(head: ArchiveHead) -> Condition:
    """The condition that nothing was archived since."""
    if head.number == 0:
        return Attr("number").not_exists() | Attr("number").eq(0)
    return Attr("number").eq(head.number) & Attr("manifestDigest").eq(head.manifest_digest)


def advanced(head: ArchiveHead, parts: Sequence[ArchivedPart], *, pending: str | None = None) -> Update:
    """Moves the head over ``parts``, in order; ``pending`` is the day that has to be the one being written."""
    last = parts[-1]
    # A day before the first that was archived may come after it.
    days = [*(part.date for part in parts if part.part == 0), *([head.date] if head.date else [])]
    assign = {
        "organisationId": head.organisation_id,
        "number": last.number,
        "manifestDigest": last.manifest_digest,
        **({"date": max(days)} if days else {}),
    }
    condition = as_read(head)
    return Update(
        keys.archive_head_key(head.organisation_id),
        assign=assign,
        remove=["pendingDate", "pendingPart"],
        condition=condition if pending is None else condition & Attr("pendingDate").eq(pending),
        otherwise=overtaken(head.organisation_id),
    )


def overtaken(org_id: str) -> Conflict:
    return Conflict(f"another run is archiving organisation {org_id}", code="ARCHIVE_OVERTAKEN", hint="try again later")


def differs(org_id: str, words: str) -> Conflict:
    """What a person has to look at."""
    hint = f"bbws-access audit verify {_option(org_id)} --archive"
    return Conflict(words, code="ARCHIVE_DIFFERS", hint=hint)


def table_is_behind(org_id: str, words: str) -> Conflict:
    """What a table lacks that was restored to a moment before the archive's end."""
    hint = f"bbws-access audit restore --missing {_option(org_id)}"
    return Conflict(f"{words}: was the table restored to an earlier moment?", code="ARCHIVE_DIFFERS", hint=hint)


def _option(org_id: str) -> str:
    return "--platform" if org_id == PLATFORM else f"--org {org_id}"
