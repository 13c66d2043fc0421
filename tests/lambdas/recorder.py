"""What a function asks of AWS: every call, as IAM sees it.

The hooks stand where botocore hands over the parameters of a call, so whatever a function does, through
whichever client, is seen. A transaction is one call of the API and, to IAM, one of each of its items.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"

_SINGLE: Final = {"PutItem": "Item", "GetItem": "Key", "UpdateItem": "Key", "DeleteItem": "Key"}
_IN_TRANSACTION: Final = {
    "Put": ("PutItem", "Item"),
    "Update": ("UpdateItem", "Key"),
    "Delete": ("DeleteItem", "Key"),
    "ConditionCheck": ("ConditionCheckItem", "Key"),
}
_S3_ACTIONS: Final = {
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}
"""Calls whose IAM action has another name."""


@dataclass(frozen=True)
class AwsCall:
    """One question to IAM. ``leading_keys`` and ``attributes`` are those of a request to DynamoDB, ``context`` is
    what else IAM knows of a request: names of single values, and the values."""

    action: str
    resource: str
    leading_keys: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    context: tuple[tuple[str, str], ...] = ()


@dataclass
class Recorder:
    """The calls of each function, by its name in the catalogue; calls outside of :meth:`running` are not kept."""

    calls: dict[str, set[AwsCall]] = field(default_factory=dict)
    table_operations: set[str] = field(default_factory=set)
    """What was asked of the table, under the API's names, which are those of its metrics."""
    _function: str | None = None

    @contextmanager
    def running(self, function: str) -> Iterator[None]:
        self._function = function
        self.calls.setdefault(function, set())
        try:
            yield
        finally:
            self._function = None

    def watch(self, client: Any) -> Any:
        client.meta.events.register("before-parameter-build.*.*", self._note)
        return client

    def _note(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        if self._function is not None:
            service = model.service_model.signing_name
            self.calls[self._function].update(iam_calls(service, model.name, params))
            if service == "dynamodb":
                self.table_operations.add(model.name)


def iam_calls(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[AwsCall]:
    """What IAM is asked when a client makes this call; raises ``NotImplementedError`` for one unknown here."""
    match service:
        case "dynamodb":
            yield from _dynamodb(operation, params)
        case "s3":
            yield from _s3(operation, params)
        case "kms":
            yield AwsCall(f"kms:{operation}", str(params["KeyId"]))
        case "ses":
            yield AwsCall(f"ses:{operation}", f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{_address(params['Source'])}")
        case "cognito-idp":
            pool = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{params['UserPoolId']}"
            yield AwsCall(f"cognito-idp:{operation}", pool)
        case "logs":
            group, stream = params["logGroupName"], params["logStreamName"]
            resource = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{stream}"
            yield AwsCall(f"logs:{operation}", resource)
        case _:
            raise NotImplementedError(f"{service} {operation}")


def _dynamodb(operation: str, params: Mapping[str, Any]) -> Iterator[AwsCall]:
    if operation == "TransactWriteItems":
        for entry in params["TransactItems"]:
            ((kind, request),) = entry.items()
            name, place = _IN_TRANSACTION[kind]
            named = (*request[place], *request.get("ExpressionAttributeNames", {}).values())
            yield AwsCall(
                f"dynamodb:{name}", _table(request["TableName"]), _keys([request[place]]), tuple(sorted(set(named)))
            )
    elif operation == "BatchGetItem":
        for table, request in params["RequestItems"].items():
            yield AwsCall("dynamodb:BatchGetItem", _table(table), _keys(request["Keys"]))
    elif operation == "Query":
        index = params.get("IndexName")
        resource = _table(params["TableName"]) + (f"/index/{index}" if index else "")
        yield AwsCall("dynamodb:Query", resource, (_queried(params),))
    elif operation in _SINGLE:
        yield AwsCall(f"dynamodb:{operation}", _table(params["TableName"]), _keys([params[_SINGLE[operation]]]))
    else:
        yield AwsCall(f"dynamodb:{operation}", _table(params["TableName"]))


def _s3(operation: str, params: Mapping[str, Any]) -> Iterator[AwsCall]:
    action = _S3_ACTIONS.get(operation, operation)
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    resource = f"{bucket}/{params['Key']}" if "Key" in params else bucket
    yield AwsCall(f"s3:{action}", resource)
    if "ObjectLockMode" in params:
        yield AwsCall("s3:PutObjectRetention", resource)


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def _keys(items: list[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({item["PK"]["S"] for item in items}))


def _queried(params: Mapping[str, Any]) -> str:
    """The partition that a key condition names, which is the first of its comparisons."""
    match = re.match(r"\(?(#\w+) = (:\w+)", params["KeyConditionExpression"])
    assert match is not None
    assert params["ExpressionAttributeNames"][match[1]].endswith("PK")
    return str(params["ExpressionAttributeValues"][match[2]]["S"])


def _address(source: str) -> str:
    return source.partition("<")[2].rstrip(">") or source
