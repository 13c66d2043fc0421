"""``bbws-access orgs``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.command import command, noun
from cli.session import Session

app = noun("Organisations: the tenants.")

_COLUMNS = {"Name": "name", "Id": "organisationId", "Active": "active", "Created": "dateCreated"}


@command(app, "create", epilog='bbws-access orgs create "Acme"')
def create(session: Session, name: Annotated[str, typer.Argument(help="Its name; unique on the platform.")]) -> None:
    """Create an organisation with its default roles and team roles."""
    from bbws_access.models.organisation import NewOrganisation
    from bbws_access.validation import build

    request = build(NewOrganisation, name=name)
    session.announce()
    organisation = session.services.organisations.create(session.actor, request)
    session.show.record(organisation.model_dump(mode="json", by_alias=True), _COLUMNS)


@command(app, "list", epilog="bbws-access orgs list -o json")
def list_organisations(session: Session) -> None:
    """List all organisations."""
    from bbws_access.services.pages import every

    found = every(lambda page: session.services.organisations.page(session.actor, page))
    rows = (organisation.model_dump(mode="json", by_alias=True) for organisation in found)
    session.show.table(rows, _COLUMNS, empty="No organisations yet. Make one: bbws-access orgs create NAME")
