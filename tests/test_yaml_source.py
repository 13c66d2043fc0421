"""A YAML file gives what its lines say, or one line that names file, line and cause."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from bbws_access.errors import ExitCode, InvalidInput
from bbws_access.models.base import Request
from bbws_access.yaml_source import MAX_BYTES, MAX_DEPTH, MAX_VALUES, parse_yaml, read_yaml


class Part(Request):
    name: str
    size: int = 1


class Whole(Request):
    title: str
    parts: tuple[Part, ...] = Field(default=(), strict=False)


def _parsed(text: str) -> Any:
    return parse_yaml(text.encode(), "f.yaml").data


def _cause(content: str | bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_yaml(content if isinstance(content, bytes) else content.encode(), "f.yaml")
    assert caught.value.exit_code is ExitCode.USAGE
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_file_is_read_with_its_digest_and_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "o.yaml"
    path.write_bytes("# whose\ntitle: Büro 😀\nparts:\n- name: a\n\n- name: b\n  size: 2\n".encode())
    source = read_yaml(path)
    assert source.data == {"title": "Büro 😀", "parts": [{"name": "a"}, {"name": "b", "size": 2}]}
    assert len(source.digest) == 64
    assert source.line(["parts"]) == 3
    assert source.line(["parts", 1]) == 6
    assert source.line(["parts", 1, "size"]) == 7
    assert source.line(["parts", 1, "unknown", 5]) == 6
    assert source.checked(Whole).parts[1].size == 2


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("YES", "YES"), ("on", "on"), ("true", True), ("false", False), ("True", "True"),
        ("null", None), ("~", None), ("", None), ('""', ""), ("12", 12), ("-3", -3), ("007", "007"), ("0x1F", "0x1F"),
        ("1.0", "1.0"), ("1e3", "1e3"), ("12:30", "12:30"), ("2024-01-01", "2024-01-01"), ("9" * 30, "9" * 30),
        ('"12"', "12"), ("'true'", "true"), ("|\n  null\n", "null\n"), (".inf", ".inf"), ("1_000", "1_000"),
    ],
)  # fmt: skip
def test_a_value_is_what_it_looks_like(written: str, value: Any) -> None:
    assert _parsed(f"a: {written}") == {"a": value}


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))

REFUSED = [
    (BOMB, "f.yaml:1: has an anchor, &a; write it out where it is needed"),
    ("x: 1\nb: *a\n", "f.yaml:2: uses an alias, *a; write it out"),
    ("x: 1\n\nx: 2\n", "f.yaml:3: has x a second time; the first is in line 1"),
    ("x: 1\n'x': 2\n", "f.yaml:2: has x a second time; the first is in line 1"),
    ("a:\n\tb: 1\n", "f.yaml:2: has a tab; indent with spaces"),
    ("a: 1\nb: 'x\ty'\n", "f.yaml:2: has a tab; indent with spaces"),
    ("a: !!python/object/apply:os.system [id]\n", "f.yaml:1: has a tag, tag:yaml.org,2002:python/object/apply:os"),
    ("a: 1\nb: !x 1\n", "f.yaml:2: has a tag, !x; values have none here"),
    ("a: {x: 1}\nb:\n  <<: {y: 1}\n", "f.yaml:3: has a merge key, <<; write it out"),
    ("a: 1\n---\nb: 1\n", "f.yaml:2: has a second document; one file says one thing"),
    ("", "f.yaml:1: is empty"),
    ("# nothing\n", "f.yaml:1: is empty"),
    ("? [a]\n: b\n", "f.yaml:1: has a list or a mapping as a key"),
    ("'': b\n", "f.yaml:1: has a key without a name"),
    ("a: [1\nb: 2\n", "f.yaml:2: is not YAML: "),
    ("a: 'x\n", "f.yaml:2: is not YAML: found unexpected end of stream"),
    ("a: b: c\n", "f.yaml:1: is not YAML: mapping values are not allowed"),
    ("x\n\na: \x07\n", "f.yaml:3: has the character U+0007"),
    ("a: \x1b[31m\n", "f.yaml:1: has the character U+001B"),
    ("\x00", "f.yaml:1: has the character U+0000"),
    (b"a: 1\nb: \xff\xfe\n", "f.yaml:2: is not UTF-8"),
    ("a: 1\n".encode("utf-16"), "f.yaml:1: is not UTF-8"),
    ("[" * (MAX_DEPTH + 1), f"f.yaml:1: goes deeper than {MAX_DEPTH} levels"),
    ("[" * 50_000, "f.yaml:1: "),  # the parser's own limit may speak first
    ("[" + "1," * MAX_VALUES + "]", f"f.yaml:1: has more than {MAX_VALUES} values"),
    ("%YAML 9.9\n---\na: 1\n", "f.yaml:1: is not YAML: found incompatible YAML document"),
    (f"{'k' * 5000}: 1\n{'k' * 5000}: 2\n", "f.yaml:1: is not YAML: "),
    (f"{'k' * 900}: 1\n{'k' * 900}: 2\n", "f.yaml:2: has kkk"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_surprises_is_refused_in_one_line(content: str | bytes, words: str) -> None:
    message = _cause(content)
    assert message.startswith(words)
    assert len(message) < 200


def test_a_file_has_a_size() -> None:
    assert _cause(b"a: " + b"x" * MAX_BYTES) == f"f.yaml: is longer than {MAX_BYTES} bytes"


def test_a_byte_order_mark_and_foreign_line_ends_are_nothing_special() -> None:
    source = parse_yaml(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f.yaml")
    assert source.data == {"a": 1, "b": 2}
    assert source.line(["b"]) == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none\.yaml: cannot be read: No such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(InvalidInput, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: a\nparts:\n- size: 1\n", "f.yaml:3: name: is missing"),
        ("title: a\nparts:\n- name: x\n  colour: red\n", "f.yaml:4: colour: there is no such field"),
        ("title: 5\n", "f.yaml:1: title: is not text"),
        ("parts: 5\ntitle: a\n", "f.yaml:1: parts: is not a list"),
        ("title: a\nparts:\n- name: x\n  size: big\n- name: 7\n",
         "f.yaml:4: size: is not a whole number (and 1 more)"),
        ("- a\n", "f.yaml:1: the file is not a mapping"),
        ("just words\n", "f.yaml:1: the file is not a mapping"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_model_is_said_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_yaml(text.encode(), "f.yaml").checked(Whole)
    assert caught.value.message == words
    assert caught.value.details["problems"][0]["line"] == int(words.split(":")[1])


_TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefgh", min_size=1), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=80, derandomize=True, deadline=None)
@given(st.dictionaries(st.text("abcdefgh", min_size=1), _VALUES, min_size=1, max_size=4))
def test_what_is_written_safely_is_read_back(data: Any) -> None:
    class NoAliases(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    assert _parsed(yaml.dump(data, Dumper=NoAliases, allow_unicode=True)) == data


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.binary(max_size=60) | st.text("a:-[]{}'\"&*!|>?%#,\n ", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused_in_one_line(content: bytes) -> None:
    with suppress(InvalidInput):
        assert parse_yaml(content, "f.yaml").data is not None
        return
    assert "\n" not in _cause(content)
    assert _cause(content).startswith("f.yaml:")
