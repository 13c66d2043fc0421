"""The pool's keys: when they are fetched, which of them count, and what happens when they cannot be had."""

from __future__ import annotations

from typing import Any

import pytest
from jose import jwk

from bbws_access.errors import Unreachable
from tests.access import jwts
from tests.access.jwts import Door, access_claims, header, jwk_of, sign

UNSIGNED = "TOKEN_SIGNATURE_INVALID"
LONG = {"exp": jwts.NOW + 10**6}
FIRST, SECOND = jwts.access_token(**LONG), jwts.access_token("second", **LONG)


@pytest.fixture
def door() -> Door:
    return Door()


def unknown(n: int) -> str:
    return sign(header(kid=f"unknown-{n}"), access_claims(**LONG), key="foreign")


def test_keys_are_fetched_once_in_less_than_an_hour(door: Door) -> None:
    for _ in range(50):
        assert door.answer(FIRST) == "ACCEPTED"
        door.clock.advance(minutes=1)
    assert door.pool.fetches == 1
    for _ in range(50):
        assert door.answer(FIRST) == "ACCEPTED"
        door.clock.advance(minutes=1)
    assert door.pool.fetches == 2


def test_known_keys_serve_through_an_outage_until_they_are_an_hour_old(door: Door) -> None:
    assert door.answer(FIRST) == "ACCEPTED"
    door.pool.broken = Unreachable("no answer")
    door.clock.advance(minutes=50)
    for _ in range(600):
        assert door.answer(FIRST) == "ACCEPTED"
        door.clock.advance(seconds=1)
    assert door.pool.fetches == 1 + 10, "one try a minute, for which one decision waits"
    with pytest.raises(Unreachable):
        door.answer(FIRST)


def test_a_pool_that_answers_again_ends_the_outage_unnoticed(door: Door) -> None:
    assert door.answer(FIRST) == "ACCEPTED"
    door.pool.broken = Unreachable("no answer")
    door.clock.advance(minutes=59)
    assert door.answer(FIRST) == "ACCEPTED"
    door.pool.broken = None
    for _ in range(30):
        door.clock.advance(minutes=1)
        assert door.answer(FIRST) == "ACCEPTED"
    assert door.pool.fetches == 3


def test_keys_are_constructed_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    construct = jwk.construct
    monkeypatch.setattr(jwk, "construct", lambda *given: made.append(given) or construct(*given))
    door.pool.entries = [jwk_of("first"), jwk_of("second")]
    for _ in range(20):
        assert door.answer(FIRST) == door.answer(SECOND) == "ACCEPTED"
    assert len(made) == 2


def test_a_new_key_is_found_a_minute_after_the_last_look(door: Door) -> None:
    assert door.answer(FIRST) == "ACCEPTED"
    door.pool.entries = [jwk_of("first"), jwk_of("second")]
    door.clock.advance(seconds=59)
    assert door.answer(SECOND) == UNSIGNED
    door.clock.advance(seconds=1)
    assert door.answer(SECOND) == "ACCEPTED"
    assert door.answer(FIRST) == "ACCEPTED"
    assert door.pool.fetches == 2


def test_a_key_that_was_taken_away_ends_with_the_hour_at_the_latest(door: Door) -> None:
    assert door.answer(FIRST) == "ACCEPTED"
    door.pool.entries = [jwk_of("second")]
    door.clock.advance(hours=1)
    assert door.answer(FIRST) == UNSIGNED
    assert door.answer(SECOND) == "ACCEPTED"


def test_a_key_that_was_exchanged_under_its_id_ends_as_well(door: Door) -> None:
    assert door.answer(FIRST) == "ACCEPTED"
    door.pool.entries = [jwk_of("second", kid="first")]
    door.clock.advance(hours=1)
    assert door.answer(FIRST) == UNSIGNED


def test_rubbish_makes_at_most_one_fetch_a_minute(door: Door) -> None:
    for n in range(300):
        assert door.answer(unknown(n)) == UNSIGNED
        door.clock.advance(seconds=1)
    assert door.pool.fetches == 5


def test_rubbish_makes_at_most_one_fetch_a_minute_while_the_pool_does_not_answer(door: Door) -> None:
    assert door.answer(FIRST) == "ACCEPTED"
    door.clock.advance(minutes=2)
    door.pool.broken = Unreachable("no answer")
    with pytest.raises(Unreachable):
        door.answer(unknown(0))
    for n in range(1, 60):
        assert door.answer(unknown(n)) == UNSIGNED
        door.clock.advance(seconds=1)
    assert door.pool.fetches == 2


def test_what_fails_before_the_key_is_needed_fetches_nothing(door: Door) -> None:
    for token in ("..", "x", sign({"alg": "RS256"}, {}), sign(header(jku="u"), {})):
        assert door.answer(token) != "ACCEPTED"
    for algorithm in ("none", "HS256", "rs256", "ES256", None, ["RS256"]):
        assert door.answer(sign(header(alg=algorithm), access_claims())) == UNSIGNED
    assert door.pool.fetches == 0


def test_known_keys_work_on_while_a_look_for_an_unknown_one_fails(door: Door) -> None:
    assert door.answer(FIRST) == "ACCEPTED"
    door.clock.advance(minutes=2)
    door.pool.broken = Unreachable("no answer")
    with pytest.raises(Unreachable):
        door.answer(unknown(0))
    assert door.answer(FIRST) == "ACCEPTED"


