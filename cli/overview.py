"""The environment at a glance, for somebody who typed the program's name alone.

Each part is asked beside the others, by clients that give up soon; what does not answer is said to, and the
rest is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bbws_access.errors import AccessError
from bbws_access.wording import number_of

if TYPE_CHECKING:
    from bbws_access.models.invitation import Invitation
    from bbws_access.models.organisation import Organisation
    from cli.session import Session

_SOON: Final = timedelta(days=2)
"""An invitation that runs out by then should be sent again, or be forgotten."""

_ORGANISATIONS: Final = 20
"""Organisations that are looked into where none is chosen."""

_BEHIND: Final = timedelta(days=2)
"""How old the last archived day may be: yesterday's is archived today."""

_THREADS: Final = 8


class Line(NamedTuple):
    """What was asked, whether it is well, and what is to be said of it."""

    name: str
    ok: bool
    says: str


def show_overview(session: Session) -> None:
    """Who, where, what needs attention, and what to type next."""
    session.hurried = True
    lines, hint = _attention(session)
    who = _who(session)
    if session.show.is_json:
        session.show.json({**who, "attention": [line._asdict() for line in lines], "hint": hint})
        return
    _show_who(session, who)
    session.show.parts(("", None))
    width = max((len(line.name) for line in lines), default=0)
    for line in lines:
        mark = ("  ✓ ", "green") if line.ok else ("  ! ", "bold yellow")
        session.show.parts(mark, (f"{line.name.ljust(width)}  ", None), (line.says, None))
    session.show.parts(("", None))
    session.show.parts((f"  Next: {hint}" if hint else "  Every command: bbws-access --help", "dim"))


def _who(session: Session) -> dict[str, Any]:
    try:
        account, arn = session.caller
    except AccessError as error:
        account, arn = None, error.message
    return {
        "environment": session.env,
        "environmentFrom": session.env_from,
        "caller": arn,
        "account": account,
        "organisation": session.org_name,
    }


def _show_who(session: Session, who: dict[str, Any]) -> None:
    style = "bold white on red" if session.env == "prod" else "bold"
    session.show.parts((f" {session.env} ", style), (f"  from {session.env_from}", "dim"))
    session.show.parts(("  You           ", "dim"), (who["caller"], None))
    chosen = session.org_name or "none chosen; choose with --org, BBWS_ACCESS_ORG or a context"
    session.show.parts(("  Organisation  ", "dim"), (chosen, None))


def _attention(session: Session) -> tuple[list[Line], str | None]:
    """The lines, and the command that mends what keeps them from being told."""
    try:
        outputs = session.outputs
        session.check_account()
        parts = _parts(session, outputs)
    except AccessError as error:
        return [Line("environment", False, error.message)], error.hint
    with ThreadPoolExecutor(_THREADS) as pool:
        told = list(pool.map(_told, *zip(*parts, strict=True)))
    return [line for lines in told for line in lines], None


def _parts(session: Session, outputs: dict[str, Any]) -> list[tuple[str, Callable[[], Iterator[Line]]]]:
    """Each by its name. Clients are made here: boto3 makes them one at a time only."""
    from bbws_access.names import Names
    from bbws_access.provisioning.health import AT_A_GLANCE, checks

    clients = {service: session.client(service) for service in ("dynamodb", "sqs", "cloudwatch")}
    services, actor, now = session.services, session.actor, datetime.now(UTC)

    def check(name: str) -> Callable[[], Iterator[Line]]:
        found = checks(clients.__getitem__, Names(session.env), outputs, now, {name})
        return lambda: (Line(one.name, one.ok, one.says) for one in found)

    def invitations() -> Iterator[Line]:
        chosen, more = _organisations(session)
        yield from (Line("organisation", False, f"{one.name} is deactivated") for one in chosen if not one.active)
        yield _invitations([_pending(session, one) for one in chosen], more, now)

    def archive() -> Iterator[Line]:
        from bbws_access.keys import PLATFORM

        head = services.archive.reached(actor, session.org_id if session.org_name else PLATFORM)
        yield _archive(head.date, head.pending_date, now)

    return [*((name, check(name)) for name in AT_A_GLANCE), ("invitations", invitations), ("archive", archive)]


def _told(name: str, ask: Callable[[], Iterator[Line]]) -> list[Line]:
    try:
        return list(ask())
    except AccessError as error:
        return [Line(name, False, error.message)]


def _organisations(session: Session) -> tuple[list[Organisation], bool]:
    """Those to look into, and whether there are more."""
    from bbws_access.services.pages import PageRequest

    if session.org_name is not None:
        return [session.organisation], False
    page = session.services.organisations.page(session.actor, PageRequest(_ORGANISATIONS))
    return page.items, page.last is not None


def _pending(session: Session, organisation: Organisation) -> list[Invitation]:
    """Those that run out first; a hundred are enough to see."""
    from bbws_access.models.kinds import InvitationStatus
    from bbws_access.services.pages import MAX_PAGE_SIZE, PageRequest

    page = PageRequest(MAX_PAGE_SIZE)
    org_id = organisation.organisation_id
    return session.services.invitations.page(session.actor, org_id, page, InvitationStatus.PENDING).items


def _invitations(by_organisation: list[list[Invitation]], more: bool, now: datetime) -> Line:
    from bbws_access.clock import parse_iso

    left = [parse_iso(one.expires_at) - now for pending in by_organisation for one in pending]
    gone = sum(span <= timedelta(0) for span in left)
    soon = sum(timedelta(0) < span <= _SOON for span in left)
    says = [f"{len(left)} pending"]
    says += [f"{soon} of them for less than {_SOON.days} days more"] if soon else []
    says += [f"{gone} of them past their end"] if gone else []
    says += [f"in the first {number_of(len(by_organisation), 'organisation')}"] if more else []
    return Line("invitations", not soon and not gone, ", ".join(says))


def _archive(last: str | None, pending: str | None, now: datetime) -> Line:
    if pending is not None:
        return Line("archive", False, f"{pending} was begun and not finished; mend it: bbws-access audit archive")
    if last is None:
        return Line("archive", True, "nothing archived yet")
    behind = now.date() - datetime.fromisoformat(last).date()
    return Line(
        "archive", behind <= _BEHIND, f"up to {last}" + ("" if behind <= _BEHIND else f", {behind.days} days ago")
    )
