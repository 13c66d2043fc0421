"""``table verify``, ``stats``, ``backup``, ``restore`` and ``pitr``, as they are typed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from bbws_access.errors import Refused
from bbws_access.keeper.live import Live
from bbws_access.store.schema import table_definition
from cli import session as session_module
from tests.cli.conftest import Run, bare, bbws  # noqa: F401 - fixtures
from tests.conftest import TABLE_NAME, Platform
from tests.keeper.conftest import Town

pytestmark = pytest.mark.slow

BUCKET = "backups"


@pytest.fixture
def table(town: Town, bbws: Run, monkeypatch: pytest.MonkeyPatch) -> Run:  # noqa: F811 - the fixture
    """The command line over a table with a bit of everything; each command makes clients of its own."""

    def client(self: session_module.Session, service: str) -> Any:
        return boto3.client(service, region_name="eu-west-1")  # type: ignore[call-overload]

    monkeypatch.setattr(session_module.Session, "client", client)
    monkeypatch.setattr(Live, "_wait_until_quiet", lambda self, org_id, sequence: None)
    return bbws


def events(platform: Platform, action: str) -> list[dict[str, Any]]:
    return [i for i in platform.items() if i.get("action") == action]


def test_verify_says_that_all_is_right(table: Run, town: Town) -> None:
    done = table("table", "verify")
    assert (done.code, done.out) == (0, "")
    assert f"All of {len(town.items())} items are right." in done.err


def test_verify_lists_what_is_wrong_and_exits_3(table: Run, town: Town) -> None:
    town.edit(town.team_key, memberCount=9)
    done = table("table", "verify")
    assert done.code == 3
    assert "team.member-count" in done.out
    assert "memberCount = 2" in done.out
    assert "1 finding in" in done.err
    found = table("table", "verify", "-o", "json")
    assert found.code == 3
    (finding,) = found.json["findings"]
    assert finding["key"] == {"PK": town.team_key["PK"], "SK": town.team_key["SK"]}
    assert (finding["expected"], finding["found"], finding["repairable"]) == (2, 9, True)
    assert found.json["items"] == len(town.items())


def test_a_dry_run_cannot_write(table: Run, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.edit(town.team_key, memberCount=9)
    before = town.items()
    done = table("table", "verify", "--repair", "--dry-run")
    assert done.code == 3
    assert "memberCount = 2" in done.out
    assert town.items() == before

    from cli.commands import table_verify
    from cli.overrides import Overrides

    reading = table_verify.chosen_table(session_module.Session(Overrides()), None)
    with pytest.raises(Refused, match="writes nothing"):
        reading.client.delete_item(TableName=reading.name, Key={"PK": {"S": "a"}, "SK": {"S": "b"}})


def test_repair(table: Run, town: Town) -> None:
    town.edit(town.team_key, memberCount=9)
    asked = table("table", "verify", "--repair")
    assert (asked.code, "repeat it with --yes" in asked.err) == (4, True)
    done = table("table", "verify", "--repair", "--yes")
    assert done.code == 0, done.err
    assert done.err.startswith("local · emulator account")
    assert "1 mended, 0 left" in done.err
    assert town.get(town.team_key)["memberCount"] == 2
    (event,) = events(town.platform, "table.repair")
    assert event["details"]["before"] == {"memberCount": 9}
    assert event["details"]["after"] == {"memberCount": 2}
    assert table("table", "verify").code == 0


def test_repair_leaves_what_needs_a_person(table: Run, town: Town) -> None:
    town.edit(town.team_key, memberCount=9)
    town.edit(town.assignment_key, scope="EVERYWHERE")
    done = table("table", "verify", "--repair", "--yes", "-o", "json")
    assert done.code == 3
    assert [f["problem"] for f in done.json["findings"]] == ["item.invalid"]
    assert [f["problem"] for f in done.json["repaired"]] == ["team.member-count"]


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--dry-run"),
        ("verify", "--repair", "--table", "other"),
        ("verify", "--table", "a/b"),
        ("verify", "--workers", "0"),
        ("stats", "--top", "0"),
        ("backup",),
        ("backup", "--to", "s3://bucket"),
        ("backup", "--to", "s3://bucket/folder/"),
        ("restore",),
        ("restore", "--from", "x", "--with-assignments"),
        ("restore", "--from", "x", "--into", "../y"),
        ("pitr", "--at", "yesterday"),
    ],
)
def test_wrong_usage(table: Run, words: tuple[str, ...]) -> None:
    done = table("table", *words)
    assert (done.code, done.out) == (2, ""), done.err
    assert done.err.count("error: ") == 1


def test_a_table_that_is_not_there(table: Run) -> None:
    done = table("table", "verify", "--table", "elsewhere")
    assert (done.code, "table elsewhere does not exist" in done.err) == (1, True)
    assert "env up" not in done.err, "that makes the environment's own table, and not this one"


def test_stats(table: Run, town: Town) -> None:
    found = table("table", "stats", "-o", "json").json
    assert found["items"] == len(town.items()) == sum(e["items"] for e in found["entities"])
    assert found["bytes"] == sum(o["bytes"] for o in found["organisations"])
    assert found["bytes"] > 10_000
    assert {e["name"] for e in found["entities"]} >= {"Team", "AuditEvent", "NameGuard"}
    assert {o["name"] for o in found["organisations"]} >= {"PLATFORM", town.org_id}
    sizes = [i["bytes"] for i in found["largestItems"]]
    assert sizes == sorted(sizes, reverse=True)
    assert found["fullestPartitions"][0]["items"] > 1
    shown = table("table", "stats", "--top", "3")
    assert town.org_id in shown.out
    assert "Fullest partitions" in shown.out


def test_backup_drill_verify(table: Run, town: Town, tmp_path: Path) -> None:
    """What the guide calls a drill."""
    to = str(tmp_path / "table.jsonl.gz")
    items = len(town.items())
    made = table("table", "backup", "--to", to, "-o", "json")
    assert made.code == 0, made.err
    assert made.json["items"] == items
    (event,) = events(town.platform, "table.backup")
    assert (event["details"]["sha256"], event["details"]["target"]) == (made.json["sha256"], to)
    again = table("table", "backup", "--to", to)
    assert (again.code, "not overwritten" in again.err) == (4, True)

    done = table("table", "restore", "--from", to, "--into", "drill", "-o", "json")
    assert done.code == 0, done.err
    assert (done.json["restored"], done.json["created"]) == (items, True)
    assert events(town.platform, "table.restore")[0]["details"]["outcome"] == {"restored": items}
    assert table("table", "verify", "--table", "drill").code == 0
    second = table("table", "backup", "--table", "drill", "--to", str(tmp_path / "again.gz"), "-o", "json")
    assert second.json["sha256"] == made.json["sha256"]
    assert Path(to).read_bytes() == (tmp_path / "again.gz").read_bytes()

    twice = table("table", "restore", "--from", to, "--into", "drill", "-o", "json")
    assert (twice.code, twice.json["identical"], twice.json["created"]) == (0, items, False)


def test_the_own_tables_trail_goes_on_behind_its_archive(table: Run, town: Town, tmp_path: Path) -> None:
    """The backup is older than the archive: what that alone still holds comes back with it."""
    to, platform = str(tmp_path / "table.jsonl.gz"), town.platform
    table("table", "backup", "--to", to)
    assert table("teams", "create", "After", "--org", town.org_id).code == 0
    platform.clock.advance(days=1)
    assert table("audit", "archive").code == 0
    for one in platform.items():
        key = {name: {"S": one[name]} for name in ("PK", "SK")}
        platform.client.delete_item(TableName=TABLE_NAME, Key=key)
    done = table("table", "restore", "--from", to, "--yes")
    assert (done.code, "came back from the archive" in done.err) == (0, True)
    assert [e["resourceType"] for e in events(platform, "team.create")][-1:] == ["team"]
    platform.clock.advance(days=1)
    assert table("audit", "archive").code == 0
    for whose in (["--org", town.org_id], ["--platform"]):
        found = table("audit", "verify", "--archive", *whose)
        assert found.code == 0, found.out + found.err


def test_an_archive_that_cannot_be_read_is_said_after_the_restore(table: Run, town: Town, tmp_path: Path) -> None:
    to, platform = str(tmp_path / "table.jsonl.gz"), town.platform
    table("table", "backup", "--to", to)
    platform.clock.advance(days=1)
    assert table("audit", "archive").code == 0
    for one in platform.items():
        key = {name: {"S": one[name]} for name in ("PK", "SK")}
        platform.client.delete_item(TableName=TABLE_NAME, Key=key)
    platform.storage.objects[f"archive/{town.org_id}/2026/03/2026-03-01.json.gz"] += b"x"
    done = table("table", "restore", "--from", to, "--yes")
    assert (done.code, "the table is restored" in done.err, "audit restore --missing" in done.err) == (5, True, True)


def test_restore_refuses(table: Run, town: Town, tmp_path: Path) -> None:
    to = tmp_path / "table.jsonl.gz"
    assert table("table", "restore", "--from", str(to), "--into", "drill").code == 1
    table("table", "backup", "--to", str(to))
    in_use = table("table", "restore", "--from", str(to), "--yes")
    assert (in_use.code, "not empty" in in_use.err, "--merge" in in_use.err) == (4, True, True)
    to.write_bytes(to.read_bytes()[:-1])
    damaged = table("table", "restore", "--from", str(to), "--into", "drill")
    assert (damaged.code, "damaged" in damaged.err) == (4, True)
    listed = boto3.client("dynamodb", region_name="eu-west-1").list_tables()["TableNames"]
    assert listed == [TABLE_NAME]


def test_merge_says_what_it_left(table: Run, town: Town, tmp_path: Path) -> None:
    to = str(tmp_path / "table.jsonl.gz")
    table("table", "backup", "--to", to)
    town.delete(town.assignment_key)
    town.delete(town.team_key)
    done = table("table", "restore", "--from", to, "--merge", "--yes")
    assert done.code == 3
    assert "withheld" in done.out
    assert town.assignment_key["PK"] in done.out
    assert town.get(town.team_key)["name"] == "Web"


def test_a_bucket(table: Run, town: Town) -> None:
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    address = f"s3://{BUCKET}/a/b.gz"
    assert table("table", "restore", "--from", address, "--into", "drill").code == 1
    items = len(town.items())
    made = table("table", "backup", "--to", address, "-o", "json")
    assert made.code == 0, made.err
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == ["a/b.gz", "a/b.gz.manifest.json"]
    assert table("table", "backup", "--to", address).code == 4
    done = table("table", "restore", "--from", address, "--into", "drill", "-o", "json")
    assert (done.code, done.json["restored"]) == (0, items)
    s3.put_object(Bucket=BUCKET, Key="a/b.gz", Body=b"short")
    assert "damaged" in table("table", "restore", "--from", address, "--into", "drill-2").err
    missing = table("table", "backup", "--to", "s3://no-such-bucket/x")
    assert (missing.code, missing.out) == (1, "")


# --- point in time -------------------------------------------------------------------------------


class Recovering:
    """moto's client with the parts of point-in-time recovery that it has not."""

    def __init__(self, client: Any, enabled: bool = True) -> None:
        self._client, self._enabled = client, enabled
        self.asked: dict[str, Any] = {}
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_continuous_backups(self, **_: Any) -> Any:
        now = datetime.now(UTC)
        status = {
            "PointInTimeRecoveryStatus": "ENABLED" if self._enabled else "DISABLED",
            "EarliestRestorableDateTime": now - timedelta(days=3),
            "LatestRestorableDateTime": now - timedelta(minutes=5),
        }
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": status}}

    def restore_table_to_point_in_time(self, **request: Any) -> Any:
        self.asked = request
        self._client.create_table(**table_definition(request["TargetTableName"]))
        for item in self._client.scan(TableName=request["SourceTableName"])["Items"]:
            if not item["SK"]["S"].startswith("TEAM#"):
                self._client.put_item(TableName=request["TargetTableName"], Item=item)

    def describe_table(self, TableName: str) -> Any:
        found = self._client.describe_table(TableName=TableName)
        self.looks += 1
        if self.looks < 4:
            found["Table"]["TableStatus"] = "CREATING"
        return found


