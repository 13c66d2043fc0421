"""The arguments that name things, with what a shell completes them to."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.completion import offers

OrganisationArgument = Annotated[
    str, typer.Argument(help="By id or name.", show_default=False, autocompletion=offers.organisations)
]
UserArgument = Annotated[
    str,
    typer.Argument(help="By email, id, or first and last name.", show_default=False, autocompletion=offers.users),
]
RoleArgument = Annotated[str, typer.Argument(help="By name or id.", show_default=False, autocompletion=offers.roles)]
TeamArgument = Annotated[str, typer.Argument(help="By name or id.", show_default=False, autocompletion=offers.teams)]
TeamRoleArgument = Annotated[
    str, typer.Argument(help="By name or id.", show_default=False, autocompletion=offers.team_roles)
]
