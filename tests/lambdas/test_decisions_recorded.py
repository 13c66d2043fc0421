"""What decisions of the deployed functions leave in the trail, and what they must not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from bbws_access import keys
from bbws_access.access.decisions import DecisionLog
from bbws_access.cursors import Cursors
from bbws_access.errors import Denied, NotFound
from bbws_access.models.audit import AuditEvent
from lambdas import authorizer, clients
from lambdas.wiring import wired
from tests.access import jwts
from tests.access.jwts import SUBJECT
from tests.conftest import Platform
from tests.lambdas.gateway import FakeSealer, ask
from tests.lambdas.test_authorizer_handler import BAD, TOKEN, Context, Deployed, deployed  # noqa: F401
from tests.services.holders import holder

pytestmark = pytest.mark.slow

API = "arn:aws:execute-api:af-south-1:123456789012:abcdefghij/prod"


def decide(path: str, token: str = TOKEN) -> dict[str, Any]:
    return authorizer.authorize({"authorizationToken": token, "methodArn": f"{API}/{path}"}, Context())


def recorded(platform: Platform) -> list[AuditEvent]:
    return [AuditEvent.from_item(i) for i in platform.items() if i["SK"].startswith(keys.EVENT_PREFIX)]


def test_a_decision_leaves_who_it_was_and_what_their_policy_was_made_from(deployed: Deployed) -> None:  # noqa: F811
    team = deployed.people.join(
        "org-1", deployed.people.team("org-1"), SUBJECT, deployed.people.team_role("org-1", "CAN_VIEW_MEMBERS")
    )
    answer = decide("GET/v1/organisations/org-1/roles")
    (event,) = recorded(deployed.platform)
    assert (event.user_id, event.organisation_id, event.outcome) == (SUBJECT, "org-1", "SUCCESS")
    assert event.resource_id == "GET /v1/organisations/org-1/roles"
    assert event.details == {
        "code": "ALLOWED",
        "roleIds": [answer["context"]["roleIds"]],
        "teamIds": [team],
        "permissions": ["audit:export", "role:read"],
        "functionRequestId": Context.aws_request_id,
    }
    assert (event.ip_address, event.user_agent, event.request_id) == (None, None, None)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("POST/v1/organisations/org-1/roles", "PERMISSION_DENIED"),
        ("GET/v1/organisations/org-2/roles", "ORG_ACCESS_DENIED"),
        ("DELETE/v1/platform/roles", "PERMISSION_DENIED"),
    ],
)
def test_a_closed_path_is_a_denial_though_the_policy_is_the_same(deployed: Deployed, path: str, code: str) -> None:  # noqa: F811
    assert decide(path) == decide("GET/v1/platform/roles")
    denied, _ = sorted(recorded(deployed.platform), key=lambda event: event.outcome)
    assert (denied.outcome, denied.details["code"]) == ("DENIED", code)
    assert denied.resource_id == path.replace("/", " /", 1)


def test_who_was_deactivated_is_denied_in_the_trail_of_their_organisation(deployed: Deployed) -> None:  # noqa: F811
    deployed.people.change(keys.user_key("org-1", SUBJECT), active=False)
    decide("GET/v1/platform/roles")
    (event,) = recorded(deployed.platform)
    assert (event.organisation_id, event.user_id, event.user_email) == ("org-1", SUBJECT, "thandi@example.com")
    assert (event.outcome, event.details["code"]) == ("DENIED", "USER_INACTIVE")


STRANGERS = {
    "unsigned": jwts.id_token("foreign"),
    "expired": jwts.id_token(exp=jwts.NOW),
    "rubbish": "rubbish",
    "nobody of this organisation": jwts.id_token(**{"custom:organisation_id": "org-2"}),
    "nobody at all": jwts.id_token(sub="stranger"),
}


@pytest.mark.parametrize("token", STRANGERS.values(), ids=STRANGERS.keys())
def test_strangers_leave_a_line_in_the_log_and_nothing_in_any_trail(deployed: Deployed, token: str) -> None:  # noqa: F811
    before = deployed.platform.items()
    try:
        decide("GET/v1/platform/roles", token)
    except Exception as refused:  # noqa: BLE001 - the handler raises just this
        assert str(refused) == "Unauthorized"  # noqa: PT017 - some of them are a denying policy instead
    assert deployed.line()["level"] == "WARNING"
    assert deployed.platform.items() == before


def test_no_token_gets_into_the_trail(deployed: Deployed) -> None:  # noqa: F811
    decide("GET/v1/platform/roles")
    (event,) = recorded(deployed.platform)
    assert not [part for part in TOKEN.split(".") if part in event.model_dump_json()]


def test_a_decision_reads_at_most_three_times_and_then_writes_once(deployed: Deployed) -> None:  # noqa: F811
    made: list[str] = []
    for client in (clients.dynamodb(), clients.impatient_dynamodb()):
        client.meta.events.register("before-call.dynamodb.*", lambda model, **_: made.append(model.name))
    decide("GET/v1/platform/roles")
    *reads, write = made
    assert (reads, write) == (["Query", "BatchGetItem"], "PutItem")


@pytest.fixture
def silence() -> Iterator[str]:
    """The address of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_table_that_does_not_take_it_changes_nothing_but_the_log(
    deployed: Deployed,  # noqa: F811
    silence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = boto3.client("dynamodb", region_name="eu-west-1", endpoint_url=silence, config=clients._IMPATIENT)
    usual = decide("GET/v1/platform/roles")
    deployed.logged()
    authorizer._decisions.cache_clear()
    monkeypatch.setattr(authorizer, "impatient_dynamodb", lambda: silent)
    assert decide("GET/v1/platform/roles") == usual
    decision, warning = (json.loads(line) for line in deployed.logged().splitlines())
    assert decision["decision"] == "ALLOWED"
    assert (warning["level"], warning["message"]) == ("WARNING", "decision not recorded")
    assert warning["cause"] == "Unreachable"


def test_the_impatient_client_tries_once_and_waits_less_than_a_third_of_a_second() -> None:
    config = clients._IMPATIENT
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout) == (0.3, 0.3)


