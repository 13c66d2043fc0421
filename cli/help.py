"""Help as people read it: what to type, what a command's own words mean, and last what every command takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, get_args

from typer.core import TyperCommand, TyperGroup

from cli.options import COMMON
from cli.parameters import described_parameter

_LONGEST_CHOICES: Final = 40
"""Characters of choices that stand beside a flag; longer ones follow what it means."""

_VALUES: Final = {"integer": "N", "number": "N", "path": "FILE"}

Row = tuple[str, str]


class Verb(TyperCommand):
    """A command."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for one in self.params:  # by which errors name it, too
            if one.param_type_name == "argument" and one.metavar is None:
                one.metavar = (one.name or "").upper()

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        arguments = [_typed(one) for one in self.params if one.param_type_name == "argument"]
        needed = [_flag(one) for one in self.params if one.param_type_name == "option" and one.required]
        formatter.write_usage(ctx.command_path, " ".join([*arguments, *needed, "[OPTIONS]"]))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _write_options(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The examples, such that each can be copied."""
        del ctx
        lines = (self.epilog or "").splitlines()
        formatter.write("\n" if lines else "")
        for line in lines:
            for part in _folded(line.rstrip(), formatter.width - 4):
                formatter.write(f"  {part}\n" if part.strip("\b") else "")


class Noun(TyperGroup):
    """A group of commands, of which each is told of in a whole sentence."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] COMMAND …" if self.params else "COMMAND …")

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(f"What a command takes, with examples: {ctx.command_path} COMMAND --help")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, one) for name, one in self.commands.items() if not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl([(name, _sentence(one.help or "")) for name, one in commands])
        if self.params:
            _write_options(self, ctx, formatter)


def _folded(line: str, width: int) -> list[str]:
    """Before an option or a path, where a shell goes on reading after a backslash."""
    parts = [""]
    for piece in re.split(r" (?=--?[a-z]|/)", line):
        if not parts[-1] or len(parts[-1]) + len(piece) < width:
            parts[-1] += f" {piece}" if parts[-1] else piece
        else:
            parts[-1] += " \\"
            parts.append(f"      {piece}")
    return parts


def _write_options(command: Any, ctx: Any, formatter: Any) -> None:
    parameters = [one for one in command.get_params(ctx) if not one.hidden]
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    options = [one for one in parameters if one.param_type_name == "option"]
    common = [one for one in options if _is_common(one)]
    own = [one for one in options if one not in common]
    _section(formatter, "Arguments", ((_name(one), _meaning(one)) for one in arguments))
    _section(formatter, "Options", ((_flags(one), _meaning(one)) for one in own))
    _section(
        formatter,
        "Options of every command" if own or arguments else "Options",
        ((_flags(one), _meaning(one)) for one in common),
    )


def _is_common(one: Any) -> bool:
    """A command may have something else under a name that all others take."""
    if one.name not in COMMON:
        return bool(one.name == "help")
    _, info = get_args(COMMON[one.name][0])
    return bool(one.help == info.help)


def _section(formatter: Any, title: str, rows: Iterable[Row]) -> None:
    found = list(rows)
    if found:
        with formatter.section(title):
            formatter.write_dl(found)


def _sentence(text: str) -> str:
    """The first paragraph, in one line."""
    return " ".join(text.strip().partition("\n\n")[0].split())


def _name(one: Any) -> str:
    """Of an argument, without what says how often it stands."""
    return str(one.metavar or one.name.upper()).replace("...", "").strip("[]")


def _typed(one: Any) -> str:
    name = _name(one) + (" …" if one.nargs == -1 else "")
    return name if one.required else f"[{name}]"


def _flag(one: Any) -> str:
    return f"{one.opts[0]} {_value(one)}"


def _flags(one: Any) -> str:
    both = ", ".join(sorted(one.opts, key=lambda flag: flag.startswith("--"))) + "".join(
        f" / {flag}" for flag in one.secondary_opts
    )
    return both if one.is_flag or one.count else f"{both} {_value(one)}"


def _value(one: Any) -> str:
    """What stands for an option's value."""
    if one.metavar:
        return str(one.metavar)
    told = described_parameter(one)
    choices = "|".join(told["choices"])
    if choices and len(choices) <= _LONGEST_CHOICES:
        return choices
    longest = max(one.opts, key=len)
    return _VALUES.get(told["type"]) or longest.lstrip("-").upper().replace("-", "_")


def _meaning(one: Any) -> str:
    told = described_parameter(one)
    said = []
    choices = "|".join(told["choices"])
    if len(choices) > _LONGEST_CHOICES or (choices and one.metavar):
        said.append(f"One of {', '.join(told['choices'])}.")
    least, most = getattr(one, "min", None), getattr(one, "max", None)
    if least is not None and most is not None:
        said.append(f"[{least} to {most}]")
    elif least is not None:
        said.append(f"[{least} at least]")
    if told["required"] and told["kind"] == "option":
        said.append("[required]")
    if told["default"] not in (None, False, True, "") and one.show_default:
        said.append(f"[else {told['default']}]")
    if told["environment"]:
        said.append(f"[or {told['environment']}]")
    return " ".join([told["help"], *said])
