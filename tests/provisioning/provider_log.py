"""What Terraform has asked AWS, from its log: an emulator asks no policy, and AWS is where a lack would show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from tests.lambdas.iam_policy import Policy

LOGGED: Final = {"TF_LOG": "DEBUG"}
"""With TF_LOG_PATH, what has Terraform write it."""

_RECORD: Final = re.compile(r"^(?=\d{4}-\d\d-\d\dT\S+ \[)", re.MULTILINE)
_SERVICE: Final = re.compile(r'rpc\.service=(?:"([^"]+)"|(\w+))')
_METHOD: Final = re.compile(r"rpc\.method=(\w+)")

_PREFIXES: Final[Mapping[str, str]] = {
    "CloudWatch": "cloudwatch",
    "CloudWatch Logs": "logs",
    "Cognito Identity Provider": "cognito-idp",
    "DynamoDB": "dynamodb",
    "EventBridge": "events",
    "IAM": "iam",
    "KMS": "kms",
    "Lambda": "lambda",
    "S3": "s3",
    "SES": "ses",
    "SNS": "sns",
    "SQS": "sqs",
    "STS": "sts",
}
_GATEWAY: Final = {"Create": "POST", "Delete": "DELETE", "Get": "GET", "Put": "PUT", "Tag": "PUT", "Update": "PATCH"}
_S3: Final = {
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
"""Calls of S3 whose IAM action has another name."""


def asked(log: Path) -> set[str]:
    """IAM's actions; raises ``KeyError`` for a service that is not known here."""
    sent = [r for r in _RECORD.split(log.read_text(errors="replace")) if "HTTP Request Sent" in r[:200]]
    assert sent, "Terraform has logged nothing that it sent"
    # Who one is, the provider asks IAM only where it may not ask STS, which it may not on an emulator.
    return {_action(record) for record in sent} - {"iam:GetUser"}


def lacking(policy: Policy, actions: Iterable[str]) -> set[str]:
    """Those of ``actions`` that the policy allows on nothing."""
    allowed = {action for statement in policy.statements if statement.allow for action in statement.actions}
    return {action for action in actions if not any(fnmatchcase(action, pattern) for pattern in allowed)}


def _action(record: str) -> str:
    service, method = _SERVICE.search(record), _METHOD.search(record)
    assert service is not None, record[:200]
    assert method is not None, record[:200]
    name, call = service[1] or service[2], method[1]
    if name == "API Gateway":
        verb = next(verb for beginning, verb in _GATEWAY.items() if call.startswith(beginning))
        return f"apigateway:{verb}"
    return f"{_PREFIXES[name]}:{_S3.get(call, call) if name == 'S3' else call}"
