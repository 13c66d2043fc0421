"""Rows come out of a file one by one; what is wrong with one is said with its line and hides no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bbws_access.errors import Conflict, InvalidInput
from bbws_access.import_file import MAX_LINE, ImportFile
from bbws_access.import_report import ImportReport


def found(folder: Path, content: bytes | str, name: str = "p.csv") -> list[tuple[int, str]]:
    """Line, and address or problem."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(one.number, one.problem or str(one.row and one.row.email)) for one in ImportFile(path).lines()]


def test_a_csv_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    text = '\ufeffEmail,Role,Message\r\nA@Example.com,X,"two\r\nlines"\r\n\r\n b@example.com ,X,\r\n'
    assert found(tmp_path, text) == [(2, "a@example.com"), (5, "b@example.com")]


def test_json_lines(tmp_path: Path) -> None:
    rows = [{"email": "a@example.com", "role": "X", "team": None}, {"email": "é@example.com", "role": "X"}]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n"
    assert found(tmp_path, text, "p.jsonl") == [(1, "a@example.com"), (2, "é@example.com")]


BAD_ROWS = [
    ("a@example.com", "has 1 cells, and the header 2"),
    ("a@example.com,X,Y", "has 3 cells, and the header 2"),
    ("not an address,X", "email: is not a valid email address"),
    ("a@example.com,", "role: is missing"),
    (",X", "email: is missing"),
    (f"a@example.com,{'x' * 101}", "role: has more than 100 characters"),
    (b"a@example.com,\xff", "is not UTF-8"),
]


@pytest.mark.parametrize(("row", "problem"), BAD_ROWS)
def test_a_bad_row_hides_no_other(tmp_path: Path, row: str | bytes, problem: str) -> None:
    content = (
        b"email,role\nx@example.com,X\n" + (row if isinstance(row, bytes) else row.encode()) + b"\ny@example.com,X\n"
    )
    rows = found(tmp_path, content)
    assert [number for number, _ in rows] == [2, 3, 4]
    assert rows[1][1].startswith(problem)
    assert rows[2][1] == "y@example.com"


BAD_LINES = [
    ("{", "is not JSON: "),
    ("[1]", "is no JSON object"),
    ('"a@example.com"', "is no JSON object"),
    ('{"email":"a@example.com","email":"b@example.com","role":"X"}', "is not JSON: email stands there twice"),
    ('{"email":"a@example.com","role":5}', "role: is not text"),
    ('{"email":"a@example.com","role":"X","admin":true}', "admin: there is no such field"),
    ('{"email":"a@example.com","role":"\\ud800"}', "is not UTF-8"),
    ("[" * 60_000, "is not JSON: "),
]


@pytest.mark.parametrize(("line", "problem"), BAD_LINES)
def test_a_bad_line_of_json_hides_no_other(tmp_path: Path, line: str, problem: str) -> None:
    good = '{"email":"x@example.com","role":"X"}'
    rows = found(tmp_path, f"{good}\n{line}\n{good}\n", "p.jsonl")
    assert [number for number, _ in rows] == [1, 2, 3]
    assert rows[1][1].startswith(problem)
    assert len(rows[1][1]) < 400


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("email\na@example.com\n", "the header has no role"),
        ("email,role,phone\n", "the header has 'phone'"),
        ("email,role,role\n", "the header has a column twice"),
        ("a@example.com,X\n", "the header has 'a@example.com'"),
        (b"\x00\xff" * 50, "the header has "),
    ],
)
def test_a_header_says_what_the_columns_are(tmp_path: Path, content: str | bytes, problem: str) -> None:
    ((line, said),) = found(tmp_path, content)
    assert (line, said.startswith(problem)) == (1, True)


def test_a_quote_that_does_not_end_does_not_swallow_the_file(tmp_path: Path) -> None:
    rows = found(tmp_path, 'email,role\na@example.com,"X\n' + "b@example.com,X\n" * 20_000)
    assert rows == [(2, "cannot be read, nor can what follows: field larger than field limit (131072)")]


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl"])
def test_a_line_has_an_end(tmp_path: Path, name: str) -> None:
    first = "email,role\n" if name.endswith("csv") else '{"email":"a@example.com","role":"X"}\n'
    rows = found(tmp_path, first + "x" * (MAX_LINE * 3), name)
    assert rows[-1] == (2, f"cannot be read, nor can what follows: the line is longer than {MAX_LINE} characters")


def test_a_file_must_be_one(tmp_path: Path) -> None:
    for path, words in (
        (tmp_path / "p.xlsx", r"is neither \.csv nor \.jsonl"),
        (tmp_path / "none.csv", "is not there, or no plain file"),
        (tmp_path, "is neither"),
    ):
        with pytest.raises(InvalidInput, match=words):
            ImportFile(path)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["x.csv", "x.jsonl"]))
def test_any_bytes_give_rows_or_problems(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(b"email,role\n" + content if name.endswith("csv") else content)
    for line in ImportFile(path).lines():
        assert (line.row is None) == bool(line.problem)


def test_a_report_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    path, about = tmp_path / "r.jsonl", {"sha256": "1", "organisation": "o"}
    with ImportReport(path, about, resume=False) as report:
        report.add(2, "a@example.com", "invited")
        report.add(3, "b@example.com", "failed", cause="no")
        with pytest.raises(Conflict, match="another run is writing"):
            ImportReport(path, about, resume=True)
    with path.open("ab") as half:
        half.write(b'{"line":4,"email":"c@e')
    with ImportReport(path, about, resume=True) as report:
        assert [report.has(n) for n in range(6)] == [False, False, True, False, False, False]
        report.add(3, "b@example.com", "sent again")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [one.get("line") for one in lines] == [None, 2, 3, 3]
    with ImportReport(path, about, resume=True) as report:
        assert report.has(3)
    with pytest.raises(Conflict, match="was begun"):
        ImportReport(path, about, resume=False)
    with pytest.raises(InvalidInput, match="is about another content of the file"):
        ImportReport(path, about | {"sha256": "2"}, resume=True)
    path.write_text("people,roles\n")
    with pytest.raises(InvalidInput, match="is no report of an import"):
        ImportReport(path, about, resume=True)
