"""``audit evidence`` at the command line."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bbws_access.errors import AccessError
from tests.cli.conftest import Run
from tests.conftest import Platform

pytestmark = pytest.mark.slow


def latest(bbws: Run, acme: str) -> Any:
    return bbws("audit", "query", "--org", acme, "-o", "json").json["items"][0]


@pytest.fixture
def archived(bbws: Run, platform: Platform, acme: str) -> str:
    """One day in the archive, and something done since."""
    platform.clock.advance(days=1)
    assert bbws("audit", "archive", "--org", acme).code == 0
    assert bbws("teams", "create", "Web", "--org", acme).code == 0
    return acme


def test_a_bundle_that_its_own_program_finds_sound(bbws: Run, archived: str, tmp_path: Path) -> None:
    target = tmp_path / "acme.zip"
    done = bbws("audit", "evidence", "--org", archived, "--bundle", str(target), "-o", "json")
    assert done.code == 0, done.err
    assert (done.json["count"], done.json["lastSequence"], done.json["manifests"]) == (3, 3, 1)
    assert done.json["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    event = latest(bbws, archived)
    assert (event["action"], event["outcome"]) == ("audit.evidence", "SUCCESS")
    assert (event["details"]["sha256"], event["details"]["count"]) == (done.json["sha256"], 3)

    with zipfile.ZipFile(target) as bundle:
        (tmp_path / "check.py").write_bytes(bundle.read("check.py"))
        assert "python3 -I check.py" in bundle.read("README.txt").decode()
    words = [sys.executable, "-I", str(tmp_path / "check.py"), str(target)]
    checked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert f"last event     3, hash {done.json['lastHash']}" in checked.stdout


def test_it_can_be_of_some_days(bbws: Run, archived: str, tmp_path: Path) -> None:
    words = ("--from", "2026-03-02", "--to", "2026-03-02", "--bundle", str(tmp_path / "x.zip"))
    assert bbws("audit", "evidence", "--org", archived, *words, "-o", "json").json["count"] == 1
    for wrong in (("--from", "tomorrow"), ("--from", "2031-01-01")):
        done = bbws("audit", "evidence", "--org", archived, *wrong, "--bundle", str(tmp_path / "y.zip"))
        assert done.code == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["x.zip", "x.zip.sha256"]


@pytest.mark.parametrize("broken", ["read", "record"])
def test_what_fails_leaves_no_half_bundle(
    bbws: Run, platform: Platform, archived: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    from bbws_access.services.audit_evidence import AuditEvidence

    def failing(*_: Any) -> None:
        raise AccessError("the trail is gone")

    target = tmp_path / "x.zip"
    target.write_bytes(b"an earlier one")
    if broken == "read":
        platform.storage.fail_at = {"read"}
    else:
        monkeypatch.setattr(AuditEvidence, "record", failing)
    done = bbws("audit", "evidence", "--org", archived, "--bundle", str(target), "--overwrite")
    assert (done.code, done.out) == (1, "")
    assert target.read_bytes() == b"an earlier one"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["x.zip"]
    event = latest(bbws, archived)
    assert (event["action"], event["outcome"]) == ("audit.evidence", "FAILURE")


def test_there_is_nothing_of_an_organisation_that_is_none(bbws: Run, acme: str, tmp_path: Path) -> None:
    done = bbws("audit", "evidence", "--org", "nowhere", "--bundle", str(tmp_path / "x.zip"))
    assert (done.code, list(tmp_path.glob("*.zip"))) == (1, [])
    nowhere = bbws("audit", "evidence", "--org", acme, "--bundle", str(tmp_path / "no" / "x.zip"))
    assert (nowhere.code, "choose another place with --bundle" in nowhere.err) == (1, True)
