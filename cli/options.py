"""The options that every command takes, before or after its name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """How data is printed on stdout."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    YAML = "yaml"


EnvOption = Annotated[
    str | None,
    typer.Option(
        "--env", envvar="BBWS_ACCESS_ENV", help="Environment; local unless said otherwise.", show_default=False
    ),
]


def _organisations(context: typer.Context, incomplete: str) -> list[str]:
    from cli import completion

    return completion.organisations(context, incomplete)


OrgOption = Annotated[
    str | None,
    typer.Option(
        "--org",
        envvar="BBWS_ACCESS_ORG",
        help="Organisation, by id or name.",
        show_default=False,
        autocompletion=_organisations,
    ),
]
OutputOption = Annotated[
    Output | None,
    typer.Option("--output", "-o", help="How data is printed; a table unless said otherwise.", show_default=False),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option("--columns", metavar="A,B,…", help="Only these columns, by title or key.", show_default=False),
]
QueryOption = Annotated[
    str | None,
    typer.Option("--query", metavar="JMESPATH", help="Shapes JSON and YAML, as in the AWS CLI.", show_default=False),
]
ActingAsOption = Annotated[
    str | None,
    typer.Option("--as", metavar="EMAIL", help="Act with a member's own rights; local only.", show_default=False),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show each request to AWS on stderr.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]

NoPagerOption = Annotated[
    bool,
    typer.Option("--no-pager", help="No pager for long lists; BBWS_ACCESS_PAGER or PAGER says which."),
]

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the exact changes and write nothing.")]
"""Of each command that is registered with ``changes=True``."""

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
"""Of each command that asks before something is lost."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What was given before the command's name, or after it; ``None`` was not given."""

    env: str | None = None
    org: str | None = None
    output: Output | None = None
    columns: str | None = None
    query: str | None = None
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_pager: bool = False
    acting_as: str | None = None

    def under(self, nearer: Overrides) -> Overrides:
        """``nearer`` wins where it says something: what stands next to the command is what was meant."""
        return Overrides(**{f.name: getattr(nearer, f.name) or getattr(self, f.name) for f in fields(self)})
