"""The export formats. Each writes as it goes and holds one event at a time; ``parquet`` some thousand.

* ``csv``: a header and a row an event; ``details`` is a JSON cell; UTF-8, CRLF as RFC 4180 says. A cell
  that a spreadsheet would run as a formula, because it starts with ``=``, ``+``, ``-``, ``@``, a tab or a
  carriage return, is preceded by an apostrophe, and so is one that starts so after apostrophes of its own.
  To read it back, take one apostrophe away where apostrophes are followed by one of these.
* ``json``: one array.
* ``jsonl``: one object a line.
* ``parquet``: see :mod:`bbws_access.export.parquet`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, TextIO

from bbws_access.export.parquet import write_parquet
from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import FileFormat, Outcome
from bbws_access.store.codec import json_form

Row = Mapping[str, Any]
"""An event under the API's names, as :func:`event_row` makes it."""

CONTENT_TYPES: Final = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.JSON: "application/json",
    FileFormat.JSONL: "application/x-ndjson",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}

COLUMNS: Final = tuple(field.alias or name for name, field in AuditEvent.model_fields.items() if name not in {"ttl"})

_WHEN_ABSENT: Final[dict[str, Any]] = {"outcome": Outcome.SUCCESS.value, "details": {}}

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")


def event_data(event: AuditEvent) -> dict[str, Any]:
    """The event as it is shown and exported: the API's names, nothing of the table."""
    return event.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"ttl"})


def event_row(item: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`event_data` gives, straight from the item.

    Nothing is checked on the way: an event that somebody damaged comes out as it is, and keeps nobody
    from the others.
    """
    row: dict[str, Any] = {}
    for column in COLUMNS:
        value = item.get(column)
        if value is None:
            value = _WHEN_ABSENT.get(column)
        if value is not None:
            row[column] = value
    return row


_compact: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=json_form).encode


def text_of(value: Any) -> str:
    """A value as one text: strings as they are, anything else as JSON; nothing for ``None``."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _compact(value)


def csv_cell(value: Any) -> str:
    text = text_of(value)
    return f"'{text}" if _FORMULA.match(text) else text


@contextmanager
def _as_text(out: BinaryIO) -> Iterator[TextIO]:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    try:
        yield text
        text.flush()
    finally:
        text.detach()


def _write_csv(rows: Iterable[Row], out: BinaryIO) -> int:
    count = 0
    with _as_text(out) as text:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for row in rows:
            count += 1
            writer.writerow([csv_cell(row.get(column)) for column in COLUMNS])
    return count


def _write_json(rows: Iterable[Row], out: BinaryIO) -> int:
    count = 0
    with _as_text(out) as text:
        text.write("[")
        for count, row in enumerate(rows, start=1):
            text.write("\n" if count == 1 else ",\n")
            text.write(_compact(row))
        text.write("\n]\n" if count else "]\n")
    return count


def _write_jsonl(rows: Iterable[Row], out: BinaryIO) -> int:
    count = 0
    with _as_text(out) as text:
        for row in rows:
            count += 1
            text.write(_compact(row) + "\n")
    return count


def _write_parquet(rows: Iterable[Row], out: BinaryIO) -> int:
    return write_parquet(rows, out, COLUMNS, text_of)


WRITERS: Final[dict[FileFormat, Callable[[Iterable[Row], BinaryIO], int]]] = {
    FileFormat.CSV: _write_csv,
    FileFormat.JSON: _write_json,
    FileFormat.JSONL: _write_jsonl,
    FileFormat.PARQUET: _write_parquet,
}
"""Each writes all events and returns how many there were."""
