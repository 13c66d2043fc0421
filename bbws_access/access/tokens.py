"""Verifying the user pool's tokens: RS256, one issuer, one client, nothing taken on trust.

A token's header chooses among the pool's own keys and nothing else: another algorithm, a key of its
own (``jwk``, ``jku``, ``x5u``, ``x5c``) or an extension that must be understood (``crit``) is refused
before any cryptography.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from jose import jwk, jws
from jose.exceptions import JOSEError

from bbws_access.clock import Clock
from bbws_access.errors import Unauthenticated

ALGORITHM: Final = "RS256"
KEYS_LAST: Final = timedelta(hours=1)
REFETCH_AFTER: Final = timedelta(seconds=60)
"""How often, at most, an unknown key id makes the key set be fetched again."""

MAX_TOKEN_LENGTH: Final = 8192
"""Characters; API Gateway's own limit for all headers is 10,240 bytes."""

_FOREIGN_HEADERS: Final = frozenset({"jwk", "jku", "x5u", "x5c", "crit"})

JwksFetcher = Callable[[], Mapping[str, Any]]
"""Fetches the pool's JSON Web Key Set; raises one of the project's errors."""


def _refused(code: str, message: str) -> Unauthenticated:
    return Unauthenticated(message, code=code)


class KeySet:
    """The user pool's public keys: constructed once, kept for an hour.

    Fetched again for a key id that is not in it, at most once a minute, so that rotation works and
    rubbish cannot make us hammer the pool.
    """

    def __init__(self, fetch: JwksFetcher, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched: datetime | None = None

    def key(self, key_id: str) -> Any:
        """The key object; raises :class:`Unauthenticated` (``TOKEN_SIGNATURE_INVALID``) for an unknown id."""
        age = None if self._fetched is None else self._clock.now() - self._fetched
        if age is None or age >= KEYS_LAST or (key_id not in self._keys and age >= REFETCH_AFTER):
            self._load()
        if key_id not in self._keys:
            raise _refused("TOKEN_SIGNATURE_INVALID", "the token is not signed by this user pool")
        return self._keys[key_id]

    def _load(self) -> None:
        document = self._fetch()
        self._keys = {
            str(entry["kid"]): jwk.construct(dict(entry), ALGORITHM)
            for entry in document["keys"]
            if entry.get("kty") == "RSA" and entry.get("alg", ALGORITHM) == ALGORITHM
        }
        self._fetched = self._clock.now()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. ``organisation_id`` is there in id tokens only."""

    subject: str
    token_use: str
    organisation_id: str | None
    email: str | None
    expires_at: int


class TokenVerifier:
    """Turns the text of a token into claims; every refusal is an :class:`Unauthenticated` with its code.

    ``TOKEN_MISSING``, ``TOKEN_INVALID``, ``TOKEN_EXPIRED``, ``TOKEN_SIGNATURE_INVALID``.
    """

    def __init__(self, keys: KeySet, issuer: str, client_id: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._client_id = client_id
        self._clock = clock

    def verify(self, authorization: str | None) -> Claims:
        """``authorization`` is the header's value, with or without ``Bearer``."""
        token = _bare(authorization)
        payload = self._verified_payload(token)
        return self._claims(payload)

    def _verified_payload(self, token: str) -> dict[str, Any]:
        try:
            header = jws.get_unverified_header(token)
        except (JOSEError, ValueError) as error:
            raise _refused("TOKEN_INVALID", "the token cannot be read") from error
        if header.get("alg") != ALGORITHM or _FOREIGN_HEADERS & header.keys():
            raise _refused("TOKEN_SIGNATURE_INVALID", "the token is not signed the way this user pool signs")
        key_id = header.get("kid")
        if not isinstance(key_id, str):
            raise _refused("TOKEN_SIGNATURE_INVALID", "the token names no key")
        key = self._keys.key(key_id)
        try:
            payload = json.loads(jws.verify(token, key, algorithms=[ALGORITHM]))
        except JOSEError as error:
            raise _refused("TOKEN_SIGNATURE_INVALID", "the token's signature is wrong") from error
        except ValueError as error:
            raise _refused("TOKEN_INVALID", "the token cannot be read") from error
        if not isinstance(payload, dict):
            raise _refused("TOKEN_INVALID", "the token cannot be read")
        return payload

    def _claims(self, payload: dict[str, Any]) -> Claims:
        now = self._clock.now().timestamp()
        expires, not_before = _time(payload, "exp"), _time({"nbf": 0, **payload}, "nbf")
        if now >= expires:
            raise _refused("TOKEN_EXPIRED", "the token has expired")
        if now < not_before:
            raise _refused("TOKEN_INVALID", "the token is not valid yet")
        if payload.get("iss") != self._issuer:
            raise _refused("TOKEN_INVALID", "the token comes from another issuer")
        audience = {"access": payload.get("client_id"), "id": payload.get("aud")}.get(str(payload.get("token_use")))
        if audience != self._client_id:
            raise _refused("TOKEN_INVALID", "the token is for another client or use")
        subject = payload.get("sub")
        if not isinstance(subject, str) or not subject:
            raise _refused("TOKEN_INVALID", "the token names nobody")
        return Claims(
            subject=subject,
            token_use=str(payload["token_use"]),
            organisation_id=_text(payload.get("custom:organisation_id")),
            email=_text(payload.get("email")),
            expires_at=int(expires),
        )


def _bare(authorization: str | None) -> str:
    if not authorization or not authorization.strip():
        raise _refused("TOKEN_MISSING", "a token is needed")
    scheme, _, rest = authorization.strip().partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else authorization.strip()
    if not token:
        raise _refused("TOKEN_MISSING", "a token is needed")
    if len(token) > MAX_TOKEN_LENGTH:
        raise _refused("TOKEN_INVALID", "the token is too long")
    return token


def _time(payload: Mapping[str, Any], claim: str) -> float:
    """Epoch seconds."""
    value = payload.get(claim)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _refused("TOKEN_INVALID", f"the token has no valid {claim}")
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
