"""Conditions in DynamoDB's words, held against boto3's builder; and values that are not what they look like."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr as TheirAttr
from boto3.dynamodb.conditions import ConditionExpressionBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from bbws_access.store.codec import encode_value
from bbws_access.store.conditions import Attr, Condition, Placeholders, holds
from bbws_access.store.writes import Update

NAMES = st.sampled_from(["version", "a.b", "size", "#x", ":v0", "list[0]"])
VALUES = st.sampled_from([0, 1, True, "1", "", None, ["a"], "AND"])

comparisons = st.tuples(st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte", "contains"]), NAMES, st.tuples(VALUES))
others = st.one_of(
    st.tuples(st.just("begins_with"), NAMES, st.tuples(st.just("x"))),
    st.tuples(st.just("between"), NAMES, st.tuples(VALUES, VALUES)),
    st.tuples(st.just("is_in"), NAMES, st.tuples(st.lists(VALUES, min_size=1, max_size=3))),
    st.tuples(st.sampled_from(["exists", "not_exists"]), NAMES, st.just(())),
)
trees: Any = st.recursive(
    comparisons | others,
    lambda inner: st.one_of(
        st.tuples(st.just("&"), inner, inner), st.tuples(st.just("|"), inner, inner), st.tuples(st.just("~"), inner)
    ),
    max_leaves=6,
)


def built(attr: Any, tree: Any) -> Any:
    """The condition of ``tree``, by one builder or the other."""
    match tree:
        case "&", left, right:
            return built(attr, left) & built(attr, right)
        case "|", left, right:
            return built(attr, left) | built(attr, right)
        case "~", inner:
            return ~built(attr, inner)
        case method, name, arguments:
            return getattr(attr(name), method)(*arguments)
    raise AssertionError(tree)


def _plain(name: str) -> str:
    """boto3 takes a dot for a path into a map; ours takes a name as it stands."""
    return name.replace(".", "_").replace("[", "_").replace("]", "_")


@settings(max_examples=150, deadline=None)
@given(trees)
def test_a_condition_reads_as_boto3_writes_it(tree: Any) -> None:
    placeholders = Placeholders()
    said = built(lambda name: Attr(_plain(name)), tree).expression(placeholders)
    theirs = ConditionExpressionBuilder().build_expression(built(lambda name: TheirAttr(_plain(name)), tree))
    assert said == theirs.condition_expression
    assert placeholders.names == theirs.attribute_name_placeholders
    expected = {name: encode_value(value) for name, value in theirs.attribute_value_placeholders.items()}
    assert placeholders.values == expected


def test_a_name_is_no_part_of_the_expression() -> None:
    placeholders = Placeholders()
    assert Attr("a.b = :v0 OR attribute_exists(PK)").eq(1).expression(placeholders) == "#n0 = :v0"


def test_an_update_and_its_condition_share_no_placeholder() -> None:
    condition: Condition = Attr("a").eq(1) & Attr("b").eq(2)
    update = Update({"PK": "p", "SK": "s"}, {"a": 3, "b": 4}, {"n": 1}, ["c"], condition).request()["Update"]
    assert sorted(update["ExpressionAttributeNames"].values()) == ["a", "a", "b", "b", "c", "n"]
    assert sorted(v["N"] for v in update["ExpressionAttributeValues"].values()) == ["1", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("condition", "item"),
    [
        (Attr("active").eq(True), {"active": 1}),
        (Attr("active").is_in([False]), {"active": 0}),
        (Attr("count").eq(1), {"count": True}),
        (Attr("count").lt(1), {"count": False}),
        (~Attr("active").ne(True), {"active": 1}),
    ],
)
def test_a_number_is_no_truth_value(condition: Condition, item: dict[str, Any]) -> None:
    """DynamoDB compares values of one type; to Python ``True`` is 1."""
    assert not holds(condition, item)
