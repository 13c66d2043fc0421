"""Has the command line itself parse what somebody wrote down, without running what it names."""

from __future__ import annotations

from typing import Any

from typer.main import get_command

from cli.app import app


def parse(words: list[str]) -> None:
    """Raises what the command line says of a command, a flag or an argument that does not exist."""
    _parse(get_command(app), "bbws-access", words, None)


def _parse(command: Any, name: str, words: list[str], parent: Any) -> None:
    context = command.make_context(name, words, parent=parent)
    if hasattr(command, "resolve_command"):
        found, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert inner is not None
        _parse(inner, found, rest, context)
