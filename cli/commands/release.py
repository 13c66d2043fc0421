"""``bbws-access release``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bbws_access.errors import AccessError
from cli.command import command, noun
from cli.session import Session
from cli.target import EnvironmentArgument, stack_of

if TYPE_CHECKING:
    from bbws_access.provisioning.stack import Stack

app = noun("Bring changed code to an environment.")

_LOOK_EVERY: Final = 1.0
"""Seconds between two looks at the sources while watching."""


@command(
    app,
    "deploy",
    epilog="""
    bbws-access release deploy local
    bbws-access release deploy local --watch
    """,
)
def deploy(
    session: Session,
    environment: EnvironmentArgument = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Deploy again whenever the sources change; Ctrl-C ends it.")
    ] = False,
) -> None:
    """Deploy the functions' code as it is here; what has not changed is not touched."""
    session = session.at(environment)
    session.announce()
    stack = stack_of(session)
    version = _deploy(session, stack)
    while watch:
        time.sleep(_LOOK_EVERY)
        if stack.code_version() == version:
            continue
        try:
            version = _deploy(session, stack)
        except AccessError as error:
            # Half-written sources are normal while somebody works on them: say it and go on watching.
            session.show.note(f"not deployed: {error.message}")
            version = stack.code_version()


def _deploy(session: Session, stack: Stack) -> str:
    from cli.provisioning_progress import ProvisioningProgress

    began = time.monotonic()
    with ProvisioningProgress() as progress:
        applied = stack.apply(progress.event, progress.step)
        session.keep_outputs(applied.outputs)
    version = applied.package.sha256
    seconds = round(time.monotonic() - began, 1)
    changed = applied.changed
    if session.show.is_json:
        session.show.json({"environment": session.env, "codeVersion": version, "changed": changed, "seconds": seconds})
    else:
        session.show.done(f"{session.env} runs code {version[:12]}: {changed} resources changed, {seconds} s.")
    return version
