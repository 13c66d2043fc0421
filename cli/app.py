"""The root command. A noun's module is imported when the noun is used, so that ``--help`` is quick."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand
from typer.main import get_command

from bbws_access import __version__
from bbws_access.errors import ExitCode
from cli import asking
from cli.help import Noun
from cli.options import (
    ActingAsOption,
    ColumnsOption,
    DebugOption,
    EnvOption,
    NoPagerOption,
    OrgOption,
    OutputOption,
    QueryOption,
    QuietOption,
    VerboseOption,
)
from cli.overrides import Overrides

NOUNS: Final[dict[str, str]] = {
    "env": "Stand an environment up, look at it, take it down.",
    "release": "Build the functions' code, and bring it to an environment.",
    "table": "The platform's one table: seed, migrate, verify, back up and restore it.",
    "orgs": "Organisations: the tenants.",
    "users": "Invite people, see who they are and what they hold, take it and give it back.",
    "invitations": "See, send again, withdraw, accept and decline invitations.",
    "roles": "Roles: what they allow, and who holds them.",
    "permissions": "What can be allowed.",
    "permission-sets": "Permissions that are offered together.",
    "teams": "Teams and their members.",
    "team-roles": "What members may do inside their teams.",
    "access": "Who may do what, and why.",
    "plan": "Show what a file of declared state would change, and for whom.",
    "apply": "Make an organisation what a file says.",
    "export": "Write an organisation as a file of declared state.",
    "undo": "Take one audited change back.",
    "audit": "Query and export the audit trail.",
    "api": "The deployed API: its contract, its documentation, and calls to it.",
    "auth": "Who you are, and tokens for the API.",
    "context": "Where you work: environment, organisation and AWS profile under one name.",
    "commands": "Every command and flag of this tool.",
    "local": "The AWS on your own machine: its emails, and a guided tour.",
}
"""Each noun with its line of help; :func:`load` has its commands."""


@cache
def load(noun: str) -> Any:
    """The commands of a noun, from ``cli.commands``."""
    loaded = get_command(importlib.import_module(f"cli.commands.{noun.replace('-', '_')}").app)
    loaded.name = noun
    return loaded


class LazyGroup(Noun):
    """Shows every noun in the help without importing any, and imports the one that is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for noun, text in NOUNS.items():
            self.add_command(TyperCommand(noun, help=text), noun)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in NOUNS:
            self.add_command(load(args[0]), args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=LazyGroup,
    name="bbws-access",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="New here? bbws-access env up local gives you a whole platform on this machine.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bbws-access {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    env: EnvOption = None,
    org: OrgOption = None,
    output: OutputOption = None,
    columns: ColumnsOption = None,
    query: QueryOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    debug: DebugOption = False,
    no_pager: NoPagerOption = False,
    acting_as: ActingAsOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Administer the BBWS access-management platform: stand it up, and run users, roles and audit."""
    del version
    context.obj = Overrides(env, org, output, columns, query, quiet, verbose, debug, no_pager, acting_as)
    if context.invoked_subcommand is None:
        _without_command(context, context.obj)


def _without_command(context: typer.Context, overrides: Overrides) -> None:
    """Somebody at a terminal wants to know where they are; a machine has forgotten something."""
    if not asking.somebody_reads():
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(ExitCode.USAGE)
    from cli.overview import show_overview
    from cli.session import Session

    show_overview(Session(overrides))
