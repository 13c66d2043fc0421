"""There is no change without its event, and no event that can be altered unseen."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from bbws_access.access.actor import Actor, ActorKind
from bbws_access.backoff import Backoff
from bbws_access.errors import Busy, Conflict, Denied, InvalidInput
from bbws_access.models.audit import AuditEvent
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.kinds import EventType
from bbws_access.models.organisation import NewOrganisation
from bbws_access.services.chain import GENESIS, event_hash
from bbws_access.services.trail import Change, Trail
from bbws_access.store.table import Table
from bbws_access.store.writes import ABSENT, Put
from tests.conftest import Platform

pytestmark = pytest.mark.slow


def trail_of(platform: Platform, org_id: str, **question: Any) -> list[AuditEvent]:
    return list(
        platform.services.audit.events(platform.operator, AuditQuestion(org_id, **({"newest_first": False} | question)))
    )


def change(n: int) -> Change:
    return Change(EventType.CONFIGURATION, f"test.{n}", "thing", str(n), before={"n": n - 1}, after={"n": n})


def test_creating_an_organisation_tells_of_it_and_of_its_roles(platform: Platform) -> None:
    org = platform.organisation()
    events = trail_of(platform, org.organisation_id)
    assert [e.action for e in events] == ["organisation.create", "organisation.seed"]
    assert {e.user_email for e in events} == {"ops@example.com"}
    assert events[1].details["after"]["roles"][0] == "ORG_ADMIN"


def test_events_are_chained(platform: Platform) -> None:
    org = platform.organisation()
    for n in range(3):
        platform.services.trail.commit(platform.operator, org.organisation_id, [change(n)])
    events = trail_of(platform, org.organisation_id)
    by_sequence = sorted(events, key=lambda e: e.sequence or 0)
    assert [e.sequence for e in by_sequence] == [1, 2, 3, 4, 5]
    assert by_sequence[0].previous_hash == GENESIS
    for earlier, later in pairwise(by_sequence):
        assert later.previous_hash == earlier.event_hash


def test_a_change_costs_its_event_and_one_more_item(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    org, sent = platform.organisation(), []
    transact = platform.client.transact_write_items
    monkeypatch.setattr(
        platform.client, "transact_write_items", lambda **r: (sent.append(r["TransactItems"]), transact(**r))[1]
    )
    writes = [Put({"PK": f"ORG#{org.organisation_id}", "SK": f"THING#{n}"}, condition=ABSENT) for n in range(2)]
    platform.services.trail.commit(platform.operator, org.organisation_id, [change(1), change(2)], writes)
    ((*items,),) = sent
    keys = sorted(str(*(part.get("Item", part.get("Key"))["SK"]["S"] for part in item.values())) for item in items)
    assert [key.partition("#")[0] for key in keys] == ["AUDITHEAD", "EVENT", "EVENT", "THING", "THING"]


def test_another_program_can_check_the_hash_from_what_is_documented(platform: Platform) -> None:
    org = platform.organisation('Ünï 😀 \\ "quoted"')
    platform.services.trail.commit(
        platform.operator,
        org.organisation_id,
        [
            Change(
                EventType.CONFIGURATION,
                "odd",
                "x",
                "y",
                after={"s": {"b", "a"}, "f": 2.0, "g": 0.1, "none": None, "u": "\u2028"},
            )
        ],
    )
    items = [i for i in platform.items() if str(i["SK"]).startswith("EVENT#")]
    for item in items:
        body = {k: v for k, v in item.items() if k not in {"PK", "SK", "ttl", "eventHash"} and not k.startswith("GSI")}
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(canonical.encode()).hexdigest() == item["eventHash"]


@pytest.mark.parametrize("field", ["action", "user_id", "timestamp", "details", "outcome", "previous_hash", "sequence"])
def test_an_altered_event_shows(platform: Platform, field: str) -> None:
    org = platform.organisation()
    event = trail_of(platform, org.organisation_id)[0]
    altered = {"details": {"x": 1}, "sequence": 9, "outcome": "DENIED"}.get(field, "2026-01-01T00:00:00.000Z")
    changed = AuditEvent.model_validate(event.model_dump() | {field: altered})
    assert event_hash(event) == event.event_hash
    assert event_hash(changed) != event.event_hash


def test_a_change_that_cannot_be_made_leaves_no_event(platform: Platform) -> None:
    org = platform.organisation()
    before = platform.items()
    with pytest.raises(Conflict):
        platform.services.organisations.create(platform.operator, NewOrganisation(name=" ACME "))
    blocked = Put({"PK": f"ORG#{org.organisation_id}", "SK": "METADATA"}, condition=ABSENT, otherwise=Conflict("no"))
    with pytest.raises(Conflict):
        platform.services.trail.commit(platform.operator, org.organisation_id, [change(1)], [blocked])
    assert platform.items() == before


class Overtaken(Table):
    """Another writer appends to the chain between this one's reading of the head and its writing."""

    def __init__(self, platform: Platform, org_id: str, times: int) -> None:
        super().__init__(platform.client, platform.table.name)
        self._platform, self._org_id, self._left = platform, org_id, times

    def get(self, key: dict[str, str]) -> dict[str, Any] | None:
        found = super().get(key)
        if key["SK"] == "AUDITHEAD" and self._left:
            self._left -= 1
            self._platform.services.trail.commit(self._platform.operator, self._org_id, [change(100 + self._left)])
        return found