def test_nobody_gets_in_when_the_keys_are_too_old_and_cannot_be_had(door: Door) -> None:
    assert door.answer(FIRST) == "ACCEPTED"
    door.clock.advance(hours=1)
    door.pool.broken = Unreachable("no answer")
    for n in range(30):
        for token in (FIRST, unknown(n)):
            with pytest.raises(Unreachable):
                door.answer(token)
        door.clock.advance(seconds=1)
    assert door.pool.fetches == 1 + 6, "the others are told at once"


def test_nobody_gets_in_before_the_keys_were_ever_had_and_all_is_well_seconds_after_they_can_be(door: Door) -> None:
    door.pool.broken = Unreachable("no answer")
    for _ in range(20):
        with pytest.raises(Unreachable):
            door.answer(FIRST)
    assert door.pool.fetches == 1
    door.pool.broken = None
    door.clock.advance(seconds=5)
    assert door.answer(FIRST) == "ACCEPTED"


@pytest.mark.parametrize(
    "document", [[], {}, "keys", 7, {"keys": None}, {"keys": "x"}, {"keys": {"first": {}}}, {"error": "busy"}]
)
def test_an_answer_that_is_no_key_set_is_a_failed_fetch(door: Door, document: Any) -> None:
    door.pool.document = document
    with pytest.raises(Unreachable):
        door.answer(FIRST)
    door.pool.document = None
    door.clock.advance(seconds=5)
    assert door.answer(FIRST) == "ACCEPTED"
    door.pool.document = document
    door.clock.advance(minutes=2)
    with pytest.raises(Unreachable):
        door.answer(unknown(0))
    assert door.answer(FIRST) == "ACCEPTED", "the keys that were good are still there"


def test_an_empty_set_lets_nobody_in(door: Door) -> None:
    door.pool.entries = []
    assert door.answer(FIRST) == UNSIGNED


ODD: list[Any] = [
    None,
    7,
    "first",
    [],
    {},
    {"kid": "first"},
    {"kid": "first", "kty": "RSA"},
    {"kty": "oct", "kid": "first", "k": "c2VjcmV0"},
    {"kty": "EC", "kid": "first", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": ["RSA"], "kid": "first"},
    jwk_of("first", n="!!!"),
    jwk_of("first", n=""),
    jwk_of("first", n=None),
    jwk_of("first", n=12345),
    jwk_of("first", n=["AQAB"]),
    jwk_of("first", n="\u00e9"),
    jwk_of("first", e=""),
    jwk_of("first", e=None),
    jwk_of("first", e="AA"),
    jwk_of("first", alg="RS512"),
    jwk_of("first", alg="HS256"),
    jwk_of("first", alg="RSA-OAEP"),
    jwk_of("first", alg=None),
    jwk_of("first", use="enc"),
    {name: value for name, value in jwk_of("first").items() if name != "kid"},
]


@pytest.mark.parametrize("entry", ODD, ids=range(len(ODD)))
def test_an_odd_entry_gives_nothing_and_takes_nothing_with_it(door: Door, entry: Any) -> None:
    door.pool.entries = [entry, jwk_of("second"), entry]
    assert door.answer(SECOND) == "ACCEPTED"
    assert door.answer(FIRST) == UNSIGNED


@pytest.mark.parametrize("kid", [1, True, None, ["first"], {"first": 1}])
def test_a_key_whose_id_is_no_text_is_nobodys(door: Door, kid: Any) -> None:
    door.pool.entries = [{**jwk_of("first"), "kid": kid}]
    for claimed in (kid, str(kid)):
        assert door.answer(sign(header(kid=claimed), access_claims())) == UNSIGNED


def test_a_key_without_algorithm_or_use_counts_for_ours(door: Door) -> None:
    bare = {name: value for name, value in jwk_of("first").items() if name not in {"alg", "use"}}
    door.pool.entries = [bare]
    assert door.answer(FIRST) == "ACCEPTED"


def test_of_two_keys_with_one_id_only_one_counts(door: Door) -> None:
    door.pool.entries = [jwk_of("first", kid="same"), jwk_of("second", kid="same"), jwk_of("third")]
    answers = [door.answer(sign(header(kid="same"), access_claims(), key=key)) for key in ("first", "second")]
    assert answers == [UNSIGNED, "ACCEPTED"]
    assert door.answer(sign(header(kid="third"), access_claims(), key="third")) == "ACCEPTED"


def test_a_broken_double_does_not_push_a_good_key_out(door: Door) -> None:
    door.pool.entries = [jwk_of("first"), jwk_of("first", n="!!!"), {"kty": "oct", "kid": "first", "k": "eA"}]
    assert door.answer(FIRST) == "ACCEPTED"


def test_a_private_key_in_the_set_is_used_as_what_it_should_have_been(door: Door) -> None:
    secret = jwts.number(jwts.private_key("first").private_numbers().d)
    door.pool.entries = [jwk_of("first", d=secret)]
    assert door.answer(FIRST) == "ACCEPTED"
    assert door.keys.key("first").is_public()
