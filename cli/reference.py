"""Every command and flag, read from the commands themselves: for machines, and as ``docs/reference.md``.

``python -m cli.reference`` prints the page; a test compares it with the one in ``docs/``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, get_args

from cli.app import NOUNS, app, load

_COMMON: Final = ("env", "org", "output", "columns", "query", "quiet", "verbose", "debug", "no_pager")
"""Parameters that every command takes; the page says them once."""

_TYPES: Final = {str: "text", int: "integer", float: "number", bool: "boolean"}


def described() -> list[dict[str, Any]]:
    """Each command with its words, help, examples, arguments and options, in the order of the help."""
    return [one for noun in NOUNS for one in _walk([noun], load(noun))]


def page() -> str:
    """The reference, in Markdown."""
    lines = [
        "# Reference",
        "",
        "Every command with its flags, made by `python -m cli.reference` from the commands themselves. For machines:",
        "`bbws-access commands --output json`.",
        "",
        "## Options that every command takes",
        "",
        *_rows(one for one in _parameters(_root()) if one["name"] in _COMMON),
    ]
    for command in described():
        own = [p for p in command["parameters"] if p["name"] not in _COMMON]
        lines += ["", f"## {command['command']}", "", command["help"]]
        if own:
            lines += ["", *_rows(own)]
        if command["examples"]:
            lines += ["", "```", *command["examples"], "```"]
    return "\n".join(lines) + "\n"


def _root() -> Any:
    from typer.main import get_command

    return get_command(app)


def _walk(words: list[str], command: Any) -> Iterator[dict[str, Any]]:
    below = getattr(command, "commands", None)
    if below is not None:
        for name, one in below.items():
            yield from _walk([*words, name], one)
        return
    help_text = " ".join(inspect.cleandoc(command.help or "").split())
    parameters = _parameters(command)
    yield {
        "command": " ".join(words),
        "help": help_text,
        "changes": any(one["name"] == "dry_run" for one in parameters),
        "parameters": parameters,
        "examples": [line.strip() for line in (command.epilog or "").splitlines() if "bbws-access " in line],
    }


def _parameters(command: Any) -> list[dict[str, Any]]:
    return [_parameter(one) for one in command.params if one.name not in {"help", "version"}]


def _parameter(one: Any) -> dict[str, Any]:
    is_argument = one.param_type_name == "argument"
    kind, default = _kind(one.type_descriptor.annotation), one.default
    choices = [str(choice.value) for choice in kind] if issubclass(kind, Enum) else []
    return {
        "name": one.name,
        "kind": "argument" if is_argument else "option",
        "flags": [] if is_argument else [*one.opts, *one.secondary_opts],
        "type": "choice" if choices else _TYPES.get(kind, kind.__name__.lower()),
        "choices": choices,
        "required": bool(one.required),
        "repeated": bool(one.multiple or one.nargs == -1),
        "default": default if isinstance(default, str | int | float | bool) else None,
        "environment": _first(one.envvar),
        "help": getattr(one, "help", None) or "",
    }


def _kind(annotation: Any) -> type:
    """Of one value, whatever may be repeated or left out."""
    inner = [one for one in get_args(annotation) if one is not type(None)]
    if inner:
        return _kind(inner[0])
    return annotation if isinstance(annotation, type) else str


def _first(envvar: Any) -> str | None:
    return envvar if isinstance(envvar, str) or envvar is None else str(next(iter(envvar), "")) or None


def _rows(parameters: Any) -> Iterator[str]:
    yield "| flag or argument | meaning |"
    yield "|---|---|"
    for one in parameters:
        name = ", ".join(f"`{flag}`" for flag in one["flags"]) or f"`{one['name'].upper()}`"
        said = [one["help"].rstrip(".")]
        if one["choices"]:
            said.append(f"one of {', '.join(f'`{choice}`' for choice in one['choices'])}")
        if one["environment"]:
            said.append(f"or `{one['environment']}`")
        if one["required"]:
            said.append("required")
        if one["default"] not in (None, False, True):
            said.append(f"else `{one['default']}`")
        yield f"| {name} | {'; '.join(part for part in said if part)} |".replace("|…", "…")


if __name__ == "__main__":
    sys.stdout.write(page())
