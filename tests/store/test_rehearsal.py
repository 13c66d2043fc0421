"""The rehearsal's table says what DynamoDB would, and writes nothing."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bbws_access.errors import AccessError, Conflict, Refused
from bbws_access.rehearsal import refuse_writes
from bbws_access.store.conditions import Attr, Condition, holds
from bbws_access.store.journal import Journal, JournalledTable, write_data
from bbws_access.store.rehearsal import RehearsalTable
from bbws_access.store.table import ConditionFailed, Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Delete, Put, Update, Write
from tests.conftest import Platform

KEY = {"PK": "ORG#o", "SK": "TEAM#1"}
ITEM = {**KEY, "n": 3, "name": "Web", "tags": frozenset({"a", "b"}), "active": True, "GSI1PK": "g", "GSI1SK": "1"}

CONDITIONS: list[Condition] = [
    ABSENT,
    PRESENT,
    Attr("n").eq(3),
    Attr("n").ne(3),
    Attr("n").gt(2),
    Attr("n").lt(3),
    Attr("n").lte(3) & Attr("active").eq(True),
    Attr("n").gte(4) | Attr("name").begins_with("W"),
    Attr("n").between(1, 2),
    Attr("missing").ne(1),
    Attr("missing").eq(1),
    Attr("missing").lt(1),
    Attr("missing").not_exists() | Attr("n").eq(9),
    ~Attr("name").eq("Web"),
    Attr("name").is_in(["Web", "Shop"]),
    Attr("name").contains("e"),
    Attr("tags").contains("b"),
    Attr("n").begins_with("3"),
]


def outcome(table: Table, write: Write) -> str:
    try:
        table.write(write)
    except AccessError as error:
        return type(error).__name__
    return "done"


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("n", range(len(CONDITIONS)))
def test_a_condition_is_judged_as_dynamodb_judges_it(platform: Platform, there: bool, n: int) -> None:
    if there:
        platform.table.write(Put(ITEM))
    rehearsal = RehearsalTable(platform.table, Journal())
    check = Check(KEY, CONDITIONS[n])
    assert outcome(rehearsal, check) == outcome(platform.table, check)
    assert holds(CONDITIONS[n], ITEM if there else None) is (outcome(platform.table, check) == "done")


def test_values_of_different_types_are_in_no_order() -> None:
    assert not holds(Attr("name").gt(3), ITEM)


def key(n: int) -> dict[str, str]:
    return {"PK": f"ORG#{n % 2}", "SK": f"TEAM#{n}"}


def put(n: int, value: int) -> Put:
    return Put({**key(n), "n": value, "GSI1PK": f"g{value % 2}", "GSI1SK": f"{value:03}"})


writes = st.one_of(
    st.builds(put, st.integers(0, 5), st.integers(0, 20)),
    st.builds(
        lambda n, v: Update(key(n), assign={"name": f"x{v}"}, add={"n": v}), st.integers(0, 5), st.integers(-3, 9)
    ),
    st.builds(lambda n: Update(key(n), assign={"a": 1}, remove=["name"], condition=PRESENT), st.integers(0, 5)),
    st.builds(lambda n: Delete(key(n)), st.integers(0, 5)),
    st.builds(lambda n, v: Check(key(n), Attr("n").lte(v)), st.integers(0, 5), st.integers(0, 20)),
)
transactions = st.lists(
    st.lists(writes, min_size=1, max_size=3, unique_by=lambda w: (w.item if isinstance(w, Put) else w.key)["SK"]),
    max_size=5,
)


def seen(table: Table) -> list[Any]:
    """All that reading finds, page by page."""
    queries = [Query(f"ORG#{n}", begins_with="TEAM#", limit=2, newest_first=back) for n in (0, 1) for back in (0, 1)]
    queries += [Query(f"g{n}", index=1, limit=2) for n in (0, 1)]
    queries += [Query("ORG#0", between=("TEAM#1", "TEAM#4"), filter=Attr("n").gt(3), limit=3)]
    found: list[Any] = [list(table.query_all(query)) for query in queries]
    many = sorted(table.get_many(key(n) for n in range(6)), key=lambda item: item["SK"])
    return [*found, [table.get(key(n)) for n in range(6)], many]


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(st.integers(0, 20), min_size=6, max_size=6), steps=transactions)
def test_reading_finds_what_was_written_as_it_would_in_the_table(
    platform: Platform, before: list[int], steps: list[list[Write]]
) -> None:
    for n, value in enumerate(before):
        platform.table.write(put(n, value) if value % 3 else Delete(key(n)))
    journal = Journal()
    rehearsal = RehearsalTable(platform.table, journal)
    untouched = seen(platform.table)
    failed = []
    for step in steps:
        try:
            rehearsal.transact(step)
        except ConditionFailed as error:
            failed.append(error.index)
    foretold = seen(rehearsal)
    assert seen(platform.table) == untouched
    assert len(journal.transactions) == len(steps) - len(failed)

    really = []
    for step in steps:
        try:
            platform.table.transact(step)
        except ConditionFailed as error:
            really.append(error.index)
    assert (really, seen(platform.table)) == (failed, foretold)


def test_losing_a_race_is_what_it_means(platform: Platform) -> None:
    taken = Conflict("taken", code="TEAM_EXISTS")
    platform.table.write(Put(ITEM))
    with pytest.raises(Conflict) as refused:
        RehearsalTable(platform.table, Journal()).write(Put(ITEM, condition=ABSENT, otherwise=taken))
    assert refused.value is taken


def test_limits_of_a_transaction_hold(platform: Platform) -> None:
    rehearsal = RehearsalTable(platform.table, Journal())
    with pytest.raises(AccessError, match="do not fit"):
        rehearsal.transact([Delete(key(n)) for n in range(101)])
    with pytest.raises(AccessError, match="once"):
        rehearsal.transact([Put(ITEM), Delete(KEY)])


def test_a_journal_notes_what_was_written_and_nothing_else(platform: Platform) -> None:
    journal = Journal()
    table = JournalledTable(platform.table, journal)
    table.transact([Put(ITEM), Check(key(3), ABSENT)])
    with pytest.raises(ConditionFailed):
        table.transact([Put(ITEM, condition=ABSENT)])
    assert len(journal.transactions) == 1
    assert platform.table.get(KEY) == table.get(KEY) == ITEM
    assert [write_data(write) for write in journal.transactions[0]] == [
        {"put": KEY, "attributes": {n: v for n, v in ITEM.items() if n not in KEY}},
        None,
    ]


def test_a_client_of_a_dry_run_sends_nothing_that_writes() -> None:
    client = boto3.client("dynamodb", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    refuse_writes(client)
    with Stubber(client) as stub:  # which has no answer ready: whatever is sent fails there
        for call in (
            lambda: client.put_item(TableName="t", Item={}),
            lambda: client.transact_write_items(TransactItems=[]),
            lambda: client.update_item(TableName="t", Key={}),
            lambda: client.delete_table(TableName="t"),
            lambda: client.batch_write_item(RequestItems={}),
        ):
            with pytest.raises(Refused, match="this is a dry run"):
                call()
        stub.add_response("get_item", {})
        assert "Item" not in client.get_item(TableName="t", Key={"PK": {"S": "x"}})
