"""Each metric filter matches the line that the code writes for its event, and no neighbour's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import boto3
import pytest

from bbws_access.catalogue import Service
from bbws_access.errors import AccessError
from bbws_access.monitoring import FILTERS, LOG_GROUPS, MetricFilter, as_terraform, general_errors
from lambdas import logs, wiring
from tests.access import jwts
from tests.lambdas.exercise import DEAD_LETTERS, HAS_AUDIT, Deployed, deployed, profile
from tests.lambdas.filter_pattern import matches
from tests.lambdas.gateway import Reply
from tests.lambdas.recorder import ACCOUNT, REGION
from tests.services.holders import holder

pytestmark = pytest.mark.slow

NAMES = {found.name for found in FILTERS}
READS = {found.name: found for found in FILTERS}

Lines = Callable[[], list[str]]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    with deployed(monkeypatch) as found:
        yield found


@pytest.fixture
def org(at: Deployed) -> str:
    return at.organisation("Acme")


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lines:
    """What was logged since the last question."""
    for handler in logs.logger.handlers:
        monkeypatch.setattr(handler, "stream", _Stdout())
    return lambda: [line for line in capfd.readouterr().out.splitlines() if line.strip()]


class _Stdout:
    """The process's output as it is now: the logger's was taken before the test began."""

    def write(self, text: str) -> None:
        print(text, end="")  # noqa: T201 - this is standard output

    def flush(self) -> None: ...


def counted(logged: list[str], log_group: str) -> set[str]:
    """The filters of a log group that count one of the lines."""
    return {f.name for f in FILTERS if f.log_group == log_group and any(matches(f.pattern, line) for line in logged)}


def test_there_are_the_24_of_the_contract_each_with_a_log_group() -> None:
    assert len(FILTERS) == len(NAMES) == 24
    assert {general_errors(service) for service in Service} <= NAMES
    assert {f.log_group for f in FILTERS} <= set(LOG_GROUPS)
    assert len(LOG_GROUPS) == 8
    assert set(as_terraform()) == NAMES


def test_an_invitation_that_is_sent_doubled_and_accepted(at: Deployed, org: str, lines: Lines) -> None:
    who = holder(org, "invitation:* site:*")
    body = {"email": "thandi@example.com", "roleId": at.role(org, "SITE_VIEWER")}
    assert at.ask("invitation-create-invitation", who, body, orgId=org).status == 201
    assert counted(lines(), "invitation") == {"InvitationsSent"}
    assert at.ask("invitation-create-invitation", who, body, orgId=org).status == 409
    assert counted(lines(), "invitation") == {"DuplicateInvitations"}
    told = {"firstName": "Thandi", "lastName": "Nkosi", "password": "Correct-horse-7"}
    assert at.ask("invitation-accept-invitation", None, told, token=at.token_in_last_mail()).status == 200
    assert counted(lines(), "invitation") == {"InvitationsAccepted"}


def test_an_email_that_fails(at: Deployed, org: str, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: Any) -> None:
        raise AccessError("the mail service is down")

    monkeypatch.setattr(wiring.services()._world.mailer, "send", down)
    body = {"email": "thandi@example.com", "roleId": at.role(org, "SITE_VIEWER")}
    assert at.ask("invitation-create-invitation", holder(org, "invitation:* site:*"), body, orgId=org).status == 201
    assert counted(lines(), "invitation") == {"InvitationEmailFailures", "InvitationGeneralErrors"}


def test_team_memberships(at: Deployed, org: str, lines: Lines) -> None:
    who = holder(org, "team:*")
    profile(org, "u-1")
    team = at.ask("team-create-team", who, {"name": "Web"}, orgId=org).json["teamId"]
    assert counted(lines(), "team") == set()
    body = {"userId": "u-1", "teamRoleId": at.team_role(org, "TEAM_LEAD")}
    assert at.ask("team-add-member", who, body, orgId=org, teamId=team).status == 201
    assert counted(lines(), "team") == {"TeamMembershipChanges"}
    same = {"teamRoleId": body["teamRoleId"]}
    assert at.ask("team-update-member", who, same, orgId=org, teamId=team, userId="u-1").status == 200
    assert counted(lines(), "team") == set()
    refused = at.ask("team-update-member", who, {"active": False}, orgId=org, teamId=team, userId="u-1")
    assert refused.code == "LAST_LEAD"
    assert counted(lines(), "team") == {"LastLeadProtected"}


def test_roles(at: Deployed, org: str, lines: Lines) -> None:
    who = holder(org, "role:* site:*")
    body = {"name": "PUBLISHER", "displayName": "Publisher", "permissions": ["site:read"]}
    role = at.ask("role-create-role", who, body, orgId=org).json["roleId"]
    assert counted(lines(), "role") == set()
    grants = {"permissions": ["site:read", "site:update"]}
    assert at.ask("role-assign-permissions", who, grants, orgId=org, roleId=role).status == 200
    assert counted(lines(), "role") == {"RolePermissionChanges"}
    profile(org, "u-1")
    wiring.services().roles.assign(at.operator, org, "u-1", role)
    assert at.ask("role-update-role", who, {"active": False}, orgId=org, roleId=role).code == "ROLE_IN_USE"
    assert counted(lines(), "role") == {"RoleInUse"}


def test_permission_sets(at: Deployed, org: str, lines: Lines) -> None:
    who = holder(org, "permission:* site:*")
    body = {"name": "Publishers", "description": "May publish sites", "permissions": ["site:read"], "scope": "TEAM"}
    assert at.ask("permission-create-permission-set", who, body, orgId=org).status == 201
    assert counted(lines(), "permission") == {"PermissionSetCreated"}
    unknown = body | {"name": "Others", "permissions": ["moon:walk"]}
    assert at.ask("permission-create-permission-set", who, unknown, orgId=org).code == "INVALID_PERMISSIONS"
    assert counted(lines(), "permission") == {"InvalidPermissions"}
    foreign = at.ask("permission-list-permission-sets", who, orgId="org-other")
    assert foreign.code == "ORG_ACCESS_DENIED"
    assert counted(lines(), "permission") == set()


@pytest.mark.skipif(not HAS_AUDIT, reason="the audit service has no handlers here")
def test_the_audit_service(at: Deployed, org: str, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    assert at.ask("audit-get-audit-summary", holder(org, "audit:*")).status == 200
    assert counted(lines(), "audit") == set()
    assert at.ask("audit-export-audit", holder(org, "audit:*"), {"format": "csv"}).status == 201
    logged = lines()
    assert counted(logged, "audit") == {"AuditExports", "AuditEventsCaptured"}
    assert _value(READS["AuditEventsCaptured"], logged) == 1
    monkeypatch.setattr(wiring.services().archive, "run", _refuse)
    with pytest.raises(RuntimeError):
        at.run("audit-archive-expired", {})
    assert counted(lines(), "audit") == {"AuditArchiveFailures", "AuditGeneralErrors"}


def test_every_service_says_how_many_events_a_request_wrote(at: Deployed, org: str, lines: Lines) -> None:
    body = {"name": "Web"}
    assert at.ask("team-create-team", holder(org, "team:*"), body, orgId=org).status == 201
    assert _value(READS["AuditEventsCaptured"], lines()) == 1
    assert at.ask("team-list-teams", holder(org, "team:*"), orgId=org).status == 200
    assert _value(READS["AuditEventsCaptured"], lines()) == 0


@pytest.mark.parametrize(
    ("asked", "claims", "expected"),
    [
        ("GET/v1/organisations/{org}/roles", {}, set()),
        ("POST/v1/organisations/{org}/roles", {}, {"AuthorizationDenied", "PermissionDenied"}),
        ("GET/v1/organisations/org-other/roles", {}, {"AuthorizationDenied", "OrgAccessDenied"}),
        ("GET/v1/organisations/{org}/roles", {"sub": "nobody"}, {"AuthorizationDenied"}),
        ("GET/v1/organisations/{org}/roles", {"exp": 1}, {"TokenValidationFailures"}),
        ("GET/v1/organisations/{org}/roles", {"iss": "https://elsewhere.example"}, {"TokenValidationFailures"}),
    ],
)
def test_the_authorizers_decisions(
    at: Deployed, org: str, lines: Lines, asked: str, claims: Mapping[str, Any], expected: set[str]
) -> None:
    profile(org, jwts.SUBJECT)
    wiring.services().roles.assign(at.operator, org, jwts.SUBJECT, at.role(org, "ORG_MANAGER"))
    lines()
    _authorize(at, asked.format(org=org), {"custom:organisation_id": org, **claims})
    assert counted(lines(), "authorizer") == expected


def test_an_authorizer_that_fails(at: Deployed, org: str, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BBWS_TABLE", "no-such-table")
    _authorize(at, f"GET/v1/organisations/{org}/roles", {"custom:organisation_id": org})
    logged = lines()
    assert [counted([line], "authorizer") for line in logged] == [{"AuthorizerGeneralErrors"}]


SERVICES = {
    "permission": ("permissions", "get", "permission-get-permission", {"permissionId": "site:read"}),
    "invitation": ("invitations", "get", "invitation-get-invitation", {"orgId": "o", "invitationId": "i"}),
    "team": ("teams", "get", "team-get-team", {"orgId": "o", "teamId": "t"}),
    "role": ("roles", "get", "role-get-role", {"orgId": "o", "roleId": "r"}),
    "audit": ("audit", "summary", "audit-get-audit-summary", {}),
}


@pytest.mark.parametrize("service", [s for s in SERVICES if HAS_AUDIT or s != "audit"])
def test_a_defect_is_a_general_error(at: Deployed, lines: Lines, monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    attribute, method, name, params = SERVICES[service]
    monkeypatch.setattr(getattr(wiring.services(), attribute), method, _refuse)
    failed: Reply = at.ask(name, holder("o", "*:*"), **params)
    assert failed.status == 500
    assert counted(lines(), service) == {general_errors(Service(service))}


@pytest.mark.parametrize("status", ["timeout", "failure", "error", "success"])
def test_a_run_that_lambda_ended_is_one_general_error(status: str) -> None:
    """Lambda's own lines of one run, in the shape that its documentation gives them for the log format JSON."""
    said = [
        json.dumps({"time": "2026-03-01T09:30:00.000Z", "type": kind, "record": {"requestId": "r", "status": status}})
        for kind in ("platform.runtimeDone", "platform.report")
    ]
    for service in Service:
        ours = status in {"timeout", "failure"} or (status == "error" and service is not Service.AUTHORIZER)
        found = [name for line in said for name in counted([line], service)]
        assert found == ([general_errors(service)] if ours else [])


