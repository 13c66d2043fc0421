"""``bbws-access roles``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.command import command, noun
from cli.session import Session

app = noun("Roles and what they allow.")

_COLUMNS = {
    "Name": "name",
    "Scope": "scope",
    "Users": "userCount",
    "Priority": "priority",
    "Permissions": "permissions",
    "Id": "roleId",
}


@command(
    app,
    "list",
    epilog="""
    bbws-access roles list --org Acme
    bbws-access roles list --platform
    """,
)
def list_roles(
    session: Session,
    platform: Annotated[bool, typer.Option("--platform", help="The platform's roles instead.")] = False,
) -> None:
    """List an organisation's roles, or the platform's."""
    from bbws_access.keys import PLATFORM
    from bbws_access.services.pages import every

    owner = PLATFORM if platform else session.org_id
    found = every(lambda page: session.services.roles.page(session.actor, owner, page))
    rows = sorted((role.model_dump(mode="json", by_alias=True) for role in found), key=lambda r: r["priority"])
    for row in rows:
        row["permissions"] = sorted(row["permissions"])
    session.show.table(rows, _COLUMNS, empty="No roles. Seed the platform's: bbws-access table seed")
