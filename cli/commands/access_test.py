"""``bbws-access access test``: expectations about who may do what, for CI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bbws_access.errors import ExitCode
from bbws_access.wording import number_of
from cli.command import command
from cli.options import OverwriteOption
from cli.progress import counting
from cli.session import Session
from cli.views import data_of

_COLUMNS = {"Result": "result", "User": "user", "Question": "question", "Expected": "expected", "Found": "found"}


def register(app: typer.Typer) -> None:
    """Adds this module's verb to the noun ``access``."""
    command(
        app,
        "test",
        epilog="""
        bbws-access access test access.yaml --org Acme
        bbws-access access test access.yaml --org Acme --junit results.xml
        """,
    )(check)


def check(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The expectations, YAML.")],
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML too.", show_default=False),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Hold a file of expectations against the authorizer's answers; exits 3 where they differ.

    The file has, below "expectations:", a list such as "- {user: li@example.com, may: team:read, expect: allowed}";
    "calls: GET /v1/…" asks for a request, and "team: Web" inside a team.
    """
    from bbws_access.export.junit import junit as as_junit
    from bbws_access.services.access_expectations import expectations_in
    from bbws_access.whole_file import draft_of
    from bbws_access.yaml_source import read_yaml

    if junit is not None:
        session.may_replace(junit, overwrite=overwrite)
    expected = expectations_in(read_yaml(file))
    with counting("Asking", len(expected.expectations)) as counter:
        results = session.services.access_expectations.check(
            session.actor, session.org_id, expected, lambda: counter.add(1)
        )
    if junit is not None:
        with draft_of(junit, option="--junit") as draft:
            draft.out.write(as_junit(f"access.{session.organisation.name}", results))
    rows = [
        data_of(one) | {"result": "pass" if one.passed else "FAIL", "found": one.found or one.why} for one in results
    ]
    session.show.table(rows, _COLUMNS, empty="")
    failed = sum(1 for one in results if not one.passed)
    if failed:
        session.show.note(f"{failed} of {number_of(len(results), 'expectation')} failed.", always=True)
        raise typer.Exit(ExitCode.FOUND)
    session.show.done(f"All is as expected: {number_of(len(results), 'expectation')}.")
