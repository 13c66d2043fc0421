"""What counts as changed behind Terraform's back, and what only looks like it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.drift import GONE, SET_ELSEWHERE, Difference, differences
from bbws_access.provisioning.plans import HIDDEN
from tests.provisioning.plan_json import GROUP, TABLE, resource


def drifted(*resources: dict[str, Any]) -> tuple[Difference, ...]:
    return differences({"resource_drift": list(resources)})


def changed(before: Any, after: Any, address: str = "aws_x.y", **more: Any) -> tuple[Difference, ...]:
    return drifted(resource(address, "update", before={"a": before}, after={"a": after}, **more))


def test_a_retention_somebody_changed() -> None:
    found = resource(GROUP, "update", before={"retention_in_days": 30}, after={"retention_in_days": 7})
    kind = "aws_cloudwatch_log_group"
    assert drifted(found) == (Difference(GROUP, kind, "retention_in_days", 30, 7),)


def test_what_is_gone() -> None:
    (found,) = drifted(resource(TABLE, "delete", before={"name": "t", "hash_key": "PK"}))
    assert (found.attribute, found.theirs) == (None, GONE)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (None, {}),
        (None, []),
        (None, ""),
        (None, False),
        (None, 0),
        ([{"required": None}], [{"required": False}]),
        ({"a": {"b": None}}, None),
        ('{"a":1,"b":[]}', '{"b": [], "a": 1}'),
        ("x", "x"),
    ],
)
def test_another_spelling_of_the_same(ours: Any, theirs: Any) -> None:
    assert changed(ours, theirs) == ()
    assert changed(theirs, ours) == ()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {"Owner": "x"}),
        (True, False),
        (30, 0),
        (0, 30),
        ([1], [1, 1]),
        (["a", "b"], ["b", "a"]),
        ("{", "{}"),
        ('{"Effect":"Deny"}', '{"Effect":"Allow"}'),
        ([{"a": 1}], [{"a": 2}]),
        ("1", 1),
    ],
)
def test_what_differs(ours: Any, theirs: Any) -> None:
    assert [d.attribute for d in changed(ours, theirs)] == ["a"]
    assert [d.attribute for d in changed(theirs, ours)] == ["a"]


@pytest.mark.parametrize(("kind", "attribute"), [(k, a) for k, names in SET_ELSEWHERE.items() for a in sorted(names)])
def test_what_another_resource_sets_is_compared_there(kind: str, attribute: str) -> None:
    found = resource(f"{kind}.x", "update", before={attribute: ""}, after={attribute: "x", "tags": {"a": "b"}})
    assert [d.attribute for d in drifted(found)] == ["tags"]


def test_users_who_come_and_go_are_no_drift_of_their_pool() -> None:
    pool = "module.cognito.aws_cognito_user_pool.this"
    ours, theirs = {"estimated_number_of_users": 0, "mfa": "ON"}, {"estimated_number_of_users": 2, "mfa": "ON"}
    change = {"before": ours, "after": theirs}
    assert differences({"resource_drift": [resource(pool, "update", **change)]}) == ()
    theirs["mfa"] = "OFF"
    assert [d.attribute for d in differences({"resource_drift": [resource(pool, "update", **change)]})] == ["mfa"]


def test_a_policy_changed_where_it_is_set() -> None:
    found = resource("aws_s3_bucket_policy.x", "update", before={"policy": "{}"}, after={"policy": '{"a":1}'})
    assert [d.attribute for d in drifted(found)] == ["policy"]


def test_a_secret_is_named_and_not_shown() -> None:
    (found,) = changed("hunter1", "hunter2", before_sensitive={"a": True})
    assert (found.ours, found.theirs) == (HIDDEN, HIDDEN)
    assert "hunter" not in json.dumps(found.as_data())


def test_data_sources_do_not_drift() -> None:
    assert changed(1, 2, "data.aws_x.y") == ()


def test_nothing() -> None:
    assert differences({}) == ()
    assert differences({"resource_drift": None}) == ()


@pytest.mark.parametrize("rubbish", [None, [], {"resource_drift": [{}]}, {"resource_drift": [None]}, "x"])
def test_what_is_no_comparison(rubbish: Any) -> None:
    with pytest.raises(ProvisioningFailed, match="cannot be read"):
        differences(rubbish)
