"""``bbws-access teams``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.wording import number_of
from cli.arguments import TeamArgument
from cli.changes import tell
from cli.command import command, noun
from cli.commands import team_members
from cli.edits import IfVersionOption, edit
from cli.options import YesOption
from cli.session import Session
from cli.views import EDITED_FIELDS, data_of

if TYPE_CHECKING:
    from bbws_access.models.team import TeamChanges

app = noun("Teams and their members.")
app.add_typer(team_members.app, name="members")

_COLUMNS = {
    "Name": "name",
    "Members": "memberCount",
    "Leads": "leadCount",
    "Division": "divisionId",
    "Description": "description",
    "Id": "teamId",
}
_FIELDS = {**_COLUMNS, "Sites": "siteCount", **EDITED_FIELDS}

DescriptionOption = Annotated[str | None, typer.Option("--description", help="What it is for; 500 at most.")]
DivisionOption = Annotated[str | None, typer.Option("--division", help="The id of its division.")]


@command(app, "list", epilog="bbws-access teams list --org Acme")
def list_teams(
    session: Session,
    inactive: Annotated[bool, typer.Option("--inactive", help="Those that were deactivated instead.")] = False,
) -> None:
    """List the organisation's teams."""
    from bbws_access.services.pages import every

    org_id = session.org_id
    found = every(lambda page: session.services.teams.page(session.actor, org_id, page, active=not inactive))
    empty = "No team was deactivated." if inactive else "No teams. Make one: bbws-access teams create NAME"
    session.show.table(map(data_of, found), _COLUMNS, empty=empty)


@command(app, "show", epilog="bbws-access teams show Web --org Acme")
def show(session: Session, team: TeamArgument) -> None:
    """Show a team."""
    from cli import naming

    session.show.record(data_of(naming.team(session, team)), _FIELDS)


@command(
    app, "create", epilog='bbws-access teams create Web --org Acme --description "Runs the web sites"', changes=True
)
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="Its name; unique in the organisation.")],
    description: DescriptionOption = None,
    division: DivisionOption = None,
) -> None:
    """Create a team without members."""
    from bbws_access.models.team import NewTeam
    from bbws_access.validation import build

    request = build(NewTeam, name=name, description=description or "", division_id=division)
    org_id = session.org_id
    session.announce()
    made = session.services.teams.create(session.actor, org_id, request)
    session.show.record(data_of(made), _FIELDS)
    tell(session, f"Created team {made.name} in {session.organisation.name}.")


@command(app, "update", epilog="bbws-access teams update Web --name Webshop --org Acme", changes=True)
def update(
    session: Session,
    team: TeamArgument,
    name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    description: DescriptionOption = None,
    division: DivisionOption = None,
    if_version: IfVersionOption = None,
) -> None:
    """Change a team."""
    from bbws_access.models.team import TeamChanges

    request = edit(TeamChanges, if_version, name=name, description=description, division_id=division)
    _change(session, team, request, "Changed team {0}.")


@command(app, "deactivate", epilog="bbws-access teams deactivate Web --yes", changes=True)
def deactivate(session: Session, team: TeamArgument, yes: YesOption = False) -> None:
    """Take a team out of use: its members stay recorded, and hold nothing through it."""
    from bbws_access.models.team import TeamChanges

    question = "Deactivate team {0}? It gives nothing to its {1} then."
    done = "Deactivated team {0}; it gives nothing to its {1} until it is reactivated."
    _change(session, team, TeamChanges(active=False), done, question=question, yes=yes)


@command(app, "reactivate", epilog="bbws-access teams reactivate Web", changes=True)
def reactivate(session: Session, team: TeamArgument) -> None:
    """Bring a team back into use, with the members that it had."""
    from bbws_access.models.team import TeamChanges

    _change(session, team, TeamChanges(active=True), "Reactivated team {0} with its {1}.")


def _change(
    session: Session, name: str, request: TeamChanges, done: str, *, question: str | None = None, yes: bool = False
) -> None:
    """``{0}`` is the team's name, ``{1}`` how many members it has, in words."""
    from cli import naming

    found = naming.team(session, name)
    session.announce()
    if question is not None:
        session.confirm(question.format(found.name, number_of(found.member_count, "member")), yes=yes)
    changed = session.services.teams.update(session.actor, session.org_id, found.team_id, request)
    session.show.record(data_of(changed), _FIELDS)
    tell(session, done.format(changed.name, number_of(changed.member_count, "member")))
