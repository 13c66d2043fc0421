"""Where two values part."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bbws_access.provisioning.differing import differing


def places(one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    return list(differing("a", one, other))


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (30, 7, [("a", 30, 7)]),
        (None, [1], [("a", None, [1])]),
        ({"x": 1, "y": 2}, {"x": 1, "y": 3}, [("a.y", 2, 3)]),
        ({"x": 1}, {}, [("a.x", 1, None)]),
        ([1, 2, 3], [1, 9, 2, 3], [("a[1]", None, 9)]),
        ([1, 2], [1], [("a[1]", 2, None)]),
        ([1, 1], [1], [("a[1]", 1, None)]),
        ('{"S":[{"E":"Deny"}]}', '{"S":[{"E":"Allow"}]}', [("a.S[0].E", "Deny", "Allow")]),
        ('{"a":1}', "{", [("a", '{"a":1}', "{")]),
        ('{"a": 1}', '{"a":1}', [("a", {"a": 1}, {"a": 1})]),
        ("x", "x", []),
    ],
)
def test_the_innermost_place_is_told(one: Any, other: Any, found: list[tuple[str, Any, Any]]) -> None:
    assert places(one, other) == found


def test_a_statement_added_to_a_policy() -> None:
    policy = {"Statement": [{"Sid": str(n)} for n in range(10)]}
    wider = {"Statement": [*policy["Statement"], {"Action": "*"}]}
    assert places(json.dumps(policy), json.dumps(wider)) == [("a.Statement[10]", None, {"Action": "*"})]


def test_depth_is_bounded() -> None:
    one: Any = 1
    other: Any = 2
    for _ in range(500):
        one, other = [one], [other]
    assert len(places(one, other)) == 1


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=10,
)


@given(values, values)
def test_what_is_equal_has_no_places_and_what_differs_has_unless_null_is_absent(one: Any, other: Any) -> None:
    found = places(one, other)
    if one == other:
        assert found == []
    assert all(path.startswith("a") for path, _, _ in found)
