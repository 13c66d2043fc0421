"""What the quick way of reading returns is what the client returns without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bbws_access.store.quick_parse import parse_quickly
from bbws_access.store.schema import table_definition

ITEM: dict[str, Any] = {
    "PK": {"S": "a"},
    "SK": {"S": "b"},
    "B": {"S": "bm90IGJpbmFyeQ=="},
    "blob": {"B": b"\x00\xff"},
    "blobs": {"BS": [b"\x01", b"\x02"]},
    "deep": {"M": {"B": {"B": b"x"}, "BS": {"L": [{"B": b"y"}, {"NULL": True}]}, "S": {"S": '"B":'}}},
    "numbers": {"NS": ["1", "2.5"]},
    "on": {"BOOL": False},
}


@pytest.fixture
def clients(_no_real_aws: None) -> Iterator[tuple[Any, Any]]:
    with mock_aws():
        plain: Any = boto3.client("dynamodb", region_name="eu-west-1")
        plain.create_table(**table_definition("t"))
        plain.put_item(TableName="t", Item=ITEM)
        for n in range(30):
            plain.put_item(TableName="t", Item={"PK": {"S": f"p{n}"}, "SK": {"S": "s"}})
        quick: Any = boto3.client("dynamodb", region_name="eu-west-1")
        yield plain, parse_quickly(parse_quickly(quick))


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_scans(clients: tuple[Any, Any]) -> None:
    for request in ({}, {"Limit": 7}, {"Select": "COUNT"}):
        plain, quick = (c.scan(TableName="t", **request) for c in clients)
        assert without_metadata(plain) == without_metadata(quick)


def test_batches(clients: tuple[Any, Any]) -> None:
    keys = [{"PK": ITEM["PK"], "SK": ITEM["SK"]}, {"PK": {"S": "p1"}, "SK": {"S": "s"}}]
    plain, quick = (c.batch_get_item(RequestItems={"t": {"Keys": keys}}) for c in clients)
    assert without_metadata(plain) == without_metadata(quick)
    assert ITEM in quick["Responses"]["t"]


def test_errors_stay_errors(clients: tuple[Any, Any]) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        clients[1].scan(TableName="other")