@pytest.fixture
def recovering(town: Town, monkeypatch: pytest.MonkeyPatch) -> Recovering:
    found = Recovering(town.platform.client)
    monkeypatch.setattr(town.platform.table, "_client", found)
    return found


def test_point_in_time(table: Run, town: Town, recovering: Recovering) -> None:
    done = table("table", "pitr", "--at", "2h", "--into", "then", "-o", "json")
    assert done.code == 3, done.err
    assert (recovering.asked["TargetTableName"], recovering.asked["SourceTableName"]) == ("then", TABLE_NAME)
    assert recovering.looks >= 4
    teams = next(e for e in done.json["entities"] if e["entity"] == "Team")
    assert (teams["first"], teams["second"], teams["only_first"]) == (2, 0, 2)
    assert "Nothing was switched" in done.err
    assert len(events(town.platform, "table.pitr")) == 1
    assert json.dumps(done.json)


@pytest.mark.parametrize(("at", "said"), [("30d", "out of reach"), ("1s", "out of reach")])
def test_a_moment_out_of_reach(table: Run, recovering: Recovering, at: str, said: str) -> None:
    done = table("table", "pitr", "--at", at)
    assert (done.code, said in done.err) == (2, True)
    assert not recovering.asked


def test_without_recovery(table: Run, recovering: Recovering) -> None:
    recovering._enabled = False
    done = table("table", "pitr", "--at", "2h")
    assert (done.code, "not enabled" in done.err) == (1, True)


def test_names_of_tables_that_were_restored(table: Run, recovering: Recovering) -> None:
    table("table", "pitr", "--at", "2026-01-01T00:00:00Z")
    done = table("table", "pitr", "--at", "1h")
    assert recovering.asked["TargetTableName"].startswith(f"{TABLE_NAME}-20")
    assert done.code == 3


def test_a_failed_copy_is_told_of_but_in_a_table_that_is_being_restored(table: Run, town: Town, tmp_path: Path) -> None:
    """What is half restored must be found as it was left by the next try."""
    before, missing = town.items(), str(tmp_path / "missing.gz")
    assert table("table", "restore", "--from", missing, "--yes").code == 1
    assert town.items() == before
    assert table("table", "restore", "--from", missing, "--merge", "--yes").code == 1
    assert table("table", "backup", "--to", str(tmp_path / "no" / "x.gz")).code == 1
    told = [(e["action"], e["outcome"]) for e in events(town.platform, "table.restore")]
    assert told == [("table.restore", "FAILURE")]
    (failed,) = events(town.platform, "table.backup")
    assert (failed["outcome"], set(failed["details"])) == ("FAILURE", {"error"})
