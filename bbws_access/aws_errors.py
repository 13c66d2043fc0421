"""AWS's failures as this project's errors: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from bbws_access.errors import AccessError, Busy, Denied, NotFound, ProvisioningFailed, Unauthenticated, Unreachable

THROTTLING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorizedException"})
_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "RequestExpired"}
)


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def translate(error: BotoCoreError | ClientError, what: str) -> AccessError:
    """The error to raise for ``error``; ``what`` names what was being asked of, for the message."""
    if isinstance(error, ClientError):
        return _translate_response(error, what)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return Unauthenticated("no AWS credentials were found", hint="sign in with: aws sso login, or set AWS_PROFILE")
    if isinstance(error, ProfileNotFound):
        return Unauthenticated(str(error), hint="see the profiles with: aws configure list-profiles")
    if isinstance(error, NoRegionError):
        return Unauthenticated("no AWS region is set", hint="set AWS_REGION, or choose an environment with --env")
    if isinstance(error, BotoConnectionError | HTTPClientError):
        return Unreachable(f"{what} does not answer", hint="bbws-access env status")
    return AccessError(f"{what}: {error}")


def _translate_response(error: ClientError, what: str) -> AccessError:
    code = error_code(error)
    message = str(error.response.get("Error", {}).get("Message", "")) or code
    details: dict[str, Any] = {"awsCode": code, "operation": error.operation_name}
    if code in THROTTLING:
        return Busy(f"{what} is throttled", hint="try again in a minute", details=details)
    if code in _EXPIRED:
        return Unauthenticated(
            "the AWS credentials are invalid or have expired", hint="sign in again with: aws sso login", details=details
        )
    if code in _DENIED:
        return Denied(f"AWS does not allow {error.operation_name} on {what}", code="AWS_DENIED", details=details)
    if code == "ResourceNotFoundException":
        return NotFound(f"{what} does not exist", hint="bbws-access env up", details=details)
    return ProvisioningFailed(f"{what}: {code}: {message}", code="AWS_ERROR", details=details)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raises this project's errors for AWS's."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise translate(error, what) from error
