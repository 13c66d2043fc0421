"""What an argument or an option is, read from the command that takes it: for its help, and for the reference."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, get_args

_TYPES: Final = {str: "text", int: "integer", float: "number", bool: "boolean"}


def described_parameter(one: Any) -> dict[str, Any]:
    """As ``commands --output json`` has it."""
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
