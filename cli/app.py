"""The root command. A noun's module is imported when the noun is used, so that ``--help`` is quick."""

from __future__ import annotations

import importlib
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bbws_access import __version__
from cli.options import DebugOption, EnvOption, OrgOption, OutputOption, Overrides

NOUNS: Final[dict[str, str]] = {
    "env": "Stand an environment up, look at it, take it down.",
    "release": "Bring changed code to an environment.",
    "table": "The platform's one table: seed, migrate, verify, back up and restore it.",
    "orgs": "Organisations: the tenants.",
    "users": "Invite people and see who they are and what they hold.",
    "invitations": "See, accept and decline invitations.",
    "roles": "Roles and what they allow.",
    "audit": "Query and export the audit trail.",
    "api": "The deployed API: its contract, its documentation, and calls to it.",
    "auth": "Who you are, and tokens for the API.",
    "local": "The AWS on your own machine: its emails, and a guided tour.",
}
"""Each noun with its line of help; its commands are in ``cli.commands.{noun}``."""


class LazyGroup(TyperGroup):
    """Shows every noun in the help without importing any, and imports the one that is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for noun, text in NOUNS.items():
            self.add_command(TyperCommand(noun, help=text), noun)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in NOUNS:
            module = importlib.import_module(f"cli.commands.{args[0]}")
            loaded = get_command(module.app)
            loaded.name = args[0]
            self.add_command(loaded, args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=LazyGroup,
    name="bbws-access",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="New here? bbws-access env up local gives you a whole platform on this machine.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bbws-access {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    env: EnvOption = None,
    org: OrgOption = None,
    output: OutputOption = None,
    debug: DebugOption = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Administer the BBWS access-management platform: stand it up, and run users, roles and audit."""
    del version
    context.obj = Overrides(env=env, org=org, output=output, debug=debug)
