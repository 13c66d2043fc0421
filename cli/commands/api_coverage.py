"""``bbws-access api coverage``."""

from __future__ import annotations

import typer

from bbws_access.errors import ExitCode
from bbws_access.keys import PLATFORM
from cli.command import command
from cli.session import Session

_COLUMNS = {"Where": "subject", "Gap": "gap", "Attention": "needsAttention", "What": "says"}


def register(app: typer.Typer) -> None:
    """Adds this module's verb to the noun ``api``."""
    command(
        app,
        "coverage",
        epilog="""
        bbws-access api coverage --org Acme
        bbws-access api coverage --org Acme -o json --query "items[?needsAttention]"
        """,
    )(coverage)


def coverage(session: Session) -> None:
    """Show routes that ask for no permission, permissions that guard nothing, and roles that grant in vain.

    Roles are the platform's, and the organisation's where one is named. Exits 3 where something cannot be meant so.
    """
    from bbws_access.catalogue import ENDPOINTS
    from bbws_access.services.coverage import uncovered
    from bbws_access.services.pages import every
    from cli.views import data_of

    services, actor = session.services, session.actor
    owners = [PLATFORM] if session.org_name is None else [PLATFORM, session.org_id]
    permissions = [one.permission_id for one in every(lambda page: services.permissions.page(actor, page))]
    roles = [
        role
        for owner in owners
        for role in every(lambda page, owner=owner: services.roles.page(actor, owner, page))  # type: ignore[misc]
    ]
    found = list(uncovered(ENDPOINTS, permissions, roles))
    rows = [data_of(one) | {"needsAttention": one.needs_attention} for one in found]
    session.show.table(rows, _COLUMNS, empty="Every route asks for a permission, and every permission is asked for.")
    attention = sum(one.needs_attention for one in found)
    if found:
        session.show.note(f"{attention or 'None'} of these {'needs' if attention < 2 else 'need'} attention.")
    if attention:
        raise typer.Exit(ExitCode.FOUND)
