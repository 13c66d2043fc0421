"""What cannot be done names the command that shows why, as it can be typed; numbers are told as people tell them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.memory import Memory

NEXT = [
    ("teams create WEB", "teams show WEB"),
    ("roles create SITE_VIEWER --permission site:read", "roles show SITE_VIEWER"),
    ("team-roles create MEMBER --capability CAN_VIEW_SITES", "team-roles show MEMBER"),
    (
        "permission-sets create 'Own set' --permission site:read --description 'Of its own.'",
        "permission-sets show 'Own set'",
    ),
    ("teams members add Web li@example.com", "users teams li@example.com"),
    ("teams members show Shop li@example.com", "teams members list Shop"),
    ("teams members remove Shop li@example.com --yes", "teams members list Shop"),
    ("teams members transfer Shop li@example.com --to Web", "teams members list Shop"),
    ("roles assign SITE_VIEWER li@example.com", "roles members SITE_VIEWER"),
    ("roles revoke ORG_ADMIN li@example.com --yes", "roles members ORG_ADMIN"),
    ("roles set-permissions SITE_VIEWER --remove org:read", "roles show SITE_VIEWER"),
    ("access impact team-role VIEWER --remove CAN_VIEW_AUDIT", "team-roles show VIEWER"),
    ("permissions show site:raed", "permissions list"),
]


@pytest.mark.parametrize(("line", "following"), NEXT, ids=lambda text: str(text))
def test_a_refusal_names_a_command_that_works_as_it_stands(office: Run, line: str, following: str) -> None:
    refused = office(*shlex.split(line))
    assert refused.code in {1, 2}
    error = refused.err.splitlines()[-1]
    assert error.lower().endswith(f"try: bbws-access {following}".lower())
    assert office(*shlex.split(following)).code == 0


def test_who_is_not_in_a_team_is_told_of_by_address(office: Run) -> None:
    refused = office("teams", "members", "remove", "Shop", "li@example.com", "--yes")
    assert "error: li@example.com is not in Shop; try" in refused.err


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("teams deactivate Shop --yes", "teams members add Shop li@example.com"),
        ("roles deactivate ORG_MANAGER --yes", "roles assign ORG_MANAGER li@example.com"),
        ("team-roles deactivate VIEWER --yes", "teams members add Shop li@example.com --role VIEWER"),
        ("invitations revoke new@example.com --yes", "invitations resend new@example.com"),
    ],
)
def test_what_is_out_of_use_names_the_command_that_helps(office: Run, before: str, line: str) -> None:
    assert office(*shlex.split(before)).code == 0
    refused = office(*shlex.split(line))
    assert refused.code == 1
    following = refused.err.splitlines()[-1].partition("try: bbws-access ")[2]
    assert office(*shlex.split(following)).code == 0


@pytest.mark.parametrize("noun", ["users", "teams", "roles", "team-roles", "permission-sets"])
def test_a_list_of_nobody_deactivated_does_not_say_that_there_is_nobody(office: Run, noun: str) -> None:
    listed = office(noun, "list", "--inactive")
    assert (listed.code, listed.out) == (0, "")
    assert "deactivated." in listed.err
    assert "bbws-access" not in listed.err


def test_counts_are_told_as_people_tell_them(office: Run, tmp_path: Path) -> None:
    assert office("teams", "members", "add", "Shop", "li@example.com").code == 0
    assert "gives nothing to its 1 member until" in office("teams", "deactivate", "Shop", "--yes").err
    assert "Reactivated team Shop with its 1 member." in office("teams", "reactivate", "Shop").err
    path = tmp_path / "people.csv"
    path.write_text("email,role\na@example.com,NO_ROLE\nb@example.com,SITE_VIEWER\n")
    assert "1 of 2 rows does not fit, and nothing" in office("users", "import", str(path), "--yes").err


def test_an_import_of_no_rows_and_an_apply_of_what_is_so_ask_nothing(office: Run, tmp_path: Path) -> None:
    people, declared = tmp_path / "people.csv", tmp_path / "acme.yaml"
    people.write_text("email,role\n")
    done = office("users", "import", str(people))
    assert (done.code, "Nothing to do" in done.err) == (0, True)
    assert office("export", "-f", str(declared)).code == 0
    done = office("apply", "-f", str(declared))
    assert (done.code, "Nothing to do: it is so already." in done.err) == (0, True)


def test_an_invitation_whose_email_was_not_sent_is_partly_done(office: Run, acme_office: Memory) -> None:
    mailer: Any = acme_office.world.mailer
    mailer.broken = True
    done = office("users", "invite", "far@example.com", "--role", "SITE_VIEWER", "--quiet", "-o", "json")
    assert (done.code, done.json["emailStatus"]) == (5, "FAILED")
    assert done.err.startswith("error: the invitation is kept, but its email could not be sent: ")
    again = shlex.split(done.err.partition("try: bbws-access ")[2])
    assert office(*again).code == 5
    mailer.broken = False
    assert office(*again).code == 0
