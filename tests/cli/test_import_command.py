"""users import on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import session as session_module
from tests.bulk.crowd import CountingTable, Killed, csv_of
from tests.cli.conftest import Run
from tests.cli.memory import Memory

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("bbws_access.migrations.rate.TokenBucket.take", lambda _, units: found.append(units))
    return found


def mails(memory: Memory) -> list[str]:
    mailer: Any = memory.world.mailer
    return [mail.to for mail in mailer.sent]


def test_three_bad_rows_in_ten_thousand_and_nothing_is_written(
    office: Run, acme_office: Memory, tmp_path: Path
) -> None:
    bad = {17: "nobody,SITE_VIEWER,,", 5_000: "p5000@example.com,NO_ROLE,,", 9_999: "p3@example.com,SITE_VIEWER,,"}
    path = csv_of(tmp_path, 10_000, bad=bad)
    before, sent = acme_office.table.state(), mails(acme_office)
    done = office("users", "import", str(path), "--yes", "-o", "json")
    assert done.code == 2
    assert [(one["line"], one["cause"].split(":")[0]) for one in done.json["items"]] == [
        (19, "email"),
        (5_002, "there is no role 'NO_ROLE'"),
        (10_001, "p3@example.com stands in line 5 too"),
    ]
    assert done.err == f"error: {path}: 3 of 10,000 rows do not fit, and nothing was written\n"
    assert (acme_office.table.state(), mails(acme_office)) == (before, sent)
    assert list(tmp_path.glob("*.report*")) == []
    rehearsed = office("users", "import", str(path), "--dry-run")
    assert (rehearsed.code, "there is no role 'NO_ROLE'" in rehearsed.out) == (2, True)


def test_each_row_has_a_line_in_the_report(office: Run, acme_office: Memory, tmp_path: Path) -> None:
    path = csv_of(tmp_path, 30)
    done = office("users", "import", str(path), "--yes", "--rate", "20", "-o", "json")
    assert done.code == 0, done.err
    report = Path(f"{path}.report.jsonl")
    assert done.json == {
        "rows": 30, "invited": 30, "sentAgain": 0, "assigned": 0, "alreadySo": 0, "failed": 0, "report": str(report)
    }  # fmt: skip
    foretold = "30 rows: 30 to invite, 0 to send again, 0 to assign, 0 already so; 30 emails, 20 a second at most."
    assert foretold in done.err
    about, *rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert (about["file"], len(about["sha256"])) == ("people.csv", 64)
    assert [(one["line"], one["email"], one["outcome"]) for one in rows] == [
        (n + 2, f"p{n}@example.com", "invited") for n in range(30)
    ]
    again = office("users", "import", str(path), "--yes")
    assert (again.code, again.out) == (1, "")
    assert again.err.endswith("was begun; go on with --resume, or choose another --report\n")
    sent = mails(acme_office)
    resumed = office("users", "import", str(path), "--yes", "--resume", "-o", "json")
    assert (resumed.code, resumed.json["rows"], resumed.json["invited"]) == (0, 30, 0)
    assert mails(acme_office) == sent


def test_a_run_that_was_killed_goes_on(office: Run, acme_office: Memory, tmp_path: Path, monkeypatch: Any) -> None:
    from dataclasses import replace

    path = csv_of(tmp_path, 200)
    before = len(mails(acme_office))
    table = CountingTable(acme_office.table)
    table.dies_after = 150
    monkeypatch.setattr(session_module.Session, "world", replace(acme_office.world, table=table))
    with pytest.raises(Killed):
        office("users", "import", str(path), "--yes")
    assert 20 < len(mails(acme_office)) - before < 180
    table.dies_after = None
    done = office("users", "import", str(path), "--yes", "--resume", "-o", "json")
    assert done.code == 0, done.err
    sent = mails(acme_office)[before:]
    assert len(set(sent)) == 200
    assert len(sent) <= 201
    lines = Path(f"{path}.report.jsonl").read_text().splitlines()[1:]
    assert sorted(json.loads(line)["line"] for line in lines) == list(range(2, 202))


def test_it_stops_in_an_organisation_that_is_deactivated_meanwhile(
    office: Run, acme_office: Memory, tmp_path: Path, monkeypatch: Any
) -> None:
    path, mailer = csv_of(tmp_path, 120), acme_office.world.mailer
    send, acme = mailer.send, office("orgs", "show", "Acme", "-o", "json").json["organisationId"]

    def send_and_deactivate(mail: Any) -> None:
        send(mail)
        if mail.to == "p10@example.com":
            assert office("orgs", "deactivate", "Acme", "--yes").code == 0

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(mailer, "send", send_and_deactivate)
        done = office("users", "import", str(path), "--yes", "-o", "json")
    assert (done.code, done.out) == (5, "")
    (line,) = [line for line in done.err.splitlines() if line.startswith("error: ")]
    count = line.split()[3]
    assert line == (
        f"error: stopped after {count} of 120 rows, and --resume goes on with the others: organisation Acme is "
        f"deactivated; try: bbws-access orgs reactivate {acme}"
    )
    report = Path(f"{path}.report.jsonl").read_text().splitlines()[1:]
    assert {json.loads(one)["outcome"] for one in report} == {"invited"}
    assert len(report) == int(count) < 120
    again = office("users", "import", str(path), "--yes", "--resume")
    assert (again.code, "organisation Acme is deactivated" in again.err) == (1, True)
    assert office("orgs", "reactivate", "Acme").code == 0
    resumed = office("users", "import", str(path), "--yes", "--resume", "-o", "json")
    assert (resumed.code, resumed.json["invited"], resumed.json["failed"]) == (0, 120 - int(count), 0)
    sent = [to for to in mails(acme_office) if to.startswith("p")]
    assert len(set(sent)) == len(sent) == 120


def test_an_interrupt_says_how_far_it_came_and_what_goes_on(
    office: Run, acme_office: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, mailer = csv_of(tmp_path, 20), acme_office.world.mailer
    send = mailer.send

    def interrupted(mail: Any) -> None:
        send(mail)
        if mail.to == "p10@example.com":
            raise KeyboardInterrupt

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(mailer, "send", interrupted)
        done = office("users", "import", str(path), "--yes", "--quiet")
    assert (done.code, done.out) == (130, "")
    stopped, said = done.err.splitlines()
    assert (stopped.endswith(" of 20 rows; --resume goes on."), said) == (True, "interrupted")
    rows = len(Path(f"{path}.report.jsonl").read_text().splitlines()) - 1
    assert stopped.startswith(f"Stopped after {rows} of")
    assert office("users", "import", str(path), "--yes", "--resume").code == 0


def test_rows_that_failed_are_said_and_tried_again(office: Run, acme_office: Memory, tmp_path: Path) -> None:
    mailer: Any = acme_office.world.mailer
    path = csv_of(tmp_path, 4)
    mailer.broken = True
    done = office("users", "import", str(path), "--yes", "--quiet")
    assert done.code == 1
    assert "4 rows failed; the report says why. Try them again with --resume." in done.err
    mailer.broken = False
    done = office("users", "import", str(path), "--yes", "--resume", "-o", "json")
    assert (done.code, done.json["sentAgain"], done.json["failed"]) == (0, 4, 0)


def test_another_file_is_not_resumed(office: Run, tmp_path: Path) -> None:
    path = csv_of(tmp_path, 2)
    assert office("users", "import", str(path), "--yes").code == 0
    csv_of(tmp_path, 3)
    done = office("users", "import", str(path), "--yes", "--resume")
    assert (done.code, "is about another content of the file" in done.err) == (2, True)
    elsewhere = office("users", "import", str(path), "--yes", "--resume", "--org", "Globex")
    assert elsewhere.code == 2


def test_emails_wait_for_their_turn(office: Run, tmp_path: Path, waits: list[float]) -> None:
    path = csv_of(tmp_path, 3)
    assert office("users", "import", str(path), "--yes", "--rate", "0.5").code == 0
    assert waits == [2.0] * 3  # seconds, of which one passes in a second
    assert office("users", "import", str(path), "--rate", "0").code == 2
