"""``audit`` as an operator and an auditor use it, over the platform in memory."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bbws_access.models.kinds import EventType
from bbws_access.services.trail import Change
from bbws_access.store.codec import encode
from bbws_access.store.table import Item
from tests.cli.conftest import Run
from tests.conftest import Platform

pytestmark = pytest.mark.slow


def test_one_event_is_shown_with_what_it_changed(bbws: Run, acme: str) -> None:
    (seeded, *_) = bbws("audit", "query", "--org", acme, "-o", "json").json["items"]
    shown = bbws("audit", "show", seeded["eventId"], "--org", acme)
    assert shown.code == 0
    assert "organisation.seed" in shown.out
    assert '+ roles: ["ORG_ADMIN"' in shown.out
    assert bbws("audit", "show", seeded["eventId"], "--org", acme, "-o", "json").json["eventId"] == seeded["eventId"]


@pytest.mark.parametrize("event_id", ["01KA2V9W3ZJ6X8Y0M1N2P3Q4R5", "nothing", "💥", "x" * 500])
def test_an_event_that_is_not_there(bbws: Run, acme: str, event_id: str) -> None:
    done = bbws("audit", "show", event_id, "--org", acme)
    assert done.code == 1
    assert "there is no event" in done.err


def test_the_latest_come_last(bbws: Run, acme: str) -> None:
    lines = bbws("audit", "tail", "--org", acme, "-o", "json").out.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["organisation.create", "organisation.seed"]
    assert bbws("audit", "tail", "--org", acme, "-n", "1").out.count("\n") == 1


def test_a_tail_shows_the_columns_that_were_asked_for(bbws: Run, acme: str) -> None:
    shown = bbws("audit", "tail", "--org", acme, "--columns", "Action,sequence")
    assert shown.out.splitlines() == ["organisation.create  1", "organisation.seed  2"]
    line = bbws("audit", "tail", "--org", acme, "-n", "1", "--columns", "action", "-o", "json").out
    assert json.loads(line) == {"action": "organisation.seed"}
    assert bbws("audit", "tail", "--org", acme, "--columns", "nonsense").code == 2


@pytest.mark.parametrize("lines", ["10", "1", "0"])
def test_whoever_follows_sees_what_comes_and_nothing_twice(
    bbws: Run, platform: Platform, acme: str, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    """Something happens between two looks, of which the last is interrupted."""
    looks = iter(range(5))

    def meanwhile(_: float) -> None:
        platform.clock.advance(seconds=1)
        if (n := next(looks)) == 4:
            raise KeyboardInterrupt
        if n < 3:
            change = Change(EventType.CONFIGURATION, f"thing.{n}", "thing", str(n))
            platform.services.trail.commit(platform.operator, acme, [change, replace(change, action=f"more.{n}")])

    monkeypatch.setattr("cli.commands.audit_reading.time.sleep", meanwhile)
    done = bbws("audit", "tail", "--org", acme, "--follow", "-n", lines, "-o", "json")
    assert done.code == 130
    came = [json.loads(line)["action"] for line in done.out.splitlines()]
    before = ["organisation.create", "organisation.seed"][2 - min(int(lines), 2) :]
    assert came == [*before, "thing.0", "more.0", "thing.1", "more.1", "thing.2", "more.2"]


@pytest.mark.parametrize("words", [("query",), ("summary",), ("export", "--overwrite", "--to", "TARGET")])
def test_what_is_read_from_the_archive_is_said(
    bbws: Run, platform: Platform, acme: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    words = tuple(str(tmp_path / "x.csv") if word == "TARGET" else word for word in words)
    begun = platform.clock.now().isoformat()
    platform.clock.advance(days=1)
    assert bbws("audit", "archive", "--org", acme).code == 0
    assert "archive" not in bbws("audit", *words, "--org", acme, "--since", begun).err
    platform.clock.advance(days=60)
    assert "1 day" in bbws("audit", *words, "--org", acme, "--since", begun).err


def test_it_is_counted(bbws: Run, acme: str) -> None:
    found = bbws("audit", "summary", "--org", acme, "-o", "json").json
    assert (found["count"], found["complete"], found["byOutcome"]) == (2, True, {"SUCCESS": 2})


def test_what_an_operator_did_is_asked_for_by_their_arn(bbws: Run, platform: Platform, acme: str) -> None:
    """Who is nobody's member: the AWS identity that typed a command, and the platform itself."""
    everything = bbws("audit", "query", "--org", acme, "-o", "json").json["items"]
    (arn,) = {event["userId"] for event in everything}
    assert arn.startswith("arn:")
    assert bbws("audit", "query", "--org", acme, "--user", arn, "-o", "json").json["items"] == everything
    assert bbws("audit", "query", "--org", acme, "--user", "system:expiry", "-o", "json").json["count"] == 0
    platform.clock.advance(days=1)
    assert bbws("audit", "archive", "--org", acme).code == 0
    told = bbws("audit", "query", "--platform", "--user", arn, "-o", "json").json["items"]
    assert [event["action"] for event in told] == ["audit.archive"]
    wrong = bbws("audit", "query", "--platform", "--user", "thandi@example.com")
    assert (wrong.code, "ARN" in wrong.err) == (2, True)
    assert bbws("audit", "query", "--org", acme, "--user", "nobody@example.com").code == 1


