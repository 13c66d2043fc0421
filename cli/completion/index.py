"""The command tree as a shell needs it, written down beforehand: to build it takes longer than a key may.

``python -m cli.completion.index`` writes it beside this module; a test compares it with the commands.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("index.json")

FILES: Final = "files"
"""Offered by the shell itself."""

_AT_ROOT: Final = ("--version", "--install-completion", "--show-completion")
"""Options that no command takes."""


def read() -> dict[str, Any]:
    """``common`` has the options that every command takes, ``root`` the tree: nouns and verbs with their ``help``,
    ``options`` by flag, ``arguments`` in their order."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def made() -> str:
    """The file's content, from the commands themselves."""
    from typer.main import get_command

    from cli.app import NOUNS, app, load

    at_root = _options(get_command(app))
    common = {flag: said for flag, said in at_root.items() if flag not in _AT_ROOT}
    common["--help"] = {"help": "Show what it does, and examples."}
    tree = {noun: {"help": text, **_node(load(noun), common)} for noun, text in NOUNS.items()}
    root = {"commands": tree, "options": {flag: at_root[flag] for flag in _AT_ROOT}}
    found = {"common": common, "root": root}
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _node(command: Any, common: dict[str, Any]) -> dict[str, Any]:
    below = getattr(command, "commands", None)
    if below is not None:
        return {
            "commands": {
                name: {"help": " ".join((one.help or "").split("\n\n")[0].split()), **_node(one, common)}
                for name, one in below.items()
            }
        }
    options = {flag: one for flag, one in _options(command).items() if common.get(flag) != one}
    arguments = [
        {"offers": _offers(one), "many": one.nargs == -1} for one in command.params if one.param_type_name == "argument"
    ]
    return {name: value for name, value in (("options", options), ("arguments", arguments)) if value}


def _options(command: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in command.params:
        if one.param_type_name == "argument" or one.hidden:
            continue
        said: dict[str, Any] = {"help": one.help or ""}
        if not one.is_flag and not one.count:
            said["offers"] = _offers(one)
        if isinstance(one.envvar, str):
            said["variable"] = one.envvar
        found |= dict.fromkeys([*one.opts, *one.secondary_opts], said)
    return found


def _offers(one: Any) -> Any:
    """A list of words, ``{"names": KIND}``, :data:`FILES`, or ``None`` for what nobody can know."""
    from cli.completion.offers import MARK

    items = one.shell_complete(None, "")
    if any(item.type in {"file", "dir"} for item in items):
        return FILES
    words = [str(item.value) for item in items]
    if len(words) == 1 and words[0].startswith(MARK):
        return {"names": words[0].removeprefix(MARK)}
    return words or None


if __name__ == "__main__":
    FILE.write_text(made(), encoding="utf-8")
