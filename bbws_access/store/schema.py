"""The table's definition, for whoever makes one without Terraform: tests, restores, comparisons."""

from __future__ import annotations

from typing import Any, Final

INDEX_COUNT: Final = 5
TTL_ATTRIBUTE: Final = "ttl"


def index_name(number: int) -> str:
    return f"GSI{number}"


def table_definition(name: str) -> dict[str, Any]:
    """Arguments of DynamoDB's ``CreateTable``. TTL and point-in-time recovery are calls of their own."""
    attributes = ["PK", "SK", *(f"GSI{n}{part}" for n in range(1, INDEX_COUNT + 1) for part in ("PK", "SK"))]
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": a, "AttributeType": "S"} for a in attributes],
        "KeySchema": _key_schema("PK", "SK"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index_name(n),
                "KeySchema": _key_schema(f"GSI{n}PK", f"GSI{n}SK"),
                "Projection": {"ProjectionType": "ALL"},
            }
            for n in range(1, INDEX_COUNT + 1)
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        "SSESpecification": {"Enabled": True},
    }


def _key_schema(pk: str, sk: str) -> list[dict[str, str]]:
    return [{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]
