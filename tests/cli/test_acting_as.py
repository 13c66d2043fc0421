"""``--as``: a member's own rights at the command line, and their name in the trail; on one's own machine only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bbws_access.errors import Denied
from bbws_access.services.teams import Teams
from tests.cli.conftest import Run
from tests.cli.memory import Memory

USER = "thandi@example.com"


def test_a_member_is_held_to_what_they_hold(office: Run, acme_office: Memory) -> None:
    before = acme_office.table.state()
    done = office("roles", "create", "OWN", "--permission", "site:read", "--as", USER)
    assert (done.code, done.out) == (4, "")
    assert "role:create is needed for this" in done.err
    assert f" · as {USER}\n" in done.err
    after = acme_office.table.state()
    (told,) = [item for key, item in after.items() if key not in before and item is not None]
    assert {key: item for key, item in after.items() if key in before} == before
    assert (told["action"], told["outcome"], told["userEmail"]) == ("authorize", "DENIED", USER)
    assert (told["resourceId"], told["details"]["code"]) == ("bbws-access roles create", "PERMISSION_DENIED")


@pytest.mark.parametrize(
    "words",
    [
        ("users", "export", "FILE.csv"),
        ("export", "--file", "FILE.yaml"),
        ("audit", "export", "--from", "2026-02-01", "--to", "2026-02-02"),
        ("audit", "report", "--html", "FILE.html", "--since", "2h"),
        ("audit", "evidence", "--from", "2026-02-01", "--bundle", "FILE.zip"),
        ("access", "review", "--html", "FILE.html"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_refusal_is_told_once_also_of_what_tells_of_itself(
    office: Run, acme_office: Memory, tmp_path: Path, words: tuple[str, ...]
) -> None:
    before = acme_office.table.state()
    typed = [str(tmp_path / word) if word.startswith("FILE") else word for word in words]
    done = office(*typed, "--as", USER)
    assert (done.code, done.out) == (4, ""), done.err
    new = [item for key, item in acme_office.table.state().items() if item and before.get(key) != item]
    assert [(item.get("action"), item.get("outcome"), item.get("userEmail")) for item in new] == [
        ("authorize", "DENIED", USER)
    ]


def test_a_dry_run_that_is_denied_leaves_nothing(office: Run, acme_office: Memory) -> None:
    before = acme_office.table.state()
    assert office("roles", "create", "OWN", "--permission", "site:read", "--as", USER, "--dry-run").code == 4
    assert acme_office.table.state() == before


def test_what_aws_denies_is_not_laid_to_their_charge(
    office: Run, acme_office: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise Denied("AWS does not allow Query", code="AWS_DENIED", details={"awsCode": "AccessDeniedException"})

    monkeypatch.setattr(Teams, "page", denied)
    before = acme_office.table.state()
    assert office("teams", "list", "--as", USER).code == 4
    assert acme_office.table.state() == before


def test_what_they_do_is_in_the_trail_under_their_name(office: Run) -> None:
    assert office("roles", "assign", "ORG_ADMIN", USER).code == 0
    assert office("--as", USER, "teams", "create", "Ops").code == 0
    (event,) = office("audit", "query", "--action", "team.create", "-o", "json").json["items"][:1]
    assert event["userEmail"] == USER


def test_an_argument_names_the_organisation_too(office: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BBWS_ACCESS_ORG")
    done = office("--as", USER, "orgs", "deactivate", "Acme", "--yes")
    assert (done.code, "is needed for this" in done.err) == (4, True)
    assert office("--as", USER, "orgs", "show", "Acme", "-o", "json").code == 4
    assert office("roles", "assign", "ORG_ADMIN", "ada@example.com", "--org", "Acme").code == 0
    assert office("--as", "ada@example.com", "orgs", "show", "Acme", "-o", "json").json["name"] == "Acme"
    elsewhere = office("--as", USER, "--org", "Globex", "orgs", "show", "Acme")
    assert (elsewhere.code, "which organisation" in elsewhere.err) == (1, False)


def test_before_the_command_or_after_it(office: Run) -> None:
    assert office("--as", USER, "access", "show", USER).code == 0
    assert office("access", "show", USER, "--as", USER).code == 0
    assert office("access", "show", "ada@example.com", "--as", USER).code == 4


@pytest.mark.parametrize("nobody", ["nobody@example.com", "", "x" * 3000, "Ünïcode@example.com", "a\x1b[31mb"])
def test_nobody_is_nobody(office: Run, nobody: str) -> None:
    done = office("teams", "create", "Ops", "--as", nobody)
    if nobody:
        assert (done.code, done.out) == (1, "")
        assert "\x1b" not in done.err


def test_who_was_deactivated_does_nothing(office: Run) -> None:
    assert office("users", "deactivate", USER, "--yes").code == 0
    done = office("teams", "list", "--as", USER)
    assert (done.code, done.out) == (4, "")
    assert "deactivated" in done.err


def test_outside_of_local_one_is_who_aws_says(office: Run) -> None:
    done = office("teams", "list", "--env", "dev", "--as", USER)
    assert (done.code, done.out) == (4, "")
    assert "--as is for the local environment" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("table", "backup", "--to", "FILE.gz"),
        ("table", "verify"),
        ("table", "stats"),
        ("env", "list"),
        ("table", "seed"),
    ],
    ids=" ".join,
)
def test_no_member_does_what_is_for_operators(
    office: Run, acme_office: Memory, tmp_path: Path, words: tuple[str, ...]
) -> None:
    before = acme_office.table.state()
    done = office(*[str(tmp_path / word) if word.startswith("FILE") else word for word in words], "--as", USER)
    assert (done.code, done.out) == (4, "")
    assert "for operators; leave --as away" in done.err
    assert acme_office.table.state() == before
    assert not list(tmp_path.glob("FILE*"))
