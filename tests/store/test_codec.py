"""Values come out of DynamoDB's typed form as boto3 would read them, only plainer."""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from bbws_access.store.codec import decode, encode, encode_value

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


def typed_decimals(value: Any) -> Any:
    """boto3 takes no ``float``."""
    match value:
        case float():
            return Decimal(str(value))
        case dict():
            return {name: typed_decimals(v) for name, v in value.items()}
        case list():
            return [typed_decimals(v) for v in value]
    return value


def in_order(stored: Any) -> Any:
    match stored:
        case {"SS": members}:
            return {"SS": sorted(members)}
        case dict():
            return {name: in_order(v) for name, v in stored.items()}
        case list():
            return [in_order(v) for v in stored]
    return stored


@given(VALUES)
def test_as_boto3_writes_them(value: Any) -> None:
    assert encode_value(value) == in_order(TypeSerializer().serialize(typed_decimals(value)))


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal("-Infinity"), object(), set(), [frozenset()], {1, "1"}, {True}],
)
def test_what_dynamodb_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="DynamoDB holds no"):
        encode_value(value)


@pytest.mark.parametrize("value", [10**38 + 1, Decimal("1E+127"), Decimal("1E-200"), Decimal("1." + "1" * 38)])
def test_a_number_that_dynamodb_would_round_is_refused(value: Any) -> None:
    with pytest.raises(DecimalException):
        encode_value(value)


def test_bytes_come_back_as_they_were() -> None:
    assert decode({"x": encode_value(b"\x00\xff")}) == {"x": b"\x00\xff"}


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ({"N": "-0"}, 0),
        ({"N": "1E+3"}, 1000),
        ({"N": "3.0"}, 3),
        ({"N": "1.5"}, 1.5),
        ({"NS": ["1", "2.5"]}, frozenset({1, 2.5})),
        ({"B": b"\x00"}, b"\x00"),
        ({"BS": [b"a", b"b"]}, frozenset({b"a", b"b"})),
        ({"NULL": True}, None),
        ({"L": []}, []),
        ({"M": {}}, {}),
    ],
)
def test_every_type(stored: dict[str, Any], value: Any) -> None:
    assert decode({"x": stored}) == {"x": value}


@pytest.mark.parametrize("stored", [{"NS": ["1", "2.5"]}, {"BS": [b"a", b"b"]}, {"SS": ["1", "2.5"]}])
def test_a_set_that_is_written_again_keeps_its_type(stored: dict[str, Any]) -> None:
    assert in_order(encode_value(decode({"x": stored})["x"])) == stored


def test_a_type_that_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(TypeError, match="XYZ"):
        decode({"x": {"XYZ": "1"}})
