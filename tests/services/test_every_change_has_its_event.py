"""Every method that writes leaves its event; and whatever fails in between, both are there or neither."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from bbws_access import keys
from bbws_access.backoff import Backoff
from bbws_access.bootstrap import Services
from bbws_access.errors import AccessError, Busy, Unreachable
from bbws_access.models.role import NewRole
from bbws_access.services.audit_verify import AuditVerify
from bbws_access.store.journal import key_of
from bbws_access.store.table import ConditionFailed, Item, Table
from bbws_access.store.writes import Check, Put, Update, Write
from tests.cli.memory import Memory, MemoryTable, copied, filled
from tests.conftest import Platform
from tests.services.writers import public_methods, writers
from tests.services.writing_cases import CASES, NOTES, OPERATOR, ORIGIN, Stage

pytestmark = pytest.mark.slow

ALL = sorted(CASES)


@pytest.fixture(scope="module")
def made() -> Memory:
    return filled()


def events(table: MemoryTable) -> dict[str, Item]:
    return {str(i["eventId"]): i for (_, sk), i in table.state().items() if i and sk.startswith(keys.EVENT_PREFIX)}


def test_every_method_that_writes_is_looked_at_here() -> None:
    assert set(CASES) == writers() - NOTES


def test_what_writes_is_found() -> None:
    """Of the one way to find it: that it knows those from the others."""
    assert {"roles.create", "invitations.get", "users.reactivate"} <= writers()
    reading = public_methods().keys() - writers()
    assert {"roles.get", "audit.rows", "invitations.page", "audit_verify.verify"} <= reading


@pytest.mark.parametrize("name", ALL)
def test_it_leaves_its_event(made: Memory, name: str) -> None:
    case, stage = CASES[name], Stage(copied(made))
    case.given(stage)
    before = events(stage.memory.table)

    case.perform(stage)

    new = [event for ident, event in events(stage.memory.table).items() if ident not in before]
    mine = [event for event in new if event.get("action") in case.tells and event["userEmail"] == case.who]
    assert {event["action"] for event in mine} == set(case.tells)
    for event in mine:
        assert case.tells[event["action"]] <= event["details"].keys(), event
        assert event["details"].get("before") != event["details"].get("after") or "before" not in event["details"]
        assert event["sequence"] >= 1
        assert event["outcome"] == "SUCCESS"
    assert_sound(stage)


@pytest.mark.parametrize("name", ALL)
def test_it_names_who_and_from_where(made: Memory, name: str) -> None:
    case, stage = CASES[name], Stage(copied(made))
    case.given(stage)
    before = events(stage.memory.table)
    case.perform(stage)
    for ident, event in events(stage.memory.table).items():
        if ident in before or event["userEmail"] != case.who:
            continue
        if case.who != "expiry@system":  # nobody's request
            assert (event["ipAddress"], event["requestId"]) == (ORIGIN.ip_address, ORIGIN.request_id)
        assert stage.token not in json.dumps(event, default=sorted)
        assert "Correct-horse" not in json.dumps(event, default=sorted)


class Died(BaseException):
    """The process is gone."""


Fault = Callable[[Callable[[], None], Sequence[Write]], None]


def _unsent(_: Callable[[], None], __: Sequence[Write]) -> None:
    raise Unreachable("the table does not answer")


def _lost(write: Callable[[], None], _: Sequence[Write]) -> None:
    write()
    raise Unreachable("the table did not answer")


def _throttled(_: Callable[[], None], __: Sequence[Write]) -> None:
    raise Busy("the table stayed contended")


def _cancelled(_: Callable[[], None], writes: Sequence[Write]) -> None:
    raise writes[0].otherwise or ConditionFailed(0)


def _dies_before(_: Callable[[], None], __: Sequence[Write]) -> None:
    raise Died


def _dies_after(write: Callable[[], None], _: Sequence[Write]) -> None:
    write()
    raise Died


FAULTS: dict[str, Fault] = {
    "before it is sent": _unsent,
    "its answer is lost": _lost,
    "throttled": _throttled,
    "cancelled": _cancelled,
    "dies before": _dies_before,
    "dies after": _dies_after,
}


class Faulty(MemoryTable):
    """Its ``at``-th write goes as ``fault`` says; ``taken`` are the transactions that took effect."""

    def __init__(self, table: MemoryTable, at: int, fault: Fault) -> None:
        super().__init__(table.state())
        self._at, self._fault, self._calls = at, fault, count()
        self.reached = False
        self.taken: list[Sequence[Write]] = []

    def transact(self, writes: Sequence[Write]) -> None:
        def write() -> None:
            super(Faulty, self).transact(writes)
            self.taken.append(writes)

        if next(self._calls) == self._at:
            self.reached = True
            self._fault(write, writes)
        else:
            write()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ALL)
def test_both_or_neither(made: Memory, name: str, fault: str) -> None:
    """The fault comes at the first write, then at the second, … until the call makes no more."""
    for at in count():
        table = _after_a_fault(made, name, at, FAULTS[fault])
        if not table.reached:
            assert at, f"{name} wrote nothing"
            return


def _after_a_fault(made: Memory, name: str, at: int, fault: Fault) -> Faulty:
    case, holder = CASES[name], Stage(copied(made))
    case.given(holder)
    table = Faulty(holder.memory.table, at, fault)
    stage = holder.over(table)
    with suppress(AccessError, Died):
        case.perform(stage)
    for writes in table.taken:
        told = [write for write in writes if is_event(write)]
        changed = [write for write in writes if is_change(write)]
        assert bool(told) or not changed, [key_of(write) for write in changed]
    new = events(table).keys() - events(holder.memory.table).keys()
    assert len(new) == sum(
        1 for writes in table.taken for write in writes if isinstance(write, Put) and is_event(write)
    )
    assert_sound(stage)
    return table


def is_event(write: Write) -> bool:
    return isinstance(write, Put) and str(key_of(write)["SK"]).startswith(keys.EVENT_PREFIX)


_LEASE = {"claim", "claimExpiresAt"}
_MAIL = {"emailStatus", "emailError", "answerEmailStatus"}
_ARCHIVING = {"organisationId", "number", "manifestDigest", "pendingDate", "pendingPart"}


def is_change(write: Write) -> bool:
    """Whether it changes what somebody may do, or what is known of them.

    The chain's head moves with the events. Counters of requests, leases, how a mail fared, and how far the archive
    has come are notes of the platform to itself.
    """
    key = key_of(write)
    if isinstance(write, Check) or is_event(write) or key["SK"] == "AUDITHEAD":
        return False
    if str(key["PK"]).startswith(("RATE#", "ACCOUNT#")):
        return False
    if isinstance(write, Update) and not write.add:
        touched = {*write.assign, *write.remove}
        return not any(touched <= names for names in (_LEASE, _MAIL, {"ttl"}, {"marked"}, _ARCHIVING))
    return True


def assert_sound(stage: Stage) -> None:
    verify = AuditVerify(stage.memory.table, stage.clock, stage.memory.world.audit_storage)
    for org_id in (stage.org, keys.PLATFORM):
        kinds = {f.kind.value for f in verify.verify(OPERATOR, org_id).findings}
        assert kinds <= {"OVERDUE"}


# --- at the wire ----------------------------------------------------------------------------------


def _refused(*reasons: str) -> ClientError:
    error: Any = {"Error": {"Code": "TransactionCanceledException", "Message": "no"}}
    return ClientError(error | {"CancellationReasons": [{"Code": code} for code in reasons]}, "TransactWriteItems")


def test_what_is_tried_again_is_done_and_told_once(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Throttled, in conflict, then done with its answer lost: the retries of one write have one token."""
    org_id, send = platform.organisation().organisation_id, platform.client.transact_write_items
    kinds = platform.client.exceptions.TransactionCanceledException
    tokens: list[str] = []

    def failing(**request: Any) -> Any:
        tokens.append(request["ClientRequestToken"])
        if len(tokens) <= 2:
            reason = ("ThrottlingError", "TransactionConflict")[len(tokens) - 1]
            refused = _refused("None", reason)
            raise kinds(refused.response, "TransactWriteItems")
        send(**request)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    role = NewRole(name="READER", display_name="Reader", permissions=frozenset({"site:read"}))
    with monkeypatch.context() as patch:
        patch.setattr(platform.client, "transact_write_items", failing)
        with pytest.raises(Unreachable):
            platform.services.roles.create(OPERATOR, org_id, role)
    assert len(tokens) == 3
    assert len(set(tokens)) == 1
    assert platform.services.roles.find(OPERATOR, org_id, "READER").permissions == {"site:read"}
    told = [item for item in platform.items() if item.get("action") == "role.create"]
    assert len(told) == 1
    assert platform.services.audit_verify.verify(OPERATOR, org_id).sound


def test_what_stays_throttled_is_neither_done_nor_told(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    org_id, before = platform.organisation().organisation_id, platform.items()
    kinds = platform.client.exceptions.TransactionCanceledException

    def throttled(**_: Any) -> Any:
        raise kinds(_refused("ThrottlingError").response, "TransactWriteItems")

    quick = Table(platform.client, platform.table.name, Backoff(attempts=4, sleep=lambda _: None))
    services = Services(replace(platform.world, table=quick))
    monkeypatch.setattr(platform.client, "transact_write_items", throttled)
    role = NewRole(name="READER", display_name="Reader", permissions=frozenset({"site:read"}))
    with pytest.raises(Busy):
        services.roles.create(OPERATOR, org_id, role)
    assert platform.items() == before
