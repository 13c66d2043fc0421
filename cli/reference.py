"""Every command and flag, read from the commands themselves: for machines, and as ``docs/reference.md``.

``python -m cli.reference`` prints the page; a test compares it with the one in ``docs/``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from cli.app import NOUNS, app, load
from cli.options import COMMON
from cli.parameters import described_parameter


def described() -> list[dict[str, Any]]:
    """Each command with its words, help, examples, arguments and options, in the order of the help."""
    return [one for noun in NOUNS for one in _walk([noun], load(noun))]


def page() -> str:
    """The reference, in Markdown."""
    common = [one for one in _parameters(_root()) if one["name"] in COMMON]
    lines = [
        "# Reference",
        "",
        "Every command with its flags, made by `python -m cli.reference` from the commands themselves. For machines:",
        "`bbws-access commands --output json`.",
        "",
        "## Options that every command takes",
        "",
        *_rows(common),
    ]
    for command in described():
        own = [p for p in command["parameters"] if p not in common]
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
    return [described_parameter(one) for one in command.params if one.name not in {"help", "version"}]


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
