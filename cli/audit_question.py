"""The options by which all commands of ``audit`` ask their question, and the question itself."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.errors import InvalidInput
from bbws_access.models.kinds import EventType, Outcome
from cli.completion import offers
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.models.audit_questions import AuditQuestion

TypeOption = Annotated[EventType | None, typer.Option("--type", case_sensitive=False, help="Only events of this type.")]
OutcomeOption = Annotated[
    Outcome | None, typer.Option("--outcome", case_sensitive=False, help="Only with this outcome.")
]
UserOption = Annotated[
    str | None,
    typer.Option(
        "--user",
        help="Only what this member did, by email or id; or an AWS identity, by ARN.",
        autocompletion=offers.users,
    ),
]
ActionOption = Annotated[str | None, typer.Option("--action", help="Only this action, such as role.update.")]
ResourceOption = Annotated[str | None, typer.Option("--resource", help="Only what happened to this id.")]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", "--from", metavar="TIME", help="From here on: 30m, 2h, 7d, or an ISO 8601 time."),
]
UntilOption = Annotated[str | None, typer.Option("--until", "--to", metavar="TIME", help="Up to here, not included.")]
ExportUntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Up to here, not included.")]
PlatformOption = Annotated[bool, typer.Option("--platform", help="The platform's own trail instead.")]
ZoneOption = Annotated[
    str | None, typer.Option("--zone", help="Time zone of times that name none, and of the table: Africa/Johannesburg.")
]


def owner(session: Session, platform: bool) -> str:
    """The organisation that is meant; raises ``InvalidInput`` where none is."""
    from bbws_access.keys import PLATFORM

    return PLATFORM if platform else session.org_id


def _who(session: Session, platform: bool, user: str) -> str:
    """The id under which they are in the trail; operators and the platform itself are nobody's members."""
    if user.startswith(("arn:", "system:")):
        return user
    if platform:
        raise InvalidInput(
            f"--user {user!r}: no member acts in the platform's trail", hint="give the ARN of an AWS identity"
        )
    return session.services.users.find(session.actor, session.org_id, user).user_id


def zone_of(name: str | None) -> tzinfo | None:
    """Raises :class:`InvalidInput` for a zone that nobody knows."""
    if name is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise InvalidInput(
            f"--zone {name!r} is not a time zone", hint="give one such as UTC or Africa/Johannesburg"
        ) from None


def question(
    session: Session,
    platform: bool,
    *,
    newest_first: bool,
    event_type: EventType | None = None,
    outcome: Outcome | None = None,
    user: str | None = None,
    action: str | None = None,
    resource: str | None = None,
    since: str | None = None,
    until: str | None = None,
    zone: str | None = None,
) -> AuditQuestion:
    """Raises ``InvalidInput`` for a time that is none, ``NotFound`` for an unknown user."""
    from bbws_access.clock import SystemClock
    from bbws_access.models.audit_questions import AuditQuestion
    from cli.moments import parse_moment

    now, where = SystemClock().now(), zone_of(zone)
    return AuditQuestion(
        organisation_id=owner(session, platform),
        since=parse_moment(since, now, "--since", where) if since else None,
        until=parse_moment(until, now, "--until", where) if until else None,
        user_id=_who(session, platform, user) if user else None,
        types=frozenset({event_type} if event_type else ()),
        outcome=outcome,
        action=action,
        resource_id=resource,
        newest_first=newest_first,
    )
