"""What a grant covers, and what is one at all."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bbws_access.access.grants import EVERYTHING, GRANT_PATTERN, covering, covers, exceeding
from bbws_access.models.permission import Grant

WORDS = ["site", "sites", "team", "team-role", "member", "read", "add", "a", "b"]
PERMISSIONS = st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(":".join)
WILDCARDS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(lambda parts: ":".join([*parts, "*"]))
GRANTS = PERMISSIONS | WILDCARDS | st.just(EVERYTHING)


def says(grant: str, permission: str) -> bool:
    """What one grant means, in other words than the module's."""
    if grant in {permission, "*:*"}:
        return True
    return grant[-2:] == ":*" and permission[: len(grant) - 1] == grant[:-1]


@pytest.mark.parametrize(
    ("grant", "permission"),
    [
        ("site:read", "site:read"),
        ("site:*", "site:read"),
        ("site:*", "site:*"),
        ("team:*", "team:read"),
        ("team:*", "team:member:add"),
        ("team:*", "team:member:*"),
        ("team:member:*", "team:member:add"),
        ("*:*", "site:read"),
        ("*:*", "team:member:add"),
        ("*:*", "site:*"),
        ("*:*", "*:*"),
    ],
)
def test_covered(grant: str, permission: str) -> None:
    assert covers({grant}, permission)
    assert grant in covering(permission)
    assert exceeding({grant}, [permission]) == []


@pytest.mark.parametrize(
    ("grant", "permission"),
    [
        ("site:read", "site:update"),
        ("site:read", "site:*"),
        ("site:*", "sites:read"),
        ("site:*", "team:read"),
        ("site:*", "*:*"),
        ("site:*", "site"),
        ("team:member:*", "team:read"),
        ("team:member:*", "team:members"),
        ("team:member:*", "team:*"),
        ("team:member", "team:member:add"),
        ("team:member:add", "team:member"),
        ("site:read", "SITE:READ"),
        ("site:read", "site:read "),
        ("site:read", ""),
        ("*", "site:read"),
        ("*:read", "site:read"),
        ("s*:read", "site:read"),
        ("", "site:read"),
    ],
)
def test_not_covered(grant: str, permission: str) -> None:
    assert not covers({grant}, permission)
    assert exceeding({grant}, [permission]) == [permission]


def test_nothing_covers_nothing() -> None:
    assert not covers(frozenset(), "site:read")
    assert exceeding(frozenset(), ["site:read", "audit:read", "site:read"]) == ["audit:read", "site:read"]
    assert exceeding(frozenset(), []) == []


def test_all_of_a_resource_in_pieces_is_not_its_wildcard() -> None:
    """Else a permission that is added later would be held by whoever was given today's."""
    assert exceeding({"usage:read", "usage:update"}, ["usage:*"]) == ["usage:*"]


@given(GRANTS, GRANTS)
@example("site:*", "sites:read")
@example("team:member:*", "team:member:*")
def test_a_grant_covers_what_it_says_and_nothing_else(grant: str, permission: str) -> None:
    assert covers({grant}, permission) == says(grant, permission)


@given(st.lists(GRANTS, max_size=6), st.lists(GRANTS, max_size=6), GRANTS)
def test_grants_add_up_in_any_order(one: list[str], other: list[str], permission: str) -> None:
    together = covers(set(one) | set(other), permission)
    assert together == covers(set(other) | set(one), permission)
    assert together == (covers(set(one), permission) or covers(set(other), permission))


@given(st.frozensets(GRANTS, max_size=6), st.lists(GRANTS, max_size=8))
def test_what_is_passed_on_or_exceeds_is_what_was_wanted(granted: frozenset[str], wanted: list[str]) -> None:
    beyond = exceeding(granted, wanted)
    assert beyond == sorted(set(beyond))
    assert set(beyond) == {w for w in wanted if not any(says(g, w) for g in granted)}


@given(GRANTS, GRANTS, GRANTS)
def test_nobody_gains_by_passing_on(first: str, second: str, third: str) -> None:
    if covers({first}, second) and covers({second}, third):
        assert covers({first}, third)


@given(GRANTS)
def test_the_pattern_takes_every_grant(grant: str) -> None:
    assert GRANT_PATTERN.match(grant)


HOSTILE = [
    "",
    "*",
    "**",
    ":",
    "*:",
    ":*",
    "site",
    "site:",
    ":read",
    "*:read",
    "*:*:*",
    "a:*:b",
    "site:*:*",
    "a:b:c:d",
    "a:b:c:*",
    "site:re*",
    "site:read\n",
    "*:*\n",
    "site:*\n",
    "\nsite:read",
    "site:read\r",
    "site:read\x00",
    "site:read\u2028",
    " site:read",
    "site:read ",
    "site: read",
    "Site:read",
    "SITE:READ",
    "site:r\u0435ad",  # a Cyrillic letter
    "\u017fite:read",  # a long s, which folds to s
    "site\uff1aread",
    "site:\uff0a",
    "sité:read",
    "1site:read",
    "-site:read",
    "site_x:read",
    "site:read,*:*",
    "site:read *:*",
    "site.read",
    "site::read",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_grant_is_refused(text: str) -> None:
    assert GRANT_PATTERN.match(text) is None
    assert GRANT_PATTERN.search(text) is None
    with pytest.raises(ValidationError):
        TypeAdapter(Grant).validate_python(text)


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "a:" * 100_000, "a:" + "-" * 200_000 + "!", "*" * 200_000],
    ids=["word", "parts", "dash", "*"],
)
def test_a_huge_text_is_refused_at_once(text: str) -> None:
    assert GRANT_PATTERN.match(text) is None


def test_a_grant_has_a_limit() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Grant).validate_python("site:" + "r" * 200)


@given(st.text(alphabet=st.sampled_from("ab*:-\n A"), max_size=12))
def test_the_pattern_is_what_the_documentation_says(text: str) -> None:
    """Two or three parts of small letters and dashes; only the last may be a star; ``*:*`` besides."""
    parts = text.split(":")
    good = text == "*:*" or (
        len(parts) in {2, 3}
        and all(re.fullmatch("[a-z][a-z-]*", part) for part in parts[:-1])
        and re.fullmatch(r"[a-z][a-z-]*|\*", parts[-1]) is not None
    )
    assert (GRANT_PATTERN.match(text) is not None) == good