def test_a_writer_that_was_overtaken_builds_on_the_new_head(platform: Platform) -> None:
    org = platform.organisation()
    slow = Trail(
        Overtaken(platform, org.organisation_id, 3), platform.clock, platform.ids, Backoff(sleep=lambda _: None)
    )
    slow.commit(platform.operator, org.organisation_id, [change(1)])
    sequences = sorted(e.sequence or 0 for e in trail_of(platform, org.organisation_id))
    assert sequences == [1, 2, 3, 4, 5, 6]


def test_a_chain_that_stays_contended_is_given_up_with_nothing_written(platform: Platform) -> None:
    org = platform.organisation()
    backoff = Backoff(attempts=3, sleep=lambda _: None)
    hopeless = Trail(Overtaken(platform, org.organisation_id, 99), platform.clock, platform.ids, backoff)
    with pytest.raises(Busy):
        hopeless.commit(platform.operator, org.organisation_id, [change(1)])
    assert "test.1" not in {e.action for e in trail_of(platform, org.organisation_id)}


def test_the_trail_can_be_asked_by_day_type_and_user(platform: Platform) -> None:
    org = platform.organisation()
    platform.clock.advance(days=1)
    other = Actor("u-2", "second@example.com", ActorKind.SYSTEM)
    platform.services.trail.commit(other, org.organisation_id, [change(1)])
    platform.clock.advance(days=1)
    platform.services.trail.commit(platform.operator, org.organisation_id, [change(2)])

    def actions(**question: Any) -> list[str]:
        return [e.action for e in trail_of(platform, org.organisation_id, **question)]

    assert actions(newest_first=True)[0] == "test.2"
    assert actions(user_id="u-2") == ["test.1"]
    assert actions(types=frozenset({EventType.ROLE_CHANGE})) == ["organisation.seed"]
    assert actions(since=datetime(2026, 3, 2, tzinfo=UTC), until=datetime(2026, 3, 3, tzinfo=UTC)) == ["test.1"]
    assert actions(user_id="u-2", types=frozenset({EventType.ROLE_CHANGE})) == []
    assert actions(action="test.2") == ["test.2"]


def test_a_user_index_does_not_leak_another_organisations_events(platform: Platform) -> None:
    mine, theirs = platform.organisation("Mine"), platform.organisation("Theirs")
    found = trail_of(platform, mine.organisation_id, user_id=platform.operator.id)
    assert {e.organisation_id for e in found} == {mine.organisation_id}
    assert theirs.organisation_id != mine.organisation_id


def test_the_trail_is_for_those_who_may_read_it(platform: Platform) -> None:
    org = platform.organisation()
    outsider = Actor("u", "u@example.com", ActorKind.USER, "org-other", frozenset({"*:*"}))
    insider = Actor("u", "u@example.com", ActorKind.USER, org.organisation_id, frozenset({"org:read"}))
    for actor in (outsider, insider):
        with pytest.raises(Denied):
            platform.services.audit.events(actor, AuditQuestion(org.organisation_id))


def test_a_range_that_ends_before_it_begins(platform: Platform) -> None:
    org = platform.organisation()
    with pytest.raises(InvalidInput):
        trail_of(
            platform,
            org.organisation_id,
            since=datetime(2026, 2, 2, tzinfo=UTC),
            until=datetime(2026, 2, 1, tzinfo=UTC),
        )
