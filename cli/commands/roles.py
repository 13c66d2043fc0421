"""``bbws-access roles``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import Scope
from bbws_access.wording import number_of
from cli.arguments import RoleArgument
from cli.changes import tell
from cli.command import command
from cli.commands import role_holders
from cli.commands.role_app import PlatformOption, app
from cli.completion import offers
from cli.edits import IfVersionOption, edit
from cli.impact import foretell
from cli.options import YesOption
from cli.role_permissions import GrantsAdded, GrantsGiven, GrantsRemoved, said, wanted
from cli.session import Session
from cli.views import EDITED_FIELDS, data_of

if TYPE_CHECKING:
    from bbws_access.models.role import Role, RoleChanges

__all__ = ["app", "role_holders"]

_COLUMNS = {
    "Name": "name",
    "Scope": "scope",
    "Users": "userCount",
    "Priority": "priority",
    "Permissions": "permissions",
    "Id": "roleId",
}
_FIELDS = {
    "Name": "name",
    "Called": "displayName",
    "Description": "description",
    "Scope": "scope",
    "Priority": "priority",
    "Users": "userCount",
    "Permissions": "permissions",
    "Default": "isDefault",
    "System": "isSystem",
    "Id": "roleId",
    **EDITED_FIELDS,
}

DisplayNameOption = Annotated[str | None, typer.Option("--display-name", help="What people see.")]
DescriptionOption = Annotated[str | None, typer.Option("--description", help="What it is for; 500 at most.")]
PriorityOption = Annotated[int | None, typer.Option("--priority", help="Its place in lists, 1 to 999.")]


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
    inactive: Annotated[bool, typer.Option("--inactive", help="Those that were deactivated instead.")] = False,
) -> None:
    """List an organisation's roles, or the platform's."""
    from bbws_access.services.pages import every

    owner = PLATFORM if platform else session.org_id
    found = every(lambda page: session.services.roles.page(session.actor, owner, page, active=not inactive))
    rows = sorted(map(data_of, found), key=lambda r: r["priority"])
    empty = "No role was deactivated." if inactive else "No roles. Seed the platform's: bbws-access table seed"
    session.show.table(rows, _COLUMNS, empty=empty)


@command(app, "show", epilog="bbws-access roles show SITE_EDITOR --org Acme")
def show(session: Session, role: RoleArgument, platform: PlatformOption = False) -> None:
    """Show a role with all that it allows."""
    session.show.record(data_of(_role(session, role, platform)), _FIELDS)


@command(
    app,
    "create",
    epilog='bbws-access roles create PUBLISHER --display-name "Publisher" --permission site:publish --scope TEAM',
    changes=True,
)
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="In capitals, as SITE_EDITOR; unique in the organisation.")],
    permission: Annotated[
        list[str],
        typer.Option("--permission", metavar="GRANT", help="May be repeated.", autocompletion=offers.permissions),
    ],
    display_name: DisplayNameOption = None,
    description: DescriptionOption = None,
    scope: Annotated[Scope, typer.Option("--scope", case_sensitive=False, help="How far it reaches.")] = (
        Scope.ORGANISATION
    ),
    priority: PriorityOption = None,
) -> None:
    """Create a role of the organisation."""
    from bbws_access.models.role import NewRole
    from bbws_access.validation import build

    more = {"description": description, "priority": priority}
    request = build(
        NewRole,
        name=name,
        display_name=name.replace("_", " ").title() if display_name is None else display_name,
        permissions=frozenset(permission),
        scope=scope,
        **{option: value for option, value in more.items() if value is not None},
    )
    org_id = session.org_id
    session.announce()
    made = session.services.roles.create(session.actor, org_id, request)
    session.show.record(data_of(made), _FIELDS)
    tell(session, f"Created role {made.name} in {session.organisation.name}.")


@command(app, "update", epilog='bbws-access roles update PUBLISHER --display-name "Web publisher"', changes=True)
def update(
    session: Session,
    role: RoleArgument,
    name: Annotated[str | None, typer.Option("--name", help="A new name, while nobody holds it.")] = None,
    display_name: DisplayNameOption = None,
    description: DescriptionOption = None,
    priority: PriorityOption = None,
    if_version: IfVersionOption = None,
) -> None:
    """Change what a role is called; what it allows has a verb of its own."""
    from bbws_access.models.role import RoleChanges

    request = edit(
        RoleChanges, if_version, name=name, display_name=display_name, description=description, priority=priority
    )
    _change(session, role, request, "Changed role {}.")


@command(
    app,
    "set-permissions",
    epilog="""
    bbws-access roles set-permissions PUBLISHER site:read site:publish
    bbws-access roles set-permissions PUBLISHER --add site:backup --remove site:publish --yes
    """,
    changes=True,
)
def set_permissions(
    session: Session,
    role: RoleArgument,
    permissions: GrantsGiven = None,
    add: GrantsAdded = None,
    remove: GrantsRemoved = None,
    yes: YesOption = False,
) -> None:
    """Replace what a role allows, or add to it and take from it."""
    from bbws_access.models.role import RolePermissions
    from bbws_access.validation import build

    found = _role(session, role)
    grants = wanted(found.permissions, permissions, add, remove, look=f"bbws-access roles show {found.name}")
    request = build(RolePermissions, permissions=grants, version=found.version)
    session.announce()
    holders = number_of(found.user_count, "user")
    session.show.note(f"{found.name}, held by {holders}: {said(found.permissions, grants)}")
    foretell(
        session,
        lambda services: services.roles.set_permissions(session.actor, session.org_id, found.role_id, request),
    )
    if found.permissions - grants and found.user_count:
        session.confirm(f"Take that from the {holders} who hold {found.name}?", yes=yes)
    changed = session.services.roles.set_permissions(session.actor, session.org_id, found.role_id, request)
    session.show.record(data_of(changed), _FIELDS)
    tell(session, f"Role {changed.name} now allows: {', '.join(sorted(changed.permissions))}.")


@command(app, "deactivate", epilog="bbws-access roles deactivate PUBLISHER --yes", changes=True)
def deactivate(session: Session, role: RoleArgument, yes: YesOption = False) -> None:
    """Take a role out of use; refused while somebody holds it."""
    from bbws_access.models.role import RoleChanges

    question = "Deactivate role {}? Nobody can be given it then."
    done = "Deactivated role {}; nobody held it."
    _change(session, role, RoleChanges(active=False), done, question=question, yes=yes)


@command(app, "reactivate", epilog="bbws-access roles reactivate PUBLISHER", changes=True)
def reactivate(session: Session, role: RoleArgument) -> None:
    """Bring a role back into use."""
    from bbws_access.models.role import RoleChanges

    _change(session, role, RoleChanges(active=True), "Reactivated role {}.")


@command(
    app,
    "diff",
    epilog="""
    bbws-access roles diff SITE_EDITOR SITE_ADMIN --org Acme
    bbws-access roles diff ORG_ADMIN ORG_ADMIN --org Acme --with-org Globex --detailed-exitcode
    """,
)
def diff(
    session: Session,
    role: RoleArgument,
    other: RoleArgument,
    with_org: Annotated[str | None, typer.Option("--with-org", help="Where the other role is; else --org.")] = None,
    detailed_exitcode: Annotated[bool, typer.Option("--detailed-exitcode", help="Exit 3 where they differ.")] = False,
) -> None:
    """Compare what two roles allow; a wildcard covers what is below it."""
    from bbws_access.errors import ExitCode
    from cli import naming
    from cli.role_permissions import compared

    owner = session.org_id if with_org is None else naming.organisation(session, with_org).organisation_id
    left, right = _role(session, role), naming.role(session, other, owner)
    rows = compared(left, right)
    columns = {"Permission": "permission", "First": "first", "Second": "second"}
    session.show.table(rows, columns, empty="Neither allows anything.")
    differs = any(row["first"] is not row["second"] for row in rows)
    session.show.note(f"First: {left.name}. Second: {right.name}. They {'differ' if differs else 'allow the same'}.")
    if differs and detailed_exitcode:
        raise typer.Exit(ExitCode.FOUND)


def _role(session: Session, name: str, platform: bool = False) -> Role:
    from cli import naming

    return naming.role(session, name, PLATFORM if platform else session.org_id)


def _change(
    session: Session, name: str, request: RoleChanges, done: str, *, question: str | None = None, yes: bool = False
) -> None:
    found = _role(session, name)
    session.announce()
    foretell(session, lambda services: services.roles.update(session.actor, session.org_id, found.role_id, request))
    if question is not None:
        session.confirm(question.format(found.name), yes=yes)
    changed = session.services.roles.update(session.actor, session.org_id, found.role_id, request)
    session.show.record(data_of(changed), _FIELDS)
    tell(session, done.format(changed.name))
