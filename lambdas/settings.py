"""What a function is told by its environment: the only place in ``lambdas`` that reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Names of the deployed things that functions work with."""

    env: str
    table: str
    user_pool_id: str
    user_pool_client_id: str
    issuer: str
    audit_bucket: str
    audit_lock_mode: str
    mail_from: str
    cursor_key_id: str
    public_url: str | None = None
    """Where people reach the API, if not where the gateway says."""
    endpoint_url: str | None = None
    """Of an emulator; the functions of AWS itself have none."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises ``KeyError`` naming the variable that is missing: a deployment error, not a user's."""
        return cls(
            env=environment["BBWS_ENV"],
            table=environment["BBWS_TABLE"],
            user_pool_id=environment["BBWS_USER_POOL_ID"],
            user_pool_client_id=environment["BBWS_USER_POOL_CLIENT_ID"],
            issuer=environment["BBWS_ISSUER"],
            audit_bucket=environment["BBWS_AUDIT_BUCKET"],
            audit_lock_mode=environment["BBWS_AUDIT_LOCK_MODE"],
            mail_from=environment["BBWS_MAIL_FROM"],
            cursor_key_id=environment["BBWS_CURSOR_KEY_ID"],
            public_url=environment.get("BBWS_PUBLIC_URL") or None,
            endpoint_url=environment.get("AWS_ENDPOINT_URL") or None,
        )


def jwks_url(environment: Mapping[str, str] = os.environ) -> str:
    """Where the user pool's keys are; the authorizer alone is told. Raises ``KeyError`` as :meth:`Settings.read`."""
    return environment["BBWS_JWKS_URL"]


def dead_letters_log_group(environment: Mapping[str, str] = os.environ) -> str | None:
    """Where failures of functions that nobody waits for are noted; apart from :class:`Settings`, for it may lack."""
    return environment.get("BBWS_DEAD_LETTERS_LOG_GROUP") or None
