"""``bbws-access table``."""

from __future__ import annotations

from cli.command import command, noun
from cli.commands import table_backup, table_migrate, table_verify
from cli.session import Session

app = noun("The platform's one table: seed, migrate, verify, back up and restore it.")
table_verify.register(app)
table_backup.register(app)
table_migrate.register(app)


@command(app, "seed", epilog="bbws-access table seed --env local")
def seed(session: Session) -> None:
    """Write the platform's permissions, roles and permission sets; what is there stays as it is."""
    session.announce()
    result = session.services.seeder.seed(session.actor)
    data = {"version": result.version, "records": result.expected, "written": result.written}
    if session.show.is_json:
        session.show.json(data)
    elif result.written:
        session.show.done(f"Seeded {result.written} of {result.expected} records (seed version {result.version}).")
    else:
        session.show.done(f"Nothing to do: all {result.expected} records of seed version {result.version} are there.")
