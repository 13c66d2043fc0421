"""The directory of accounts in a Cognito user pool."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from bbws_access.aws_errors import translated
from bbws_access.directory import Account
from bbws_access.errors import InvalidInput

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

ORGANISATION_ATTRIBUTE: Final = "custom:organisation_id"

_UNCONFIRMED: Final = frozenset({"FORCE_CHANGE_PASSWORD", "UNCONFIRMED"})


class CognitoDirectory:
    """Accounts are created by the platform only; Cognito itself sends no mail."""

    def __init__(self, client: CognitoIdentityProviderClient, user_pool_id: str) -> None:
        self._client = client
        self._pool = user_pool_id

    def find(self, email: str) -> Account | None:
        with translated("the user pool"):
            try:
                found = self._client.admin_get_user(UserPoolId=self._pool, Username=email)
            except self._client.exceptions.UserNotFoundException:
                return None
        return _account(email, found["UserAttributes"], found["UserStatus"], found["Enabled"])

    def create(self, email: str, organisation_id: str, first_name: str, last_name: str) -> Account:
        attributes = {
            "email": email,
            "email_verified": "true",
            "given_name": first_name,
            "family_name": last_name,
            ORGANISATION_ATTRIBUTE: organisation_id,
        }
        with translated("the user pool"):
            try:
                made = self._client.admin_create_user(
                    UserPoolId=self._pool,
                    Username=email,
                    MessageAction="SUPPRESS",
                    UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
                )["User"]
            except self._client.exceptions.UsernameExistsException:
                there = self.find(email)
                if there is None:
                    raise
                return there
        return _account(email, made["Attributes"], made["UserStatus"], made["Enabled"])

    def set_password(self, account: Account, password: str) -> None:
        with translated("the user pool"):
            try:
                self._client.admin_set_user_password(
                    UserPoolId=self._pool, Username=account.email, Password=password, Permanent=True
                )
            except (
                self._client.exceptions.InvalidPasswordException,
                self._client.exceptions.InvalidParameterException,
            ):
                # The cause would carry the request, and with it the password, into a traceback.
                raise InvalidInput(
                    "the password does not meet the policy",
                    details={"fields": {"password": "does not meet the policy"}},
                ) from None

    def delete(self, account: Account) -> None:
        with translated("the user pool"):
            try:
                self._client.admin_delete_user(UserPoolId=self._pool, Username=account.email)
            except self._client.exceptions.UserNotFoundException:
                return

    def enable(self, account: Account) -> None:
        with translated("the user pool"):
            try:
                self._client.admin_enable_user(UserPoolId=self._pool, Username=account.email)
            except self._client.exceptions.UserNotFoundException:
                return

    def disable(self, account: Account) -> None:
        with translated("the user pool"):
            try:
                self._client.admin_disable_user(UserPoolId=self._pool, Username=account.email)
                self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=account.email)
            except self._client.exceptions.UserNotFoundException:
                return


def _account(email: str, attributes: Iterable[Any], status: str, enabled: bool) -> Account:
    named = {a["Name"]: a.get("Value", "") for a in attributes}
    return Account(
        user_id=named["sub"],
        email=email,
        organisation_id=named.get(ORGANISATION_ATTRIBUTE) or None,
        confirmed=status not in _UNCONFIRMED,
        enabled=enabled,
    )
