"""users export: everybody, with what they hold, in a file that spreadsheets cannot be tricked with."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.conftest import Run


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
