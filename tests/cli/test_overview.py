"""The program's name alone: an overview for a person, the help for a machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bbws_access import keys
from bbws_access.clock import iso
from bbws_access.services.archive import Archive
from cli import asking, overview
from cli.session import Session
from tests.cli.conftest import Run
from tests.cli.memory import Memory


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "somebody_reads", lambda: True)


@pytest.fixture
def stood_up(office: Run, tmp_path: Path) -> Run:
    kept = tmp_path / "state" / "local" / "outputs.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"dynamodb_table_name": "the-table", "api_url": "http://127.0.0.1:1"}))
    return office


def lines(out: str) -> dict[str, tuple[str, str]]:
    """Mark and words by name."""
    found = (line.strip() for line in out.splitlines())
    return {line[2:14].strip(): (line[0], line[16:]) for line in found if line[:2] in {"✓ ", "! "}}


def test_a_machine_gets_the_help(bare: Run) -> None:
    for words in ([], ["users"], ["--env", "dev"]):
        done = bare(*words)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("Usage: bbws-access ")
        assert "Commands:" in done.err


def test_a_person_sees_where_they_are(stood_up: Run, terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "datetime", Clock)
    done = stood_up()
    assert (done.code, done.err) == (0, "")
    assert "user/ops" in done.out
    assert "Acme" in done.out
    told = lines(done.out)
    assert told["invitations"] == ("✓", "1 pending")
    assert told["archive"] == ("✓", "nothing archived yet")
    # Nothing listens there: that is said of each part, and holds up none of the others.
    assert told["table"] == ("!", "table does not answer")
    assert told["alarms"] == ("!", "alarms does not answer")
    assert "bbws-access --help" in done.out


class Clock:
    """The day on which the office's invitations were sent."""

    @staticmethod
    def now(_: Any) -> Any:
        from tests.fakes import FixedClock

        return FixedClock().now()

    @staticmethod
    def fromisoformat(text: str) -> Any:
        from datetime import UTC, datetime

        return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_what_needs_attention(
    stood_up: Run, acme_office: Memory, terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    monkeypatch.delenv("BBWS_ACCESS_ORG")
    later = type("Later", (Clock,), {"now": staticmethod(lambda _: Clock.now(None) + timedelta(days=6))})
    monkeypatch.setattr(overview, "datetime", later)
    before = acme_office.table.state()
    told = lines(stood_up().out)
    assert told["invitations"] == ("!", "1 pending, 1 of them for less than 2 days more")
    assert acme_office.table.state() == before
    head = {**keys.archive_head_key(keys.PLATFORM), "organisationId": keys.PLATFORM, "manifestDigest": "0" * 64}
    day = iso(Clock.now(None) - timedelta(days=3))[:10]
    acme_office.table.put_all([{**head, "date": day, "number": 1, "entityType": "ARCHIVE_HEAD"}])
    assert lines(stood_up().out)["archive"] == ("!", f"up to {day}, 9 days ago")


def test_an_organisation_that_is_deactivated_is_said_to_be(stood_up: Run, terminal: None) -> None:
    assert "organisation" not in lines(stood_up().out)
    assert stood_up("orgs", "deactivate", "Acme", "--yes").code == 0
    assert lines(stood_up().out)["organisation"] == ("!", "Acme is deactivated")


def test_nothing_stood_up(bare: Run, terminal: None) -> None:
    done = bare()
    assert done.code == 0
    assert "! environment  environment local has not been stood up from here" in done.out
    assert done.out.endswith("Next: bbws-access env up local\n")


def test_an_environment_that_is_down(bare: Run, tmp_path: Path, terminal: None) -> None:
    kept = tmp_path / "state" / "local" / "outputs.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    done = bare()
    assert done.code == 0
    assert "! environment  the local AWS is not running" in done.out
    assert done.out.endswith("Next: bbws-access env up local\n")
    told = json.loads(bare("-o", "json").out)
    assert told["attention"] == [{"name": "environment", "ok": False, "says": "the local AWS is not running"}]


def test_one_part_that_fails_leaves_the_others(stood_up: Run, terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from bbws_access.errors import Busy

    def busy(*_: Any) -> Any:
        raise Busy("the table is throttled")

    monkeypatch.setattr(Archive, "reached", busy)
    told = lines(stood_up().out)
    assert told["archive"] == ("!", "the table is throttled")
    assert told["invitations"][1].startswith("1 pending")


def test_a_glance_gives_up_soon(stood_up: Run) -> None:
    from cli.overrides import Overrides

    session = Session(Overrides())
    session.hurried = True
    config = session.client("sqs").meta.config
    assert (config.retries["total_max_attempts"], config.read_timeout < 10) == (1, True)
