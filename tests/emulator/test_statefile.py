from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bbws_access.emulator.statefile import Collection, Contents, StateFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


@pytest.fixture
def file(path: Path) -> Iterator[StateFile]:
    file = StateFile(path)
    yield file
    file.close()


def again(file: StateFile, path: Path) -> Contents:
    """What another process would find."""
    file.close()
    other = StateFile(path)
    contents = other.load()
    other.close()
    return contents


def test_an_empty_one(file: StateFile) -> None:
    assert file.load() == Contents({}, {})


def test_what_was_saved_is_found(file: StateFile, path: Path) -> None:
    items: Collection = {"ORG#1": {"TEAM#1": {"n": {"N": "1"}}, "TEAM#2": {"n": {"N": "2"}}}, "ORG#2": {"A": {}}}
    file.save(Contents({"s3": "{}", "dynamodb": '{"tables": 1}'}, {"table": items}))
    assert again(file, path) == Contents({"s3": "{}", "dynamodb": '{"tables": 1}'}, {"table": items})


def test_changes_are_followed(file: StateFile, path: Path) -> None:
    kept, old, new = {"v": {"N": "1"}}, {"v": {"N": "1"}}, {"v": {"N": "2"}}
    file.save(
        Contents({}, {"t": {"A": {"1": kept, "2": old, "3": old}, "B": {"1": old}}, "dropped": {"A": {"1": old}}})
    )
    file.save(Contents({}, {"t": {"A": {"1": kept, "2": new}, "C": {"1": new}}, "added": {"A": {"1": new}}}))
    expected = {"t": {"A": {"1": kept, "2": new}, "C": {"1": new}}, "added": {"A": {"1": new}}}
    assert again(file, path).collections == expected


def test_what_was_loaded_is_compared_with(file: StateFile, path: Path) -> None:
    file.save(Contents({}, {"t": {"A": {"1": {"v": 1}, "2": {"v": 2}}}}))
    file.close()
    second = StateFile(path)
    loaded: Any = second.load().collections
    del loaded["t"]["A"]["1"]  # as ministack does: it is given the very dicts that were loaded
    loaded["t"]["A"]["3"] = {"v": 3}
    second.save(Contents({}, loaded))
    assert again(second, path).collections == {"t": {"A": {"2": {"v": 2}, "3": {"v": 3}}}}


def test_a_save_without_items_keeps_them(file: StateFile, path: Path) -> None:
    file.save(Contents({"dynamodb": "1"}, {"t": {"A": {"1": {}}}}))
    file.save(Contents({"s3": "2"}))
    assert again(file, path) == Contents({"dynamodb": "1", "s3": "2"}, {"t": {"A": {"1": {}}}})


def test_a_save_that_fails_changes_nothing(file: StateFile, path: Path) -> None:
    before = {"A": {"1": {"v": 1}}}
    file.save(Contents({"s3": "before"}, {"t": before}))
    with pytest.raises(TypeError):
        file.save(Contents({"s3": "after"}, {"t": {"A": {"1": {"v": 2}, "2": {"v": object()}}}}))
    file.save(Contents({"ses": "later"}))
    assert again(file, path) == Contents({"s3": "before", "ses": "later"}, {"t": before})


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "'; DROP TABLE item", "é\n\t", "x" * 2048])
def test_any_text_can_be_a_key(file: StateFile, path: Path, text: str) -> None:
    file.save(Contents({}, {"t": {text: {text: {"v": {"S": text}}}}}))
    assert again(file, path).collections == {"t": {text: {text: {"v": {"S": text}}}}}


def test_it_belongs_to_one_process(file: StateFile, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.save(Contents({"s3": "{}"}))
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **more: connect(*args, **{**more, "timeout": 0.0}))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        StateFile(path)
