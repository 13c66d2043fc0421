"""The options that every command takes, before or after its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """How data is printed on stdout."""

    TABLE = "table"
    JSON = "json"


EnvOption = Annotated[
    str | None,
    typer.Option(
        "--env", envvar="BBWS_ACCESS_ENV", help="Environment; local unless said otherwise.", show_default=False
    ),
]
OrgOption = Annotated[
    str | None, typer.Option("--org", envvar="BBWS_ACCESS_ORG", help="Organisation, by id or name.", show_default=False)
]
OutputOption = Annotated[
    Output | None,
    typer.Option("--output", "-o", help="How data is printed; a table unless said otherwise.", show_default=False),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]


@dataclass(frozen=True, slots=True)
class Overrides:
    """What was given before the command's name, or after it; ``None`` was not given."""

    env: str | None = None
    org: str | None = None
    output: Output | None = None
    debug: bool = False

    def under(self, nearer: Overrides) -> Overrides:
        """``nearer`` wins where it says something: what stands next to the command is what was meant."""
        return Overrides(
            env=nearer.env or self.env,
            org=nearer.org or self.org,
            output=nearer.output or self.output,
            debug=nearer.debug or self.debug,
        )
