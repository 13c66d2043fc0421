"""Signing in to a Cognito user pool with a password, on behalf of an operator.

The admin's flow is used: the password goes to Cognito in a request that AWS credentials sign, so that
nobody without them can try passwords through this door.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from bbws_access.aws_errors import error_code, translated
from bbws_access.errors import AccessError, Denied, NotFound, ProvisioningFailed, TooManyRequests, Unauthenticated

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_WHAT: Final = "the user pool"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives; ``expires_in`` is in seconds."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    expires_in: int


class CognitoSignIn:
    """Sign-ins to one client of one user pool."""

    def __init__(self, client: CognitoIdentityProviderClient, user_pool_id: str, client_id: str) -> None:
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id

    def sign_in(self, email: str, password: str) -> Tokens:
        """The tokens of ``email``.

        Raises ``NotFound`` (``USER_NOT_FOUND``), ``Unauthenticated`` (``WRONG_PASSWORD``), ``Denied``
        (``USER_DISABLED``, ``CHALLENGE_REQUIRED``, ``AWS_DENIED``), ``TooManyRequests``, ``Busy``, ``Unreachable``.
        """
        with translated(_WHAT):
            try:
                answer: Any = self._client.admin_initiate_auth(
                    UserPoolId=self._pool,
                    ClientId=self._client_id,
                    AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": email, "PASSWORD": password},
                )
            except ClientError as error:
                known = _refusal(email, error)
                if known is None:
                    raise
                if known.code == "WRONG_PASSWORD" and not self._is_there(email):
                    known = _unknown(email)
                # Without the cause: it carries the request, and with it the password, into a traceback.
                raise known from None
        if "ChallengeName" in answer:
            raise _challenge(email, str(answer["ChallengeName"]))
        result = answer["AuthenticationResult"]
        return Tokens(result["IdToken"], result["AccessToken"], int(result["ExpiresIn"]))

    def _is_there(self, email: str) -> bool:
        """Whether there is such an account: a sign-in does not tell, so that strangers cannot find out."""
        try:
            self._client.admin_get_user(UserPoolId=self._pool, Username=email)
        except ClientError as error:
            return error_code(error) != "UserNotFoundException"
        return True


def _refusal(email: str, error: ClientError) -> AccessError | None:
    """``None`` for what has nothing to do with signing in."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    match error_code(error):
        case "UserNotFoundException":
            return _unknown(email)
        case "NotAuthorizedException" if "disabled" in message.lower():
            return Denied(f"the account of {email} is disabled", code="USER_DISABLED")
        case "NotAuthorizedException" if "attempts" in message.lower():
            return TooManyRequests(f"too many tries to sign in as {email}", hint="wait a few minutes")
        case "NotAuthorizedException":
            return Unauthenticated(f"the password is not that of {email}", code="WRONG_PASSWORD")
        case "PasswordResetRequiredException" | "UserNotConfirmedException":
            return _challenge(email, "a new password")
        case "InvalidParameterException" if "flow" in message.lower():
            return ProvisioningFailed(
                "the user pool's client does not let operators sign users in", hint="bbws-access env up"
            )
        case "LimitExceededException" | "TooManyFailedAttemptsException":
            return TooManyRequests(f"too many tries to sign in as {email}", hint="wait a few minutes")
    return None


def _unknown(email: str) -> NotFound:
    hint = "bbws-access users invite EMAIL --role NAME"
    return NotFound(f"{email} has no account", code="USER_NOT_FOUND", hint=hint)


def _challenge(email: str, challenge: str) -> Denied:
    return Denied(
        f"{email} must first do in a sign-in page what is asked of them: {challenge.replace('_', ' ').lower()}",
        code="CHALLENGE_REQUIRED",
        details={"challenge": challenge},
    )
