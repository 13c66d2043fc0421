"""``bbws-access audit show``, ``tail`` and ``summary``: for the middle of an incident."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Annotated, Any, Final

import typer

from bbws_access.wording import number_of
from cli.audit_question import (
    ActionOption,
    OutcomeOption,
    PlatformOption,
    ResourceOption,
    SinceOption,
    TypeOption,
    UntilOption,
    UserOption,
    owner,
    question,
)
from cli.command import command
from cli.documents import write_document
from cli.overrides import Output
from cli.safety import safe
from cli.session import Session
from cli.views import EVENT_COLUMNS

_FIELDS: Final = {
    "Event": "eventId",
    "Time": "timestamp",
    "Action": "action",
    "Type": "eventType",
    "Outcome": "outcome",
    "By": "userEmail",
    "User": "userId",
    "On": "resourceType",
    "Id": "resourceId",
    "From": "ipAddress",
    "With": "userAgent",
    "Request": "requestId",
    "Sequence": "sequence",
    "Hash": "eventHash",
}

_OVERLAP: Final = timedelta(seconds=10)
"""How far back a follower looks again: other writers' clocks are behind, and indexes take a moment."""


def register(app: typer.Typer) -> None:
    """Adds this module's verbs to the noun ``audit``."""
    command(app, "show", epilog="bbws-access audit show 01KA2V9W3ZJ6X8Y0M1N2P3Q4R5 --org Acme")(show)
    command(app, "summary", epilog="bbws-access audit summary --org Acme --since 7d")(summary)
    command(
        app,
        "tail",
        epilog="""
        bbws-access audit tail --org Acme
        bbws-access audit tail --org Acme --follow -o json
        """,
    )(tail)


def show(
    session: Session,
    event_id: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id.")],
    platform: PlatformOption = False,
) -> None:
    """Show one event, with what it changed."""
    from bbws_access.export.formats import event_row

    event = event_row(session.services.audit.one(session.actor, owner(session, platform), event_id))
    if session.show.is_json:
        session.show.json(event)
        return
    session.show.record(event, {title: key for title, key in _FIELDS.items() if event.get(key) is not None})
    for line in difference(event.get("details") or {}):
        session.show.line(line)


def difference(details: Mapping[str, Any]) -> Iterator[str]:
    """What changed, a line each: ``-`` before, ``+`` after; what else is known follows."""
    before, after = details.get("before") or {}, details.get("after") or {}
    for name in sorted({*before, *after}):
        if name in before and before.get(name) != after.get(name):
            yield f"- {name}: {_text(before[name])}"
        if name in after and before.get(name) != after.get(name):
            yield f"+ {name}: {_text(after[name])}"
    for name, value in details.items():
        if name not in {"before", "after"}:
            yield f"  {name}: {_text(value)}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def summary(
    session: Session,
    event_type: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    platform: PlatformOption = False,
) -> None:
    """Count what happened, by type, outcome, action and day."""
    asked = question(session, platform, newest_first=False, event_type=event_type, since=since, until=until)
    found = session.services.audit.summary(session.actor, asked)
    data = found.model_dump(mode="json", by_alias=True, exclude_none=True)
    if session.show.is_json:
        session.show.json(data)
        return
    rows = [
        {"by": title, "what": name, "count": count}
        for title, key in (("type", "byType"), ("outcome", "byOutcome"), ("action", "byAction"), ("day", "byDay"))
        for name, count in data[key].items()
    ]
    session.show.table(rows, {"By": "by", "": "what", "Events": "count"}, empty="No events in this range.")
    if found.archived_days:
        session.show.note(f"{number_of(found.archived_days, 'day')} of the range were counted from the archive.")
    if not found.complete:
        session.show.note(f"Counted up to {found.reached} only: narrow the range.")


def tail(
    session: Session,
    event_type: TypeOption = None,
    outcome: OutcomeOption = None,
    user: UserOption = None,
    action: ActionOption = None,
    resource: ResourceOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=1000, help="How many to begin with.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on, until interrupted.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.2, help="Seconds between two looks.")] = 2.0,
    platform: PlatformOption = False,
) -> None:
    """Show the latest events, the newest last, and with --follow those that come. In JSON, one a line."""
    asked = question(
        session,
        platform,
        newest_first=True,
        event_type=event_type,
        outcome=outcome,
        user=user,
        action=action,
        resource=resource,
    )
    from bbws_access.clock import iso

    audit, actor, clock = session.services.audit, session.actor, session.world.clock
    looked = clock.now()
    latest = list(islice(audit.rows(actor, asked), max(lines, 1)))[::-1]
    for row in latest if lines else []:
        _print(session, row)
    if not follow:
        return
    seen: deque[str] = deque((str(row["eventId"]) for row in latest), maxlen=5000)
    # What was there before this began was not asked for.
    begun = _order(latest[-1]) if latest else (iso(looked), 0)
    while True:
        time.sleep(every)
        now = clock.now()
        for row in audit.rows(actor, replace(asked, since=looked - _OVERLAP, newest_first=False)):
            if row["eventId"] not in seen and _order(row) >= begun:
                seen.append(str(row["eventId"]))
                _print(session, row)
        looked = now


def _order(row: Mapping[str, Any]) -> tuple[str, int]:
    """Several events of one change have one time."""
    return str(row["timestamp"]), int(row.get("sequence") or sys.maxsize)


def _print(session: Session, row: Mapping[str, Any]) -> None:
    chosen = session.show.narrowed(row, EVENT_COLUMNS)
    if session.show.is_json:
        write_document(chosen, Output.JSONL, sys.stdout)
    else:
        told = {key: row[key] for key in EVENT_COLUMNS.values()} if chosen is row else chosen
        *first, last = (safe(word) for word in told.values())
        session.show.parts(("  ".join([*first, ""]), None), (last, None))
    sys.stdout.flush()
