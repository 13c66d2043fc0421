"""Which environment a command works on, and the stack that is its."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.completion import offers
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.provisioning.stack import Stack

EnvironmentArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[ENV]",
        help="local, dev, sit or prod; else that of --env.",
        autocompletion=offers.environments,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for prod, --confirm prod is needed as well.")]
ConfirmOption = Annotated[
    str | None,
    typer.Option("--confirm", metavar="ENV", help="The environment's name, instead of typing it when asked."),
]
DataLossOption = Annotated[
    bool,
    typer.Option(
        "--allow-data-loss", help="Let what holds data be destroyed: the table, buckets, keys, the user pool."
    ),
]

NoLockOption = Annotated[
    bool,
    typer.Option("--no-lock", help="Only read: do not take the state's lock, but fail where somebody holds it."),
]


def stack_of(session: Session) -> Stack:
    """The environment's stack, pointed at where its AWS is."""
    from bbws_access.provisioning.stack import Stack

    return Stack(session.settings, session.env_dir, session.aws_environment(), session.endpoint)
