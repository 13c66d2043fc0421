"""Cursors: a client can neither read nor forge them, nor carry them to another list."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from bbws_access.cursors import MAX_CURSOR_LENGTH, Cursors
from bbws_access.errors import InvalidInput

LIST, OTHER_LIST = "GET /v1/organisations/org-1/roles", "GET /v1/organisations/org-2/roles"
POSITION = {"PK": "ORG#org-1", "SK": "ROLE#role-1", "GSI1PK": "ORG#org-1#ACTIVE#true", "GSI1SK": "ROLE#A"}


class AesSealer:
    """Authenticated encryption with a key in memory."""

    def __init__(self) -> None:
        self._aead = AESGCM(AESGCM.generate_key(bit_length=256))

    def seal(self, plain: bytes, binding: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._aead.encrypt(nonce, plain, binding.encode())

    def open(self, sealed: bytes, binding: str) -> bytes:
        if len(sealed) < 12:
            raise InvalidInput("this was not sealed here")
        try:
            return self._aead.decrypt(sealed[:12], sealed[12:], binding.encode())
        except InvalidTag as error:
            raise InvalidInput("this was not sealed here") from error


class Opened:
    """A sealer that was broken: it opens everything, to what an attacker likes."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain

    def seal(self, plain: bytes, binding: str) -> bytes:
        return plain

    def open(self, sealed: bytes, binding: str) -> bytes:
        return self.plain


SEALER = AesSealer()
CURSORS = Cursors(SEALER)
CURSOR = CURSORS.write(POSITION, LIST)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def refused(cursor: str, list_name: str = LIST, cursors: Cursors = CURSORS) -> bool:
    """Refused, with the right words; any other error is raised."""
    try:
        cursors.read(cursor, list_name)
    except InvalidInput as error:
        said = (error.status, error.code, set(error.details["fields"]), error.__cause__ is error)
    else:
        return False
    assert said == (400, "INVALID_CURSOR", {"startAt"}, False)
    return True


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=6), st.text(max_size=60))
def test_what_was_written_is_read(position: dict[str, str], list_name: str) -> None:
    cursor = CURSORS.write(position, list_name)
    assert CURSORS.read(cursor, list_name) == position
    assert set(cursor) <= set(ALPHABET), "it goes into a query string as it is"


def test_a_cursor_tells_nothing() -> None:
    sealed = base64.urlsafe_b64decode(CURSOR + "=" * (-len(CURSOR) % 4))
    # Two letters stand in any two hundred by chance.
    for secret in (b"org-1", b"role-1", b"ROLE#"):
        assert secret not in sealed
        assert secret not in CURSOR.encode()


def test_a_cursor_of_another_list_is_none() -> None:
    assert CURSORS.read(CURSOR, LIST) == POSITION
    for name in (OTHER_LIST, "", LIST.lower(), f"{LIST} ", f"{LIST}/x", LIST[:-1]):
        assert refused(CURSOR, name)


def test_a_cursor_of_another_key_is_none() -> None:
    assert refused(CURSOR, cursors=Cursors(AesSealer()))


def test_no_character_can_be_another() -> None:
    for place in range(len(CURSOR)):
        for character in [*ALPHABET, "+", "/", "=", " ", "\n", "\x00", "\u00e9", "."]:
            altered = CURSOR[:place] + character + CURSOR[place + 1 :]
            assert altered == CURSOR or refused(altered)


def test_a_cursor_cannot_be_cut() -> None:
    for length in range(len(CURSOR)):
        assert refused(CURSOR[:length])
        assert refused(CURSOR[length + 1 :])


@pytest.mark.parametrize("more", ["A", "AA", "AAA", "AAAA", "=", "==", "====", "\n", " ", "\x00", "+", "/", "%3D", "."])
def test_a_cursor_cannot_be_extended(more: str) -> None:
    assert refused(CURSOR + more)
    assert refused(more + CURSOR)
    assert refused(CURSOR + more + CURSOR)


HOSTILE = {
    "nothing": "",
    "a space": " ",
    "a word": "next",
    "a number": "50",
    "a position in the clear": base64.urlsafe_b64encode(json.dumps(POSITION).encode()).decode().rstrip("="),
    "JSON": json.dumps(POSITION),
    "padding only": "====",
    "unicode": "\u00e9" * 20,
    "a look-alike": "\u0410" + CURSOR[1:],
    "full-width": "".join(chr(ord(c) + 0xFEE0) for c in CURSOR),
    "surrogates": "\ud800\ud800",
    "zero bytes": "\x00" * 8,
    "a path": "../../etc/passwd",
    "markup": "<script>alert(1)</script>",
    "just too long": "A" * (MAX_CURSOR_LENGTH + 1),
    "huge": "A" * 1_000_000,
    "as long as it may be": "A" * MAX_CURSOR_LENGTH,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_cursor(text: str) -> None:
    assert refused(text)


def test_what_cannot_be_a_cursor_does_not_reach_the_sealer() -> None:
    """The sealer is a service that is paid for, and takes neither nothing nor more than 6144 bytes."""

    class Untouched(AesSealer):
        def open(self, sealed: bytes, binding: str) -> bytes:
            assert 0 < len(sealed) <= 6144
            return super().open(sealed, binding)

    for text in HOSTILE.values():
        assert refused(text, cursors=Cursors(Untouched()))


@given(st.text(max_size=200))
def test_random_text(text: str) -> None:
    assert refused(text)


@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    assert refused(base64.urlsafe_b64encode(data).decode().rstrip("="))


@pytest.mark.parametrize("plain", [b"", b"[]", b"null", b"7", b'"PK"', b"{", b"\xff\xfe", b"true"])
def test_what_is_no_position_is_no_cursor_even_if_it_was_sealed_here(plain: bytes) -> None:
    assert refused("AAAA", cursors=Cursors(Opened(plain)))
    assert refused(base64.urlsafe_b64encode(SEALER.seal(plain, LIST)).decode().rstrip("="))


def test_a_failing_sealer_is_not_the_clients_fault() -> None:
    class Broken(AesSealer):
        def open(self, sealed: bytes, binding: str) -> Any:
            raise ConnectionError("no answer")

    with pytest.raises(ConnectionError):
        Cursors(Broken()).read(CURSOR, LIST)
