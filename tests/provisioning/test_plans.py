"""What a plan would do, out of Terraform's own account of it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.events import Planned, Summary
from bbws_access.provisioning.guarded import only_adds
from bbws_access.provisioning.plans import (
    HIDDEN,
    HOLDS_DATA,
    UNKNOWN,
    Action,
    Attribute,
    Change,
    PlanSummary,
    from_events,
    from_json,
    grouped,
)
from bbws_access.provisioning.runner import Outcome
from tests.provisioning.plan_json import GROUP, TABLE, plan, resource


def only(found: dict[str, Any]) -> Change:
    (change,) = from_json(plan(found)).changes
    return change


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (("create",), Action.ADD),
        (("update",), Action.CHANGE),
        (("delete",), Action.DESTROY),
        (("delete", "create"), Action.REPLACE),
        (("create", "delete"), Action.REPLACE),
        (("forget",), Action.FORGET),
    ],
)
def test_each_action(actions: tuple[str, ...], action: Action) -> None:
    assert only(resource(TABLE, *actions)).action is action
    assert from_json(plan(resource(TABLE, *actions))).counts[action] == 1


@pytest.mark.parametrize("actions", [("no-op",), ("read",), ()])
def test_what_stays_is_not_told(actions: tuple[str, ...]) -> None:
    assert from_json(plan(resource(TABLE, *actions))).is_empty


def test_data_sources_are_no_changes() -> None:
    assert from_json(plan(resource("data.aws_caller_identity.current", "delete"))).is_empty


@pytest.mark.parametrize("actions", [("destroy",), ("delete", "delete"), ("update", "delete"), ("DELETE",)])
def test_an_action_that_is_not_known_is_not_taken_for_harmless(actions: tuple[str, ...]) -> None:
    with pytest.raises(ProvisioningFailed, match="unknown actions"):
        from_json(plan(resource(TABLE, *actions)))


def test_only_what_differs_is_an_attribute() -> None:
    change = only(
        resource(
            GROUP,
            "update",
            before={"name": "g", "retention_in_days": 30, "arn": "a"},
            after={"name": "g", "retention_in_days": 7},
            after_unknown={"arn": True},
        )
    )
    assert change.attributes == (Attribute("arn", "a", UNKNOWN), Attribute("retention_in_days", 30, 7))


@pytest.mark.parametrize(
    "marks",
    [
        {"before_sensitive": {"password": True}},
        {"after_sensitive": {"password": True}},
        {"before_sensitive": {"password": {"inner": [True]}}},
        {"after_sensitive": {"password": [{"deep": True}]}},
        {"after_sensitive": True},
    ],
)
def test_a_secret_is_told_of_and_not_shown(marks: dict[str, Any]) -> None:
    found = resource("aws_x.y", "update", before={"password": "hunter1"}, after={"password": "hunter2"}, **marks)
    summary = from_json(plan(found))
    assert summary.changes[0].attributes == (Attribute("password", HIDDEN, HIDDEN),)
    assert "hunter" not in json.dumps(summary.as_data())


@pytest.mark.parametrize("marks", [{}, {"before_sensitive": {}}, {"after_sensitive": {"password": {"inner": [False]}}}])
def test_what_is_no_secret_is_shown(marks: dict[str, Any]) -> None:
    found = resource("aws_x.y", "update", before={"password": "no"}, after={"password": "yes"}, **marks)
    assert only(found).attributes == (Attribute("password", "no", "yes"),)


def test_what_forces_a_replacement_is_named() -> None:
    change = only(
        resource(
            TABLE,
            "delete",
            "create",
            before={"hash_key": "PK"},
            after={"hash_key": "Key"},
            replace_paths=[["hash_key"], ["attribute", 0, "name"], ["hash_key"]],
        )
    )
    assert change.because == ("hash_key", "attribute.0.name")
    assert change.loses_data


def test_a_creation_that_was_cut_off_is_told_from_a_wish_to_replace() -> None:
    assert only(resource(TABLE, "delete", "create") | {"action_reason": "replace_because_tainted"}).tainted
    assert not only(resource(TABLE, "delete", "create") | {"action_reason": "replace_because_cannot_update"}).tainted


@pytest.mark.parametrize("kind", sorted(HOLDS_DATA))
@pytest.mark.parametrize(
    ("actions", "lost"),
    [
        (("delete",), True),
        (("delete", "create"), True),
        (("create", "delete"), True),
        (("update",), False),
        (("create",), False),
    ],
)
def test_what_holds_data_is_marked(kind: str, actions: tuple[str, ...], lost: bool) -> None:
    summary = from_json(plan(resource(f"module.m.{kind}.this[0]", *actions)))
    assert summary.changes[0].holds_data
    assert bool(summary.losses) is lost


@pytest.mark.parametrize("kind", ["aws_s3_bucket_policy", "aws_s3_object", "aws_kms_alias", "aws_lambda_function"])
def test_what_can_be_made_again_is_no_loss(kind: str) -> None:
    assert from_json(plan(resource(f"{kind}.this", "delete"))).losses == ()


def test_a_deposed_object_counts_as_well() -> None:
    deposed = resource(TABLE, "delete") | {"deposed": "abcd1234"}
    assert from_json(plan(resource(TABLE, "no-op"), deposed)).losses[0].address == TABLE


@pytest.mark.parametrize(
    ("address", "module", "label"),
    [
        (TABLE, "table", ""),
        (GROUP, "functions", "team"),
        ("aws_x.y", "", "y"),
        ("module.a[0].module.b.aws_x.this[3]", "a.b", "3"),
        ('module.a["x.y"].aws_x.this["k.v"]', "a", "k.v"),
    ],
)
def test_where_something_is_and_what_it_is_called(address: str, module: str, label: str) -> None:
    change = Change(address, "aws_x", Action.ADD)
    assert (change.module, change.label) == (module, label)


def test_outputs_alone_are_something_to_apply() -> None:
    summary = from_json(plan(output_changes={"url": {"actions": ["update"]}, "same": {"actions": ["no-op"]}}))
    assert (summary.outputs, summary.is_empty) == (("url",), False)


def test_alike_changes_are_one_group_and_others_are_not() -> None:
    def function(name: str, *changed: str) -> dict[str, Any]:
        address = f'module.functions.aws_lambda_function.this["{name}"]'
        return resource(address, "update", before=dict.fromkeys(changed, 1), after=dict.fromkeys(changed, 2))

    groups = grouped(from_json(plan(function("a", "s3_key"), function("b", "s3_key"), function("c", "memory_size"))))
    assert [[c.label for c in g.changes] for g in groups] == [["a", "b"], ["c"]]


def test_what_is_lost_comes_first() -> None:
    found = [resource("aws_a.a", "create"), resource("aws_b.b", "update"), resource(TABLE, "delete")]
    found.append(resource("aws_c.c", "delete", "create"))
    actions = [group.action for group in grouped(from_json(plan(*found)))]
    assert actions == [Action.DESTROY, Action.REPLACE, Action.CHANGE, Action.ADD]


def test_grouping_keeps_every_change() -> None:
    changes = tuple(Change(f"aws_x.n{n}", "aws_x", list(Action)[n % 5]) for n in range(50))
    groups = grouped(PlanSummary(changes))
    assert sorted(c.address for g in groups for c in g.changes) == sorted(c.address for c in changes)


@pytest.mark.parametrize(
    "rubbish",
    [
        None,
        [],
        "plan",
        7,
        {"resource_changes": [None]},
        {"resource_changes": [{}]},
        {"resource_changes": "x"},
        {"resource_changes": [{"address": "a", "type": "t", "change": None}]},
        {"resource_changes": [{"address": "a", "type": "t", "change": {"actions": None}}]},
        {"output_changes": {"a": None}},
        {"output_changes": [1]},
    ],
)
def test_what_is_no_plan(rubbish: Any) -> None:
    with pytest.raises(ProvisioningFailed, match="cannot be read"):
        from_json(rubbish)


def test_a_large_plan_of_odd_names() -> None:
    names = ["\u202egnp", "a'b", "名前", "x" * 10_000, '"]', "\x00"]
    found = [resource(f'aws_x.this["{names[n % 6]}{n}"]', "create") for n in range(5_000)]
    summary = from_json(plan(*found))
    assert summary.counts[Action.ADD] == 5_000
    assert len(grouped(summary)) == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(values, values)
def test_any_values_are_compared_and_none_is_lost(before: Any, after: Any) -> None:
    found = resource("aws_x.y", "update", before={"a": before}, after={"a": after})
    asked = copy.deepcopy(found)
    attributes = only(found).attributes
    assert found == asked
    assert attributes == (() if before == after else (Attribute("a", before, after),))


def planned(*actions: str) -> list[Planned]:
    return [Planned(f"aws_x.n{n}", action, "aws_x") for n, action in enumerate(actions)]


def test_from_events_all_that_is_new() -> None:
    summary = from_events(planned("create", "read", "noop", "create"))
    assert [c.address for c in summary.changes] == ["aws_x.n0", "aws_x.n3"]
    assert summary.counts[Action.ADD] == 2


@pytest.mark.parametrize(
    ("actions", "summary", "alone"),
    [
        (("create", "create", "read"), Summary("plan", 2, 0, 0), True),
        (("create",), Summary("plan", 2, 0, 0), False),
        (("create",), Summary("plan", 1, 1, 0), False),
        (("create",), Summary("plan", 1, 0, 1), False),
        (("create", "delete"), Summary("plan", 1, 0, 1), False),
        (("create", "move"), Summary("plan", 1, 0, 0), False),
        (("create",), None, False),
        ((), Summary("plan", 0, 0, 0), False),
    ],
)
def test_events_are_enough_only_where_they_and_the_count_agree_that_all_is_new(
    actions: tuple[str, ...], summary: Summary | None, alone: bool
) -> None:
    assert only_adds(Outcome(summary=summary, planned=planned(*actions))) is alone
