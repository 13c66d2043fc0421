"""``bbws-access table``."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from bbws_access.errors import ExitCode
from bbws_access.wording import number_of
from cli.command import command, noun
from cli.commands import table_backup, table_migrate, table_verify
from cli.session import Session

app = noun("The platform's one table: seed, migrate, verify, back up and restore it.")
table_verify.register(app)
table_backup.register(app)
table_migrate.register(app)

_DIFFERENCES: Final = {
    "Kind": "kind",
    "Name": "name",
    "Attribute": "attribute",
    "Is": "is",
    "Default": "default",
    "Edited": "edited",
}


@command(
    app,
    "seed",
    epilog="""
    bbws-access table seed --env local
    bbws-access table seed --diff
    bbws-access table seed --diff --org Acme
    bbws-access table seed --take --dry-run
    """,
    changes=True,
)
def seed(
    session: Session,
    diff: Annotated[
        bool, typer.Option("--diff", help="Only show where records differ from today's defaults; with --org, of it.")
    ] = False,
    take: Annotated[
        bool, typer.Option("--take", help="Bring those records to the defaults that nobody has edited.")
    ] = False,
) -> None:
    """Write the platform's permissions, roles and permission sets; what is there stays as it is."""
    if diff or take:
        _differences(session, take=take)
        return
    session.announce()
    result = session.services.seeder.seed(session.actor)
    data = {"version": result.version, "records": result.expected, "written": result.written}
    if session.show.is_json:
        session.show.json(data)
    elif result.written:
        session.show.done(f"Seeded {result.written} of {result.expected} records (seed version {result.version}).")
    else:
        session.show.done(f"Nothing to do: all {result.expected} records of seed version {result.version} are there.")


def _differences(session: Session, *, take: bool) -> None:
    """Shows them, and takes over what is offered where that was asked for; what is left is a finding."""
    from bbws_access.keys import PLATFORM

    if take:
        session.announce()
    owner = session.org_id if session.has_org else PLATFORM
    found = session.services.seed_diff.differences(session.actor, owner)
    taken = session.services.seed_diff.take(session.actor, owner, found) if take else []
    left = [difference for difference in found if difference not in taken]
    rows = [row for difference in (taken if take else found) for row in difference.rows()]
    session.show.table(rows, _DIFFERENCES, empty="Nothing was taken over." if take else "All is as the defaults say.")
    if take and left:
        session.show.note(f"{number_of(len(left), 'record')} edited since, and left as it is.")
    if left:
        raise typer.Exit(ExitCode.FOUND)
