"""The noun ``roles``, which two modules have verbs of."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.command import noun

app = noun("Roles: what they allow, and who holds them.")

PlatformOption = Annotated[bool, typer.Option("--platform", help="A role of the platform instead.")]
