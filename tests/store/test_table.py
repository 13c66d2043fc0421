"""Conditional writes, transactions and pages, as the services rely on them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bbws_access.backoff import Backoff
from bbws_access.errors import AccessError, Busy, Conflict, Denied, NotFound, Unauthenticated, Unreachable
from bbws_access.store.conditions import Attr
from bbws_access.store.table import ConditionFailed, Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Delete, Put, Update
from tests.conftest import Platform


def item(n: int, **more: Any) -> dict[str, Any]:
    return {"PK": "P", "SK": f"S{n:04d}", "GSI1PK": "G", "GSI1SK": f"{n:04d}", **more}


def key(n: int) -> dict[str, str]:
    return {"PK": "P", "SK": f"S{n:04d}"}


def test_values_come_back_as_they_went_in(platform: Platform) -> None:
    stored = item(
        1, text="é 😀", whole=3, part=2.5, yes=True, none=None, words=frozenset({"a", "b"}), deep={"l": [1, {}]}
    )
    platform.table.write(Put(stored))
    assert platform.table.get(key(1)) == stored


def test_an_empty_set_is_left_out(platform: Platform) -> None:
    platform.table.write(Put(item(1, words=frozenset())))
    assert platform.table.get(key(1)) == item(1)


IMPOSSIBLE = {
    "a long partition": {"PK": "P" * 2049, "SK": "S"},
    "a long sort key": {"PK": "P", "SK": "S" * 1025},
    "few characters of many bytes": {"PK": "P", "SK": "\u20ac" * 342},
    "half a character": {"PK": "P", "SK": "S\udc80"},
}


@pytest.mark.parametrize("impossible", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_nothing_is_under_a_key_that_nothing_can_have(platform: Platform, impossible: dict[str, str]) -> None:
    """DynamoDB is not even asked, which would refuse to answer."""
    platform.table.write(Put(item(1)))
    asked: list[Any] = []
    platform.client.meta.events.register("provide-client-params.dynamodb.*", lambda params, **_: asked.append(params))
    assert platform.table.get(impossible) is None
    assert platform.table.get_many([impossible]) == []
    question = Query(impossible["PK"], begins_with=impossible["SK"])
    assert list(platform.table.query_all(question)) == []
    assert asked == []
    assert platform.table.get_many([impossible, key(1)]) == [item(1)]
    assert len(asked[0]["RequestItems"][platform.table.name]["Keys"]) == 1


def test_the_longest_keys_are_found(platform: Platform) -> None:
    longest = {"PK": "P" * 2048, "SK": "\u20ac" * 341 + "S"}
    platform.table.write(Put(longest))
    assert platform.table.get(longest) == longest
    assert platform.table.get_many([longest]) == [longest]
    assert list(platform.table.query_all(Query(longest["PK"], begins_with=longest["SK"]))) == [longest]


def test_a_transaction_is_all_or_nothing(platform: Platform) -> None:
    platform.table.write(Put(item(1)))
    with pytest.raises(ConditionFailed) as lost:
        platform.table.transact([Put(item(2)), Put(item(1, new=True), condition=ABSENT), Put(item(3))])
    assert lost.value.index == 1
    assert [i["SK"] for i in platform.items()] == ["S0001"]


def test_the_first_condition_that_fails_speaks(platform: Platform) -> None:
    taken, gone = Conflict("taken"), NotFound("gone")
    with pytest.raises(NotFound, match="gone"):
        platform.table.transact(
            [
                Check(key(7), PRESENT, otherwise=gone),
                Update(key(8), assign={"a": 1}, condition=PRESENT, otherwise=taken),
            ]
        )


def test_an_update_leaves_unknown_attributes_alone(platform: Platform) -> None:
    platform.table.write(Put(item(1, unknown="kept", total=1, old="x")))
    update = Update(key(1), assign={"name": "n"}, add={"total": 2}, remove=["old"], condition=Attr("total").eq(1))
    platform.table.write(update)
    assert platform.table.get(key(1)) == item(1, unknown="kept", total=3, name="n")


def test_a_delete_can_depend_on_what_is_there(platform: Platform) -> None:
    platform.table.write(Put(item(1, holder="me")))
    with pytest.raises(ConditionFailed):
        platform.table.write(Delete(key(1), condition=Attr("holder").eq("you")))
    platform.table.write(Delete(key(1), condition=Attr("holder").eq("me")))
    assert platform.items() == []


def test_pages_follow_each_other_without_gap_or_repeat(platform: Platform) -> None:
    for n in range(25):
        platform.table.write(Put(item(n)))
    seen, start = [], None
    while True:
        page = platform.table.query(Query("G", index=1, limit=10, start_after=start))
        seen += [i["GSI1SK"] for i in page.items]
        start = page.last
        if start is None:
            break
    assert seen == [f"{n:04d}" for n in range(25)]
    newest = platform.table.query(Query("P", begins_with="S", newest_first=True, limit=1))
    assert newest.items[0]["SK"] == "S0024"


def test_many_keys_are_read_at_once_and_missing_ones_left_out(platform: Platform) -> None:
    for n in range(0, 240, 2):
        platform.table.write(Put(item(n)))
    found = platform.table.get_many([key(n) for n in range(240)] + [key(0)])
    assert sorted(i["SK"] for i in found) == [f"S{n:04d}" for n in range(0, 240, 2)]


def test_more_writes_than_a_transaction_takes(platform: Platform) -> None:
    with pytest.raises(AccessError, match="101 writes"):
        platform.table.transact([Put(item(n)) for n in range(101)])


class Flaky:
    """A DynamoDB client whose transactions fail a number of times."""

    def __init__(self, client: Any, error: Exception, times: int) -> None:
        self._client, self._error, self._left = client, error, times
        self.tokens: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        self.tokens.append(request["ClientRequestToken"])
        if self._left:
            self._left -= 1
            raise self._error
        return self._client.transact_write_items(**request)


def canceled(client: Any, *codes: str) -> Exception:
    reasons = [{"Code": code} for code in codes]
    response = {"Error": {"Code": "TransactionCanceledException", "Message": "…"}, "CancellationReasons": reasons}
    error: Exception = client.exceptions.TransactionCanceledException(response, "TransactWriteItems")
    return error


def table(flaky: Flaky, waits: list[float]) -> Table:
    return Table(flaky, "bbws-access-test-ddb-access-management", Backoff(5, 0.1, 1.0, waits.append))  # type: ignore[arg-type]


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_contention_is_waited_out_with_one_idempotency_token(platform: Platform, reason: str) -> None:
    flaky, waits = Flaky(platform.client, canceled(platform.client, reason, "None"), 3), list[float]()
    table(flaky, waits).transact([Put(item(1)), Put(item(2))])
    assert len(platform.items()) == 2
    assert len(set(flaky.tokens)) == 1
    assert len(waits) == 3
    assert all(0 <= wait <= 0.1 * 2**n for n, wait in enumerate(waits))


def test_contention_that_does_not_end_is_said(platform: Platform) -> None:
    flaky = Flaky(platform.client, canceled(platform.client, "TransactionConflict"), 99)
    with pytest.raises(Busy):
        table(flaky, []).write(Put(item(1)))


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "TransactWriteItems")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused("ThrottlingException"), Busy),
        (refused("AccessDeniedException"), Denied),
        (refused("ExpiredTokenException"), Unauthenticated),
        (refused("ResourceNotFoundException"), NotFound),
        (EndpointConnectionError(endpoint_url="http://x"), Unreachable),
        (refused("ValidationException"), AccessError),
    ],
)
def test_aws_errors_become_ours(platform: Platform, error: Exception, expected: type[AccessError]) -> None:
    with pytest.raises(expected) as raised:
        table(Flaky(platform.client, error, 99), []).write(Put(item(1)))
    assert raised.value.__cause__ is error