@pytest.mark.parametrize(
    ("kind", "text", "ours"),
    [("Exception", "Unauthorized", False), ("Undecided", "", False), ("KeyError", "'BBWS_TABLE'", True)],
)
def test_what_the_authorizer_raises_as_an_answer_is_no_error(kind: str, text: str, ours: bool) -> None:
    """The line that Lambda's runtime logs of a handler which raised, in the log format JSON."""
    raised = {"errorMessage": text, "errorType": kind, "requestId": "r", "stackTrace": ["  File …"]}
    line = json.dumps({"timestamp": "2026-03-01T09:30:00Z", "level": "ERROR", **raised})
    assert counted([line], "authorizer") == ({"AuthorizerGeneralErrors"} if ours else set())


def test_an_event_that_cannot_be_processed_is_written_to_the_dead_letters(at: Deployed, lines: Lines) -> None:
    with pytest.raises(Exception, match="not the event"):
        at.run("role-seed-defaults", {"detail": {}})
    assert counted(lines(), "role") == {"RoleGeneralErrors"}
    logs = boto3.client("logs", region_name=REGION)
    (stream,) = logs.describe_log_streams(logGroupName=DEAD_LETTERS)["logStreams"]
    events = logs.get_log_events(logGroupName=DEAD_LETTERS, logStreamName=stream["logStreamName"])["events"]
    assert counted([event["message"] for event in events], "dlq") == {"DLQMessages"}
    assert json.loads(events[0]["message"])["code"] == "VALIDATION_ERROR"


