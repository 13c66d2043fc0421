"""A request to the API as people type it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Final

from bbws_access import catalogue
from bbws_access.errors import InvalidInput
from cli.session import Session

PARAMETER: Final = re.compile(r"\{(\w+)\}")


def api_path(session: Session, given: str) -> str:
    """With ``/v1`` and the organisation's id. Raises ``InvalidInput`` where a value is missing."""
    if "?" in given or "#" in given:
        raise InvalidInput("the path goes without a query", hint="give it as --param KEY=VALUE")
    path = catalogue.api_path(given)
    if "{orgId}" in path:
        path = path.replace("{orgId}", session.org_id)
    left = PARAMETER.search(path)
    if left:
        raise InvalidInput(f"the path needs a value in place of {left[0]}")
    return path


def json_body(data: str | None) -> str | None:
    """The text of ``--data``; raises ``InvalidInput`` for what is not JSON: the API would say no more than that."""
    if data is None:
        return None
    try:
        if data == "-":
            text = sys.stdin.read()
        else:
            text = Path(data[1:]).read_text(encoding="utf-8") if data.startswith("@") else data
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--data {data} cannot be read") from error
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidInput(f"--data is not JSON{where}") from None
    return text


def query_pairs(query: list[str]) -> list[tuple[str, str]]:
    """Each ``KEY=VALUE``; raises ``InvalidInput`` for what is not."""
    found = [(name, value) for name, sign, value in (pair.partition("=") for pair in query) if sign and name]
    if len(found) != len(query):
        raise InvalidInput("--param is KEY=VALUE")
    return found
