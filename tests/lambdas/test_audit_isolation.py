"""Who may not audit learns nothing: not from the words, and not from what the answer costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bbws_access.access.actor import Actor
from bbws_access.catalogue import FUNCTIONS, Service
from bbws_access.defaults import ORGANISATION_ROLES
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.role import NewRole
from tests.conftest import Platform
from tests.lambdas.gateway import Reply, ask
from tests.services.holders import holder

pytestmark = pytest.mark.usefixtures("functions")

ENDPOINTS = sorted(f.name for f in FUNCTIONS if f.service is Service.AUDIT and f.path is not None)
EXPORT = "audit-export-audit"


@pytest.fixture
def org(platform: Platform) -> str:
    return platform.organisation().organisation_id


@contextmanager
def requests(platform: Platform) -> Iterator[list[str]]:
    """The table's, by operation, and the bucket's."""
    seen: list[str] = []

    def sent(model: Any, **_: Any) -> None:
        seen.append(model.name)

    events = platform.client.meta.events
    events.register("before-call.dynamodb", sent, unique_id="isolation")
    try:
        yield seen
    finally:
        events.unregister("before-call.dynamodb", unique_id="isolation")


def asked(name: str, actor: Actor, org_id: str, **query: str) -> Reply:
    """About an organisation, in the way in which the endpoint is asked about one."""
    if name == EXPORT:
        return ask(name, actor, {"organisationId": org_id, **query})
    if name == "audit-get-org-audit":
        return ask(name, actor, None, query, orgId=org_id)
    return ask(name, actor, None, {"organisationId": org_id, **query})


def without_names(reply: Reply, *names: str) -> str:
    text = json.dumps(reply.json, sort_keys=True)
    for name in names:
        text = text.replace(name, "")
    return text


def test_all_five_are_looked_at_here() -> None:
    assert len(ENDPOINTS) == 5


@pytest.mark.parametrize("name", ENDPOINTS)
def test_of_another_organisation_nothing_is_learnt(platform: Platform, org: str, name: str) -> None:
    """Whether it exists or not, and whether what is asked for in it does, words and requests are the same."""
    event = next(iter(platform.services.audit.events(platform.operator, AuditQuestion(org))))
    stranger = holder("org-other", "audit:* org:* *:*")
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for there in (org, "org-nowhere", PLATFORM, "x" * 200):
        for user in (event.user_id, "u-nobody"):
            with requests(platform) as sent:
                reply = asked(name, stranger, there, userId=user)
            assert (reply.status, reply.code) == (403, "ORG_ACCESS_DENIED")
            seen.add((without_names(reply, there, user), tuple(sent)))
    assert len(seen) == 1
    assert not platform.storage.objects


@pytest.mark.parametrize("name", ENDPOINTS)
def test_who_holds_no_audit_permission_learns_nothing_at_home(platform: Platform, org: str, name: str) -> None:
    event = next(iter(platform.services.audit.events(platform.operator, AuditQuestion(org))))
    clerk = holder(org, "org:* user:* team:* role:* permission:* site:* invitation:*")
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for user in (event.user_id, "u-nobody"):
        for action in (event.action, "thing.that-never-was"):
            with requests(platform) as sent:
                reply = asked(name, clerk, org, userId=user, action=action)
            assert (reply.status, reply.code) == (403, "PERMISSION_DENIED")
            seen.add((without_names(reply, user, action), tuple(sent)))
    assert len(seen) == 1


def test_a_cursor_is_of_the_organisation_that_it_was_made_in(platform: Platform, org: str) -> None:
    other = platform.organisation("Other").organisation_id
    role = NewRole(name="READER", display_name="Reader", permissions=frozenset({"site:read"}))
    platform.services.roles.create(platform.operator, org, role)
    first = ask("audit-get-permission-logs", holder(org, "audit:read"), None, {"pageSize": "1"})
    query = parse_qs(urlsplit(first.json["_links"]["next"]["href"]).query)
    again = {name: values[0] for name, values in query.items()}
    assert ask("audit-get-permission-logs", holder(org, "audit:read"), None, again).status == 200
    reply = ask("audit-get-permission-logs", holder(other, "audit:read"), None, again)
    assert (reply.status, reply.code) == (400, "INVALID_CURSOR")


def test_an_administrator_reads_and_does_not_export(platform: Platform, org: str) -> None:
    (role,) = [role for role in ORGANISATION_ROLES if role.name == "ORG_ADMIN"]
    admin = holder(org, " ".join(role.permissions))
    for name in ENDPOINTS:
        with requests(platform) as sent:
            reply = asked(name, admin, org)
        if name == EXPORT:
            assert (reply.status, reply.json["error"]["details"]) == (403, {"permission": "audit:export"})
            assert not {"Query", "TransactWriteItems"} & set(sent)
        else:
            assert reply.status == 200
            assert "Query" in sent
    assert not platform.storage.objects
