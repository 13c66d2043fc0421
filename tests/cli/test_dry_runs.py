"""Dry runs of the seed and of the trail's exports and archive: the exact changes, and nothing of them done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import Platform

pytestmark = pytest.mark.slow


def test_a_seed(bbws: Run, platform: Platform) -> None:
    told = bbws("table", "seed", "--dry-run", "-o", "json")
    assert told.code == 0, told.err
    assert platform.items() == []
    foretold = [one["action"] for one in told.json["changes"]]
    assert bbws("table", "seed").code == 0
    assert foretold == [item["action"] for item in platform.items() if item["SK"].startswith("EVENT#")]
    assert bbws("table", "seed", "--dry-run").out == "Nothing would change.\n"


def test_taking_over_defaults_ends_as_it_would_and_says_what_it_would_do(bbws: Run, platform: Platform) -> None:
    bbws("table", "seed")
    before = platform.items()
    done = bbws("table", "seed", "--take", "--dry-run")
    assert (done.code, done.out) == (0, "Nothing would change.\n")
    assert platform.items() == before


@pytest.mark.parametrize("to", ["file", "s3"])
def test_an_export(bbws: Run, platform: Platform, acme: str, tmp_path: Path, to: str) -> None:
    target = str(tmp_path / "trail.csv") if to == "file" else "s3"
    before = platform.items()
    done = bbws("audit", "export", "--org", acme, "--to", target, "--dry-run")
    assert done.code == 0, done.err
    assert done.out.startswith("audit.export audit ")
    assert "    count: 2\n" in done.out
    assert f"\nwrite {'s3://audit/exports/' if to == 's3' else target}" in done.out
    assert platform.items() == before
    assert platform.storage.objects == {}
    assert not (tmp_path / "trail.csv").exists()


def test_an_archive(bbws: Run, platform: Platform, acme: str, tmp_path: Path) -> None:
    day = platform.clock.now().date().isoformat()
    platform.clock.advance(days=1, hours=2)
    before = platform.items()
    done = bbws("audit", "archive", "--org", acme, "--dry-run")
    assert done.code == 0, done.err
    written = [line for line in done.out.splitlines() if line.startswith("write s3://audit/archive/")]
    assert len(written) == 2
    assert all(", locked until 20" in line for line in written)
    assert (platform.items(), platform.storage.objects) == (before, {})

    assert bbws("audit", "archive", "--org", acme).code == 0
    assert [line.split()[1].rstrip(":") for line in written] == [
        f"s3://audit/{key}" for key in platform.storage.objects
    ]
    back = bbws("audit", "restore", "--org", acme, "--day", day, "--to", str(tmp_path / "day.jsonl"), "--dry-run")
    assert (back.code, back.out) == (0, f"write {tmp_path / 'day.jsonl'}: 2 events\n")
    assert not (tmp_path / "day.jsonl").exists()
