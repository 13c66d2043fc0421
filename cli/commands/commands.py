"""``bbws-access commands``."""

from __future__ import annotations

import typer

from cli.command import command
from cli.session import Session

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@command(
    app,
    "commands",
    epilog="""
    bbws-access commands
    bbws-access commands --output json
    bbws-access commands --query "items[?changes].command"
    """,
)
def commands(session: Session) -> None:
    """List every command; JSON and YAML say every argument and flag of each."""
    from cli.reference import described

    session.show.table(described(), {"Command": "command", "Help": "help", "Changes": "changes"}, empty="")
