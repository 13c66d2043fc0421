"""Files of people to import: CSV with a header, or JSON lines. Read row by row, however long they are."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from pydantic import ValidationError

from bbws_access.errors import InvalidInput
from bbws_access.models.imported import ImportRow
from bbws_access.validation import field_errors
from bbws_access.yaml_source import shortened

MAX_LINE: Final = 64 * 1024
"""Characters; an honest row has hundreds."""

FIELDS: Final = tuple(ImportRow.model_fields)
_NEEDED: Final = ("email", "role")


@dataclass(frozen=True, slots=True)
class Line:
    """A row with the line, from 1, that it begins in; ``row``, or what is wrong with it."""

    number: int
    row: ImportRow | None = None
    problem: str = ""


class ImportFile:
    """``digest`` is the SHA-256 of the file as it was opened."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`InvalidInput` for a file that is not there, or whose name ends in neither format."""
        if path.suffix.lower() not in {".csv", ".jsonl"}:
            raise InvalidInput(f"{path}: is neither .csv nor .jsonl")
        self.path = path
        try:
            if not path.is_file():
                raise InvalidInput(f"{path}: is not there, or no plain file")
            with path.open("rb") as file:
                self.digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InvalidInput(f"{path}: cannot be read: {error.strerror or error}") from None

    def lines(self) -> Iterator[Line]:
        """Every row. What cannot be read ends the file, with its problem as the last row."""
        read = _csv_rows if self.path.suffix.lower() == ".csv" else _json_rows
        # What is not UTF-8 becomes surrogates, so that one bad row does not hide the next.
        with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            for number, values in read(file):
                yield _line(number, values)


def _line(number: int, values: dict[str, Any] | str) -> Line:
    if isinstance(values, str):
        return Line(number, problem=values)
    try:
        for value in values.values():
            str(value).encode()
        return Line(number, ImportRow.model_validate(values))
    except UnicodeEncodeError:
        return Line(number, problem="is not UTF-8")
    except ValidationError as error:
        said = "; ".join(f"{shortened(name)}: {problem}" for name, problem in field_errors(error).items())
        return Line(number, problem=said[:300])


def _csv_rows(file: TextIO) -> Iterator[tuple[int, dict[str, Any] | str]]:
    reader = csv.reader(_short_lines(file), strict=True)
    header: list[str] | None = None
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            if header is None:
                yield 1, "is empty; the first line names the columns: email,role,team,message"
            return
        except (csv.Error, _TooLong) as error:
            yield number, f"cannot be read, nor can what follows: {error}"
            return
        if not any(cells):
            continue
        if header is None:
            header = [cell.strip().lower() for cell in cells]
            problem = _header_problem(header)
            if problem:
                yield number, problem
                return
        elif len(cells) != len(header):
            yield number, f"has {len(cells)} cells, and the header {len(header)}"
        else:
            yield number, {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}


def _header_problem(header: list[str]) -> str:
    unknown = [name for name in header if name not in FIELDS]
    missing = [name for name in _NEEDED if name not in header]
    if unknown:
        return f"the header has {shortened(unknown[0])!r}; the columns are email, role, team and message"
    if missing:
        return f"the header has no {missing[0]}"
    return "the header has a column twice" if len(set(header)) < len(header) else ""


def _json_rows(file: TextIO) -> Iterator[tuple[int, dict[str, Any] | str]]:
    number = 0
    try:
        for number, text in enumerate(_short_lines(file), start=1):
            if text.strip():
                yield number, _json_row(text)
    except _TooLong as error:
        yield number + 1, f"cannot be read, nor can what follows: {error}"
        return
    if not number:
        yield 1, "is empty"


def _json_row(text: str) -> dict[str, Any] | str:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        return f"is not JSON: {str(error)[:100]}"
    return found if isinstance(found, dict) else "is no JSON object"


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{shortened(name)} stands there twice")
        found[name] = value
    return found


class _TooLong(Exception):
    pass


def _short_lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise _TooLong(f"the line is longer than {MAX_LINE} characters")
        yield line
