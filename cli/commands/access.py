"""``bbws-access access``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.errors import ExitCode
from cli.access_view import given, show_held
from cli.arguments import UserArgument
from cli.command import command, noun
from cli.commands import access_at, access_impact, access_review, access_test
from cli.completion import offers
from cli.session import Session
from cli.views import data_of

if TYPE_CHECKING:
    from bbws_access.models.effective_access import EffectiveAccess, Grant

app = noun("Who may do what, and why.")
app.add_typer(access_impact.app, name="impact")
access_at.register(app)
access_review.register(app)
access_test.register(app)

PermissionArgument = Annotated[
    str,
    typer.Argument(
        help="A permission such as site:read; or a capability such as CAN_VIEW_SITES.",
        autocompletion=offers.permissions,
    ),
]
_HOLDERS = {"Email": "email", "Through": "through", "Given by": "givenBy", "Since": "givenAt", "User id": "userId"}


@command(app, "show", epilog="bbws-access access show thandi@example.com --org Acme")
def show(session: Session, user: UserArgument) -> None:
    """Show all that a member may do, by what gives it to them."""
    from cli import naming

    found = naming.user(session, user)
    held = session.services.effective_access.show(session.actor, session.org_id, found.user_id)
    if session.show.is_json:
        session.show.json(data_of(held))
        return
    show_held(session, held, f"in {session.organisation.name}")


@command(
    app,
    "can",
    epilog="""
    bbws-access access can thandi@example.com site:publish --org Acme
    bbws-access access can thandi@example.com team:update --team Web --org Acme
    """,
)
def can(
    session: Session,
    user: UserArgument,
    permission: PermissionArgument,
    team: Annotated[
        str | None,
        typer.Option("--team", help="In this team, by name or id.", autocompletion=offers.teams),
    ] = None,
) -> None:
    """Say whether a member holds a permission, and through what; exits 4 where they do not."""
    from cli import naming

    naming.right(permission)
    found = naming.user(session, user)
    team_id = naming.team(session, team).team_id if team else None
    answer = session.services.effective_access.can(
        session.actor, session.org_id, found.user_id, permission, team_id=team_id
    )
    if session.show.is_json:
        session.show.json(data_of(answer))
    else:
        word = ("yes", "bold green") if answer.allowed else ("no", "bold red")
        where = f" in team {team}" if team else ""
        session.show.parts(word, (f"  {found.email}  {permission}{where}", None))
        for grant in answer.through:
            session.show.parts((f"  through {grant.where}", None), (f", {given(grant)}", "dim"))
        for offer in answer.nearest:
            session.show.line(f"  {session.as_typed_here(offer)}")  # whole: it may end in a command
    if not answer.allowed:
        raise typer.Exit(ExitCode.REFUSED)


@command(
    app,
    "explain",
    epilog="""
    bbws-access access explain thandi@example.com GET /organisations/{orgId}/teams --org Acme
    bbws-access access explain thandi@example.com POST /v1/organisations/{orgId}/roles --org Acme -o json
    """,
)
def explain(
    session: Session,
    user: UserArgument,
    method: Annotated[str, typer.Argument(help="GET, POST, PUT or DELETE.")],
    path: Annotated[str, typer.Argument(help="With or without /v1; {orgId} and {userId} are filled in.")],
) -> None:
    """Show step by step what the authorizer decides about a member's request; exits 4 where it denies."""
    from cli import naming
    from cli.api_request import api_path

    found = naming.user(session, user)
    asked = api_path(session, path.replace("{userId}", found.user_id))
    told = session.services.effective_access.explain(session.actor, session.org_id, found.user_id, method, asked)
    if session.show.is_json:
        session.show.json(data_of(told) | {"method": method.upper(), "path": asked})
    else:
        for step in told.steps:
            mark = ("✓ ", "green") if step.passed else ("✗ ", "red")
            session.show.parts(mark, (f"{step.name:<7}", "bold"), (f" {step.says}", None))
        for grant in told.through:
            session.show.parts((f"  through {grant.where}", None), (f", {given(grant)}", "dim"))
        session.show.parts((told.code, "bold green" if told.allowed else "bold red"))
        if told.needs is not None and not told.allowed:
            session.show.note(f"What would give it: bbws-access access can {shlex.quote(found.email)} {told.needs}")
    if not told.allowed:
        raise typer.Exit(ExitCode.REFUSED)


@command(app, "who", epilog="bbws-access access who role:create --org Acme")
def who(session: Session, permission: PermissionArgument) -> None:
    """List everybody who holds a permission, once for each thing that gives it to them."""
    from cli import naming

    found = session.services.effective_access.who(session.actor, session.org_id, naming.right(permission))
    rows = sorted(map(data_of, found), key=lambda row: (str(row.get("email") or "~"), row["through"]))
    session.show.table(rows, _HOLDERS, empty=f"Nobody in {session.organisation.name} holds {permission}.")


@command(
    app,
    "diff",
    epilog="bbws-access access diff thandi@example.com li@example.com --org Acme",
)
def diff(
    session: Session,
    user: UserArgument,
    other: UserArgument,
    detailed_exitcode: Annotated[bool, typer.Option("--detailed-exitcode", help="Exit 3 where they differ.")] = False,
) -> None:
    """Compare what two members may do, grant by grant and team by team."""
    from cli import naming

    sides = [
        session.services.effective_access.show(session.actor, session.org_id, naming.user(session, name).user_id)
        for name in (user, other)
    ]
    first, second = map(_held, sides)
    rows = [
        {"where": where, "right": right, "first": (where, right) in first, "second": (where, right) in second}
        for where, right in sorted(first | second)
    ]
    session.show.table(
        rows,
        {"Where": "where", "Right": "right", "First": "first", "Second": "second"},
        empty="Neither holds anything.",
    )
    same = first == second
    session.show.note(
        f"First: {sides[0].email}. Second: {sides[1].email}. They {'hold the same' if same else 'differ'}."
    )
    if detailed_exitcode and not same:
        raise typer.Exit(ExitCode.FOUND)


def _held(access: EffectiveAccess) -> set[tuple[str, str]]:
    if access.denied is not None:
        return set()
    return {(_place(grant), right) for grant in access.grants for right in grant.yields}


def _place(grant: Grant) -> str:
    if grant.team_id is not None:
        return f"team {grant.team_name or grant.team_id}"
    return {"PLATFORM": "every organisation", "TEAM": "their teams"}.get(grant.reach.value, "organisation")