def test_dead_letters_that_cannot_be_written_do_not_hide_the_failure(
    at: Deployed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BBWS_DEAD_LETTERS_LOG_GROUP", "/no/such/group")
    with pytest.raises(Exception, match="not the event"):
        at.run("role-seed-defaults", {"detail": {}})
    assert any("dead letters cannot be written" in line for line in lines())


@pytest.mark.parametrize(
    ("pattern", "line", "fits"),
    [
        ('{ $.a = "x" }', '{"a": "x"}', True),
        ('{ $.a = "x" }', '{"a": "xy"}', False),
        ('{ $.a = "x*" }', '{"a": "xy"}', True),
        ('{ $.a = "x" }', "not json x", False),
        ('{ ($.a = "x") && ($.b > 0) }', '{"a": "x", "b": 1}', True),
        ('{ ($.a = "x") && ($.b > 0) }', '{"a": "x", "b": "1"}', False),
        ('{ ($.a = "x") || ($.b.c = "y") }', '{"b": {"c": "y"}}', True),
    ],
)
def test_patterns(pattern: str, line: str, fits: bool) -> None:
    assert matches(pattern, line) is fits


def _value(found: MetricFilter, logged: list[str]) -> int:
    field = found.value.removeprefix("$.")
    return sum(int(json.loads(line)[field]) for line in logged if matches(found.pattern, line))


def _refuse(*_: Any, **__: Any) -> None:
    raise RuntimeError("broken")


def _authorize(at: Deployed, asked: str, claims: Mapping[str, Any]) -> None:
    token = jwts.id_token(**claims)
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc/local/{asked}"
    # An exception is how the gateway is told to answer 401, or 500.
    with suppress(Exception):
        at.run("authorizer-authorize", {"authorizationToken": f"Bearer {token}", "methodArn": arn})
