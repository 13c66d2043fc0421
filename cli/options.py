"""The options that every command takes, before or after its name."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from cli.completion import offers
from cli.overrides import Output

EnvOption = Annotated[
    str | None,
    typer.Option(
        "--env",
        envvar="BBWS_ACCESS_ENV",
        help="Environment; local unless said otherwise.",
        show_default=False,
        autocompletion=offers.environments,
    ),
]
OrgOption = Annotated[
    str | None,
    typer.Option(
        "--org",
        envvar="BBWS_ACCESS_ORG",
        help="Organisation, by id or name.",
        show_default=False,
        autocompletion=offers.organisations,
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
    typer.Option(
        "--as",
        metavar="EMAIL",
        help="Act with a member's own rights; local only.",
        show_default=False,
        autocompletion=offers.users,
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show each request to AWS on stderr.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]

NoPagerOption = Annotated[
    bool,
    typer.Option("--no-pager", help="No pager for long lists; BBWS_ACCESS_PAGER or PAGER says which."),
]

COMMON: Final[dict[str, tuple[Any, Any]]] = {
    "env": (EnvOption, None),
    "org": (OrgOption, None),
    "output": (OutputOption, None),
    "columns": (ColumnsOption, None),
    "query": (QueryOption, None),
    "quiet": (QuietOption, False),
    "verbose": (VerboseOption, False),
    "debug": (DebugOption, False),
    "no_pager": (NoPagerOption, False),
    "acting_as": (ActingAsOption, None),
}
"""Each with its default."""

OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there, without asking.")]
"""Of each command that writes a file which whoever types it has named."""

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the exact changes and write nothing.")]
"""Of each command that is registered with ``changes=True``."""

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
"""Of each command that asks before something is lost."""
