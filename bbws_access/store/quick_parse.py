"""Reading many items through a boto3 client without its parser, which takes four fifths of the time.

DynamoDB's answers are JSON whose items are already in the typed form that the client returns. So they are
taken as they are, and only binary values are decoded. Signing, retries and errors stay the client's.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ITEMS: Final = {"Scan": "Items", "BatchGetItem": "Responses"}
"""Operations that return many items, and where in the answer they are."""

_BINARY: Final = (b'"B":', b'"B" :', b'"BS":', b'"BS" :')


def parse_quickly(client: DynamoDBClient) -> DynamoDBClient:
    """Has ``client`` return scans and batches as before, only sooner; returns it. Doing it twice changes nothing."""
    for operation in _ITEMS:
        client.meta.events.register_last(
            f"before-parse.dynamodb.{operation}", _take_items, unique_id=f"bbws-access-quick-parse-{operation}"
        )
    return client


def _take_items(
    operation_model: Any, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Takes the items out of the body, so that the parser finds only what stands around them."""
    if response_dict["status_code"] != 200:
        return
    body: bytes = response_dict["body"]
    try:
        answer = json.loads(body)
    except ValueError:
        return  # the parser knows what to say of it
    name = _ITEMS[operation_model.name]
    if not isinstance(answer, dict) or name not in answer:
        return
    items = answer.pop(name)
    if any(mark in body for mark in _BINARY):
        items = _decoded(items)
    customized_response_dict[name] = items
    response_dict["body"] = json.dumps(answer).encode()


def _decoded(value: Any) -> Any:
    """Binary values as bytes. An attribute may be called ``B``, too: then it holds a mapping, not text."""
    if isinstance(value, list):
        return [_decoded(v) for v in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        if isinstance(binary := value.get("B"), str):
            return {"B": b64decode(binary)}
        if isinstance(several := value.get("BS"), list):
            return {"BS": [b64decode(v) if isinstance(v, str) else v for v in several]}
    return {name: _decoded(v) for name, v in value.items()}
