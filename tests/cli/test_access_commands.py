"""Who may do what, and why: the answers that an administrator reads, and the exit codes that a script does."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run

USER = "thandi@example.com"


def test_no_says_what_would_give_it(office: Run) -> None:
    done = office("access", "can", USER, "role:create")
    assert done.code == 4
    assert done.out.splitlines()[0] == f"no  {USER}  role:create"
    assert "role ORG_ADMIN gives it" in done.out


def test_what_is_held_in_a_team_only_is_said_when_no_team_is_named(office: Run) -> None:
    done = office("access", "can", USER, "site:read")
    assert done.code == 4
    assert "they hold it in team Web" in done.out
    assert "role ORG_ADMIN gives it\n" in done.out
    assert "role SITE_ADMIN gives it in their teams alone\n" in done.out
    elsewhere = office("access", "can", USER, "site:read", "--team", "Shop")
    assert "role SITE_VIEWER, which they hold, gives it to who is in the team\n" in elsewhere.out


@pytest.mark.parametrize("right", ["CAN_MANAGE_MEMBERS", "team:member:add"])
def test_a_capability_is_held_in_its_team(office: Run, right: str) -> None:
    done = office("access", "can", USER, right, "--team", "Web", "-o", "json")
    assert (done.code, done.json["allowed"]) == (0, True)
    assert [(g["reach"], g["name"], g["teamName"]) for g in done.json["through"]] == [("SEAT", "TEAM_LEAD", "Web")]
    assert office("access", "can", USER, right, "--team", "Shop").code == 4


def test_a_capability_without_a_team_is_no_question(office: Run) -> None:
    done = office("access", "can", USER, "CAN_MANAGE_MEMBERS")
    assert (done.code, done.out) == (2, "")
    assert "--team" in done.err


@pytest.mark.parametrize("wrong", ["", "site", "site read", "*", "Ünïcode:x", "x" * 5000, "site:read\x1b[31m"])
def test_what_is_no_permission(office: Run, wrong: str) -> None:
    for words in (["can", USER, wrong], ["who", wrong]):
        done = office("access", *words)
        assert (done.code, done.out) == (2, ""), done.err
        assert "\x1b" not in done.err


def test_somebody_who_was_deactivated_holds_nothing_and_is_told_so(office: Run) -> None:
    assert office("users", "deactivate", USER, "--yes").code == 0
    done = office("access", "can", USER, "site:read", "--team", "Web")
    assert done.code == 4
    assert "USER_INACTIVE" in done.out
    assert "turned away: USER_INACTIVE" in office("access", "show", USER).out
    told = office("access", "explain", USER, "GET", "/v1/platform/roles", "-o", "json")
    assert (told.code, told.json["code"]) == (4, "USER_INACTIVE")
    assert USER not in office("access", "who", "site:read").out


def test_a_role_that_was_deactivated_gives_nothing_and_stays_in_sight(office: Run) -> None:
    assert office("roles", "create", "PUBLISHER", "--permission", "site:publish").code == 0
    assert office("roles", "assign", "PUBLISHER", USER).code == 0
    assert office("access", "can", USER, "site:publish").code == 0
    assert USER in office("access", "who", "site:publish").out
    assert office("roles", "revoke", "PUBLISHER", USER, "--yes").code == 0
    assert office("access", "can", USER, "site:publish").code == 4


@pytest.mark.parametrize(
    ("request_line", "code", "verdict"),
    [
        ("GET /v1/platform/permissions", 0, "ALLOWED"),
        ("POST /v1/invitations/x/accept", 0, "ALLOWED"),
        ("GET /v1/organisations/{orgId}/users/{userId}/teams", 0, "ALLOWED"),
        ("POST /v1/organisations/{orgId}/roles", 4, "PERMISSION_DENIED"),
        ("GET /organisations/{orgId}/users/{userId}/teams", 0, "ALLOWED"),
        ("GET /v1/organisations/org-other/teams", 4, "ORG_ACCESS_DENIED"),
        ("GET /v1/nowhere", 4, "NO_SUCH_ENDPOINT"),
        ("DELETE /v1/platform/permissions", 4, "NO_SUCH_ENDPOINT"),
    ],
)
def test_a_request_is_explained_to_its_end(office: Run, request_line: str, code: int, verdict: str) -> None:
    done = office("access", "explain", USER, *request_line.split())
    assert (done.code, done.out.splitlines()[-1]) == (code, verdict)


def test_two_people_are_compared(office: Run) -> None:
    assert office("access", "diff", USER, "ada@example.com", "--detailed-exitcode").code == 0
    assert office("roles", "assign", "SITE_ADMIN", USER).code == 0
    done = office("access", "diff", USER, "ada@example.com", "--detailed-exitcode", "-o", "json")
    assert done.code == 3
    assert {row["first"] for row in done.json["items"] if not row["second"]} == {True}


def test_coverage_of_what_is_delivered_is_whole(office: Run) -> None:
    done = office("api", "coverage", "-o", "json")
    assert done.code == 0
    assert not any(row["needsAttention"] for row in done.json["items"])


def test_what_no_role_gives_is_said_with_what_would(office: Run) -> None:
    done = office("access", "can", USER, "audit:export")
    assert done.code == 4
    assert "no role of the organisation gives it: bbws-access roles create NAME --permission audit:export" in done.out
    assert "platform role SECURITY_OFFICER gives it" in done.out


def test_a_permission_that_is_misspelt_is_no_answer(office: Run) -> None:
    for words in (["can", USER, "site:raed"], ["who", "site:raed"]):
        done = office("access", *words)
        assert (done.code, done.out) == (2, "")
        assert "there is no such permission: site:raed. Did you mean 'site:read'" in done.err
    for words in (["access", "can", USER, "no:such:permission"], ["roles", "create", "X_Y", "--permission", "no:such"]):
        done = office(*words)
        assert (done.code, done.out) == (2, "")
        assert done.err.lower().endswith(" try: bbws-access permissions list\n")
    assert office("access", "can", USER, "site:*", "--team", "Web").code == 4


def test_who_is_invited_only_is_said_to_be(office: Run) -> None:
    done = office("access", "show", "new@example.com")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error: new@example.com is invited and has not accepted yet; "
        "try: bbws-access invitations show new@example.com\n"
    )


def test_a_denial_says_how_to_find_what_would_mend_it(office: Run) -> None:
    done = office("access", "explain", USER, "POST", "/v1/organisations/{orgId}/roles")
    assert done.err == f"What would give it: bbws-access access can {USER} role:create\n"
