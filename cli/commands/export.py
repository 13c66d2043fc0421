"""``bbws-access export``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.command import command
from cli.operations import copy_told
from cli.options import OverwriteOption
from cli.session import Session

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

_FIELDS = {"File": "file", "Roles": "roles", "Team roles": "teamRoles", "Teams": "teams", "Users": "assignments"}


@command(
    app,
    "export",
    epilog="""
    bbws-access export --org Acme -f acme.yaml
    bbws-access export --org Acme --query "teams[].name"
    """,
)
def export(
    session: Session,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="Where to write it, else it is printed.", show_default=False),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write the organisation as a file of declared state: roles, team roles, teams, members and assignments.

    The trail records who took the file; what is printed is not told of.
    """
    from bbws_access.services.declared.document import document, written
    from cli.safety import escaped

    if file is not None:
        session.may_replace(file, overwrite=overwrite)
    data = document(session.services.standings.read(session.actor, session.org_id))
    if file is not None and str(file) != "-":  # as elsewhere: a dash is what is printed
        from bbws_access.whole_file import draft_of

        with (
            copy_told(session, "organisation.export", file, "yaml") as record,
            draft_of(file, option="--file") as draft,
        ):
            draft.out.write(escaped(written(data)).encode())
            _, sha256 = draft.sealed()
            record(sha256, sum(len(part) for part in data.values()))
        session.show.record({"file": str(file), **{name: len(part) for name, part in data.items()}}, _FIELDS)
    elif session.show.is_json:
        session.show.json(data)
    else:
        sys.stdout.write(escaped(written(data)))
