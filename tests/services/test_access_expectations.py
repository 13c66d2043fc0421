"""A file of expectations: what is asked, what is answered, and what a broken file says."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from bbws_access.errors import Denied, InvalidInput
from bbws_access.export.junit import junit
from bbws_access.models.expectations import Result
from bbws_access.models.kinds import Capability
from bbws_access.services.access_expectations import expectations_in
from bbws_access.store.table import Query
from bbws_access.yaml_source import parse_yaml
from tests.services.writing_cases import OPERATOR, Stage


def checked(stage: Stage, *lines: str) -> list[Result]:
    text = "expectations:\n" + "".join(f"- {{{line}}}\n" for line in lines)
    expected = expectations_in(parse_yaml(text.encode(), "access.yaml"))
    return stage.services.access_expectations.check(OPERATOR, stage.org, expected)


def test_each_is_answered_as_access_can_answers(stage: Stage) -> None:
    questions, user = stage.services.effective_access, stage.user("thandi")
    asked = [("site:read", None), ("site:read", "Web"), ("site:read", "Shop"), ("team:update", "Web")]
    asked += [(one, "Web") for one in sorted(Capability)]
    lines = [
        f"user: thandi@example.com, may: '{may}', {f'team: {team}, ' if team else ''}expect: allowed"
        for may, team in asked
    ]
    found = [result.found == "allowed" for result in checked(stage, *lines)]
    ids = {"Web": stage.team("Web"), "Shop": stage.team("Shop"), None: None}
    assert found == [questions.can(OPERATOR, stage.org, user, may, ids[team]).allowed for may, team in asked]
    assert set(found) == {True, False}


def test_requests_are_answered_as_access_explain_answers(stage: Stage) -> None:
    requests = [
        "GET /v1/platform/permissions",
        "GET /platform/permissions",
        "POST /v1/organisations/{orgId}/roles",
        "GET /v1/organisations/{orgId}/users/{userId}/teams",
        "GET /v1/organisations/org-00000000-0000-4000-8000-000000000000/teams",
        "GET /v1/invitations/abc",
    ]
    found = checked(stage, *(f"user: ada@example.com, calls: '{one}', expect: allowed" for one in requests))
    user = stage.user("ada")
    told = [
        stage.services.effective_access.explain(
            OPERATOR, stage.org, user, *one.replace("{orgId}", stage.org).replace("{userId}", user).split(" ", 1)
        )
        for one in requests
    ]
    assert [one.found == "allowed" for one in found] == [one.allowed for one in told]
    assert {one.found for one in found} == {"allowed", "denied"}


def test_who_is_not_there_fails_whatever_was_expected(stage: Stage) -> None:
    found = checked(
        stage,
        "user: nobody@example.com, may: 'site:read', expect: denied",
        "user: thandi@example.com, may: 'site:read', team: Nowhere, expect: denied",
    )
    assert [(one.passed, one.found) for one in found] == [(False, None), (False, None)]
    assert [one.why for one in found] == [
        "there is no such user in this organisation",
        "there is no such team in this organisation",
    ]


def test_who_was_deactivated_may_nothing(stage: Stage) -> None:
    stage.services.users.deactivate(OPERATOR, stage.org, "ada@example.com")
    (found,) = checked(stage, "user: ada@example.com, may: 'site:read', team: Web, expect: denied")
    assert (found.passed, found.why) == (True, "USER_INACTIVE")


def test_a_thousand_about_three_people_cost_a_few_requests(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[Any] = []
    query, get_many = stage.memory.table.query, stage.memory.table.get_many
    monkeypatch.setattr(stage.memory.table, "query", lambda one: requests.append(one) or query(one))
    monkeypatch.setattr(stage.memory.table, "get_many", lambda some: requests.append(some) or get_many(some))
    names = ("thandi", "li", "ada")
    lines = [f"user: {names[n % 3]}@example.com, may: 'site:read', team: Web, expect: allowed" for n in range(1000)]
    assert len(checked(stage, *lines)) == 1000
    assert any(isinstance(one, Query) for one in requests)
    assert len(requests) <= 2 * len(names)


def test_who_may_not_read_people_is_told_nothing(stage: Stage) -> None:
    from bbws_access.access.actor import Actor, ActorKind

    nobody = Actor("u", "u@example.com", ActorKind.USER, stage.org)
    expected = expectations_in(
        parse_yaml(b"expectations:\n- {user: a@b.c, may: 'site:read', expect: denied}\n", "a.yaml")
    )
    with pytest.raises(Denied):
        stage.services.access_expectations.check(nobody, stage.org, expected)


ONE = "- {user: a@b.c, "
BROKEN = {
    "nothing": ("", 1, "is empty"),
    "none": ("expectations: []\n", 1, "1 to 10000 in a file, not 0"),
    "an unknown field": (f"expectations:\n{ONE}mai: x, expect: denied}}\n", 2, "mai: there is no such field"),
    "a permission that is misspelt": (
        f"expectations:\n{ONE}may: 'site:raed', expect: denied}}\n",
        2,
        "there is no permission site:raed",
    ),
    "no permission": (f"expectations:\n{ONE}may: Reading, expect: denied}}\n", 2, "neither a permission nor"),
    "a capability without a team": (
        f"expectations:\n{ONE}may: CAN_VIEW_SITES, expect: denied}}\n",
        2,
        "CAN_VIEW_SITES is held in a team",
    ),
    "an endpoint that is misspelt": (
        f"expectations:\n{ONE}calls: GET /v1/organisation, expect: denied}}\n",
        2,
        "there is no endpoint GET /v1/organisation",
    ),
    "two questions": (
        f"expectations:\n{ONE}may: 'site:read', calls: GET /v1/x, expect: denied}}\n",
        2,
        "asks for one thing: may, or calls",
    ),
    "no question": (f"expectations:\n{ONE}expect: denied}}\n", 2, "asks for one thing: may, or calls"),
    "a team for a path": (f"expectations:\n{ONE}calls: GET /v1/x, team: Web, expect: denied}}\n", 2, "team belongs to"),
    "another verdict": (
        f"expectations:\n{ONE}may: 'site:read', expect: maybe}}\n",
        2,
        "expect: is not 'allowed'",
    ),
    "a bomb": ("expectations: &a [*a]\n", 1, "has an anchor"),
    "a tab": ("expectations:\n-\tuser: x\n", 2, "has a tab"),
    "a wrong type": ("expectations: all\n", 1, "expectations: "),
    "a list": ("- user\n", 1, "is not a mapping"),
    "a number": ("expectations:\n- {user: 7, may: 'site:read', expect: denied}\n", 2, "user: is not text"),
    "too many": (
        "expectations:\n" + f"{ONE}may: 'site:read', expect: denied}}\n" * 10_001,
        1,
        "1 to 10000 in a file, not 10001",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_where(name: str) -> None:
    text, line, cause = BROKEN[name]
    with pytest.raises(InvalidInput) as refused:
        expectations_in(parse_yaml(text.encode(), "access.yaml"))
    where, _, said = refused.value.message.partition(": ")
    assert where == f"access.yaml:{line}"
    assert cause in said
    assert "\n" not in said


def test_junit_says_what_failed_whatever_is_in_the_names() -> None:
    hostile = "<b>&\x00\x1b[2J\ud800💥" + "x" * 300
    results = [
        Result(user="a@b.c", question="site:read", expected="allowed", found="allowed", passed=True, why=""),
        Result(user=hostile, question="q", expected="denied", found="allowed", passed=False, why="w", because=hostile),
        Result(user="c", question="q", expected="denied", passed=False, why="there is no such user"),
    ]
    suite = ElementTree.fromstring(junit("access.Acme", results)).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    assert [case.find("failure") is None for case in suite] == [True, False, False]
    assert [failure.get("message") for failure in suite.iter("failure")] == ["it is allowed", "there is no such user"]
    assert "<b>&" in str(suite[1].get("name"))
