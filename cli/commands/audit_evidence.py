"""``bbws-access audit evidence``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.audit_question import PlatformOption
from cli.command import command
from cli.commands.audit_archive import FromDay, ToDay, parse_day
from cli.operations import failures_told
from cli.options import OverwriteOption
from cli.progress import counting
from cli.session import Session


def register(app: typer.Typer) -> None:
    """Adds the verb to the noun's commands."""
    command(
        app,
        "evidence",
        epilog="""
        bbws-access audit evidence --org Acme --bundle acme.zip
        bbws-access audit evidence --org Acme --from 2026-01-01 --to 2026-03-31 --bundle first-quarter.zip
        """,
    )(evidence)


def evidence(
    session: Session,
    bundle: Annotated[Path, typer.Option("--bundle", help="The zip file to write.", dir_okay=False)],
    from_day: FromDay = None,
    to_day: ToDay = None,
    platform: PlatformOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Write a bundle for an auditor: events, manifests, proof of retention, and a program that checks them offline.

    The program is check.py in the bundle; it needs Python alone. That the bundle was made is recorded in the
    trail, with its SHA-256.
    """
    from bbws_access.keys import PLATFORM
    from bbws_access.whole_file import digest_name, draft_of, write_digest

    session.may_replace(bundle, overwrite=overwrite)
    first, last = parse_day(from_day, "--from"), parse_day(to_day, "--to")
    name, org_id = ("The platform", PLATFORM) if platform else (session.organisation.name, session.org_id)
    session.announce()
    actor, service = session.actor, session.services.audit_evidence
    with (
        failures_told(session, "audit.evidence", "audit", org_id, org_id),
        draft_of(bundle, option="--bundle") as draft,
        counting("Gathering events") as counter,
    ):
        found = service.write(actor, org_id, name, draft.out, first, last, counter.add)
        size, sha256 = draft.sealed()
        service.record(actor, org_id, found, str(bundle), sha256)
        digest_name(bundle).unlink(missing_ok=True)
    write_digest(bundle, sha256)
    session.show.record(
        {
            "organisationId": org_id,
            "from": found.from_day.isoformat(),
            "to": found.to_day.isoformat(),
            "count": found.events,
            "lastSequence": found.last_sequence,
            "lastHash": found.last_hash,
            "manifests": found.manifests,
            "bundle": str(bundle),
            "bytes": size,
            "sha256": sha256,
        },
        {"Events": "count", "From": "from", "To": "to", "Bundle": "bundle", "Bytes": "bytes", "SHA-256": "sha256"},
    )
    session.show.note(f"To check it: unzip -p {bundle} check.py > check.py, then python3 -I check.py {bundle}")