# --- the second lock ---------------------------------------------------------------------------


@pytest.fixture
def recording(platform: Platform) -> Iterator[None]:
    """The functions, and the log that the deployed ones have."""
    log = DecisionLog(platform.table, platform.clock, platform.ids, pytest.fail)
    with wired(platform.services, Cursors(FakeSealer()), log):
        yield


@pytest.mark.usefixtures("recording")
def test_a_denial_by_a_service_is_in_the_trail_of_the_actors_organisation(platform: Platform) -> None:
    org = platform.organisation().organisation_id
    other = platform.organisation("Other").organisation_id
    before = len(recorded(platform))
    assert ask("role-list-roles", holder(org, "team:read"), orgId=org).status == 403
    assert ask("role-list-roles", holder(org, "role:read"), orgId=other).status == 403
    body = {"name": "X_X", "displayName": "XX", "permissions": ["site:read"]}
    assert ask("role-create-role", holder(org, "role:create"), body, orgId=org).status == 403
    events = sorted(recorded(platform), key=lambda event: event.event_id)[before:]
    assert [(e.organisation_id, e.details["code"]) for e in events] == [
        (org, "PERMISSION_DENIED"),
        (org, "ORG_ACCESS_DENIED"),
        (org, "PRIVILEGE_BOUNDARY"),
    ]
    assert {(e.event_type, e.outcome, e.sequence) for e in events} == {("AUTHORIZATION", "DENIED", None)}
    assert [e.resource_id for e in events] == [
        f"GET /v1/organisations/{org}/roles",
        f"GET /v1/organisations/{other}/roles",
        f"POST /v1/organisations/{org}/roles",
    ]
    assert {(e.ip_address, e.user_agent, e.request_id) for e in events} == {("192.0.2.1", "test", "request-1")}
    assert events[2].details["permissions"] == ["site:read"]


@pytest.mark.usefixtures("recording")
def test_what_is_allowed_leaves_no_second_event(platform: Platform) -> None:
    org = platform.organisation().organisation_id
    before = platform.items()
    assert ask("role-list-roles", holder(org, "role:read"), orgId=org).status == 200
    assert ask("role-list-roles", None, orgId=org).status == 401
    assert platform.items() == before


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("kind", [Denied, NotFound])
def test_what_aws_refuses_us_is_our_error_and_nobodys_denial(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, kind: type[Denied | NotFound]
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise kind("AWS does not allow GetItem on table secret", details={"awsCode": "AccessDeniedException"})

    org = platform.organisation().organisation_id
    before = platform.items()
    monkeypatch.setattr(platform.services.roles, "get", refused)
    answer = ask("role-get-role", holder(org, "role:read"), orgId=org, roleId="r")
    assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    assert platform.items() == before


@pytest.mark.usefixtures("recording")
def test_a_change_that_failed_is_in_the_trail_as_what_it_would_have_been(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = platform.organisation().organisation_id
    clerk = holder(org, "role:* team:* site:read")
    before = {event.event_id for event in recorded(platform)}
    taken = {"name": "SITE_VIEWER", "displayName": "XX", "permissions": ["site:read"]}
    assert ask("role-create-role", clerk, taken, orgId=org).status == 409
    assert ask("team-update-team", clerk, {"name": "Web", "version": 1}, orgId=org, teamId="none").status == 404
    with monkeypatch.context() as patch:
        patch.setattr(platform.services.roles, "create", lambda *_: 1 / 0)
        assert ask("role-create-role", clerk, {**taken, "name": "OTHER"}, orgId=org).status == 500
    events = sorted((e for e in recorded(platform) if e.event_id not in before), key=lambda e: e.event_id)
    assert [(e.event_type, e.outcome, e.details, e.sequence) for e in events] == [
        ("ROLE_CHANGE", "FAILURE", {"code": "ROLE_EXISTS"}, None),
        ("TEAM_MEMBERSHIP", "FAILURE", {"code": "TEAM_NOT_FOUND"}, None),
        ("ROLE_CHANGE", "FAILURE", {"code": "INTERNAL_ERROR"}, None),
    ]
    assert {(e.user_id, e.organisation_id, e.action, e.ip_address) for e in events} == {
        (clerk.id, org, "request", "192.0.2.1")
    }
    assert events[0].resource_id == f"POST /v1/organisations/{org}/roles"
    assert platform.services.audit_verify.verify(platform.operator, org).sound


@pytest.mark.usefixtures("recording")
def test_wrong_usage_and_questions_that_find_nothing_are_no_failed_changes(platform: Platform) -> None:
    org = platform.organisation().organisation_id
    before, clerk = platform.items(), holder(org, "role:*")
    assert ask("role-create-role", clerk, {"name": "lower"}, orgId=org).status == 400
    assert ask("role-get-role", clerk, orgId=org, roleId="none").status == 404
    assert platform.items() == before
