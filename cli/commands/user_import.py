"""``bbws-access users import``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bbws_access.errors import AccessError, Conflict, ExitCode, InvalidInput, PartlyDone
from bbws_access.wording import number_of
from cli.command import command
from cli.commands.users import app
from cli.options import YesOption
from cli.progress import counting
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.import_check import Checked
    from bbws_access.import_file import ImportFile
    from bbws_access.import_report import ImportReport

_PROBLEMS: Final = {"Line": "line", "Email": "email", "Problem": "cause"}
_FIELDS: Final = {
    "Rows": "rows",
    "Invited": "invited",
    "Sent again": "sentAgain",
    "Assigned": "assigned",
    "Already so": "alreadySo",
    "Failed": "failed",
    "Report": "report",
}


@command(
    app,
    "import",
    epilog="""
    bbws-access users import people.csv --org Acme --dry-run
    bbws-access users import people.csv --org Acme --rate 14 --yes
    bbws-access users import people.csv --org Acme --resume --yes
    """,
    changes=True,
)
def import_users(
    session: Session,
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV with a header, or JSON lines: email, role, and team, message."),
    ],
    rate: Annotated[float, typer.Option("--rate", min=0.1, max=1000, help="Emails a second, at most.")] = 10,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="A line of JSON for each row; else FILE.report.jsonl.", show_default=False),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the import that the report is about.")] = False,
    yes: YesOption = False,
) -> None:
    """Invite many people, or give members roles and teams: the whole file is checked before the first is written."""
    from bbws_access.import_file import ImportFile

    file = ImportFile(path)
    target = report or path.with_name(f"{path.name}.report.jsonl")
    about = {"file": path.name, "sha256": file.digest, "organisation": session.org_id}
    if target.exists() and not resume and not session.dry_run:
        raise Conflict(
            f"an import with the report {target} was begun",
            code="IMPORT_BEGUN",
            hint="go on with --resume, or choose another --report",
        )
    with _earlier(target, about, resume=resume and target.exists()) as earlier:
        checked = _checked(session, file, earlier)
        session.announce()
        if not checked.rows:
            session.show.note(f"Nothing to do: {path} has no rows.")
            return
        session.show.note(_foretold(checked, rate))
        what = f"{number_of(checked.rows, 'row')} into {session.organisation.name}"
        session.confirm(f"Import {what}, with {number_of(checked.emails, 'email')}?", yes=yes)
        if session.dry_run:
            _write(session, file, checked, about, None, rate)
            return
        with _begun(target, about, earlier) as kept:
            outcomes = _write(session, file, checked, about, kept, rate)
    _show(session, outcomes, checked, target)


@contextmanager
def _earlier(target: Path, about: dict[str, str], *, resume: bool) -> Iterator[ImportReport | None]:
    if not resume:
        yield None
        return
    from bbws_access.import_report import ImportReport

    with ImportReport(target, about, resume=True) as found:
        yield found


@contextmanager
def _begun(target: Path, about: dict[str, str], earlier: ImportReport | None) -> Iterator[ImportReport]:
    if earlier is not None:
        yield earlier
        return
    from bbws_access.import_report import ImportReport

    with ImportReport(target, about, resume=False) as found:
        yield found


def _checked(session: Session, file: ImportFile, earlier: ImportReport | None) -> Checked:
    """Raises ``InvalidInput``, after the rows that do not fit are shown."""
    from bbws_access.import_check import check

    rows = session.services.import_rows
    names = rows.names(session.actor, session.org_id)
    with counting("Checking") as counter:
        skipped = (lambda _: False) if earlier is None else earlier.has
        checked = check(file, rows, names, skipped, lambda: counter.add(1))
    if not checked.bad:
        return checked
    session.show.withheld = False
    session.show.table([_problem(one) for one in checked.problems], _PROBLEMS, empty="")
    left = checked.bad - len(checked.problems)
    more = f"; {left} more are not shown" if left else ""
    fit = "does not fit" if checked.bad == 1 else "do not fit"
    raise InvalidInput(
        f"{file.path}: {checked.bad} of {number_of(checked.rows, 'row')} {fit}, and nothing was written{more}"
    )


def _problem(one: Any) -> dict[str, Any]:
    return {"line": one.line, "email": one.email, "cause": one.cause}


def _foretold(checked: Checked, rate: float) -> str:
    from bbws_access.services.import_rows import Need

    needs = checked.needs
    words = {
        Need.INVITE: "to invite",
        Need.SEND_AGAIN: "to send again",
        Need.ASSIGN: "to assign",
        Need.NOTHING: "already so",
    }
    minutes = checked.emails / rate / 60
    lasts = f" That takes {minutes:.0f} minutes." if minutes >= 2 else ""
    planned = ", ".join(f"{needs[need]} {word}" for need, word in words.items())
    emails = number_of(checked.emails, "email")
    return f"{number_of(checked.rows, 'row')}: {planned}; {emails}, {rate:g} a second at most.{lasts}"


def _write(
    session: Session, file: ImportFile, checked: Checked, about: dict[str, str], kept: ImportReport | None, rate: float
) -> Counter[str]:
    from bbws_access.bootstrap import Services
    from bbws_access.import_check import good_rows
    from bbws_access.migrations.rate import TokenBucket

    # What is written is not kept in mind here, so that memory does not grow with the file.
    services = session.services if session.dry_run else Services(session.world)
    work = services.user_import({name: about[name] for name in ("file", "sha256")})
    bucket = TokenBucket.unlimited() if session.dry_run else TokenBucket(max(rate, 1))
    units = 1 if rate >= 1 else 1 / rate
    names = session.services.import_rows.names(session.actor, session.org_id)
    outcomes: Counter[str] = Counter()
    planned = sum(checked.needs.values())
    rows = good_rows(file, (lambda _: False) if kept is None else kept.has)
    with counting("Importing", planned) as counter:
        try:
            for done in work.write(session.actor, names, rows, lambda: bucket.take(units)):
                outcomes[done.outcome] += 1
                counter.add(1)
                if kept is not None:
                    more = {name: text for name, text in (("id", done.about), ("cause", done.cause)) if text}
                    kept.add(done.numbered.line, done.numbered.row.email, done.outcome, **more)
        except AccessError as error:
            raise _stopped(error, sum(outcomes.values()), planned) from error
        except KeyboardInterrupt:
            of = number_of(planned, "row")
            session.show.note(f"Stopped after {sum(outcomes.values()):,} of {of}; --resume goes on.", always=True)
            raise
    return outcomes


def _stopped(error: AccessError, done: int, of: int) -> AccessError:
    """What keeps a run from its other rows; those that it has dealt with are in the report."""
    if not done:
        return error
    return PartlyDone(
        f"stopped after {done:,} of {number_of(of, 'row')}, and --resume goes on with the others: {error.message}",
        hint=error.hint,
        details={**error.details, "done": done, "rows": of, "cause": error.code},
    )


def _show(session: Session, outcomes: Counter[str], checked: Checked, target: Path) -> None:
    from bbws_access.services.user_import import Outcome

    failed, done = outcomes[Outcome.FAILED], sum(outcomes.values())
    data = {
        "rows": checked.rows,
        "invited": outcomes[Outcome.INVITED],
        "sentAgain": outcomes[Outcome.SENT_AGAIN],
        "assigned": outcomes[Outcome.ASSIGNED],
        "alreadySo": outcomes[Outcome.ALREADY],
        "failed": failed,
        "report": str(target),
    }
    session.show.record(data, _FIELDS)
    if not failed:
        session.show.done(
            f"Imported {done:,} of {number_of(checked.rows, 'row')}."
            if done
            else "Nothing to do: every row was dealt with before."
        )
        return
    session.show.note(
        f"{number_of(failed, 'row')} failed; the report says why. Try them again with --resume.", always=True
    )
    raise typer.Exit(ExitCode.FAILED if failed == done else ExitCode.PARTIAL)
