"""``audit report`` at the command line."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import Platform

pytestmark = pytest.mark.slow


@pytest.fixture
def acme(platform: Platform) -> str:
    return platform.organisation().organisation_id


def actions(bbws: Run, acme: str) -> list[str]:
    found = bbws("audit", "query", "--org", acme, "-o", "json").json["items"]
    return [event["action"] for event in found]


def test_a_report_is_one_file_and_an_event(bbws: Run, acme: str, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    words = ("--from", "2026-03-01", "--to", "2026-03-01", "--html", str(target), "-o", "json")
    done = bbws("audit", "report", "--org", "Acme", *words)
    assert (done.code, done.json["count"], done.json["denied"]) == (0, 2, 0)
    assert (done.json["from"], done.json["until"]) == ("2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z")
    body = target.read_bytes()
    assert (done.json["bytes"], done.json["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert body.startswith(b"<!doctype html>")
    assert b"<bdi>Acme</bdi>" in body
    assert actions(bbws, acme)[0] == "audit.report"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]


def test_the_platform_has_one_too(bbws: Run, tmp_path: Path) -> None:
    bbws("table", "seed")
    done = bbws("audit", "report", "--platform", "--html", str(tmp_path / "p.html"), "-o", "json")
    assert (done.code, done.json["count"]) == (0, 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "yesterday"), "--from 'yesterday' is not a time"),
        (("--to", "2026-02-30"), "--to '2026-02-30' is not a time"),
        (("--since", "-5"), "--since '-5' is not a time"),
        (("--since", "2h", "--from", "2026-03-01"), "--from and --since say the same"),
        (("--from", "2026-03-02", "--to", "2026-03-01"), "the range ends before it begins"),
    ],
)
def test_a_range_that_is_none(bbws: Run, acme: str, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = bbws("audit", "report", "--org", acme, "--html", str(tmp_path / "x.html"), *words)
    assert done.code == 2
    assert told in done.err
    assert not (tmp_path / "x.html").exists()


def test_where_nothing_can_be_written_a_failure_is_recorded(bbws: Run, acme: str, tmp_path: Path) -> None:
    done = bbws("audit", "report", "--org", acme, "--html", str(tmp_path / "no" / "x.html"))
    assert done.code == 1
    assert "choose another place with --html" in done.err
    latest = bbws("audit", "query", "--org", acme, "-o", "json").json["items"][0]
    assert (latest["action"], latest["outcome"]) == ("audit.report", "FAILURE")
    assert latest["details"] == {"error": "CANNOT_WRITE"}


def test_what_cannot_be_recorded_is_not_handed_out(
    bbws: Run, platform: Platform, acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "the table is gone")

    monkeypatch.setattr(type(platform.services.audit_reports), "record", broken)
    target = tmp_path / "x.html"
    target.write_text("earlier")
    assert bbws("audit", "report", "--org", acme, "--html", str(target), "--overwrite").code == 1
    assert target.read_text() == "earlier"
    monkeypatch.setattr(type(platform.services.audit), "record_export", broken)
    assert bbws("audit", "export", "--org", acme, "--to", str(target), "--overwrite").code == 1
    assert [p.read_text() for p in tmp_path.iterdir() if p.is_file()] == ["earlier"]


def test_without_the_extra_it_says_what_to_install(
    bbws: Run, acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pygal", None)
    done = bbws("audit", "report", "--org", acme, "--html", str(tmp_path / "x.html"))
    assert done.code == 1
    assert done.err == "error: the report needs pygal, which is not installed; pip install 'bbws-access[report]'\n"
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = bbws("audit", "export", "--org", acme, "--format", "parquet", "--to", str(tmp_path / "x.parquet"))
    assert done.code == 1
    assert done.err.endswith("needs pyarrow, which is not installed; pip install 'bbws-access[parquet]'\n")
    assert not [p for p in tmp_path.iterdir() if p.is_file()]


def test_parquet_goes_to_a_file_and_to_the_bucket(bbws: Run, platform: Platform, acme: str, tmp_path: Path) -> None:
    import pyarrow.parquet

    target = tmp_path / "x.parquet"
    words = ("audit", "export", "--org", acme, "--format", "parquet", "--to")
    assert bbws(*words, str(target), "-o", "json").json["count"] == 2
    assert pyarrow.parquet.read_table(target).column("sequence").to_pylist() == [1, 2]
    done = bbws(*words, "s3", "-o", "json").json
    assert done["to"].endswith(".parquet")
    assert platform.storage.objects[done["to"].removeprefix("s3://audit/")].startswith(b"PAR1")


def test_the_page_says_how_the_verification_ended(bbws: Run, platform: Platform, acme: str, tmp_path: Path) -> None:
    target = tmp_path / "x.html"
    words = ("audit", "report", "--org", acme, "--from", "2026-03-01", "--html", str(target), "-o", "json")
    assert bbws(*words).json["findings"] == 0
    page = target.read_text(encoding="utf-8")
    assert "<b>Intact</b> <span>verification</span>" in page
    assert "the chain of 2 events in the days 2026-03-01 to 2026-03-01" in page
    assert "archived objects, their manifests" not in page
    (event,) = [i for i in platform.items() if i.get("action") == "organisation.create"]
    platform.client.update_item(
        TableName=platform.table.name,
        Key={"PK": {"S": event["PK"]}, "SK": {"S": event["SK"]}},
        UpdateExpression="SET userEmail = :who",
        ExpressionAttributeValues={":who": {"S": "mallory@example.com"}},
    )
    assert bbws(*words, "--archive", "--overwrite").json["findings"] == 1
    page = target.read_text(encoding="utf-8")
    assert "<b>1 wrong</b> <span>verification</span>" in page
    assert "event 1 does not have the hash that it was written with" in page
    assert "ALTERED" in page
    assert "archived objects, their manifests" in page


def test_an_export_that_fails_is_told_of(bbws: Run, platform: Platform, acme: str) -> None:
    platform.storage.fail_at = {"put_export"}
    assert bbws("audit", "export", "--org", acme, "--to", "s3").code == 1
    latest = bbws("audit", "query", "--org", acme, "-o", "json").json["items"][0]
    assert (latest["action"], latest["outcome"]) == ("audit.export", "FAILURE")


def checked(target: Path) -> int:
    words = ["sha256sum", "--strict", "-c", "--", f"{target.name}.sha256"]
    return subprocess.run(words, cwd=target.parent, capture_output=True, check=False).returncode


@pytest.mark.parametrize("name", ["x.csv", "é 😀.csv", "back\\slash.csv", "two\nlines.csv", "-c"])
def test_a_digest_lies_beside_an_export(bbws: Run, acme: str, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    assert bbws("audit", "export", "--org", acme, "--to", str(target)).code == 0
    assert checked(target) == 0
    target.write_bytes(target.read_bytes() + b"x")
    assert checked(target) == 1
    assert bbws("audit", "export", "--org", acme, "--to", str(target), "--overwrite").code == 0
    assert checked(target) == 0


def test_no_digest_of_an_earlier_export_lies_beside_a_later_one(
    bbws: Run, acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is cut off between the two files."""
    target = tmp_path / "x.csv"
    assert bbws("audit", "export", "--org", acme, "--to", str(target)).code == 0
    first = target.read_bytes()

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bbws_access.whole_file.digest_line", broken)
    done = bbws("audit", "export", "--org", acme, "--to", str(target), "--overwrite")
    assert (done.code, "cannot write" in done.err) == (1, True)
    assert target.read_bytes() != first
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["x.csv"]
