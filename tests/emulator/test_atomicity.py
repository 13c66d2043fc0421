"""What the tests of races rely on: the local DynamoDB is as atomic as AWS's."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bbws_access.emulator.process import RunningEmulator
from tests.emulator.conftest import client_for, create_table

pytestmark = pytest.mark.emulator

THREADS = 16
ROUNDS = 30


@pytest.fixture(scope="module")
def db(running: RunningEmulator) -> Any:
    return client_for(running, "dynamodb")


@pytest.fixture
def table(db: Any) -> str:
    return create_table(db, f"table-{uuid.uuid4().hex}")


def key(pk: str, sk: str = "METADATA") -> dict[str, Any]:
    return {"PK": {"S": pk}, "SK": {"S": sk}}


def item_of(db: Any, table: str, pk: str) -> Any:
    return db.get_item(TableName=table, Key=key(pk), ConsistentRead=True).get("Item")


def race(attempt: Callable[[int], None]) -> list[int]:
    """Let all threads try at once; the numbers of those that were not refused."""
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> int | None:
        barrier.wait()
        try:
            attempt(number)
        except ClientError as error:
            refusal = error.response["Error"]["Code"]
            assert refusal in ("ConditionalCheckFailedException", "TransactionCanceledException")
            return None
        return number

    with ThreadPoolExecutor(THREADS) as pool:
        return [winner for winner in pool.map(run, range(THREADS)) if winner is not None]


def test_one_of_many_conditional_puts_wins(db: Any, table: str) -> None:
    for number in range(ROUNDS):
        pk = f"GUARD#{number}"

        def put(thread: int, pk: str = pk) -> None:
            db.put_item(
                TableName=table,
                Item={**key(pk), "by": {"N": str(thread)}},
                ConditionExpression="attribute_not_exists(PK)",
            )

        (winner,) = race(put)
        assert item_of(db, table, pk)["by"] == {"N": str(winner)}


def test_one_of_many_transactions_wins_and_counters_are_exact(db: Any, table: str) -> None:
    for number in range(ROUNDS):
        pk = f"INV#{number}"

        def accept(thread: int, pk: str = pk) -> None:
            guard = {**key(pk), "by": {"N": str(thread)}}
            db.transact_write_items(
                TransactItems=[
                    {
                        "Put": {
                            "TableName": table,
                            "Item": guard,
                            "ConditionExpression": "attribute_not_exists(PK)",
                        }
                    },
                    {"Put": {"TableName": table, "Item": key(f"SIDE#{pk}", str(thread))}},
                    {
                        "Update": {
                            "TableName": table,
                            "Key": key("COUNTER"),
                            "UpdateExpression": "ADD members :one",
                            "ExpressionAttributeValues": {":one": {"N": "1"}},
                        }
                    },
                ]
            )

        (winner,) = race(accept)
        assert item_of(db, table, pk)["by"] == {"N": str(winner)}
        side = db.query(
            TableName=table,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": f"SIDE#{pk}"}},
        )["Items"]
        assert [item["SK"]["S"] for item in side] == [str(winner)], "a transaction that failed wrote something"
    assert item_of(db, table, "COUNTER")["members"] == {"N": str(ROUNDS)}


def test_unconditional_counters_lose_nothing(db: Any, table: str) -> None:
    def add(_thread: int) -> None:
        for _ in range(ROUNDS):
            db.update_item(
                TableName=table,
                Key=key("COUNTER"),
                UpdateExpression="ADD hits :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    assert len(race(add)) == THREADS
    assert item_of(db, table, "COUNTER")["hits"] == {"N": str(THREADS * ROUNDS)}


def test_edits_with_a_version_do_not_overwrite_each_other(db: Any, table: str) -> None:
    db.put_item(TableName=table, Item={**key("ROLE"), "version": {"N": "0"}})

    for number in range(ROUNDS):

        def edit(_thread: int, version: int = number) -> None:
            db.update_item(
                TableName=table,
                Key=key("ROLE"),
                UpdateExpression="SET version = version + :one",
                ConditionExpression="version = :seen",
                ExpressionAttributeValues={":one": {"N": "1"}, ":seen": {"N": str(version)}},
            )

        assert len(race(edit)) == 1
    assert item_of(db, table, "ROLE")["version"] == {"N": str(ROUNDS)}


def test_cancellation_reasons_come_back_for_each_item(db: Any, table: str) -> None:
    db.put_item(TableName=table, Item={**key("TAKEN"), "by": {"S": "someone"}})
    absent = "attribute_not_exists(PK)"
    with pytest.raises(ClientError) as caught:
        db.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": key("FREE"), "ConditionExpression": absent}},
                {
                    "Put": {
                        "TableName": table,
                        "Item": key("TAKEN"),
                        "ConditionExpression": absent,
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
                {
                    "ConditionCheck": {
                        "TableName": table,
                        "Key": key("MISSING"),
                        "ConditionExpression": "attribute_exists(PK)",
                    }
                },
            ]
        )
    response: Any = caught.value.response
    assert response["Error"]["Code"] == "TransactionCanceledException"
    reasons = response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]
    assert reasons[1]["Item"]["by"] == {"S": "someone"}
    assert item_of(db, table, "FREE") is None


def test_the_item_comes_back_with_a_failed_condition(db: Any, table: str) -> None:
    db.put_item(TableName=table, Item={**key("TAKEN"), "by": {"S": "someone"}})
    with pytest.raises(ClientError) as caught:
        db.put_item(
            TableName=table,
            Item=key("TAKEN"),
            ConditionExpression="attribute_not_exists(PK)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    response: Any = caught.value.response
    assert response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert response["Item"]["by"] == {"S": "someone"}


def add_one(table: str, token: str, amount: str = "1") -> dict[str, Any]:
    return {
        "ClientRequestToken": token,
        "TransactItems": [
            {
                "Update": {
                    "TableName": table,
                    "Key": key("COUNTER"),
                    "UpdateExpression": "ADD hits :n",
                    "ExpressionAttributeValues": {":n": {"N": amount}},
                }
            }
        ],
    }


def test_a_repeated_request_token_has_no_second_effect(db: Any, table: str) -> None:
    token = uuid.uuid4().hex
    db.transact_write_items(**add_one(table, token))
    db.transact_write_items(**add_one(table, token))
    assert item_of(db, table, "COUNTER")["hits"] == {"N": "1"}
    with pytest.raises(ClientError) as caught:
        db.transact_write_items(**add_one(table, token, "2"))
    assert caught.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"
    assert item_of(db, table, "COUNTER")["hits"] == {"N": "1"}


def test_an_index_is_paged_without_loss_or_repetition(db: Any, table: str) -> None:
    names = [f"{number:03}" for number in range(57)]
    for name in names:
        index = {"GSI1PK": {"S": "ORG#1"}, "GSI1SK": {"S": f"TEAM#{int(name) // 3:03}"}}  # ties among sort keys
        db.put_item(TableName=table, Item={**key("ORG#1", name), **index})
    found: list[str] = []
    page: dict[str, Any] = {}
    while True:
        answer = db.query(
            TableName=table,
            IndexName="GSI1",
            KeyConditionExpression="GSI1PK = :org",
            ExpressionAttributeValues={":org": {"S": "ORG#1"}},
            Limit=10,
            **page,
        )
        assert len(answer["Items"]) <= 10
        found += [item["SK"]["S"] for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            break
        page = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    assert sorted(found) == names


def test_string_sets_are_added_to_and_taken_from(db: Any, table: str) -> None:
    def change(expression: str, *values: str) -> Any:
        return db.update_item(
            TableName=table,
            Key=key("SET"),
            UpdateExpression=expression,
            ExpressionAttributeValues={":v": {"SS": list(values)}},
            ReturnValues="ALL_NEW",
        )["Attributes"]

    assert set(change("ADD grants :v", "site:read", "team:read")["grants"]["SS"]) == {"site:read", "team:read"}
    assert set(change("ADD grants :v", "team:read", "org:read")["grants"]["SS"]) == {
        "site:read",
        "team:read",
        "org:read",
    }
    assert set(change("DELETE grants :v", "site:read", "team:read")["grants"]["SS"]) == {"org:read"}
    assert "grants" not in change("DELETE grants :v", "org:read")


def test_a_transaction_takes_a_hundred_items_and_no_more(db: Any, table: str) -> None:
    def puts(count: int, prefix: str) -> list[dict[str, Any]]:
        return [{"Put": {"TableName": table, "Item": key(f"{prefix}#{number}")}} for number in range(count)]

    db.transact_write_items(TransactItems=puts(100, "A"))
    assert db.scan(TableName=table, Select="COUNT")["Count"] == 100
    with pytest.raises(ClientError) as caught:
        db.transact_write_items(TransactItems=puts(101, "B"))
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert db.scan(TableName=table, Select="COUNT")["Count"] == 100
