"""What a role allows, as it is named on a command line and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.errors import InvalidInput
from cli.completion import offers

if TYPE_CHECKING:
    from bbws_access.models.role import Role

GrantsGiven = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[GRANT]...",
        help="All that it allows from now on.",
        show_default=False,
        autocompletion=offers.permissions,
    ),
]
GrantsAdded = Annotated[
    list[str] | None,
    typer.Option(
        "--add",
        metavar="GRANT",
        help="One more; may be repeated.",
        show_default=False,
        autocompletion=offers.permissions,
    ),
]
GrantsRemoved = Annotated[
    list[str] | None,
    typer.Option(
        "--remove",
        metavar="GRANT",
        help="One less; may be repeated.",
        show_default=False,
        autocompletion=offers.permissions,
    ),
]


def wanted(
    held: frozenset[str],
    given: Sequence[str] | None,
    add: Sequence[str] | None,
    remove: Sequence[str] | None,
    *,
    what: str = "permissions",
    look: str,
) -> frozenset[str]:
    """What the role will allow; ``look`` is the command that shows what it does now.

    Raises :class:`InvalidInput` where that is not said, or said twice.
    """
    if given and (add or remove):
        raise InvalidInput(f"name all {what}, or use --add and --remove, not both")
    if given:
        return frozenset(given)
    if not add and not remove:
        raise InvalidInput(f"which {what}? Name all of them, or use --add and --remove", hint=look)
    missing = sorted(set(remove or ()) - held)
    if missing:
        raise InvalidInput(f"the role does not grant {', '.join(missing)}{_within(missing, held)}", hint=look)
    return (held - frozenset(remove or ())) | frozenset(add or ())


def _within(missing: Sequence[str], held: frozenset[str]) -> str:
    """What grants the missing all the same, and cannot be had in part."""
    from bbws_access.access.grants import covers

    wider = sorted(grant for grant in held if any(covers({grant}, one) for one in missing))
    return f" by itself: {', '.join(wider)} does" if wider else ""


def said(before: frozenset[str], after: frozenset[str]) -> str:
    """``+site:read -site:update``."""
    parts = [f"+{one}" for one in sorted(after - before)] + [f"-{one}" for one in sorted(before - after)]
    return " ".join(parts) or "nothing changes"


def compared(first: Role, second: Role) -> list[dict[str, Any]]:
    """A row for each grant of either: whether the one and the other allow it."""
    from bbws_access.access.grants import covers

    return [
        {
            "permission": grant,
            "first": covers(first.permissions, grant),
            "second": covers(second.permissions, grant),
        }
        for grant in sorted(first.permissions | second.permissions)
    ]
