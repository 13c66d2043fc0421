"""Values come out of DynamoDB's typed form as boto3 would read them, only plainer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from bbws_access.store.codec import decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(-1e15, 1e15, allow_nan=False).map(lambda f: round(f, 6))
SETS = st.frozensets(TEXT, min_size=1, max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | SETS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {name: plain(v) for name, v in value.items()}
        case list():
            return [plain(v) for v in value]
        case set():
            return frozenset(plain(v) for v in value)
    return value


@given(st.dictionaries(TEXT, VALUES, max_size=6))
def test_as_boto3_reads_them_with_plain_numbers(item: dict[str, Any]) -> None:
    stored = encode(item)
    theirs = {name: plain(TypeDeserializer().deserialize(value)) for name, value in stored.items()}
    assert decode(stored) == theirs
    assert [type(v) for v in decode(stored).values()] == [type(v) for v in theirs.values()]


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ({"N": "-0"}, 0),
        ({"N": "1E+3"}, 1000),
        ({"N": "3.0"}, 3),
        ({"N": "1.5"}, 1.5),
        ({"NS": ["1", "2.5"]}, frozenset({1, 2.5})),
        ({"B": b"\x00"}, Binary(b"\x00")),
        ({"BS": [b"a", b"b"]}, frozenset({Binary(b"a"), Binary(b"b")})),
        ({"NULL": True}, None),
        ({"L": []}, []),
        ({"M": {}}, {}),
    ],
)
def test_every_type(stored: dict[str, Any], value: Any) -> None:
    assert decode({"x": stored}) == {"x": value}


def test_a_type_that_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(TypeError, match="XYZ"):
        decode({"x": {"XYZ": "1"}})
