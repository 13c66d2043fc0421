from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from bbws_access.emulator.process import Emulator, RunningEmulator
from tests.emulator import stack
from tests.emulator.conftest import client_for, until, until_saved
from tests.emulator.platform import Platform

pytestmark = pytest.mark.emulator


def end(emulator: Emulator, running: RunningEmulator, how: str) -> None:
    if how == "stopped":
        emulator.stop()
    else:
        os.kill(running.pid, signal.SIGKILL)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_everything_comes_back(own: Emulator, how: str) -> None:
    running = own.start()
    platform = Platform(running)
    if how == "killed":
        until_saved(own)
    end(own, running, how)
    again = own.start()
    platform.check(again)
    end(own, again, "stopped")  # and what came back is saved as it was
    platform.check(own.start())


def test_what_comes_back_after_a_kill_is_one_moment(own: Emulator) -> None:
    """Each transaction adds one to two counters and leaves a receipt: they agree, whenever the end comes."""
    running = own.start()
    db = client_for(running, "dynamodb")
    stack.create_table(db)
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not enough.is_set():
            receipt = f"{writer}-{number}"
            try:
                db.transact_write_items(TransactItems=[_add("LEFT"), _add("RIGHT"), _receipt(receipt)])
            except (BotoCoreError, ClientError):
                return
            acknowledged.append(receipt)
            number += 1

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    until(lambda: own.saves() >= 2, "it was saved a few times while requests kept coming")
    known = set(acknowledged)
    enough_saves = own.saves() + 2  # the first of them may have begun before
    until(lambda: own.saves() >= enough_saves, "it was saved again")
    os.kill(running.pid, signal.SIGKILL)
    enough.set()
    for writer in writers:
        writer.join()
    client_for(own.start(), "dynamodb")
    items = db.scan(TableName=stack.TABLE, ConsistentRead=True)["Items"]
    counters = {item["PK"]["S"]: int(item["n"]["N"]) for item in items if "n" in item}
    receipts = {item["SK"]["S"] for item in items if "n" not in item}
    assert counters == {"LEFT": len(receipts), "RIGHT": len(receipts)}
    assert known <= receipts


def _add(name: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": stack.TABLE,
            "Key": {"PK": {"S": name}, "SK": {"S": "METADATA"}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }


def _receipt(name: str) -> dict[str, Any]:
    return {"Put": {"TableName": stack.TABLE, "Item": {"PK": {"S": "RECEIPT"}, "SK": {"S": name}}}}


def test_a_table_that_was_deleted_stays_deleted(own: Emulator) -> None:
    running = own.start()
    db = client_for(running, "dynamodb")
    stack.create_table(db)
    db.put_item(TableName=stack.TABLE, Item={"PK": {"S": "A"}, "SK": {"S": "B"}})
    until_saved(own, "dynamodb")
    db.delete_table(TableName=stack.TABLE)
    until_saved(own, "dynamodb")
    os.kill(running.pid, signal.SIGKILL)
    own.start()
    assert db.list_tables()["TableNames"] == []
    stack.create_table(db)
    assert db.scan(TableName=stack.TABLE)["Items"] == []


def test_only_reading_leaves_nothing_to_save(own: Emulator) -> None:
    running = own.start()
    db = client_for(running, "dynamodb")
    stack.create_table(db)
    until_saved(own)
    saves = own.saves()
    db.scan(TableName=stack.TABLE)
    db.describe_table(TableName=stack.TABLE)
    client_for(running, "s3").list_buckets()
    assert own.unsaved() == []
    assert own.saves() == saves


def test_a_reset_is_saved_too(own: Emulator) -> None:
    running = own.start()
    db = client_for(running, "dynamodb")
    stack.create_table(db)
    until_saved(own, "dynamodb")
    stack.reset(running)
    assert "dynamodb" in own.unsaved()
    until_saved(own, "dynamodb")
    os.kill(running.pid, signal.SIGKILL)
    own.start()
    assert db.list_tables()["TableNames"] == []


def test_a_large_table_is_saved_and_found(own: Emulator) -> None:
    running = own.start()
    db = client_for(running, "dynamodb")
    stack.create_table(db)
    for start in range(0, 5000, 25):
        puts = [
            {"PutRequest": {"Item": {"PK": {"S": f"ORG#{n // 50}"}, "SK": {"S": f"USER#{n}"}, "n": {"N": str(n)}}}}
            for n in range(start, start + 25)
        ]
        db.batch_write_item(RequestItems={stack.TABLE: puts})
    until_saved(own, "dynamodb")
    os.kill(running.pid, signal.SIGKILL)
    own.start()
    pages = db.get_paginator("scan").paginate(TableName=stack.TABLE)
    assert sorted(int(item["n"]["N"]) for page in pages for item in page["Items"]) == list(range(5000))
