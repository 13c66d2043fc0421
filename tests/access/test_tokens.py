"""Tokens as an attacker would make them, against real keys."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from bbws_access.access.tokens import MAX_TOKEN_LENGTH
from tests.access import jwts
from tests.access.jwts import CLIENT, ISSUER, NOW, SUBJECT, Door, access_claims, b64, header, id_claims, sign

MISSING, INVALID, EXPIRED, UNSIGNED = "TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_SIGNATURE_INVALID"


@pytest.fixture
def door() -> Door:
    return Door()


def unsigned(head: Any, payload: Any, signature: bytes = b"") -> str:
    return f"{b64(json.dumps(head).encode())}.{b64(json.dumps(payload).encode())}.{b64(signature)}"


def with_hmac(algorithm: str, digest: str, secret: bytes) -> str:
    text = unsigned(header(alg=algorithm), access_claims()).rstrip(".")
    return f"{text}.{b64(hmac.new(secret, text.encode(), getattr(hashlib, digest)).digest())}"


def test_an_access_token_is_accepted(door: Door) -> None:
    claims = door.verifier.verify(f"Bearer {jwts.access_token()}")
    assert (claims.subject, claims.token_use, claims.expires_at) == (SUBJECT, "access", NOW + 3600)
    assert (claims.organisation_id, claims.email) == (None, None)


def test_an_id_token_is_accepted_and_names_the_organisation(door: Door) -> None:
    claims = door.verifier.verify(jwts.id_token())
    assert (claims.subject, claims.token_use) == (SUBJECT, "id")
    assert (claims.organisation_id, claims.email) == ("org-1", "thandi@example.com")


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer ", "BEARER ", "Bearer    ", "  Bearer ", "  "])
def test_the_scheme_is_optional_and_spaces_around_do_not_matter(door: Door, prefix: str) -> None:
    assert door.answer(f"{prefix}{jwts.access_token()}  ") == "ACCEPTED"


@pytest.mark.parametrize("nothing", [None, "", " ", "\t\r\n", "Bearer", "Bearer ", "bearer", "  Bearer  "])
def test_no_token(door: Door, nothing: str | None) -> None:
    assert door.answer(nothing) == MISSING
    assert door.pool.fetches == 0


FORGED = {
    "alg none": unsigned(header(alg="none"), access_claims()),
    "alg None": unsigned(header(alg="None"), access_claims()),
    "alg none, with a signature": unsigned(header(alg="none"), access_claims(), b"x" * 256),
    "alg empty": unsigned(header(alg=""), access_claims()),
    "alg null": unsigned(header(alg=None), access_claims()),
    "alg a list": unsigned(header(alg=["RS256"]), access_claims()),
    "alg in small letters": sign(header(alg="rs256"), access_claims()),
    "no alg": sign({"kid": "first"}, access_claims()),
    "HS256 with the public key's PEM": with_hmac("HS256", "sha256", jwts.public_pem("first")),
    "HS256 with the PEM, stripped": with_hmac("HS256", "sha256", jwts.public_pem("first").strip()),
    "HS512 with the PEM": with_hmac("HS512", "sha512", jwts.public_pem("first")),
    "HS256 with the modulus": with_hmac("HS256", "sha256", jwts.jwk_of("first")["n"].encode()),
    "HS256 with nothing": with_hmac("HS256", "sha256", b""),
    "RS512 claimed": sign(header(alg="RS512"), access_claims()),
    "PS256 claimed": sign(header(alg="PS256"), access_claims()),
    "ES256 claimed": sign(header(alg="ES256"), access_claims()),
    "another's key": sign(header(), access_claims(), key="foreign"),
    "a key id that is not in the set": sign(header(kid="foreign"), access_claims(), key="foreign"),
    "a key id like a path": sign(header(kid="../../first"), access_claims()),
    "a key id like SQL": sign(header(kid="first' or '1'='1"), access_claims()),
    "an empty key id": sign(header(kid=""), access_claims()),
    "no key id": sign({"alg": "RS256"}, access_claims()),
    "key id null": sign(header(kid=None), access_claims()),
    "key id a number": sign(header(kid=1), access_claims()),
    "key id true": sign(header(kid=True), access_claims()),
    "key id a list": sign(header(kid=["first"]), access_claims()),
    "key id an object": sign(header(kid={"first": 1}), access_claims()),
    "an unknown crit": sign(header(crit=["b64"], b64=False), access_claims()),
    "an empty crit": sign(header(crit=[]), access_claims()),
    "crit null": sign(header(crit=None), access_claims()),
    "jku": sign(header(jku="https://evil.example/jwks.json", kid="foreign"), access_claims(), key="foreign"),
    "jku, well signed": sign(header(jku="https://evil.example/jwks.json"), access_claims()),
    "jwk": sign(header(jwk=jwts.jwk_of("foreign")), access_claims(), key="foreign"),
    "jwk, well signed": sign(header(jwk=jwts.jwk_of("first")), access_claims()),
    "jwk null": sign(header(jwk=None), access_claims()),
    "x5u": sign(header(x5u="https://evil.example/cert.pem"), access_claims()),
    "x5c": sign(header(x5c=["MIIB"]), access_claims(), key="foreign"),
    "x5c, well signed": sign(header(x5c=["MIIB"]), access_claims()),
    "no signature": jwts.access_token().rsplit(".", 1)[0] + ".",
    "a signature of zeros": unsigned(header(), access_claims(), b"\0" * 256),
    "a short signature": unsigned(header(), access_claims(), b"\1"),
    "a long signature": unsigned(header(), access_claims(), b"\1" * 1024),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_what_the_pool_did_not_sign(door: Door, token: str) -> None:
    assert door.answer(token) == UNSIGNED


def test_no_part_of_a_token_can_be_exchanged_for_anothers(door: Door) -> None:
    mine, theirs = jwts.access_token().split("."), jwts.access_token(sub="somebody-else").split(".")
    assert door.answer(".".join([mine[0], theirs[1], mine[2]])) == UNSIGNED
    assert door.answer(".".join([mine[0], mine[1], theirs[2]])) == UNSIGNED


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": access_claims(iss="https://evil.example"),
    "another pool": access_claims(iss=ISSUER[:-1] + "X"),
    "a slash at the end of the issuer": access_claims(iss=ISSUER + "/"),
    "a space at the end of the issuer": access_claims(iss=ISSUER + " "),
    "an issuer in capitals": access_claims(iss=ISSUER.upper()),
    "issuers in a list": access_claims(iss=[ISSUER]),
    "no issuer": access_claims(iss=None),
    "access: another client": access_claims(client_id="other"),
    "access: no client": access_claims(client_id=None),
    "access: the client as audience": access_claims(client_id=None, aud=CLIENT),
    "access: clients in a list": access_claims(client_id=[CLIENT]),
    "id: another audience": id_claims(aud="other"),
    "id: no audience": id_claims(aud=None),
    "id: audience in a list": id_claims(aud=[CLIENT]),
    "id: audience among others": id_claims(aud=["other", CLIENT]),
    "id: the audience as client": id_claims(aud=None, client_id=CLIENT),
    "a refresh token": access_claims(token_use="refresh", aud=CLIENT),
    "no use": access_claims(token_use=None, aud=CLIENT),
    "an empty use": access_claims(token_use="", aud=CLIENT),
    "a use in capitals": access_claims(token_use="ACCESS", aud=CLIENT),
    "uses in a list": access_claims(token_use=["access"], aud=CLIENT),
    "use true": access_claims(token_use=True, aud=CLIENT),
    "no subject": access_claims(sub=None),
    "an empty subject": access_claims(sub=""),
    "a number as subject": access_claims(sub=7),
    "a list as subject": access_claims(sub=[SUBJECT]),
    "an object as subject": access_claims(sub={"S": SUBJECT}),
    "no expiry": access_claims(exp=None),
    "expiry true": access_claims(exp=True),
    "expiry as text": access_claims(exp=str(NOW + 3600)),
    "expiry as a list": access_claims(exp=[NOW + 3600]),
    "expiry NaN": access_claims(exp=float("nan")),
    "expiry infinite": access_claims(exp=float("inf")),
    "expiry minus infinite": access_claims(exp=float("-inf")),
    "expiry beyond all time": access_claims(exp=10**400),
    "not yet valid": access_claims(nbf=NOW + 1),
    "valid from NaN": access_claims(nbf=float("nan")),
    "valid from minus infinity": access_claims(nbf=float("-inf")),
    "valid from text": access_claims(nbf="0"),
    "valid from true": access_claims(nbf=True),
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG.keys())
def test_what_the_pool_signed_for_another_purpose(door: Door, claims: dict[str, Any]) -> None:
    assert door.answer(sign(header(), claims)) == INVALID


def test_validity_from_null_is_no_time(door: Door) -> None:
    assert door.answer(sign(header(), {**access_claims(), "nbf": None})) == INVALID


@pytest.mark.parametrize(
    ("left", "answer"), [(-1, EXPIRED), (0, EXPIRED), (-(10**9), EXPIRED), (1, "ACCEPTED"), (0.5, "ACCEPTED")]
)
def test_a_token_ends_on_the_second(door: Door, left: float, answer: str) -> None:
    assert door.answer(jwts.access_token(exp=NOW + left)) == answer
    assert door.answer(jwts.id_token(exp=NOW + left)) == answer


def test_a_token_that_was_good_ends_while_the_keys_are_cached(door: Door) -> None:
    token = jwts.access_token(exp=NOW + 60)
    assert door.answer(token) == "ACCEPTED"
    door.clock.advance(seconds=60)
    assert door.answer(token) == EXPIRED


def test_a_token_begins_on_the_second(door: Door) -> None:
    assert door.answer(jwts.access_token(nbf=NOW)) == "ACCEPTED"
    assert door.answer(jwts.access_token(nbf=NOW + 1)) == INVALID


def test_an_expired_token_is_not_called_expired_unless_the_pool_signed_it(door: Door) -> None:
    """Else the answer would tell what was made up and what was once real."""
    assert door.answer(sign(header(), access_claims(exp=NOW - 1), key="foreign")) == UNSIGNED


@pytest.mark.parametrize("value", [None, 7, "", ["org-2"], {"a": 1}, True])
def test_an_organisation_that_is_no_text_is_none(door: Door, value: Any) -> None:
    assert door.verifier.verify(jwts.id_token(**{"custom:organisation_id": value})).organisation_id is None


GOOD = jwts.access_token()
RUBBISH = {
    "dots": "..",
    "one dot": ".",
    "many dots": "." * 50,
    "one part": GOOD.split(".")[0],
    "two parts": GOOD.rsplit(".", 1)[0],
    "four parts": f"{GOOD}.AAAA",
    "five parts, as of an encrypted token": f"{GOOD}.AAAA.AAAA",
    "a word": "password",
    "another scheme": f"Basic {GOOD}",
    "two tokens": f"{GOOD} {GOOD}",
    "two tokens and a comma": f"{GOOD},{GOOD}",
    "a line end within": f"{GOOD[:20]}\n{GOOD[20:]}",
    "a header smuggled in": f"{GOOD}\r\nX-Admin: 1",
    "a tab after the scheme": f"Bearer\t{GOOD}",
    "characters that decoders skip": GOOD.replace(".", "!.", 1),
    "skipped characters in the signature": f"{GOOD}!@#",
    "padding": f"{GOOD}==",
    "not url-safe": f"{GOOD}+/",
    "10 kB": "A" * 10_240,
    "10 kB with dots": "A" * 5_000 + "." + "B" * 5_000 + ".C",
    "10 kB of unicode": "\u00e9" * 10_240,
    "unicode": "\u0441.\u0432.\u0430",
    "emoji": "\U0001f600.\U0001f600.\U0001f600",
    "surrogates": "\ud800.\ud800.\ud800",
    "zero bytes": "\x00.\x00.\x00",
    "a token and a zero byte": f"{GOOD}\x00",
    "header is no JSON": f"{b64(b'not json')}.{b64(b'{}')}.AAAA",
    "header is a list": sign([1], access_claims()),
    "header is a text": sign('"RS256"', access_claims()),
    "header is null": sign("null", access_claims()),
    "header is no UTF-8": sign(b'{"alg":"\xff"}', access_claims()),
    "header is deep": sign("[" * 4_000, {}),
    "payload is empty": sign(header(), b""),
    "payload is no JSON": sign(header(), b"not json"),
    "payload is no UTF-8": sign(header(), b"\xff\xfe"),
    "payload is a list": sign(header(), [access_claims()]),
    "payload is a text": sign(header(), '"sub"'),
    "payload is a number": sign(header(), "7"),
    "payload is null": sign(header(), "null"),
    "payload is true": sign(header(), "true"),
    "payload is empty object": sign(header(), {}),
    "payload is deep": sign(header(), "[" * 4_000),
    "payload is a huge number": sign(header(), '{"exp": ' + "9" * 4_500 + "}"),
}


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish(door: Door, text: str) -> None:
    assert door.answer(text) == INVALID


def test_a_token_may_be_long_but_not_longer_than_the_limit(door: Door) -> None:
    padding = "x" * (MAX_TOKEN_LENGTH * 3 // 4)
    assert door.answer(jwts.access_token(scope=padding[: -len(GOOD)])) == "ACCEPTED"
    assert door.answer(jwts.access_token(scope=padding)) == INVALID
