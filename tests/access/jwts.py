"""A user pool that signs tokens: real keys, any header, any payload."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bbws_access.access.tokens import KeySet, TokenVerifier
from bbws_access.errors import Unauthenticated
from tests.fakes import FixedClock

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example"
CLIENT = "4exampleclientid"
SUBJECT = "0f7ee9b4-9f6f-4e2b-8d0e-0d2c6c1b1a11"
START = datetime.fromisoformat("2026-03-01T09:30:00+00:00")
NOW = int(START.timestamp())


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """Made once for all tests; keys of different names are different."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(name: str) -> bytes:
    return private_key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwk_of(name: str, kid: Any = None, **more: Any) -> dict[str, Any]:
    numbers = private_key(name).public_key().public_numbers()
    entry = {"kty": "RSA", "alg": "RS256", "use": "sig", "n": number(numbers.n), "e": number(numbers.e)}
    return {**entry, "kid": kid if kid is not None else name, **more}


def sign(header: Any, payload: Any, key: str | rsa.RSAPrivateKey = "first") -> str:
    """A token of whatever is given, signed with RS256; ``bytes`` and ``str`` are taken as they are."""
    private = private_key(key) if isinstance(key, str) else key
    signed = f"{b64(_bytes(header))}.{b64(_bytes(payload))}"
    signature = private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{b64(signature)}"


def _bytes(part: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    return (part if isinstance(part, str) else json.dumps(part)).encode()


def header(**more: Any) -> dict[str, Any]:
    return {"kid": "first", "alg": "RS256", **more}


def access_claims(now: int = NOW, **more: Any) -> dict[str, Any]:
    """As the user pool writes them; ``None`` takes a claim away."""
    return _without_none(
        {
            "sub": SUBJECT,
            "iss": ISSUER,
            "client_id": CLIENT,
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin",
            "auth_time": now - 60,
            "iat": now - 60,
            "exp": now + 3600,
            "username": SUBJECT,
            **more,
        }
    )


def id_claims(now: int = NOW, **more: Any) -> dict[str, Any]:
    return _without_none(
        {
            "sub": SUBJECT,
            "iss": ISSUER,
            "aud": CLIENT,
            "token_use": "id",
            "email": "thandi@example.com",
            "email_verified": True,
            "custom:organisation_id": "org-1",
            "auth_time": now - 60,
            "iat": now - 60,
            "exp": now + 3600,
            **more,
        }
    )


def _without_none(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


def access_token(key: str = "first", now: int = NOW, **claims: Any) -> str:
    return sign(header(kid=key), access_claims(now, **claims), key)


def id_token(key: str = "first", now: int = NOW, **claims: Any) -> str:
    return sign(header(kid=key), id_claims(now, **claims), key)


@dataclass
class Pool:
    """What the pool publishes, how often it was asked, and whether it answers."""

    entries: list[Any] = field(default_factory=lambda: [jwk_of("first")])
    document: Any = None
    broken: Exception | None = None
    fetches: int = 0

    def fetch(self) -> Any:
        self.fetches += 1
        if self.broken is not None:
            raise self.broken
        return {"keys": list(self.entries)} if self.document is None else self.document


class Door:
    """A verifier in front of a pool, at a time that is set."""

    def __init__(self) -> None:
        self.pool = Pool()
        self.clock = FixedClock(START)
        self.keys = KeySet(self.pool.fetch, self.clock)
        self.verifier = TokenVerifier(self.keys, ISSUER, CLIENT, self.clock)

    def answer(self, authorization: Any) -> str:
        """The code of the refusal, or ``ACCEPTED``; any other error is raised."""
        try:
            self.verifier.verify(authorization)
        except Unauthenticated as refused:
            return refused.code
        return "ACCEPTED"
