"""``table migrate`` and ``table history`` as an operator sees them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from bbws_access import keys
from bbws_access.migrations.checkpoints import Checkpoints
from bbws_access.store.codec import encode
from cli import session as session_module
from tests.cli.conftest import Result, Run
from tests.migrations.conftest import all_items, create_tables, put_all
from tests.migrations.legacy import LegacyTable

pytestmark = pytest.mark.slow

SOURCE = "bbws-aipagebuilder-local-ddb-access-management"
TARGET = "bbws-access-local-ddb-access-management"


@pytest.fixture
def table(bbws: Run, dynamodb_client: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The noun over two tables in memory; each command has a client of its own, as it has on AWS."""
    create_tables(dynamodb_client, SOURCE, TARGET)
    put_all(dynamodb_client, SOURCE, LegacyTable(random.Random(7)).basics())

    def client(_session: Any, service: str, **_: Any) -> Any:
        return boto3.client(service, region_name="eu-west-1")  # type: ignore[call-overload]

    monkeypatch.setattr(session_module.Session, "client", client)

    def run(verb: str, *words: str) -> Result:
        return bbws("table", verb, *words, *(["--workers", "1"] if verb == "migrate" else []))

    return run


def broken(client: Any) -> None:
    put_all(client, SOURCE, [LegacyTable(random.Random(8)).user("o1", "broken", lastName=None)])


def test_migrate_twice(table: Callable[..., Result]) -> None:
    first = table("migrate")
    assert first.code == 0
    assert first.err.startswith("local · emulator account 000000000000 · eu-west-1 · ")
    assert f"Migration 1 is done: 6 items of {SOURCE} = 6 migrated + 0 merged + 0 in quarantine" in first.err
    assert "Organisation" in first.out
    second = table("migrate")
    assert second.code == 0
    assert "Nothing to do: the table is at migration 1." in second.err
    assert table("migrate", "-o", "json").json == {"migrations": []}


def test_a_dry_run_writes_nothing(table: Callable[..., Result], dynamodb_client: Any) -> None:
    before = all_items(dynamodb_client, SOURCE), all_items(dynamodb_client, TARGET)
    done = table("migrate", "--dry-run")
    assert done.code == 0
    assert "would write 6 items" in done.err
    assert "index writes" in done.err
    assert "GSI1PK: — → ORGANISATIONS" in done.err
    plan = table("migrate", "--dry-run", "--max-wcu", "10", "-o", "json").json["migrations"][0]
    assert plan["writeCapacityUnits"] == 6 * 2 + 6 * 2  # an item and a guard each, in a transaction
    assert plan["seconds"] >= plan["writeCapacityUnits"] / 10
    assert (all_items(dynamodb_client, SOURCE), all_items(dynamodb_client, TARGET)) == before


def test_what_is_left_out_is_said_and_kept(table: Callable[..., Result], dynamodb_client: Any, tmp_path: Path) -> None:
    broken(dynamodb_client)
    file = tmp_path / "left.jsonl"
    done = table("migrate", "--quarantine", str(file))
    assert done.code == 3
    assert "1 x lastName is missing" in done.err
    assert f"1 items could not be migrated. They are in {file}, each with its reason." in done.err
    (line,) = file.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["Item"]["SK"] == {"S": "USER#broken"}
    assert "1 items were left in quarantine" in table("migrate").err
    again = table("migrate", "--again", "-o", "json")
    assert again.code == 3
    assert again.json["migrations"][0]["reasons"] == {"lastName is missing": 1}


def test_mended_and_run_again(table: Callable[..., Result], dynamodb_client: Any) -> None:
    broken(dynamodb_client)
    assert table("migrate").code == 3
    put_all(dynamodb_client, SOURCE, [LegacyTable(random.Random(8)).user("o1", "broken")])
    assert table("migrate", "--again").code == 0
    assert ("ORG#o1", "USER#broken") in all_items(dynamodb_client, TARGET)


def test_another_operator_is_at_it(table: Callable[..., Result], dynamodb_client: Any) -> None:
    until = int(time.time() * 1000) + 30_000
    lease = keys.migration_lease_key() | {"holder": "x", "heldBy": "ada@x.test", "expiresAtMs": until}
    put_all(dynamodb_client, TARGET, [encode(lease)])
    busy = table("migrate")
    assert busy.code == 1
    assert "ada@x.test is migrating this table right now; wait for the end of it; if it has died" in busy.err
    put_all(dynamodb_client, TARGET, [encode(lease | {"expiresAtMs": 1})])
    assert table("migrate").code == 0


