"""A dry run's client refuses every write, however it is asked to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bbws_access.errors import Refused
from bbws_access.store.readonly import READS, forbid_writes
from bbws_access.store.schema import table_definition

KEY = {"PK": {"S": "a"}, "SK": {"S": "b"}}


@pytest.fixture
def client(_no_real_aws: None) -> Iterator[Any]:
    with mock_aws():
        found: Any = boto3.client("dynamodb", region_name="eu-west-1")
        found.create_table(**table_definition("t"))
        found.put_item(TableName="t", Item=KEY)
        yield forbid_writes(found)


def test_reads_go_through(client: Any) -> None:
    assert client.get_item(TableName="t", Key=KEY)["Item"] == KEY
    assert [page["Items"] for page in client.get_paginator("scan").paginate(TableName="t")] == [[KEY]]
    assert client.describe_table(TableName="t")["Table"]["TableName"] == "t"


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("put_item", {"TableName": "t", "Item": KEY}),
        ("delete_item", {"TableName": "t", "Key": KEY}),
        ("update_item", {"TableName": "t", "Key": KEY}),
        ("batch_write_item", {"RequestItems": {"t": [{"DeleteRequest": {"Key": KEY}}]}}),
        ("transact_write_items", {"TransactItems": [{"Delete": {"TableName": "t", "Key": KEY}}]}),
        ("execute_statement", {"Statement": "DELETE FROM t WHERE PK='a' AND SK='b'"}),
        ("delete_table", {"TableName": "t"}),
        ("create_table", table_definition("u")),
        ("update_time_to_live", {"TableName": "t", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "x"}}),
        ("tag_resource", {"ResourceArn": "arn", "Tags": []}),
    ],
)
def test_writes_are_refused(client: Any, method: str, request_: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        getattr(client, method)(**request_)
    assert (refused.value.code, refused.value.exit_code) == ("READ_ONLY", 4)
    assert client.get_item(TableName="t", Key=KEY)["Item"] == KEY
    assert client.list_tables()["TableNames"] == ["t"]


def test_every_operation_that_dynamodb_has_is_a_known_read_or_refused(client: Any) -> None:
    operations = set(client.meta.service_model.operation_names)
    assert operations >= READS
    assert not [name for name in READS if name.startswith(("Put", "Update", "Delete", "Create", "Execute", "Import"))]
