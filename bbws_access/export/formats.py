"""The export formats. Each writes as it goes and holds one event at a time.

* ``csv``: a header and a row an event; ``details`` is a JSON cell; UTF-8, CRLF as RFC 4180 says. A cell
  that a spreadsheet would run as a formula is preceded by an apostrophe.
* ``json``: one array.
* ``jsonl``: one object a line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from typing import Any, Final, TextIO

from bbws_access.models.audit import AuditEvent
from bbws_access.models.kinds import ExportFormat

CONTENT_TYPES: Final = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSON: "application/json",
    ExportFormat.JSONL: "application/x-ndjson",
}

COLUMNS: Final = tuple(field.alias or name for name, field in AuditEvent.model_fields.items() if name not in {"ttl"})

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def event_data(event: AuditEvent) -> dict[str, Any]:
    """The event as it is shown and exported: the API's names, nothing of the table."""
    return event.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"ttl"})


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _compact(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _write_csv(events: Iterable[AuditEvent], out: TextIO) -> int:
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for event in events:
        count += 1
        data = event_data(event)
        writer.writerow([_cell(data.get(column)) for column in COLUMNS])
    return count


def _write_json(events: Iterable[AuditEvent], out: TextIO) -> int:
    count = 0
    out.write("[")
    for count, event in enumerate(events, start=1):
        out.write("\n" if count == 1 else ",\n")
        out.write(_compact(event_data(event)))
    out.write("\n]\n" if count else "]\n")
    return count


def _write_jsonl(events: Iterable[AuditEvent], out: TextIO) -> int:
    count = 0
    for event in events:
        count += 1
        out.write(_compact(event_data(event)) + "\n")
    return count


WRITERS: Final[dict[ExportFormat, Callable[[Iterable[AuditEvent], TextIO], int]]] = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSON: _write_json,
    ExportFormat.JSONL: _write_jsonl,
}
"""Each writes all events and returns how many there were."""
