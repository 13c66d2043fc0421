"""Requests that change only what was named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bbws_access.errors import InvalidInput

if TYPE_CHECKING:
    from bbws_access.models.changes import Changes

    T = TypeVar("T", bound=Changes)

IfVersionOption = Annotated[
    int | None,
    typer.Option("--if-version", metavar="N", min=1, help="Only if it is still at this version.", show_default=False),
]


def edit(model: type[T], version: int | None = None, **fields: Any) -> T:
    """The request with those of ``fields`` that are not ``None``; raises :class:`InvalidInput` where all are."""
    from bbws_access.validation import build

    given = {name: value for name, value in fields.items() if value is not None}
    if not given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in fields)
        raise InvalidInput(f"what should change? Give one of: {options}")
    return build(model, **given, **({} if version is None else {"version": version}))