def test_one_that_was_interrupted_goes_on(table: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "reached", interrupted)
        assert table("migrate").code == 130
    assert [r["state"] for r in table("history", "-o", "json").json["items"]] == ["RUNNING"]
    done = table("migrate", "-o", "json")
    assert done.code == 0
    assert done.json["migrations"][0]["items"] == 6
    assert [r["state"] for r in table("history", "-o", "json").json["items"]] == ["DONE"]


def test_an_emptied_source_is_not_followed_unless_asked(table: Callable[..., Result], dynamodb_client: Any) -> None:
    more = [LegacyTable(random.Random(9)).user("o1", f"more-{n}") for n in range(25)]
    put_all(dynamodb_client, SOURCE, more)
    assert table("migrate").code == 0
    for pk, sk in all_items(dynamodb_client, SOURCE):
        dynamodb_client.delete_item(TableName=SOURCE, Key={"PK": {"S": pk}, "SK": {"S": sk}})
    refused = table("migrate", "--again")
    assert refused.code == 4
    assert "31 of the migrated items are not in" in refused.err
    assert "--with-deletions" in refused.err
    assert ("ORG#o1", "USER#more-1") in all_items(dynamodb_client, TARGET)
    asked = table("migrate", "--again", "--with-deletions")
    assert asked.code == 4
    assert "--yes" in asked.err
    assert ("ORG#o1", "USER#more-1") in all_items(dynamodb_client, TARGET)
    assert table("migrate", "--again", "--with-deletions", "--yes").code == 0
    assert ("ORG#o1", "USER#more-1") not in all_items(dynamodb_client, TARGET)


def test_no_other_file_is_taken_for_the_quarantine(table: Callable[..., Result], tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    refused = table("migrate", "--quarantine", str(notes))
    assert refused.code == 4
    assert "is there already, and is no quarantine file" in refused.err
    assert notes.read_text() == "mine"


def test_history(table: Callable[..., Result]) -> None:
    assert [(r["number"], r["state"]) for r in table("history", "-o", "json").json["items"]] == [(1, "PENDING")]
    table("migrate")
    (row,) = table("history", "-o", "json").json["items"]
    assert (row["state"], row["items"], row["source"]) == ("DONE", 6, SOURCE)
    assert row["finishedBy"].endswith("@local")
    assert "DONE" in table("history").out


def test_the_way_back_asks_first(table: Callable[..., Result], dynamodb_client: Any) -> None:
    source = all_items(dynamodb_client, SOURCE)
    table("migrate")
    refused = table("migrate", "--to", "0")
    assert refused.code == 4
    assert "--yes" in refused.err
    before = all_items(dynamodb_client, TARGET)
    dry = table("migrate", "--to", "0", "--dry-run")
    assert dry.code == 0
    assert "Migration 1, the old platform's table, can be taken back: 6 items. Nothing was written." in dry.err
    assert table("migrate", "--to", "0", "--dry-run", "-o", "json").json["migrations"][0]["wouldTakeBack"] == 6
    assert all_items(dynamodb_client, TARGET) == before
    done = table("migrate", "--to", "0", "--yes")
    assert done.code == 0
    assert "6 items were removed" in done.err
    assert all_items(dynamodb_client, SOURCE) == source
    assert not [i for i in all_items(dynamodb_client, TARGET).values() if "migratedFrom" in i]


def test_the_way_back_would_lose_a_change(table: Callable[..., Result], dynamodb_client: Any) -> None:
    table("migrate")
    dynamodb_client.update_item(
        TableName=TARGET,
        Key={"PK": {"S": "ORG#o1"}, "SK": {"S": "TEAM#t1"}},
        UpdateExpression="SET description = :d",
        ExpressionAttributeValues={":d": {"S": "new"}},
    )
    before = all_items(dynamodb_client, TARGET)
    for how in ("--dry-run", "--yes"):
        refused = table("migrate", "--to", "0", how)
        assert refused.code == 4
        assert "ORG#o1 / TEAM#t1" in refused.err
    after = all_items(dynamodb_client, TARGET)
    assert {k: v for k, v in after.items() if k[0] != "MIGRATIONS"} == {
        k: v for k, v in before.items() if k[0] != "MIGRATIONS"
    }


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--to", "7"], 2, "there is no migration 7"),
        (["--to", "-1"], 2, "--to"),
        (["--workers", "99"], 2, "--workers"),
        (["--max-wcu", "0"], 2, "--max-wcu"),
        (["--from", "no-such-table"], 1, "there is no table no-such-table to migrate from; name it with --from TABLE"),
        (["--quarantine", "/proc/none/x"], 1, "the quarantine file /proc/none/x cannot be written"),
    ],
)
def test_what_does_not_work(bbws: Run, table: Callable[..., Result], words: list[str], code: int, says: str) -> None:
    done = bbws("table", "migrate", *words)
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err
