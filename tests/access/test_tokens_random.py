"""Tokens that nobody would think of: never accepted, never an unexpected error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.access import jwts
from tests.access.jwts import Door, access_claims, b64, header, sign

pytestmark = pytest.mark.slow

MISSING, INVALID, EXPIRED, UNSIGNED = "TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_SIGNATURE_INVALID"
GOOD = jwts.access_token()
DOOR = Door()


@given(st.binary(max_size=400))
def test_random_bytes(data: bytes) -> None:
    assert DOOR.answer(data.decode("latin-1")) in {MISSING, INVALID, UNSIGNED}
    assert DOOR.answer(f"{b64(data)}.{b64(data)}.{b64(data)}") in {INVALID, UNSIGNED}


@given(st.text(max_size=200))
def test_random_text(text: str) -> None:
    assert DOOR.answer(text) in {MISSING, INVALID, UNSIGNED}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jku", "jwk", "zip", "b64"]), JSON))
def test_a_random_header_that_is_not_the_pools(extra: dict[str, Any]) -> None:
    assert DOOR.answer(sign({**header(), **extra}, access_claims(), key="foreign")) == UNSIGNED


@given(st.sampled_from(["sub", "iss", "client_id", "token_use", "exp", "nbf"]), JSON)
def test_a_random_claim_under_a_good_signature_never_makes_an_error(claim: str, value: Any) -> None:
    good = access_claims()
    answer = DOOR.answer(sign(header(), {**good, claim: value}))
    assert answer in {"ACCEPTED", INVALID, EXPIRED}
    if claim in {"iss", "client_id", "token_use"} and value != good[claim]:
        assert answer == INVALID


@given(st.integers(0, len(GOOD) - 2), st.sampled_from("ABCabc019-_."))
def test_an_altered_token(place: int, character: str) -> None:
    altered = GOOD[:place] + character + GOOD[place + 1 :]
    if altered != GOOD:
        assert DOOR.answer(altered) in {INVALID, UNSIGNED}
