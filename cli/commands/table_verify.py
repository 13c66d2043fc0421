"""``bbws-access table verify`` and ``table stats``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.errors import ExitCode, InvalidInput
from bbws_access.wording import number_of
from cli.command import command
from cli.progress import Counter, counting
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.keeper.findings import Finding
    from bbws_access.keeper.repair import Repaired
    from bbws_access.keeper.verify import Report, Verifier
    from bbws_access.store.table import Table

TableOption = Annotated[
    str | None, typer.Option("--table", help="Another table, such as one that was restored.", show_default=False)
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=10, help="Segments that are read at a time; as the table's size suggests."),
]

_COLUMNS = {"Severity": "severity", "Problem": "problem", "Message": "message", "Key": "where", "Mends": "mends"}


def register(app: typer.Typer) -> None:
    """Adds this module's verbs to the noun ``table``."""
    command(
        app,
        "verify",
        epilog="""
        bbws-access table verify
        bbws-access table verify --env prod -o json > findings.json
        bbws-access table verify --repair --dry-run
        bbws-access table verify --repair --yes
        """,
    )(verify)
    command(
        app,
        "stats",
        epilog="""
        bbws-access table stats
        bbws-access table stats --top 20 -o json
        """,
    )(stats)


def verify(
    session: Session,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what has one right answer.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --repair: say what would be done.")] = False,
    table: TableOption = None,
    workers: WorkersOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Check every item, key, reference, guard, count and audit chain of the table; exits 3 where something is wrong.

    The table may be in use meanwhile. A repair is one transaction with its audit event; what has no
    single right answer is listed for a person.
    """
    from bbws_access.clock import SystemClock
    from bbws_access.keeper.verify import Verifier

    if dry_run and not repair:
        raise InvalidInput("--dry-run goes with --repair: without it nothing is written anyway")
    if repair and table is not None and not dry_run:
        raise InvalidInput("--repair is for the environment's own table", hint="leave --table out")
    verifier = Verifier(chosen_table(session, table, read_only=not repair or dry_run), SystemClock(), segments=workers)
    if repair and not dry_run:
        _repair(session, verifier, yes=yes)
        return
    with counting("Reading items") as counter:
        report = verifier.verify(_watched(counter))
    _show(session, report, report.findings)
    if report.clean:
        session.show.done(f"All of {report.items} items are right.{_unknown(report)}")
        return
    mendable = sum(1 for f in report.findings if f.repair)
    hint = "" if not mendable or dry_run else " To mend them: bbws-access table verify --repair"
    found = f"{number_of(len(report.findings), 'finding')} in {number_of(report.items, 'item')}"
    session.show.note(f"{found}, {mendable} of them mendable.{hint}")
    raise typer.Exit(ExitCode.FOUND)


def _repair(session: Session, verifier: Verifier, *, yes: bool) -> None:
    from bbws_access.keeper.repair import Repairer

    session.announce()
    session.confirm(f"Mend the table of {session.env}?", yes=yes)
    with counting("Reading items") as counter:
        done = Repairer(verifier, session.services.trail).repair(session.actor, _watched(counter))
    _show(session, done.report, done.left, done)
    said = f"{len(done.mended)} mended, {len(done.left)} left for a person."
    if done.left:
        session.show.note(said)
        raise typer.Exit(ExitCode.FOUND)
    session.show.done(f"{said} {done.report.items} items were checked.{_unknown(done.report)}")


def chosen_table(session: Session, name: str | None, *, read_only: bool = True) -> Table:
    """The environment's table or another; through a client that cannot write, unless it is to be written.

    Raises ``NotFound`` for another that does not exist.
    """
    from bbws_access.aws_errors import translated
    from bbws_access.errors import NotFound
    from bbws_access.keeper.tables import valid_name
    from bbws_access.store.readonly import forbid_writes
    from bbws_access.store.table import Table

    own = session.services.table
    if not read_only:
        return own
    client = forbid_writes(session.client("dynamodb"))
    if name is None:
        return Table(client, own.name)
    try:
        with translated(f"table {valid_name(name)}"):
            client.describe_table(TableName=name)
    except NotFound as error:  # to stand the environment up, which mends its own table, would not make this one
        error.hint = "give the name of one that table restore --into or table pitr made"
        raise
    return Table(client, name)


def _watched(counter: Counter) -> Any:
    from bbws_access.keeper.verify import Progress

    class Watched(Progress):
        def read(self, count: int) -> None:
            counter.add(count)

        def looking(self, left: int) -> None:
            counter.say(f"Looking closely at {left}")

    return Watched()


def _show(session: Session, report: Report, findings: Any, done: Repaired | None = None) -> None:
    if session.show.is_json:
        data: dict[str, Any] = {
            "items": report.items,
            "entities": dict(sorted(report.entities.items())),
            "findings": [f.data() for f in findings],
            "unknown": [{"PK": pk, "SK": sk} for pk, sk in report.unknown],
            "unknownCount": report.entities.get("Unknown", 0),
        }
        if done is not None:
            data["repaired"] = [f.data() for f in done.mended]
        session.show.json(data)
        return
    rows = [*(_row(f) for f in findings), *(_row(f, mended=True) for f in (done.mended if done else ()))]
    if rows:
        session.show.table(rows, _COLUMNS, empty="")


def _row(finding: Finding, *, mended: bool = False) -> dict[str, Any]:
    repair = finding.repair.says if finding.repair else f"by hand: {finding.advice}"
    where = f"{finding.key['PK']} {finding.key['SK']}"
    return {**finding.data(), "where": where, "mends": f"mended: {repair}" if mended else repair}


def _unknown(report: Report) -> str:
    count = report.entities.get("Unknown", 0)
    return f" {count} of them nobody knows; -o json lists them." if count else ""


def stats(
    session: Session,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="So many of the largest.")] = 10,
    table: TableOption = None,
    workers: WorkersOption = None,
) -> None:
    """Show what is in the table: items and bytes by entity and organisation, largest items, fullest partitions."""
    from bbws_access.keeper.stats import take_stats
    from bbws_access.store.scan import Scan

    chosen = chosen_table(session, table)
    with counting("Reading items") as counter:
        found = take_stats(Scan(chosen.client, chosen.name, segments=workers).pages(), top, counter.add)
    amounts = [("entities", "Entity", found.entities), ("organisations", "Organisation", found.organisations)]
    data: dict[str, Any] = {"table": chosen.name, "items": found.total.items, "bytes": found.total.bytes}
    for name, _, groups in amounts:
        ordered = sorted(groups.items(), key=lambda pair: (-pair[1].bytes, pair[0]))
        data[name] = [{"name": key, "items": amount.items, "bytes": amount.bytes} for key, amount in ordered]
    data["largestItems"] = [{"bytes": size, "PK": pk, "SK": sk, "entity": e} for size, pk, sk, e in found.largest]
    data["fullestPartitions"] = [{"PK": pk, "items": items, "bytes": size} for pk, items, size in found.hottest]
    if session.show.is_json:
        session.show.json(data)
        return
    for name, title, _ in amounts:
        rows = data[name] if name == "entities" else data[name][:top]
        session.show.table(rows, {title: "name", "Items": "items", "Bytes": "bytes"}, empty="The table is empty.")
        session.show.blank()
    columns = {"Largest items": "PK", "Sort key": "SK", "Bytes": "bytes"}
    session.show.table(data["largestItems"], columns, empty="")
    session.show.blank()
    columns = {"Fullest partitions": "PK", "Items": "items", "Bytes": "bytes"}
    session.show.table(data["fullestPartitions"], columns, empty="")
