"""Reading a token for people, whatever it is."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bbws_access.access.reading import read_token
from bbws_access.errors import InvalidInput

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def part(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def token(claims: Any, header: Any = None) -> str:
    return f"{part(header or {'alg': 'RS256'})}.{part(claims)}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3600, "expires in 1 hour"),
        (3599, "expires in 59 minutes"),
        (90_000, "expires in 1 day"),
        (200_000, "expires in 2 days"),
        (1, "expires in 1 second"),
        (0, "expired 0 seconds ago"),
        (-45, "expired 45 seconds ago"),
        (-7200, "expired 2 hours ago"),
    ],
)
def test_validity_in_words(seconds: int, words: str) -> None:
    assert read_token(token({"exp": NOW.timestamp() + seconds}), NOW).validity == words


@pytest.mark.parametrize("exp", [None, "soon", True, 1e300, float("nan"), -(10**30), {"a": 1}])
def test_an_expiry_that_is_none(exp: Any) -> None:
    assert read_token(token({"exp": exp}), NOW).validity == "it does not say when it expires"
    assert read_token(token({}), NOW).validity == "it does not say when it expires"


def test_header_and_claims_and_no_signature() -> None:
    read = read_token(f"Bearer {token({'sub': 'ü'}, {'alg': 'none'})}", NOW)
    assert (read.header, read.claims) == ({"alg": "none"}, {"sub": "ü"})
    assert "c2lnbmF0dXJl" not in repr(read)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a.b", "a.b.c", "a.b.c.d", f"{part([])}.{part({})}.x", "é.é.é", "x" * 10**6, "Bearer a b.c.d",
     f"{part({})}.{base64.b64encode(b'[' * 70_000).decode()}.x"],
)  # fmt: skip
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_token(text, NOW)
    assert len(raised.value.message) < 80
