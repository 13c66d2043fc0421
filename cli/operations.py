"""The trail's word on what a command did, or tried, beside the table's items: best effort, and never in its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bbws_access.errors import AccessError, Denied, InvalidInput, NotFound, Refused
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import Outcome

if TYPE_CHECKING:
    from cli.session import Session

_Word = tuple[str, str, str]
"""Action, kind of resource, and its name."""


@contextmanager
def told(session: Session, action: str, kind: str, name: str) -> Iterator[dict[str, Any]]:
    """Records how the block ended; what it puts into the dictionary is told of a success too.

    Wrong usage is nobody's act. Where the trail cannot be reached, a line on stderr says so.
    """
    more: dict[str, Any] = {}
    with _failures(session, (action, kind, name), PLATFORM):
        yield more
    _record(session, (action, kind, name), PLATFORM, Outcome.SUCCESS, more)


@contextmanager
def failures_told(session: Session, action: str, kind: str, name: str, org_id: str = PLATFORM) -> Iterator[None]:
    """For a command that records its success by itself: only how it failed."""
    with _failures(session, (action, kind, name), org_id):
        yield


@contextmanager
def _failures(session: Session, word: _Word, org_id: str) -> Iterator[None]:
    try:
        yield
    except InvalidInput:
        raise
    except AccessError as error:
        if _is_told_as_denial(session, error):
            raise
        outcome = Outcome.DENIED if isinstance(error, Denied | Refused) else Outcome.FAILURE
        # The code alone: a message may quote what was typed.
        _record(session, word, org_id, outcome, {"error": error.code})
        raise
    except KeyboardInterrupt:
        _record(session, word, org_id, Outcome.FAILURE, {"error": "INTERRUPTED"})
        raise


@contextmanager
def copy_told(session: Session, action: str, path: Path, file_format: str) -> Iterator[Callable[[str, int], None]]:
    """For a file that holds what an organisation has: who took it is in its trail before the file has its name.

    The block calls what it is handed with the file's SHA-256 and how many entries it has. Raises as ``Trail.commit``.
    """
    from bbws_access.services.operations import record_operation

    org_id = session.org_id
    session.announce()

    def record(sha256: str, count: int) -> None:
        more = {"target": str(path), "format": file_format, "count": count, "sha256": sha256}
        word = ("organisation", org_id)
        record_operation(session.services.trail, session.actor, action, word, org_id=org_id, more=more)

    with failures_told(session, action, "organisation", org_id, org_id):
        yield record


def record_denial(session: Session, asked: str, error: AccessError) -> None:
    """What a member was refused, in the trail of their organisation, as the API would tell it; best effort."""
    if session.dry_run or not _is_told_as_denial(session, error):
        return
    from bbws_access.access.decisions import DecisionLog

    world = session.world
    DecisionLog(world.table, world.clock, world.ids, lambda _: None).record(
        session.actor, error.code, asked, error.details
    )


def _is_told_as_denial(session: Session, error: AccessError) -> bool:
    """Of a member alone, and of their rights: what AWS denies is denied to who runs the tool."""
    known = session.acting_as is not None and "actor" in vars(session)
    return known and isinstance(error, Denied) and "awsCode" not in error.details


def _record(session: Session, word: _Word, org_id: str, outcome: Outcome, more: dict[str, Any]) -> None:
    from bbws_access.services.operations import record_operation

    action, kind, name = word
    try:
        trail = session.operations_trail
        if not trail.has_begun(org_id):
            return  # nothing was seeded or restored yet: what comes first begins the trail
        record_operation(trail, session.actor, action, (kind, name), org_id=org_id, outcome=outcome, more=more)
    except NotFound:
        return  # there is no table, as before the first env up
    except AccessError as error:
        if outcome is Outcome.SUCCESS:
            session.show.note(f"{action} is not in the trail: {error.message}")
