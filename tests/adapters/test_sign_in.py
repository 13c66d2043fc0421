"""Signing in: what Cognito may answer, and what is said of it."""

from __future__ import annotations

import traceback
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from bbws_access.adapters.sign_in import CognitoSignIn
from bbws_access.errors import AccessError, ExitCode

PASSWORD = "Correct-horse-7"
EMAIL = "ada@acme.test"
WRONG = ("NotAuthorizedException", "Incorrect username or password.")
RESULT = {"IdToken": "id.to.ken", "AccessToken": "access.to.ken", "ExpiresIn": 3600, "TokenType": "Bearer"}


@pytest.fixture
def cognito() -> Any:
    return boto3.client("cognito-idp", region_name="eu-west-1")


def sign_in(
    cognito: Any, *, answer: dict[str, Any] | None = None, error: tuple[str, str] | None = None, look: str | None = None
) -> Any:
    with Stubber(cognito) as stub:
        if answer is not None:
            parameters = {"USERNAME": EMAIL, "PASSWORD": PASSWORD}
            expected = {
                "UserPoolId": "pool_1",
                "ClientId": "client1",
                "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                "AuthParameters": parameters,
            }
            stub.add_response("admin_initiate_auth", answer, expected)
        if error is not None:
            stub.add_client_error("admin_initiate_auth", *error)
        if look is not None:
            stub.add_client_error("admin_get_user", look)
        elif error == WRONG:
            stub.add_response("admin_get_user", {"Username": EMAIL})
        return CognitoSignIn(cognito, "pool_1", "client1").sign_in(EMAIL, PASSWORD)


def test_a_sign_in_gives_both_tokens_and_shows_neither(cognito: Any) -> None:
    tokens = sign_in(cognito, answer={"AuthenticationResult": RESULT})
    assert (tokens.id_token, tokens.access_token, tokens.expires_in) == ("id.to.ken", "access.to.ken", 3600)
    assert "to.ken" not in repr(tokens)


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (("UserNotFoundException", "User does not exist."), "USER_NOT_FOUND", ExitCode.FAILED),
        (WRONG, "WRONG_PASSWORD", ExitCode.REFUSED),
        (("NotAuthorizedException", "User is disabled."), "USER_DISABLED", ExitCode.REFUSED),
        (("NotAuthorizedException", "Password attempts exceeded"), "TOO_MANY_REQUESTS", ExitCode.FAILED),
        (("LimitExceededException", "Attempt limit exceeded"), "TOO_MANY_REQUESTS", ExitCode.FAILED),
        (("PasswordResetRequiredException", "Password reset required"), "CHALLENGE_REQUIRED", ExitCode.REFUSED),
        (("UserNotConfirmedException", "User is not confirmed."), "CHALLENGE_REQUIRED", ExitCode.REFUSED),
        (
            ("InvalidParameterException", "Auth flow not enabled for this client"),
            "PROVISIONING_FAILED",
            ExitCode.FAILED,
        ),
        (("InvalidParameterException", "something else"), "AWS_ERROR", ExitCode.FAILED),
        (("TooManyRequestsException", "Rate exceeded"), "BUSY", ExitCode.FAILED),
        (("AccessDeniedException", "not authorized to perform"), "AWS_DENIED", ExitCode.REFUSED),
        (("ResourceNotFoundException", "User pool does not exist"), "NOT_FOUND", ExitCode.FAILED),
    ],
)
def test_what_cognito_refuses(cognito: Any, error: tuple[str, str], code: str, exit_code: ExitCode) -> None:
    with pytest.raises(AccessError) as raised:
        sign_in(cognito, error=error)
    assert (raised.value.code, raised.value.exit_code) == (code, exit_code)
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("look", "code"), [("UserNotFoundException", "USER_NOT_FOUND"), ("AccessDeniedException", "WRONG_PASSWORD")]
)
def test_an_account_that_is_not_there_is_told_apart(cognito: Any, look: str, code: str) -> None:
    """Cognito itself says the same of both."""
    with pytest.raises(AccessError) as raised:
        sign_in(cognito, error=WRONG, look=look)
    assert raised.value.code == code


@pytest.mark.parametrize("challenge", ["NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"])
def test_a_challenge_is_for_the_user_to_answer(cognito: Any, challenge: str) -> None:
    with pytest.raises(AccessError) as raised:
        sign_in(cognito, answer={"ChallengeName": challenge, "Session": "s" * 20, "ChallengeParameters": {}})
    assert raised.value.code == "CHALLENGE_REQUIRED"
    assert challenge.replace("_", " ").lower() in raised.value.message
