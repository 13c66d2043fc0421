"""``bbws-access teams members``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from bbws_access.errors import InvalidInput, NotFound
from cli.arguments import TeamArgument, UserArgument
from cli.changes import tell
from cli.command import command, noun
from cli.completion import offers
from cli.edits import IfVersionOption
from cli.options import YesOption
from cli.session import Session
from cli.views import data_of

app = noun("Who is in a team, and what they may do there.")

_COLUMNS = {
    "Email": "userEmail",
    "Team role": "teamRoleName",
    "Since": "joinedAt",
    "By": "addedBy",
    "User id": "userId",
}
_FIELDS = {**_COLUMNS, "Active": "active", "Version": "version", "Team id": "teamId"}


@command(app, "list", epilog="bbws-access teams members list Web --org Acme")
def list_members(session: Session, team: TeamArgument) -> None:
    """List the members of a team."""
    from bbws_access.services.pages import every
    from cli import naming

    found = naming.team(session, team)
    members = every(lambda page: session.services.members.page(session.actor, session.org_id, found.team_id, page))
    session.show.table(map(data_of, members), _COLUMNS, empty=f"Nobody is in {found.name}.")


@command(app, "show", epilog="bbws-access teams members show Web thandi@example.com --org Acme")
def show(session: Session, team: TeamArgument, user: UserArgument) -> None:
    """Show a membership."""
    from cli import naming

    found, member = naming.team(session, team), naming.user(session, user)
    with _named(found.name, member.email):
        seat = session.services.members.get(session.actor, session.org_id, found.team_id, member.user_id)
    session.show.record(data_of(seat), _FIELDS)


@command(
    app,
    "add",
    epilog="bbws-access teams members add Web thandi@example.com --role TEAM_LEAD --org Acme",
    changes=True,
)
def add(
    session: Session,
    team: TeamArgument,
    user: UserArgument,
    role: Annotated[
        str, typer.Option("--role", help="Their team role, by name or id.", autocompletion=offers.team_roles)
    ] = "MEMBER",
) -> None:
    """Put a user of the organisation into a team."""
    from bbws_access.models.team import NewMember
    from cli import naming

    found, member, team_role = naming.team(session, team), naming.user(session, user), naming.team_role(session, role)
    request = NewMember(user_id=member.user_id, team_role_id=team_role.team_role_id)
    session.announce()
    seat = session.services.members.add(session.actor, session.org_id, found.team_id, request)
    session.show.record(data_of(seat), _FIELDS)
    tell(session, f"{member.email} is in {found.name} as {team_role.name}.")


@command(
    app,
    "update",
    epilog="bbws-access teams members update Web thandi@example.com --role VIEWER --org Acme",
    changes=True,
)
def update(
    session: Session,
    team: TeamArgument,
    user: UserArgument,
    role: Annotated[
        str, typer.Option("--role", help="Their new team role, by name or id.", autocompletion=offers.team_roles)
    ],
    if_version: IfVersionOption = None,
) -> None:
    """Give a member another team role."""
    from cli import naming

    team_role = naming.team_role(session, role)
    changes = {"team_role_id": team_role.team_role_id} | ({} if if_version is None else {"version": if_version})
    _change(session, team, user, changes, f"{{0}} is {team_role.name} in {{1}} now.")


@command(
    app,
    "remove",
    epilog="bbws-access teams members remove Web thandi@example.com --org Acme --yes",
    changes=True,
)
def remove(session: Session, team: TeamArgument, user: UserArgument, yes: YesOption = False) -> None:
    """Take a member out of a team; its last lead stays."""
    _change(
        session, team, user, {"active": False}, "{0} is not in {1} any more.", question="Take {0} out of {1}?", yes=yes
    )


@command(
    app,
    "transfer",
    epilog="bbws-access teams members transfer Web thandi@example.com --to Shop --org Acme",
    changes=True,
)
def transfer(
    session: Session,
    team: TeamArgument,
    user: UserArgument,
    to: Annotated[str, typer.Option("--to", help="The team they go to, by name or id.", autocompletion=offers.teams)],
    role: Annotated[
        str | None,
        typer.Option("--role", help="Their team role there; else as it is.", autocompletion=offers.team_roles),
    ] = None,
    if_version: IfVersionOption = None,
) -> None:
    """Move a member into another team, in one step."""
    from bbws_access.models.team import Transfer
    from cli import naming

    found, member, target = naming.team(session, team), naming.user(session, user), naming.team(session, to)
    if found.team_id == target.team_id:
        raise InvalidInput(f"{target.name} is the team that they are to leave")
    role_id = None if role is None else naming.team_role(session, role).team_role_id
    request = Transfer(team_id=target.team_id, team_role_id=role_id, version=if_version)
    session.announce()
    with _named(found.name, member.email):
        seat = session.services.members.transfer(session.actor, session.org_id, found.team_id, member.user_id, request)
    session.show.record(data_of(seat), _FIELDS)
    tell(session, f"{member.email} went from {found.name} to {target.name}, as {seat.team_role_name}.")


def _change(
    session: Session,
    team: str,
    user: str,
    changes: dict[str, Any],
    done: str,
    *,
    question: str | None = None,
    yes: bool = False,
) -> None:
    """``{0}`` is the member's address, ``{1}`` the team's name."""
    from bbws_access.models.team import MemberChanges
    from bbws_access.validation import build
    from cli import naming

    found, member = naming.team(session, team), naming.user(session, user)
    session.announce()
    if question is not None:
        session.confirm(question.format(member.email, found.name), yes=yes)
    request = build(MemberChanges, **changes)
    with _named(found.name, member.email):
        seat = session.services.members.update(session.actor, session.org_id, found.team_id, member.user_id, request)
    session.show.record(data_of(seat), _FIELDS)
    tell(session, done.format(member.email, found.name))


@contextmanager
def _named(team: str, email: str) -> Iterator[None]:
    """Who is not in the team is told of as people call them, not by the ids that the service was asked with."""
    try:
        yield
    except NotFound as error:
        if error.code != "MEMBER_NOT_FOUND":
            raise
        hint = f"bbws-access teams members list {shlex.quote(team)}"
        raise NotFound(f"{email} is not in {team}", code=error.code, hint=hint) from None
