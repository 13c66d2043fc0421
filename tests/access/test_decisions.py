"""Events of decisions: what they say, that the trail's reader understands them, and that nothing stops a request."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.access.decisions import DecisionLog, asked_of
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import EventType, Outcome
from tests.conftest import Platform

MEMBER = Actor("u-1", "thandi@example.com", ActorKind.USER, "org-1")


@pytest.fixture
def failures() -> list[str]:
    return []


@pytest.fixture
def log(platform: Platform, failures: list[str]) -> DecisionLog:
    return DecisionLog(platform.table, platform.clock, platform.ids, failures.append)


def test_what_is_stored_is_an_event_as_the_trail_reads_it(platform: Platform, log: DecisionLog) -> None:
    log.record(MEMBER, "ALLOWED", "GET /v1/platform/roles", {"roleIds": ["role-1"]})
    (item,) = platform.items()
    event = AuditEvent.from_item(item)
    assert event.to_item() == item
    assert (event.event_type, event.outcome, event.action) == (EventType.AUTHORIZATION, Outcome.SUCCESS, "authorize")
    assert (event.resource_type, event.resource_id) == ("api", "GET /v1/platform/roles")
    assert (event.user_id, event.user_email, event.organisation_id) == ("u-1", "thandi@example.com", "org-1")
    assert event.details == {"code": "ALLOWED", "roleIds": ["role-1"]}
    assert event.timestamp == "2026-03-01T09:30:00.000Z"
    assert (event.sequence, event.previous_hash, event.event_hash) == (None, None, None)
    assert item["PK"] == "ORG#org-1#DATE#2026-03-01"


def test_an_event_cannot_expire_before_it_is_archived(platform: Platform, log: DecisionLog) -> None:
    log.record(MEMBER, "ALLOWED", "GET /", {})
    assert "ttl" not in platform.items()[0]


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "ORG_ACCESS_DENIED", "USER_INACTIVE", "PRIVILEGE_BOUNDARY"])
def test_a_denial(platform: Platform, log: DecisionLog, code: str) -> None:
    log.record(MEMBER, code, "POST /v1/organisations/org-1/roles", {})
    (item,) = platform.items()
    assert (item["outcome"], item["details"]) == ("DENIED", {"code": code})


def test_where_the_request_came_from_is_told_as_far_as_it_is_known(platform: Platform, log: DecisionLog) -> None:
    log.record(MEMBER, "ALLOWED", "GET /a", {})
    known = Actor("u-2", "u@x.test", ActorKind.USER, "org-1", origin=Origin("192.0.2.1", "browser", "r-1"))
    log.record(known, "ALLOWED", "GET /b", {})
    unknown, from_there = sorted(platform.items(), key=lambda item: str(item["resourceId"]))
    assert not {"ipAddress", "userAgent", "requestId"} & unknown.keys()
    assert (from_there["ipAddress"], from_there["userAgent"], from_there["requestId"]) == (
        "192.0.2.1",
        "browser",
        "r-1",
    )


def test_whoever_belongs_nowhere_leaves_nothing(platform: Platform, log: DecisionLog) -> None:
    log.record(Actor("u-1", "thandi@example.com", ActorKind.USER), "ALLOWED", "GET /", {})
    assert platform.items() == []


def test_one_event_never_takes_the_place_of_another(
    platform: Platform, log: DecisionLog, failures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform.ids, "event", lambda: "01ABC")
    log.record(MEMBER, "ALLOWED", "GET /first", {})
    log.record(MEMBER, "ALLOWED", "GET /second", {})
    assert [item["resourceId"] for item in platform.items()] == ["GET /first"]
    assert failures == ["ConditionFailed"]


class BrokenClient:
    """A client whose put fails; it counts the tries."""

    exceptions = type("Exceptions", (), {"ConditionalCheckFailedException": type("Taken", (Exception,), {})})

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.tries = 0

    def put_item(self, **_: Any) -> None:
        self.tries += 1
        raise self.error


FAILURES = {
    "throttled": (ClientError({"Error": {"Code": "ThrottlingException", "Message": "secret"}}, "PutItem"), "Busy"),
    "not allowed": (
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "secret"}}, "PutItem"),
        "Denied",
    ),
    "too slow": (ReadTimeoutError(endpoint_url="https://secret"), "Unreachable"),
    "a defect": (KeyError("secret"), "KeyError"),
}


@pytest.mark.parametrize(("error", "kind"), FAILURES.values(), ids=FAILURES.keys())
def test_what_goes_wrong_is_told_once_by_its_kind_and_tried_once(
    platform: Platform, failures: list[str], error: Exception, kind: str
) -> None:
    client = BrokenClient(error)
    table = type(platform.table)(client, "t")  # type: ignore[arg-type]
    DecisionLog(table, platform.clock, platform.ids, failures.append).record(MEMBER, "ALLOWED", "GET /", {})
    assert failures == [kind]
    assert client.tries == 1


@pytest.mark.parametrize(
    ("asked", "basis"), [("GET /\ud800", {}), ("GET /", {"roleIds": object()}), ("GET /", {"x": "y" * 500_000})]
)
def test_what_the_table_cannot_hold_is_a_failure_too(
    platform: Platform, log: DecisionLog, failures: list[str], asked: str, basis: dict[str, Any]
) -> None:
    log.record(MEMBER, "ALLOWED", asked, basis)
    assert len(failures) == 1
    assert platform.items() == []


@pytest.mark.parametrize(
    ("arn", "asked"),
    [
        ("arn:aws:execute-api:eu-west-1:1:api/dev/GET/v1/platform/roles", "GET /v1/platform/roles"),
        ("arn:aws:execute-api:eu-west-1:1:api/dev/PUT/v1/a//b/%2F", "PUT /v1/a//b/%2F"),
        ("arn:aws:execute-api:eu-west-1:1:api/dev/GET/", "GET /"),
        ("arn:aws:execute-api:eu-west-1:1:api/dev/GET", "GET /"),
        ("", " /"),
    ],
)
def test_what_was_asked_is_read_off_the_methods_arn(arn: str, asked: str) -> None:
    assert asked_of(arn) == asked
