"""The catalogue against the contract: 43 functions, 40 of them endpoints."""

from __future__ import annotations

import re
from collections import Counter

from bbws_access.catalogue import BY_NAME, ENDPOINTS, FUNCTIONS, Guard, Service, Trigger
from bbws_access.defaults import PERMISSIONS
from bbws_access.models.kinds import Capability
from bbws_access.names import Names


def test_forty_three_functions_forty_endpoints() -> None:
    assert len(FUNCTIONS) == len(BY_NAME) == 43
    assert len(ENDPOINTS) == 40
    assert Counter(f.service for f in FUNCTIONS) == {
        Service.PERMISSION: 6,
        Service.INVITATION: 8,
        Service.TEAM: 14,
        Service.ROLE: 8,
        Service.AUDIT: 6,
        Service.AUTHORIZER: 1,
    }


def test_no_two_functions_answer_the_same_request() -> None:
    routes = Counter((f.method, re.sub(r"\{[^}]+\}", "{}", f.path or "")) for f in ENDPOINTS)
    assert set(routes.values()) == {1}


def test_only_three_endpoints_are_public() -> None:
    public = {f.action for f in ENDPOINTS if f.guard is Guard.PUBLIC}
    assert public == {"get-invitation-by-token", "accept-invitation", "decline-invitation"}
    assert {f.action for f in FUNCTIONS if f.guard is Guard.INTERNAL} == {
        "seed-defaults",
        "archive-expired",
        "authorize",
    }


def test_every_guard_names_a_permission_and_capability_that_exist() -> None:
    known = {p.id for p in PERMISSIONS}
    for function in FUNCTIONS:
        needs = function.guard in {Guard.PERMISSION, Guard.PERMISSION_OR_CAPABILITY, Guard.PERMISSION_OR_SELF}
        assert (function.permission in known) == needs, function.name
        assert function.capability is None or function.capability in set(Capability)
        assert (function.guard is Guard.PERMISSION_OR_CAPABILITY) == (function.capability is not None)


def test_memory_and_time() -> None:
    for function in FUNCTIONS:
        expected = {Service.AUDIT: (1024, 300), Service.AUTHORIZER: (512, 10)}.get(function.service, (512, 30))
        assert (function.memory, function.timeout) == expected, function.name
    assert BY_NAME["audit-archive-expired"].schedule == "cron(0 2 * * ? *)"
    assert {f.name for f in FUNCTIONS if f.trigger is not Trigger.HTTP} == {
        "role-seed-defaults",
        "audit-archive-expired",
        "authorizer-authorize",
    }


def test_deployed_names_fit_into_aws() -> None:
    names = Names("local")
    assert names.table == "bbws-access-local-ddb-access-management"
    assert names.function(BY_NAME["team-add-member"]) == "bbws-access-local-lambda-team-add-member"
    assert all(len(names.function(f)) <= 64 for f in FUNCTIONS)
    assert len(Names("prod").audit_bucket) <= 63
