"""A change that could not be made is in the trail, as one that was asked of the API would be."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access.access.decisions import DecisionLog
from bbws_access.errors import AccessError, Busy, Denied, Unreachable
from bbws_access.keys import PLATFORM
from bbws_access.services.teams import Teams
from cli import session as session_module
from tests.cli.conftest import Run
from tests.cli.memory import Memory

USER = "thandi@example.com"


def told(memory: Memory, before: dict[Any, Any]) -> list[Any]:
    """Every item that was written since, each of which is an event of no chain."""
    new = [item for key, item in memory.table.state().items() if item and before.get(key) != item]
    assert all(item["SK"].startswith("EVENT#") and "sequence" not in item for item in new)
    return new


FAILING = {
    "ROLE_EXISTS": ("ROLE_CHANGE", "roles create SITE_VIEWER --permission site:read"),
    "ROLE_ALREADY_ASSIGNED": ("ROLE_CHANGE", f"roles assign SITE_VIEWER {USER}"),
    "TEAM_EXISTS": ("TEAM_MEMBERSHIP", "teams create Web"),
    "TEAM_ROLE_EXISTS": ("TEAM_MEMBERSHIP", "team-roles create MEMBER --capability CAN_VIEW_SITES"),
    "ALREADY_MEMBER": ("TEAM_MEMBERSHIP", f"teams members add Web {USER} --role MEMBER"),
    "DUPLICATE_INVITATION": ("INVITATION", "users invite new@example.com --role SITE_VIEWER"),
    "PERMISSION_SET_EXISTS": (
        "PERMISSION_CHANGE",
        "permission-sets create Viewer --description Another-of-them --permission site:read",
    ),
}


@pytest.mark.parametrize("code", FAILING)
def test_a_failed_change_is_told(office: Run, acme_office: Memory, code: str) -> None:
    kind, typed = FAILING[code]
    before = acme_office.table.state()
    done = office(*typed.split())
    assert (done.code, done.out) == (1, ""), done.err
    (event,) = told(acme_office, before)
    assert (event["eventType"], event["action"], event["outcome"]) == (kind, "request", "FAILURE")
    assert event["details"] == {"code": code}, "what was typed may be what must not be kept"
    assert (event["userId"], event["userEmail"]) == ("arn:aws:iam::000000000000:user/ops", "ops@local")
    assert event["organisationId"] == office("orgs", "show", "Acme", "-o", "json").json["organisationId"]
    assert f"bbws-access {typed}".startswith(event["resourceId"])
    assert office("audit", "verify").code == 0


def test_one_that_is_about_no_organisation_is_in_the_platforms_trail(office: Run, acme_office: Memory) -> None:
    before = acme_office.table.state()
    assert office("orgs", "create", "Acme").code == 1
    (event,) = told(acme_office, before)
    assert (event["organisationId"], event["eventType"]) == (PLATFORM, "CONFIGURATION")
    assert event["details"] == {"code": "ORGANISATION_EXISTS"}


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (Denied("no", code="PRIVILEGE_BOUNDARY"), ("AUTHORIZATION", "authorize", "DENIED")),
        (Denied("AWS", code="AWS_DENIED", details={"awsCode": "X"}), ("TEAM_MEMBERSHIP", "request", "FAILURE")),
        (Busy("too many changes at once"), ("TEAM_MEMBERSHIP", "request", "FAILURE")),
    ],
    ids=lambda given: given.code if isinstance(given, AccessError) else "",
)
def test_a_denial_is_one_only_where_rights_are_lacking(
    office: Run, acme_office: Memory, monkeypatch: pytest.MonkeyPatch, error: AccessError, what: tuple[str, str, str]
) -> None:
    def refuse(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(Teams, "create", refuse)
    before = acme_office.table.state()
    assert office("teams", "create", "Ops").code == error.exit_code
    (event,) = told(acme_office, before)
    assert (event["eventType"], event["action"], event["outcome"]) == what
    assert event["details"]["code"] == error.code


def test_a_member_who_fails_is_told_of_by_their_name(office: Run, acme_office: Memory) -> None:
    assert office("roles", "assign", "ORG_ADMIN", USER).code == 0
    before = acme_office.table.state()
    assert office("teams", "create", "Web", "--as", USER).code == 1
    (event,) = told(acme_office, before)
    assert (event["userEmail"], event["outcome"]) == (USER, "FAILURE")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("roles create SITE_VIEWER --permission site:read --dry-run", 1),
        ("roles create lower --permission site:read", 2),
        ("roles create --permission site:read", 2),
        ("roles assign NO_SUCH_ROLE thandi@example.com", 1),
        ("roles assign SITE_VIEWER nobody@example.com", 1),
        ("roles show NO_SUCH_ROLE", 1),
        ("roles create SITE_VIEWER --permission site:read --org Nowhere", 1),
        ("roles deactivate SITE_ADMIN", 4),
        ("access can thandi@example.com role:create", 4),
        ("undo no-such-event --yes", 1),
    ],
)
def test_what_was_no_try_leaves_nothing(office: Run, acme_office: Memory, typed: str, code: int) -> None:
    before = acme_office.table.state()
    assert office(*typed.split()).code == code
    assert acme_office.table.state() == before


@pytest.mark.parametrize("at", ["client", "put"])
def test_a_trail_that_cannot_be_written_changes_nothing_about_the_answer(
    office: Run, acme_office: Memory, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    said = office("teams", "create", "Web")

    def down(*_: Any) -> Any:
        raise Unreachable("no answer")

    if at == "client":
        monkeypatch.setattr(session_module.Session, "decisions", property(down))
    else:
        monkeypatch.setattr(DecisionLog, "_item", down)
    before = acme_office.table.state()
    assert office("teams", "create", "Web") == said
    assert acme_office.table.state() == before


def test_it_is_given_up_soon(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One try, of a few seconds at most."""
    made: list[Any] = []

    class Counted(session_module.Session):
        def client(self, service: str, *, bulk: bool = False, brief: bool = False) -> Any:
            made.append((service, brief))
            return None

    assert Counted(session_module.Overrides(env="local")).decisions is not None
    assert made == [("dynamodb", True)]
