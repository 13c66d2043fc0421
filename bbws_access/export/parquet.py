"""Parquet: a column for each field of an event, in row groups that are written as they fill.

Every column is a string but ``sequence``, a 64-bit integer; ``details`` is JSON. What an event does not
have is null. Needs the extra ``parquet``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from bbws_access.errors import AccessError
from bbws_access.extras import needed

GROUP_ROWS: Final = 5_000
"""Rows of a group, at most."""

GROUP_CHARACTERS: Final = 16_000_000
"""Of a group's details, at most: five thousand rows of 100 KB would be half a gigabyte."""

_SEQUENCE: Final = "sequence"


def write_parquet(
    rows: Iterable[Mapping[str, Any]], out: BinaryIO, columns: Sequence[str], text_of: Callable[[Any], str]
) -> int:
    """Writes ``rows`` and returns how many there were; ``text_of`` makes text of a value.

    Raises :class:`AccessError`: ``EXTRA_MISSING``, and ``CANNOT_WRITE`` for a sequence that is no whole number.
    """
    arrow = needed("pyarrow", "parquet", "the format parquet")
    parquet = needed("pyarrow.parquet", "parquet", "the format parquet")
    types = {name: arrow.int64() if name == _SEQUENCE else arrow.string() for name in columns}
    schema = arrow.schema(list(types.items()))
    count = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in _groups(rows, columns, text_of):
            count += len(group[columns[0]])
            arrays = [arrow.array(group[name], type=types[name]) for name in columns]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))
    return count


def _groups(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], text_of: Callable[[Any], str]
) -> Iterator[dict[str, list[Any]]]:
    group: dict[str, list[Any]] = {name: [] for name in columns}
    held = characters = 0
    for row in rows:
        for name in columns:
            value = row.get(name)
            if name == _SEQUENCE:
                value = _whole(row, value)
            elif value is not None:
                value = text_of(value)
                characters += len(value)
            group[name].append(value)
        held += 1
        if held == GROUP_ROWS or characters >= GROUP_CHARACTERS:
            yield group
            group = {name: [] for name in columns}
            held = characters = 0
    if held:
        yield group


def _whole(row: Mapping[str, Any], value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63):
        return value
    raise AccessError(
        f"event {row.get('eventId')} has the sequence {str(value)[:40]!r}, which is no whole number",
        code="CANNOT_WRITE",
        hint="export it as jsonl, and look at it with bbws-access audit verify",
    )
