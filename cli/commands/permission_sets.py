"""``bbws-access permission-sets``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import Scope
from cli.changes import tell
from cli.command import command, noun
from cli.completion import offers
from cli.edits import IfVersionOption, edit
from cli.options import YesOption
from cli.session import Session
from cli.views import EDITED_FIELDS, data_of

if TYPE_CHECKING:
    from bbws_access.models.permission import PermissionSetChanges

app = noun("Permissions that are offered together.")

_COLUMNS = {
    "Name": "name",
    "Scope": "scope",
    "Active": "active",
    "Permissions": "permissions",
    "Description": "description",
    "Id": "setId",
}
_FIELDS = {**_COLUMNS, "System": "isSystem", **EDITED_FIELDS}

SetArgument = Annotated[str, typer.Argument(help="By name or id.", show_default=False)]
GrantOption = Annotated[
    list[str] | None,
    typer.Option(
        "--permission",
        metavar="GRANT",
        help="As site:read or site:*; may be repeated.",
        show_default=False,
        autocompletion=offers.permissions,
    ),
]


@command(
    app,
    "list",
    epilog="""
    bbws-access permission-sets list --org Acme
    bbws-access permission-sets list --platform
    """,
)
def list_sets(
    session: Session,
    platform: Annotated[bool, typer.Option("--platform", help="The platform's instead.")] = False,
    inactive: Annotated[bool, typer.Option("--inactive", help="Only those that were deactivated.")] = False,
) -> None:
    """List an organisation's own permission sets, or the platform's, which every organisation is offered."""
    from bbws_access.services.pages import every

    owner, active = PLATFORM if platform else session.org_id, False if inactive else None
    found = every(lambda page: session.services.permission_sets.page(session.actor, owner, page, active=active))
    if inactive:
        empty = "No permission set was deactivated."
    elif platform:
        empty = "No permission sets. Seed them: bbws-access table seed"
    else:
        empty = "No permission sets. The platform's: bbws-access permission-sets list --platform"
    session.show.table(map(data_of, found), _COLUMNS, empty=empty)


@command(app, "show", epilog="bbws-access permission-sets show Viewer --org Acme")
def show(session: Session, permission_set: SetArgument) -> None:
    """Show a permission set of the organisation or of the platform."""
    from cli import naming

    session.show.record(data_of(naming.permission_set(session, permission_set, session.org_id)), _FIELDS)


@command(
    app,
    "create",
    epilog="""
    bbws-access permission-sets create Publisher --description "Publishes sites." --permission site:publish
    """,
    changes=True,
)
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="Its name; unique in the organisation.")],
    description: Annotated[str, typer.Option("--description", help="10 to 500 characters.")],
    permission: GrantOption = None,
    scope: Annotated[Scope, typer.Option("--scope", case_sensitive=False, help="How far it reaches.")] = (
        Scope.ORGANISATION
    ),
) -> None:
    """Create a permission set of the organisation."""
    from bbws_access.models.permission import NewPermissionSet
    from bbws_access.validation import build

    grants = frozenset(permission or ())
    request = build(NewPermissionSet, name=name, description=description, permissions=grants, scope=scope)
    org_id = session.org_id
    session.announce()
    made = session.services.permission_sets.create(session.actor, org_id, request)
    session.show.record(data_of(made), _FIELDS)
    tell(session, f"Created permission set {made.name} in {session.organisation.name}.")


@command(
    app,
    "update",
    epilog="bbws-access permission-sets update Publisher --permission site:read --permission site:publish",
    changes=True,
)
def update(
    session: Session,
    permission_set: SetArgument,
    name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    description: Annotated[str | None, typer.Option("--description", help="10 to 500 characters.")] = None,
    permission: GrantOption = None,
    scope: Annotated[Scope | None, typer.Option("--scope", case_sensitive=False, help="How far it reaches.")] = None,
    if_version: IfVersionOption = None,
) -> None:
    """Change a permission set; --permission replaces all that it offers."""
    from bbws_access.models.permission import PermissionSetChanges

    request = edit(
        PermissionSetChanges,
        if_version,
        name=name,
        description=description,
        permissions=frozenset(permission) if permission else None,
        scope=scope,
    )
    _change(session, permission_set, request, "Changed permission set {}.")


@command(app, "deactivate", epilog="bbws-access permission-sets deactivate Publisher --yes", changes=True)
def deactivate(session: Session, permission_set: SetArgument, yes: YesOption = False) -> None:
    """Offer a permission set no longer."""
    from bbws_access.models.permission import PermissionSetChanges

    question = "Deactivate permission set {}? It is then offered no longer."
    done = "Deactivated permission set {}; roles that were made from it keep what they allow."
    _change(session, permission_set, PermissionSetChanges(active=False), done, question=question, yes=yes)


@command(app, "reactivate", epilog="bbws-access permission-sets reactivate Publisher", changes=True)
def reactivate(session: Session, permission_set: SetArgument) -> None:
    """Offer a permission set again."""
    from bbws_access.models.permission import PermissionSetChanges

    _change(session, permission_set, PermissionSetChanges(active=True), "Reactivated permission set {}.")


def _change(
    session: Session,
    name: str,
    request: PermissionSetChanges,
    done: str,
    *,
    question: str | None = None,
    yes: bool = False,
) -> None:
    from cli import naming

    found = naming.permission_set(session, name, session.org_id)
    session.announce()
    if question is not None:
        session.confirm(question.format(found.name), yes=yes)
    changed = session.services.permission_sets.update(session.actor, session.org_id, found.set_id, request)
    session.show.record(data_of(changed), _FIELDS)
    tell(session, done.format(changed.name))
