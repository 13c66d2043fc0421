"""``bbws-access local``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.command import command, noun
from cli.session import Session

app = noun("The AWS on your own machine: its emails, and a guided tour.")


@command(
    app,
    "mail",
    epilog="""
    bbws-access local mail
    bbws-access local mail --to thandi@example.com -o json
    """,
)
def mail(
    session: Session,
    to: Annotated[str | None, typer.Option("--to", help="Only those to this address.")] = None,
) -> None:
    """Show the emails that the emulated SES took, with their links; the newest last."""
    from bbws_access.clock import iso
    from bbws_access.emulator.mailbox import links, messages

    rows = [
        {
            "sentAt": iso(message.sent_at),
            "to": list(message.to),
            "subject": message.subject,
            "links": links(message),
            "text": message.text,
        }
        for message in messages(session.emulator.require().endpoint)
        if to is None or to.lower() in {address.lower() for address in message.to}
    ]
    if session.show.is_json or not rows:
        session.show.table(rows, {}, empty="No emails.")
        return
    for row in rows:
        session.show.record(row, {"To": "to", "Subject": "subject", "Sent": "sentAt", "Link": "links"})
        session.show.blank()


@command(app, "tour", epilog="bbws-access local tour")
def tour(
    session: Session,
    to: Annotated[Path, typer.Option("--to", help="Where the tour leaves its audit trail.")] = Path(),
) -> None:
    """Show the platform around: seed, create, invite, accept, export; each command as it is typed."""
    from cli.tour import Tour

    session.emulator.require()
    trail = Tour(session.show, session.env, session.env_dir).run(to)
    session.show.done(f"The audit trail of this tour is in {trail}")
