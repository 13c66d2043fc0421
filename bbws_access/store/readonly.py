"""A DynamoDB client that cannot write, whoever uses it and however: the guard is inside the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bbws_access.errors import Refused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READS: Final = frozenset(
    {
        "BatchGetItem",
        "DescribeContinuousBackups",
        "DescribeTable",
        "DescribeTimeToLive",
        "GetItem",
        "ListTables",
        "ListTagsOfResource",
        "Query",
        "Scan",
        "TransactGetItems",
    }
)
"""Operations of DynamoDB that change nothing. What is not among them is refused, also what AWS adds one day."""


def forbid_writes(client: DynamoDBClient) -> DynamoDBClient:
    """Makes ``client`` refuse every operation but :data:`READS`, before anything is sent, and returns it.

    Its calls then raise :class:`Refused` with the code ``READ_ONLY``. There is no way back.
    """
    client.meta.events.register_first("before-call.dynamodb", _only_reads)
    return client


def _only_reads(model: Any, **_: Any) -> None:
    if model.name not in READS:
        raise Refused(f"{model.name} was refused: this is a dry run, which writes nothing", code="READ_ONLY")
