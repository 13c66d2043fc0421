"""``access review`` as a page, a table and a file of cells."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.memory import Memory


def test_a_page_is_written_and_the_trail_says_so(office: Run, tmp_path: Path) -> None:
    target = tmp_path / "review.html"
    done = office("access", "review", "--html", str(target), "-o", "json")
    assert done.code == 0, done.err
    assert done.json["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    assert done.json["users"] == 3
    (event,) = office("audit", "query", "--action", "access.review", "-o", "json").json["items"]
    assert event["details"]["target"] == str(target)


def test_cells_are_no_formulas(office: Run, tmp_path: Path) -> None:
    office("users", "update", "ada@example.com", "--first-name", "=cmd()", "--last-name", "+1")
    target = tmp_path / "review.csv"
    assert office("access", "review", "--csv", str(target)).code == 0
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["email"] for row in rows} == {f"{name}@example.com" for name in ("ada", "li", "thandi")}
    assert {row["name"] for row in rows if row["email"].startswith("ada")} == {"'=cmd() +1"}
    assert {row["use"] for row in rows} <= {"used", "unused", "new", "unknown"}


def test_looking_leaves_no_trace(office: Run, acme_office: Memory) -> None:
    before = acme_office.table.state()
    for output in ("table", "json", "yaml", "csv", "jsonl"):
        done = office("access", "review", "-o", output)
        assert done.code == 0, done.err
        assert "ada@example.com" in done.out
    assert acme_office.table.state() == before


def test_what_cannot_be(office: Run, tmp_path: Path) -> None:
    both = office("access", "review", "--html", "a", "--csv", "b")
    assert (both.code, "give one of them" in both.err) == (2, True)
    nowhere = office("access", "review", "--html", str(tmp_path / "no" / "x.html"))
    assert (nowhere.code, "choose another place with --html" in nowhere.err) == (1, True)
    assert office("access", "review", "--days", "0").code == 2
