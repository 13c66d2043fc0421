"""``bbws-access roles``: who holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bbws_access.keys import PLATFORM
from cli.arguments import RoleArgument, UserArgument
from cli.changes import tell
from cli.command import command
from cli.commands.role_app import PlatformOption, app
from cli.impact import foretell
from cli.options import YesOption
from cli.session import Session
from cli.views import ASSIGNMENT_FIELDS, data_of

if TYPE_CHECKING:
    from bbws_access.bootstrap import Services
    from bbws_access.models.role import RoleAssignment

_COLUMNS = {"Email": "email", "Since": "assignedAt", "By": "assignedBy", "User id": "userId"}
_FIELDS = {"Email": "email", **ASSIGNMENT_FIELDS, "User id": "userId"}


@command(
    app,
    "assign",
    epilog="""
    bbws-access roles assign SITE_EDITOR thandi@example.com --org Acme
    bbws-access roles assign SUPPORT_AGENT thandi@example.com --org Acme --platform
    """,
    changes=True,
)
def assign(session: Session, role: RoleArgument, user: UserArgument, platform: PlatformOption = False) -> None:
    """Give a member a role."""
    from cli import naming

    holder = naming.user(session, user)
    found = naming.role(session, role, PLATFORM if platform else session.org_id)
    session.announce()

    def give(services: Services) -> RoleAssignment:
        to = services.role_assignments
        way = to.assign_platform if platform else to.assign
        return way(session.actor, session.org_id, holder.user_id, found.role_id)

    foretell(session, give)
    given = give(session.services)
    session.show.record(_with_email(given, holder.email), _FIELDS)
    tell(session, f"{holder.email} holds {found.name} now.")


@command(
    app,
    "revoke",
    epilog="bbws-access roles revoke SITE_EDITOR thandi@example.com --org Acme --yes",
    changes=True,
)
def revoke(
    session: Session, role: RoleArgument, user: UserArgument, platform: PlatformOption = False, yes: YesOption = False
) -> None:
    """Take a role from a member."""
    from cli import naming

    holder = naming.user(session, user)
    owner = PLATFORM if platform else session.org_id
    found = naming.role(session, role, owner)
    session.announce()

    def take(services: Services) -> RoleAssignment:
        return services.role_assignments.revoke(session.actor, owner, holder.user_id, found.role_id)

    foretell(session, take)
    session.confirm(f"Take {found.name} from {holder.email}?", yes=yes)
    taken = take(session.services)
    session.show.record(_with_email(taken, holder.email), _FIELDS)
    tell(session, f"{holder.email} does not hold {found.name} any more.")


@command(app, "members", epilog="bbws-access roles members ORG_ADMIN --org Acme")
def members(session: Session, role: RoleArgument, platform: PlatformOption = False) -> None:
    """List who holds a role now."""
    from bbws_access.services.pages import every
    from cli import naming

    owner = PLATFORM if platform else session.org_id
    found = naming.role(session, role, owner)
    held = list(
        every(lambda page: session.services.role_assignments.members(session.actor, owner, found.role_id, page))
    )
    # Holders of a platform role have their profiles in many organisations.
    ids = [] if platform else [one.user_id for one in held]
    emails = {u.user_id: u.email for u in session.services.users.several(session.actor, owner, ids)}
    rows = [_with_email(one, emails.get(one.user_id)) for one in held]
    session.show.table(rows, _COLUMNS, empty=f"Nobody holds {found.name}.")


def _with_email(assignment: RoleAssignment, email: str | None) -> dict[str, Any]:
    return data_of(assignment) | {"email": email}
