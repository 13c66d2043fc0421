"""Who gains and who loses is said before a role changes, and changes nothing of what the command prints."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.cli.memory import Memory

GAIN = "3 users gain site:backup in team Web."


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_it_is_said_before(office: Run, more: tuple[str, ...]) -> None:
    done = office("roles", "set-permissions", "SITE_VIEWER", "--add", "site:backup", *more)
    assert done.code == 0
    lines = done.err.splitlines()
    assert lines.index(GAIN) < len(lines) - 1
    assert GAIN not in done.out


def test_giving_and_taking_too(office: Run) -> None:
    given = office("roles", "assign", "SITE_ADMIN", "ada@example.com", "-o", "json")
    assert "1 user gains " in given.err
    assert given.json["roleName"] == "SITE_ADMIN"
    taken = office("roles", "revoke", "SITE_ADMIN", "ada@example.com", "--yes")
    assert "1 user loses " in taken.err
    again = office("roles", "set-permissions", "SITE_VIEWER", "site:read")
    assert "Nobody gains or loses anything by this." in again.err


def test_whoever_wants_quiet_is_told_nothing(office: Run) -> None:
    done = office("roles", "set-permissions", "SITE_VIEWER", "--add", "site:backup", "--quiet")
    assert (done.code, "gain" in done.err) == (0, False)


def test_what_is_refused_is_refused_as_ever(office: Run, acme_office: Memory) -> None:
    before = acme_office.table.state()
    done = office("roles", "set-permissions", "SITE_VIEWER", "--add", "no such thing")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert acme_office.table.state() == before
    held = office("roles", "assign", "SITE_VIEWER", "ada@example.com")
    assert (held.code, held.err.splitlines()[-1].startswith("error: the user holds SITE_VIEWER already")) == (1, True)
    new = [item for key, item in acme_office.table.state().items() if item and before.get(key) != item]
    assert [item.get("outcome") for item in new] == ["FAILURE"], "that somebody tried"


def test_a_part_of_a_wildcard_cannot_be_taken_away(office: Run) -> None:
    done = office("access", "impact", "role", "ORG_ADMIN", "--remove", "user:delete")
    assert done.code == 2
    assert "the role does not grant user:delete by itself: user:* does" in done.err


def test_a_machine_can_stop_on_it(office: Run) -> None:
    same = office("access", "impact", "role", "SITE_VIEWER", "site:read", "--detailed-exitcode")
    assert (same.code, same.out) == (0, "")
    other = office("access", "impact", "role", "SITE_VIEWER", "site:update", "--detailed-exitcode", "-o", "json")
    assert other.code == 3
    assert [(s["email"], s["gains"], s["loses"]) for s in other.json["shifts"]] == [
        (f"{name}@example.com", ["site:update in team Web"], ["site:read in team Web"])
        for name in ("ada", "li", "thandi")
    ]
    seats = office("access", "impact", "team-role", "TEAM_LEAD", "--remove", "CAN_UPDATE_TEAM", "-o", "json").json
    assert seats["complete"] is True