def test_questions_are_narrowed_and_turned_round(bbws: Run, acme: str) -> None:
    oldest = bbws("audit", "query", "--org", acme, "--oldest-first", "-o", "json").json["items"]
    assert [e["action"] for e in oldest] == ["organisation.create", "organisation.seed"]
    (only,) = bbws("audit", "query", "--org", acme, "--action", "organisation.seed", "-o", "json").json["items"]
    assert only["action"] == "organisation.seed"
    assert bbws("audit", "query", "--org", acme, "--outcome", "DENIED", "-o", "json").json["count"] == 0
    shown = bbws("audit", "query", "--org", acme, "--zone", "Africa/Johannesburg").out
    assert "+02:00" in shown
    wrong = bbws("audit", "query", "--org", acme, "--zone", "Nowhere/At-all")
    assert (wrong.code, "time zone" in wrong.err) == (2, True)


def test_a_sound_trail_is_called_sound_and_another_is_not(bbws: Run, platform: Platform, acme: str) -> None:
    sound = bbws("audit", "verify", "--org", acme, "--archive")
    assert (sound.code, sound.out) == (0, "")
    assert "Sound: 2 chained of 2 events" in sound.err
    platform.client.update_item(
        TableName=platform.table.name,
        Key={"PK": {"S": f"ORG#{acme}"}, "SK": {"S": "AUDITHEAD"}},
        UpdateExpression="SET #h = :h",
        ExpressionAttributeNames={"#h": "hash"},
        ExpressionAttributeValues={":h": {"S": "f" * 64}},
    )
    found = bbws("audit", "verify", "--org", acme, "-o", "json")
    assert (found.code, found.json["sound"]) == (3, False)
    assert found.json["findings"][0]["kind"] == "ALTERED"
    assert "1 finding in" in bbws("audit", "verify", "--org", acme).err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--from", "yesterday"), 2),
        (("--from", "2026-13-40"), 2),
        (("--from", "2031-01-01"), 2),
    ],
)
def test_days_that_are_none(bbws: Run, acme: str, arguments: tuple[str, ...], code: int) -> None:
    assert bbws("audit", "verify", "--org", acme, *arguments).code == code


def test_a_finished_day_is_archived_and_brought_back(bbws: Run, platform: Platform, acme: str, tmp_path: Path) -> None:
    day = platform.clock.now().date().isoformat()
    nothing = bbws("audit", "restore", "--org", acme, "--day", day, "--into-table")
    assert (nothing.code, "not in the archive" in nothing.err) == (1, True)
    platform.clock.advance(days=1)
    done = bbws("audit", "archive", "--org", acme, "-o", "json")
    assert [(part["date"], part["count"]) for part in done.json["items"]] == [(day, 2)]
    assert bbws("audit", "archive", "--org", acme, "-o", "json").json["items"] == []
    target = tmp_path / "day.jsonl"
    assert bbws("audit", "restore", "--org", acme, "--day", day, "--to", str(target)).code == 0
    actions = [json.loads(line)["action"] for line in target.read_text().splitlines()]
    assert actions == ["organisation.create", "organisation.seed"]
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    assert (tmp_path / "day.jsonl.sha256").read_text() == f"{digest}  day.jsonl\n"
    (told,) = bbws("audit", "query", "--org", acme, "--action", "audit.export", "-o", "json").json["items"]
    assert (told["details"]["target"], told["details"]["sha256"]) == (str(target), digest)
    back = bbws("audit", "restore", "--org", acme, "--day", day, "--into-table")
    assert "in the table already" in back.err


def test_where_to_has_to_be_said(bbws: Run, acme: str) -> None:
    assert bbws("audit", "restore", "--org", acme, "--day", "2026-01-01").code == 2
    assert bbws("audit", "restore", "--org", acme, "--day", "2026-01-01", "--to", "x", "--into-table").code == 2


def set_back(platform: Platform, kept: list[Item]) -> None:
    """As if the table had been restored to the moment at which ``kept`` was all that it held."""
    for one in platform.items():
        key = {name: {"S": one[name]} for name in ("PK", "SK")}
        platform.client.delete_item(TableName=platform.table.name, Key=key)
    for one in kept:
        platform.client.put_item(TableName=platform.table.name, Item=encode(one))


