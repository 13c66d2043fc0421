"""A day with a hundred thousand events, archived and checked in this process."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from bbws_access import keys
from bbws_access.access.actor import operator
from bbws_access.clock import iso
from bbws_access.models.kinds import EventType
from bbws_access.services.archive import Archive
from bbws_access.services.audit_verify import AuditVerify
from bbws_access.services.chain import GENESIS
from bbws_access.services.chain_check import computed_hash
from bbws_access.services.trail import Trail
from bbws_access.store.table import Item
from tests.fakes import FakeAuditStorage, FakeIds, FixedClock
from tests.services.memory_table import MemoryTable

pytestmark = pytest.mark.slow

EVENTS: Final = 100_000
ORG: Final = "org-large"
DAY: Final = datetime(2026, 3, 1, tzinfo=UTC)
OPERATOR: Final = operator("arn:aws:iam::000000000000:user/ops", "ops@example.com")


def busy_day() -> tuple[MemoryTable, Item]:
    """The table, and the head of the chain in it."""
    table, previous = MemoryTable(), GENESIS
    step = timedelta(days=1) / EVENTS
    partition = table.partitions.setdefault(keys.events_of_day(ORG, "2026-03-01"), {})
    for n in range(EVENTS):
        when, ident = iso(DAY + step * n), f"E{n:08}"
        event: dict[str, Any] = {
            "eventId": ident,
            "eventType": EventType.CONFIGURATION.value,
            "timestamp": when,
            "userId": f"u-{n % 50}",
            "userEmail": f"u-{n % 50}@example.com",
            "organisationId": ORG,
            "resourceType": "thing",
            "resourceId": f"t-{n}",
            "action": "thing.change",
            "outcome": "SUCCESS",
            "details": {"after": {"n": n}},
            "sequence": n + 1,
            "previousHash": previous,
        }
        previous = event["eventHash"] = computed_hash(event)
        names = keys.event(ORG, event["userId"], EventType.CONFIGURATION, when, ident)
        partition[names["SK"]] = {**event, **names}
    head = {
        **keys.audit_head_key(ORG),
        "organisationId": ORG,
        "sequence": EVENTS,
        "hash": previous,
        "timestamp": when,
        "since": iso(DAY),
    }
    table.partitions[head["PK"]] = {head["SK"]: head}
    return table, head


@pytest.mark.heavy
def test_a_day_with_a_hundred_thousand_events() -> None:
    table, head = busy_day()
    storage, clock = FakeAuditStorage(), FixedClock(datetime(2026, 3, 2, 2, tzinfo=UTC))
    trail: Any = Trail(table, clock, FakeIds())  # type: ignore[arg-type]

    report = Archive(table, trail, clock, storage).run(OPERATOR, [ORG])  # type: ignore[arg-type]

    (part,) = report.parts
    assert (report.failures, part.count, part.chained, part.last_hash) == ([], EVENTS, EVENTS, head["hash"])
    (name,) = [key for key in storage.keys_below("archive/") if key.endswith(".json.gz")]
    assert len(json.loads(gzip.decompress(storage.objects[name]))) == EVENTS
    day = table.partitions[keys.events_of_day(ORG, "2026-03-01")]
    assert all("ttl" in item for item in day.values())
    verify = AuditVerify(table, clock, storage)  # type: ignore[arg-type]
    found = verify.verify(OPERATOR, ORG, archive=True)
    assert (found.findings, found.chained, found.objects) == ([], EVENTS, 1)

    tampered = day[sorted(day)[77_777]]
    tampered["details"] = {"after": {"n": 0}}
    (finding,) = verify.verify(OPERATOR, ORG, archive=True).findings
    assert (finding.kind.value, finding.event_id) == ("ALTERED", "E00077777")
    assert Archive(table, trail, clock, storage).run(OPERATOR, [ORG]).parts == []  # type: ignore[arg-type]
