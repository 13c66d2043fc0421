"""``bbws-access plan``."""

from __future__ import annotations

from typing import Annotated

import typer

from bbws_access.errors import ExitCode
from cli.command import command
from cli.declared_view import FileOption, PruneOption, declared, planned, show_plan
from cli.session import Session

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@command(
    app,
    "plan",
    epilog="""
    bbws-access plan -f acme.yaml --org Acme
    bbws-access plan -f acme.yaml --org Acme --prune --detailed-exitcode
    bbws-access plan -f acme.yaml --org Acme --query "access[].user"
    """,
)
def plan(
    session: Session,
    file: FileOption,
    prune: PruneOption = False,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 3 where there is something to do.")
    ] = False,
) -> None:
    """Show what a file of declared state would change in the organisation, and what that changes for whom."""
    found = planned(session, declared(file), prune=prune)
    if session.show.is_json:
        session.show.json(found.data())
    else:
        show_plan(session, found)
    if detailed and found.steps:
        raise typer.Exit(ExitCode.FOUND)