def test_what_to_restore_has_to_be_said_once(bbws: Run, acme: str) -> None:
    for words in (["--into-table"], ["--day", "2026-01-01", "--missing"], ["--missing", "--to", "x"]):
        assert bbws("audit", "restore", "--org", acme, *words).code == 2


def test_a_table_that_was_set_back_gets_what_its_archive_holds(bbws: Run, platform: Platform, acme: str) -> None:
    kept = platform.items()
    assert bbws("teams", "create", "Web", "--org", acme).code == 0
    platform.clock.advance(days=1)
    assert bbws("audit", "archive").code == 0
    set_back(platform, kept)
    stopped = bbws("audit", "archive", "--org", acme)
    mend = f"bbws-access audit restore --missing --org {acme}"
    assert (stopped.code, mend in stopped.err) == (1, True)
    until = platform.storage.locked.pop(f"archive/{acme}/2026/03/2026-03-01.json.gz")
    unlocked = bbws("audit", "restore", "--missing")
    assert (unlocked.code, f"audit verify --org {acme} --archive" in unlocked.err) == (1, True)
    platform.storage.locked[f"archive/{acme}/2026/03/2026-03-01.json.gz"] = until
    before = platform.items()
    assert bbws("audit", "restore", "--missing", "--dry-run").code == 0
    assert platform.items() == before
    done = bbws(*mend.split()[1:], "-o", "json")
    assert [(one["organisationId"], one["written"]) for one in done.json["items"]] == [(acme, 1)]
    assert bbws("audit", "restore", "--missing", "--platform").code == 0
    assert "Nothing is missing" in bbws("audit", "restore", "--missing").err
    assert bbws("audit", "archive").code == 0
    assert bbws("audit", "verify", "--org", acme, "--archive").code == 0


def test_an_archive_that_fails_says_for_whom(bbws: Run, platform: Platform, acme: str) -> None:
    platform.clock.advance(days=1)
    platform.storage.fail_at = {"put_once"}
    done = bbws("audit", "archive", "--org", acme)
    assert (done.code, "the bucket is gone" in done.err) == (1, True)


def test_a_hash_that_was_noted_is_compared(bbws: Run, acme: str) -> None:
    """Whoever rewrites a chain with its head is told by what somebody wrote down before."""
    noted = bbws("audit", "verify", "--org", acme, "-o", "json").json
    anchor = f"{noted['lastSequence']}:{noted['lastHash'].upper()}"
    assert bbws("audit", "verify", "--org", acme, "--anchor", anchor).code == 0
    assert bbws("audit", "verify", "--org", acme, "--anchor", f"{acme}:{anchor}").code == 0  # as the log has it
    other = bbws("audit", "verify", "--org", acme, "--anchor", f"org-other:{anchor}")
    assert (other.code, "another organisation" in other.err) == (2, True)
    forged = bbws("audit", "verify", "--org", acme, "--anchor", f"2:{'a' * 64}", "--anchor", anchor)
    assert (forged.code, "two hashes" in forged.err) == (2, True)
    forged = bbws("audit", "verify", "--org", acme, "--anchor", f"2:{'a' * 64}", "-o", "json")
    assert (forged.code, forged.json["findings"][0]["kind"], forged.json["findings"][0]["sequence"]) == (
        3,
        "ALTERED",
        2,
    )
    cut = bbws("audit", "verify", "--org", acme, "--anchor", f"3:{'a' * 64}")
    assert (cut.code, "the trail ends with event 2" in cut.err) == (3, True)


def test_an_organisation_that_the_table_has_lost_is_verified_from_the_bucket(
    bbws: Run, platform: Platform, acme: str
) -> None:
    platform.clock.advance(days=1)
    assert bbws("audit", "archive", "--org", acme).code == 0
    for item in platform.items():
        if str(item["PK"]).startswith(f"ORG#{acme}"):
            key = {name: {"S": item[name]} for name in ("PK", "SK")}
            platform.client.delete_item(TableName=platform.table.name, Key=key)
    assert bbws("audit", "verify", "--org", acme).code == 1
    found = bbws("audit", "verify", "--org", acme, "--archive", "-o", "json")
    assert (found.code, {one["kind"] for one in found.json["findings"]}) == (3, {"REMOVED", "TRUNCATED"})
    for nowhere in ("org-nowhere", "Acmee"):
        assert bbws("audit", "verify", "--org", nowhere, "--archive").code == 1


@pytest.mark.parametrize("word", ["", "2", f"0:{'a' * 64}", f"2:{'a' * 63}", f"2:{'g' * 64}", "💥:1", "9" * 5000])
def test_anchors_that_are_none(bbws: Run, acme: str, word: str) -> None:
    done = bbws("audit", "verify", "--org", acme, "--anchor", word)
    assert (done.code, "SEQUENCE:HASH" in done.err) == (2, True)
