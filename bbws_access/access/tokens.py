"""Verifying the user pool's tokens: RS256, one issuer, one client, nothing taken on trust.

A token's header chooses among the pool's own keys and nothing else: another algorithm, a key of its
own (``jwk``, ``jku``, ``x5u``, ``x5c``) or an extension that must be understood (``crit``) is refused
before any cryptography.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from jose import jwk, jws
from jose.exceptions import JOSEError

from bbws_access.clock import Clock
from bbws_access.errors import AccessError, Unauthenticated, Unreachable

ALGORITHM: Final = "RS256"
KEYS_LAST: Final = timedelta(hours=1)
RENEWED_AFTER: Final = timedelta(minutes=50)
"""Young enough to serve on while the pool does not answer, which it has ten minutes for."""
REFETCH_AFTER: Final = timedelta(seconds=60)
"""How often, at most, the key set is fetched again while there is one: to renew it, or for an unknown key id."""
RETRY_AFTER: Final = timedelta(seconds=5)
"""How often, at most, while there is none: a fetch that fails may take seconds, and nobody else should wait for it."""

MAX_TOKEN_LENGTH: Final = 8192
"""Characters; API Gateway's own limit for all headers is 10,240 bytes."""

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
"""Three parts of base64url and nothing else: decoders skip foreign characters, and we will not."""

_LATEST: Final = 2**53
"""Seconds; beyond it a number is no time. Also keeps out what JSON does not have: NaN and infinities."""

_FOREIGN_HEADERS: Final = frozenset({"jwk", "jku", "x5u", "x5c", "crit"})

JwksFetcher = Callable[[], Mapping[str, Any]]
"""Fetches the pool's JSON Web Key Set; raises one of the project's errors."""


def _refused(code: str, message: str) -> Unauthenticated:
    return Unauthenticated(message, code=code)


class KeySet:
    """The user pool's public keys: constructed once, kept for an hour at most.

    Fetched again towards the end of that hour, and for a key id that is not in it, at most once a minute
    whether or not that succeeds, so that rotation works and rubbish cannot make us hammer the pool. A fetch
    that fails changes nothing: keys of the last hour go on working, and without any nobody gets in.
    """

    def __init__(self, fetch: JwksFetcher, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None

    def key(self, key_id: str) -> Any:
        """The key object; raises :class:`Unauthenticated` (``TOKEN_SIGNATURE_INVALID``) for an unknown id.

        Raises ``Unreachable`` as well, where there are no keys of the last hour, or none with this id and the
        look for it failed.
        """
        now = self._clock.now()
        age = None if self._fetched is None else now - self._fetched
        good = age is not None and age < KEYS_LAST
        known = good and key_id in self._keys
        due = not known or (age is not None and age >= RENEWED_AFTER)
        pause = REFETCH_AFTER if good else RETRY_AFTER
        if due and (self._tried is None or now - self._tried >= pause):
            try:
                self._load()
            except AccessError:
                if not known:
                    raise
        elif not good:
            raise Unreachable("the user pool's key set could not be fetched just now")
        if key_id not in self._keys:
            raise _refused("TOKEN_SIGNATURE_INVALID", "the token is not signed by this user pool")
        return self._keys[key_id]

    def _load(self) -> None:
        self._tried = self._clock.now()
        document = self._fetch()
        entries = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(entries, list):
            raise Unreachable("the user pool's key set cannot be read")
        usable = ((entry["kid"], _public_key(entry)) for entry in entries if _is_ours(entry))
        self._keys = {key_id: key for key_id, key in usable if key is not None}
        self._fetched = self._tried


def _is_ours(entry: Any) -> bool:
    """Whether an entry of the set is a key that the pool signs tokens with; others are ignored."""
    return (
        isinstance(entry, Mapping)
        and isinstance(entry.get("kid"), str)
        and entry.get("kty") == "RSA"
        and entry.get("alg", ALGORITHM) == ALGORITHM
        and entry.get("use", "sig") == "sig"
    )


def _public_key(entry: Mapping[str, Any]) -> Any | None:
    """``None`` for a key that is broken: it must not take the good ones with it."""
    try:
        return jwk.construct({part: entry[part] for part in ("kty", "n", "e")}, ALGORITHM)
    except (JOSEError, LookupError, TypeError, ValueError):
        return None


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
        except (JOSEError, ValueError, RecursionError) as error:
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
        except (ValueError, RecursionError) as error:
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
    if _COMPACT.fullmatch(token) is None:
        raise _refused("TOKEN_INVALID", "the token cannot be read")
    return token


def _time(payload: Mapping[str, Any], claim: str) -> float:
    """Epoch seconds."""
    value = payload.get(claim)
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < _LATEST:
        raise _refused("TOKEN_INVALID", f"the token has no valid {claim}")
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
