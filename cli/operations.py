"""The trail's word on what a command did, or tried, beside the table's items: best effort, and never in its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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


_SUBJECTS: Final[Mapping[str, str | None]] = {
    "apply": "organisation",
    "invitations": "invitation",
    "orgs": "organisation",
    "permission-sets": "permission",
    "roles": "role",
    "team-roles": "team",
    "teams": "team",
    "undo": "organisation",
    "users": "user",
    "users invite": "invitation",
    "invitations accept": None,
    "invitations decline": None,
}
"""What the commands of a noun, or one of them, change, in the words of ``FAILED_AS``.

Those of other nouns record by themselves how they failed, or must not: a table that is to be restored stays empty. Who
answers an invitation is whoever has its link, and no operator.
"""


def record_failure(session: Session, asked: str, error: AccessError, *, changes: bool) -> None:
    """What was refused, or failed, in the trail as the API would tell it; best effort, and soon given up.

    Of a member whatever they were denied, and of everybody the change that could not be made: not what was wrong before
    it was said where the change is made, nor what the user thought better of.
    """
    if session.dry_run or "actor" not in vars(session):
        return
    from bbws_access.access.decisions import NOBODYS

    words = asked.split()
    subject = _SUBJECTS.get(" ".join(words[1:3]), _SUBJECTS.get(words[1]))
    tried = changes and session.announced and subject is not None and not isinstance(error, (*NOBODYS, Refused))
    if not tried and not _is_told_as_denial(session, error):
        return
    actor = session.actor
    if actor.organisation_id is None:  # an operator's word is in the trail of where they were at work
        actor = replace(actor, organisation_id=session.org_id if "organisation" in vars(session) else PLATFORM)
    with suppress(AccessError):
        if isinstance(error, Denied) and "awsCode" not in error.details:
            session.decisions.record(actor, error.code, asked, error.details)
        else:
            session.decisions.failed(actor, str(subject), error.code, asked)


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
