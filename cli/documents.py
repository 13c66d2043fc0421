"""Data for machines: JSON, JSON lines, CSV and YAML; and the query that shapes it first."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TextIO

from bbws_access.errors import InvalidInput
from cli.overrides import Output
from cli.safety import CONTROL, CONTROL_IN_CELL, escaped

Row = Mapping[str, Any]

_WITH_ITEMS: Final = frozenset({Output.JSON, Output.YAML})
"""Formats that hold a list inside a document, and so can be asked with a query."""

_WIDE: Final = 10_000
"""Columns after which YAML would fold a line; folding makes it hard to search."""


def compiled(query: str | None, output: Output | None) -> Callable[[Any], Any]:
    """From a document to what ``query`` finds in it. Raises :class:`InvalidInput` for one that cannot be."""
    if query is None:
        return lambda document: document
    if output not in {None, *_WITH_ITEMS}:
        raise InvalidInput(f"--query shapes json and yaml, not {output}", hint="repeat it with --output json")
    import jmespath
    from jmespath.exceptions import JMESPathError

    def refused(error: JMESPathError) -> InvalidInput:
        reason = " ".join(str(error).split())
        return InvalidInput(f"--query {query!r}: {reason}", hint="see https://jmespath.org")

    try:
        expression = jmespath.compile(query)
    except JMESPathError as error:
        raise refused(error) from None

    def search(document: Any) -> Any:
        """In what would be printed: of Python's collections JMESPath knows lists and dictionaries only."""
        try:
            return expression.search(json.loads(json.dumps(document)))
        except JMESPathError as error:
            raise refused(error) from None

    return search


def write_document(data: Any, output: Output, out: TextIO) -> None:
    """One thing."""
    match output:
        case Output.YAML:
            out.write(_yaml(data))
        case Output.JSONL:
            out.write(_line(data))
        case Output.CSV if isinstance(data, Mapping):
            write_rows([data], list(data), output, out)
        case _:
            out.write(escaped(json.dumps(data, ensure_ascii=False, indent=2)) + "\n")


def write_rows(rows: Iterable[Row], first_keys: Iterable[str], output: Output, out: TextIO) -> None:
    """A list without anything around it; in CSV with ``first_keys`` as the first columns."""
    if output is Output.JSONL:
        for row in rows:
            out.write(_line(row))
        return
    from bbws_access.export.formats import csv_cell

    found = list(rows)
    header = list(dict.fromkeys([*first_keys, *(key for row in found for key in row)]))
    writer = csv.writer(out)
    writer.writerow([CONTROL_IN_CELL.sub("�", key) for key in header])
    for row in found:
        writer.writerow([CONTROL_IN_CELL.sub("�", csv_cell(row.get(key))) for key in header])


def _line(data: Any) -> str:
    return escaped(json.dumps(data, ensure_ascii=False, separators=(",", ":"))) + "\n"


def _yaml(data: Any) -> str:
    """YAML that reads back as what it was; a text with control characters stands in quotes, as escapes."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = '"' if CONTROL.search(value) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style=style)

    Dumper.add_representer(str, text)
    Dumper.add_multi_representer(StrEnum, text)
    written: str = yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=_WIDE)
    return escaped(written)
