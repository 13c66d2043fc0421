"""``bbws-access users export``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from bbws_access.errors import InvalidInput
from cli.command import command
from cli.commands.users import app
from cli.operations import copy_told
from cli.options import OverwriteOption
from cli.progress import counted
from cli.session import Session

_COLUMNS: Final = ("email", "firstName", "lastName", "active", "roles", "teams", "since", "userId")
_FIELDS: Final = {"File": "file", "Users": "users", "Bytes": "bytes", "SHA-256": "sha256"}


@command(
    app,
    "export",
    epilog="""
    bbws-access users export people.csv --org Acme
    bbws-access users export people.jsonl --org Acme
    """,
)
def export(
    session: Session,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it: .csv or .jsonl.")],
    overwrite: OverwriteOption = False,
) -> None:
    """Write every member with their roles and teams into a file. The trail records who took it."""
    from bbws_access.services.user_export import user_rows
    from bbws_access.whole_file import draft_of

    write = {".csv": _write_csv, ".jsonl": _write_lines}.get(path.suffix.lower())
    if write is None:
        raise InvalidInput(f"{path}: is neither .csv nor .jsonl")
    session.may_replace(path, overwrite=overwrite)
    rows = user_rows(session.services.table, session.actor, session.org_id)
    with (
        copy_told(session, "users.export", path, path.suffix.lower().removeprefix(".")) as record,
        draft_of(path, option="another FILE") as draft,
    ):
        with counted("Exporting", rows) as passing:
            count = write(passing, draft.out)
        size, digest = draft.sealed()
        record(digest, count)
    session.show.record({"file": str(path), "users": count, "bytes": size, "sha256": digest}, _FIELDS)


def _write_csv(rows: Iterator[Mapping[str, Any]], out: BinaryIO) -> int:
    """Roles and teams with semicolons between them; a cell that a spreadsheet would run begins with an apostrophe."""
    from bbws_access.export.formats import csv_cell

    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer, count = csv.writer(text), 0
    writer.writerow(_COLUMNS)
    for row in rows:
        count += 1
        cells = ("; ".join(value) if isinstance(value, list) else value for value in map(row.get, _COLUMNS))
        writer.writerow([csv_cell(cell) for cell in cells])
    text.detach()
    return count


def _write_lines(rows: Iterator[Mapping[str, Any]], out: BinaryIO) -> int:
    count = 0
    for row in rows:
        count += 1
        out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return count
