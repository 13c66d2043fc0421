"""``bbws-access apply``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.errors import Conflict
from bbws_access.wording import number_of
from cli.command import command
from cli.declared_view import FileOption, PruneOption, declared, planned, show_plan, summary
from cli.options import YesOption
from cli.progress import counting
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.services.declared.steps import Step

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@command(
    app,
    "apply",
    epilog="""
    bbws-access apply -f acme.yaml --org Acme --dry-run
    bbws-access apply -f acme.yaml --org Acme --yes
    bbws-access apply -f acme.yaml --org Acme --prune --expect 65ccbf02f879f5d3 --yes
    """,
    changes=True,
)
def apply(
    session: Session,
    file: FileOption,
    prune: PruneOption = False,
    expect: Annotated[
        str | None,
        typer.Option("--expect", metavar="PLAN", help="Only if this is the plan, as shown by the command plan."),
    ] = None,
    yes: YesOption = False,
) -> None:
    """Make the organisation what a file says: roles, team roles, teams, members and assignments."""
    from bbws_access.services.declared.steps import Sign

    found = declared(file)
    plan = planned(session, found, prune=prune)
    if expect is not None and expect != plan.id:
        raise Conflict(
            f"there is something else to do than was expected: plan {plan.id}, not {expect}",
            code="PLAN_STALE",
            hint=f"bbws-access plan -f {shlex.quote(str(file))}",
        )
    session.announce()
    if not session.show.is_json and (session.interactive or yes or not plan.steps):
        show_plan(session, plan)
    if plan.steps:
        session.confirm(f"Apply this to {session.organisation.name}? {summary(plan)}", yes=yes)
        with counting("Applying", len(plan.steps)) as counter:
            taken = 0

            def count(_: Step) -> None:
                nonlocal taken
                taken += 1
                counter.add(1)

            try:
                session.services.declared_state.apply(session.actor, found, plan, count)
            except KeyboardInterrupt:
                steps = number_of(len(plan.steps), "step")
                session.show.note(f"{taken} of {steps} taken; run it again: it goes on with what is left.", always=True)
                raise
    if session.show.is_json:
        session.show.json(plan.data())
    if plan.steps:
        created, changed, removed = (plan.count(sign) for sign in Sign)
        made = f"{created} created, {changed} changed, {removed} removed"
        session.show.done(f"Applied {file} to {session.organisation.name}: {made}.")
