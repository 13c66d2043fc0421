"""``bbws-access context``."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from cli.command import command, noun
from cli.completion import offers
from cli.contexts import Context, Contexts
from cli.session import LOCAL, Session

app = noun("Where you work: environment, organisation and AWS profile under one name.")

_COLUMNS = {"Name": "name", "In use": "inUse", "Environment": "env", "Organisation": "org", "Profile": "profile"}

NameArgument = Annotated[
    str, typer.Argument(help="The context's name.", show_default=False, autocompletion=offers.contexts)
]


@command(app, "list", epilog="bbws-access context list")
def list_contexts(session: Session) -> None:
    """List the contexts that are kept on this machine."""
    kept = session.contexts
    rows = [_data(kept, name) for name in sorted(kept.named)]
    session.show.table(rows, _COLUMNS, empty="No contexts. Make one: bbws-access context create NAME --env dev")


@command(
    app,
    "show",
    epilog="""
    bbws-access context show
    bbws-access context show work
    """,
)
def show(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(help="Else what is in force now.", autocompletion=offers.contexts)
    ] = None,
) -> None:
    """Show a context, or where a command would work now and why."""
    if name is not None:
        session.contexts.get(name)
        session.show.record(_data(session.contexts, name), _COLUMNS)
        return
    data = {
        "env": session.env,
        "org": session.org_name,
        "profile": session.profile,
        "context": session.contexts.in_use,
        "envFrom": session.env_from,
    }
    fields = {
        "Environment": "env",
        "From": "envFrom",
        "Organisation": "org",
        "Profile": "profile",
        "Context in use": "context",
    }
    session.show.record(data, fields)


@command(
    app,
    "create",
    epilog="""
    bbws-access context create work --env local --org Acme
    bbws-access context create live --env prod --org Acme --profile bbws-prod
    """,
    changes=True,
)
def create(
    session: Session,
    name: NameArgument,
    profile: Annotated[str | None, typer.Option("--profile", help="A profile of the AWS CLI.")] = None,
) -> None:
    """Keep --env, --org and --profile under a name."""
    _ = session.settings  # an environment that there is not is refused here, not at first use
    session.contexts.create(name, Context(session.given_env or LOCAL, session.given_org, profile))
    _keep(session, f"keep context {name}: {session.given_env or LOCAL}")
    session.show.record(_data(session.contexts, name), _COLUMNS)
    session.show.done(f"Kept context {name}. Work in it: bbws-access context use {shlex.quote(name)}")


@command(
    app,
    "use",
    epilog="""
    bbws-access context use work
    bbws-access context use --none
    """,
    changes=True,
)
def use(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(help="The context's name.", show_default=False, autocompletion=offers.contexts),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Work in no context.")] = False,
) -> None:
    """Work in a context from now on; a flag or an environment variable still goes before it."""
    from bbws_access.errors import InvalidInput

    if (name is None) is not none:
        raise InvalidInput("which context? Give its name, or --none", hint="bbws-access context list")
    session.contexts.use(name)
    _keep(session, f"work in context {name}" if name else "work in no context")
    where = session.contexts.current
    session.show.done(f"Working in {where.env}, context {name}." if where else f"Working in no context: {LOCAL}.")


@command(app, "remove", epilog="bbws-access context remove work", changes=True)
def remove(session: Session, name: NameArgument) -> None:
    """Forget a context; nothing of its environment changes."""
    session.contexts.remove(name)
    _keep(session, f"forget context {name}")
    session.show.done(f"Forgot context {name}.")


def _keep(session: Session, change: str) -> None:
    if session.dry_run:
        session.journal.beside.append(change)
    else:
        session.contexts.keep()


def _data(kept: Contexts, name: str) -> dict[str, Any]:
    found = kept.named[name]
    return {
        "name": name,
        "inUse": name == kept.in_use,
        "env": found.env,
        "org": found.org,
        "profile": found.profile,
    }
