"""AWS clients of a function: made once per process, with timeouts below the function's own."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config

from bbws_access.adapters.clients import make_client, s3_config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONFIG: Final = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}, max_pool_connections=10
)

_CONFIGS: Final = {
    # The mailer tries again itself, and all of its tries must fit into one request.
    "ses": CONFIG.merge(Config(read_timeout=3, retries={"mode": "standard", "total_max_attempts": 1})),
    # An archived day takes longer than an answer of the table.
    "s3": CONFIG.merge(Config(read_timeout=60)),
}


_IMPATIENT: Final = CONFIG.merge(
    Config(connect_timeout=0.3, read_timeout=0.3, retries={"mode": "standard", "total_max_attempts": 1})
)


@cache
def client(service: str) -> Any:
    """The region and, on an emulator, the endpoint come from the runtime's own environment."""
    config = _CONFIGS.get(service, CONFIG)
    if service == "s3":
        config = config.merge(s3_config(os.environ.get("AWS_ENDPOINT_URL")))
    return make_client(service, config=config)


@cache
def impatient_dynamodb() -> DynamoDBClient:
    """For what is done within a request and may be left undone: one try, of at most 300 ms to connect and to answer."""
    found: DynamoDBClient = make_client("dynamodb", config=_IMPATIENT)
    return found


def dynamodb() -> DynamoDBClient:
    found: DynamoDBClient = client("dynamodb")
    return found
