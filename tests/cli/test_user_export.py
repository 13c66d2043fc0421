"""users export: everybody, with what they hold, in a file that spreadsheets cannot be tricked with."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from bbws_access.errors import Unreachable
from tests.cli.conftest import Run
from tests.cli.memory import Memory


def test_a_csv_of_everybody(office: Run, tmp_path: Path) -> None:
    assert office("users", "update", "li@example.com", "--first-name", "=1+1").code == 0
    assert office("users", "deactivate", "thandi@example.com", "--yes").code == 0
    target = tmp_path / "people.csv"
    done = office("users", "export", str(target), "-o", "json")
    assert (done.code, done.json["users"], done.json["bytes"]) == (0, 3, target.stat().st_size)
    with target.open(newline="") as file:
        rows = {row["email"]: row for row in csv.DictReader(file)}
    assert (rows["li@example.com"]["firstName"], rows["li@example.com"]["roles"]) == ("'=1+1", "SITE_VIEWER")
    assert rows["ada@example.com"]["teams"] == "Web: TEAM_LEAD"
    gone = rows["thandi@example.com"]
    assert (gone["active"], gone["roles"], gone["teams"]) == ("false", "", "")


def test_json_lines_of_everybody(office: Run, tmp_path: Path) -> None:
    target = tmp_path / "people.jsonl"
    assert office("users", "export", str(target)).code == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert {one["email"]: one["roles"] for one in rows}["li@example.com"] == ["SITE_VIEWER"]


def test_who_took_a_copy_of_everybody_is_in_the_trail(
    office: Run, acme_office: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the file has its name: where the trail cannot be reached, there is none."""
    for words, action in ((("users", "export"), "users.export"), (("export", "-f"), "organisation.export")):
        target = tmp_path / ("people.csv" if action == "users.export" else "acme.yaml")
        assert office(*words, str(target)).code == 0
        (told,) = office("audit", "query", "--action", action, "-o", "json").json["items"]
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        assert (told["eventType"], told["outcome"]) == ("CONFIGURATION", "SUCCESS")
        assert (told["details"]["target"], told["details"]["sha256"]) == (str(target), digest)
        assert told["details"]["count"] > 0
        target.unlink()
        with monkeypatch.context() as patch:
            patch.setattr(acme_office.table, "transact", _unreachable)
            done = office(*words, str(target))
        assert (done.code, "does not answer" in done.err) == (1, True)
        assert not list(tmp_path.iterdir())


def _unreachable(_: object) -> None:
    raise Unreachable("the table does not answer")


def test_a_file_of_another_kind(office: Run, tmp_path: Path) -> None:
    done = office("users", "export", str(tmp_path / "people.xlsx"))
    assert (done.code, done.err) == (2, f"error: {tmp_path / 'people.xlsx'}: is neither .csv nor .jsonl\n")


def test_an_organisation_without_members(office: Run, tmp_path: Path) -> None:
    target = tmp_path / "people.csv"
    assert office("users", "export", str(target), "--org", "Globex").code == 0
    assert target.read_text().splitlines() == ["email,firstName,lastName,active,roles,teams,since,userId"]


def test_who_cannot_be_offboarded_without_an_heir(office: Run) -> None:
    for user in ("ada@example.com", "li@example.com"):
        assert office("users", "offboard", user, "--yes").code == 0
    done = office("users", "offboard", "thandi@example.com", "--yes")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith(
        "error: no lead would be left in: Web; say with --hand-over-to who leads them from now on\n"
    )
