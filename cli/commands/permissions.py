"""``bbws-access permissions``."""

from __future__ import annotations

from typing import Annotated

import typer

from bbws_access.models.kinds import Category
from cli.command import command, noun
from cli.completion import offers
from cli.session import Session
from cli.views import data_of

app = noun("What can be allowed.")

_COLUMNS = {"Id": "permissionId", "Name": "name", "Category": "category", "Description": "description"}


@command(
    app,
    "list",
    epilog="""
    bbws-access permissions list
    bbws-access permissions list --category TEAM -o json
    """,
)
def list_permissions(
    session: Session,
    category: Annotated[Category | None, typer.Option("--category", case_sensitive=False, help="Only these.")] = None,
) -> None:
    """List the platform's permissions."""
    from bbws_access.services.pages import every

    found = every(lambda page: session.services.permissions.page(session.actor, page, category))
    session.show.table(map(data_of, found), _COLUMNS, empty="No permissions. Seed them: bbws-access table seed")


@command(app, "show", epilog="bbws-access permissions show team:member:add")
def show(
    session: Session,
    permission: Annotated[
        str,
        typer.Argument(help="By id, as site:read, or by name.", show_default=False, autocompletion=offers.permissions),
    ],
) -> None:
    """Show a permission."""
    from cli import naming

    found = naming.permission(session, permission)
    session.show.record(data_of(found), {**_COLUMNS, "System": "isSystem", "Created": "dateCreated"})
