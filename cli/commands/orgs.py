"""``bbws-access orgs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import OrganisationArgument
from cli.changes import tell
from cli.command import command, noun
from cli.edits import IfVersionOption, edit
from cli.options import YesOption
from cli.session import Session
from cli.views import EDITED_FIELDS, data_of

if TYPE_CHECKING:
    from bbws_access.models.organisation import OrganisationChanges

app = noun("Organisations: the tenants.")

_COLUMNS = {"Name": "name", "Id": "organisationId", "Active": "active", "Created": "dateCreated"}
_FIELDS = {"Name": "name", "Id": "organisationId", **EDITED_FIELDS}


@command(app, "list", epilog="bbws-access orgs list -o json")
def list_organisations(session: Session) -> None:
    """List all organisations."""
    from bbws_access.services.pages import every

    found = every(lambda page: session.services.organisations.page(session.actor, page))
    session.show.table(
        map(data_of, found), _COLUMNS, empty="No organisations yet. Make one: bbws-access orgs create NAME"
    )


@command(app, "show", epilog="bbws-access orgs show Acme")
def show(session: Session, organisation: OrganisationArgument) -> None:
    """Show an organisation."""
    session.show.record(data_of(session.about(organisation)), _FIELDS)


@command(app, "create", epilog='bbws-access orgs create "Acme"', changes=True)
def create(session: Session, name: Annotated[str, typer.Argument(help="Its name; unique on the platform.")]) -> None:
    """Create an organisation with its default roles and team roles."""
    from bbws_access.models.organisation import NewOrganisation
    from bbws_access.validation import build

    request = build(NewOrganisation, name=name)
    session.announce()
    organisation = session.services.organisations.create(session.actor, request)
    session.show.record(data_of(organisation), _COLUMNS)
    tell(session, f"Created organisation {organisation.name} with its default roles and team roles.")


@command(app, "update", epilog='bbws-access orgs update Acme --name "Acme Ltd"', changes=True)
def update(
    session: Session,
    organisation: OrganisationArgument,
    name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    if_version: IfVersionOption = None,
) -> None:
    """Rename an organisation; its id stays."""
    from bbws_access.models.organisation import OrganisationChanges

    request = edit(OrganisationChanges, if_version, name=name)
    _change(session, organisation, request, "Organisation {0} is now called {1}.")


@command(app, "deactivate", epilog="bbws-access orgs deactivate Acme --yes", changes=True)
def deactivate(session: Session, organisation: OrganisationArgument, yes: YesOption = False) -> None:
    """Take an organisation out of use: none of its members gets in, and nobody joins it; all of it stays recorded.

    The API denies them within five minutes: so long the gateway keeps what it was told of a token.
    """
    from bbws_access.models.organisation import OrganisationChanges

    done = "Deactivated organisation {0}: each of its members is turned away until it is reactivated."
    question = "Deactivate organisation {0}? Each of its members is turned away then."
    _change(session, organisation, OrganisationChanges(active=False), done, question=question, yes=yes)


@command(app, "reactivate", epilog="bbws-access orgs reactivate Acme", changes=True)
def reactivate(session: Session, organisation: OrganisationArgument) -> None:
    """Let an organisation's members in again, with what they held before."""
    from bbws_access.models.organisation import OrganisationChanges

    _change(session, organisation, OrganisationChanges(active=True), "Reactivated organisation {0}.")


def _change(
    session: Session,
    name: str,
    request: OrganisationChanges,
    done: str,
    *,
    question: str | None = None,
    yes: bool = False,
) -> None:
    """``{0}`` is what it was called, ``{1}`` what it is now."""
    found = session.about(name)
    session.announce()
    if question is not None:
        session.confirm(question.format(found.name), yes=yes)
    changed = session.services.organisations.update(session.actor, found.organisation_id, request)
    session.show.record(data_of(changed), _FIELDS)
    tell(session, done.format(found.name, changed.name))
