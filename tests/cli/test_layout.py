"""Columns stand under each other in any script, fit the screen, and never cut an id."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.layout import Column, folded, laid_out, width
from cli.safety import CONTROL, safe

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
NAMES = ["Acme", "😀👩‍👩‍👧 Family", "שלום עולם", "مرحبا", "漢字かな", "a\u0301e\u0301", "W" * 100, "🇿🇦" * 50, ""]


def table(names: list[str]) -> list[Column]:
    return [
        Column("Name", "name", names),
        Column("Users", "userCount", [str(n) for n in range(len(names))], numeric=True),
        Column("Description", "description", ["word " * 30] * len(names)),
        Column("Id", "roleId", [ID] * len(names)),
    ]


@pytest.mark.parametrize("screen", [40, 80, 120, 200, None])
def test_each_column_begins_at_one_place(screen: int | None) -> None:
    layout = laid_out(table(NAMES), screen)
    for n in range(len(NAMES)):
        line = layout.line(n)
        assert screen is None or width(line) <= screen
        if not layout.left_out:
            assert width(line) == layout.width
            assert line.endswith(ID)


def test_without_a_screen_nothing_is_cut() -> None:
    layout = laid_out(table(NAMES), None)
    assert (layout.shortened, layout.left_out) == ([], [])
    assert [layout.line(n).startswith(name) for n, name in enumerate(NAMES)] == [True] * len(NAMES)


@pytest.mark.parametrize(
    ("screen", "shortened", "left_out"),
    [
        (400, [], []),
        (200, ["Description"], []),
        (80, ["Name", "Description"], ["Id"]),
        (20, ["Name"], ["Users", "Description", "Id"]),
    ],
)
def test_texts_are_shortened_before_columns_are_left_out(
    screen: int, shortened: list[str], left_out: list[str]
) -> None:
    names = ["N" * 60, "short"]
    layout = laid_out(table(names), screen)
    assert (layout.shortened, layout.left_out) == (shortened, left_out)
    assert "short" in layout.line(1)


@pytest.mark.parametrize("screen", [1, 10, 36, 80])
def test_an_id_is_whole_or_not_there(screen: int) -> None:
    only = laid_out([Column("Id", "userId", [ID]), Column("Email", "email", ["thandi@example.com"])], screen)
    assert only.line(0).startswith(ID)
    last = laid_out([Column("Email", "email", ["thandi@example.com"]), Column("Id", "userId", [ID])], screen)
    assert last.line(0) in {"thandi@example.com", f"thandi@example.com   {ID}"}


@given(st.text(max_size=120), st.integers(min_value=10, max_value=200))
def test_whatever_a_name_is_the_next_column_stands_where_it_should(name: str, screen: int) -> None:
    shown = safe(name)
    assert not CONTROL.search(shown)
    layout = laid_out([Column("Name", "name", [shown, "x"]), Column("N", "n", ["7", "7"])], screen)
    if layout.left_out or (shown and unicodedata.category(shown[-1]).startswith("M")):
        return
    first, second = layout.line(0), layout.line(1)
    assert (first[-1], second[-1]) == ("7", "7")
    assert width(first) == width(second) <= max(screen, 20)


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("audit:read, org:read, role:*", 22, ["audit:read, org:read,", "role:*"]),
        ("audit:read, org:read, role:*", None, ["audit:read, org:read, role:*"]),
        (f"see {ID} there", 10, ["see", ID, "there"]),
        ("漢字 漢字 漢字", 9, ["漢字 漢字", "漢字"]),
        ("", 5, [""]),
    ],
)
def test_a_value_is_folded_between_words(text: str, room: int | None, lines: list[str]) -> None:
    assert folded(text, room) == lines


def test_of_a_path_the_end_is_shown() -> None:
    paths = ["/v1/organisations/{orgId}/teams", "/v1/organisations/{orgId}/roles"]
    layout = laid_out([Column("Path", "path", paths), Column("N", "n", ["1", "2"])], 24)
    assert [layout.line(n) for n in (0, 1)] == ["…tions/{orgId}/teams   1", "…tions/{orgId}/roles   2"]
