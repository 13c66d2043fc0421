"""What a command changed, or in a dry run would have: told from what was written, not from what was meant."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cli.safety import safe

if TYPE_CHECKING:
    from cli.session import Session

_HIDDEN: Final = frozenset({"tokenHash", "claim", "claimExpiresAt"})
"""Nobody's business, although no secret can be made of them."""

_COUNTED: Final = {
    "role.assign": "role assignment",
    "role.revoke": "role assignment",
    "role.omit": "role assignment that stays away",
    "team.member.add": "team membership",
    "team.member.remove": "team membership",
    "team.member.omit": "team membership that stays away",
    "invitation.revoke": "invitation",
}
"""Actions of the trail in words, singular; what a deactivation takes and a reactivation gives back."""


def tell(session: Session, done: str) -> None:
    """Says what was done, or that there was nothing to do."""
    session.show.done(done if session.journal.events else "Nothing to do: it is so already.")


def counted(session: Session) -> str:
    """``2 role assignments, 1 team membership``; empty where nothing of the kind was written."""
    return ", ".join(f"{n} {_plural(what, n)}" for what, n in counts(session).items())


def counts(session: Session) -> dict[str, int]:
    """How many of what went along with the change."""
    actions = Counter(str(event["action"]) for event in session.journal.events)
    return {what: n for action, what in _COUNTED.items() if (n := actions[action])}


def _plural(what: str, n: int) -> str:
    noun, _, rest = what.partition(" that ")
    return f"{noun}{'s' if n != 1 else ''}{f' that {rest}' if rest else ''}"


def show_rehearsal(session: Session) -> None:
    """The exact changes of a dry run."""
    from bbws_access.store.journal import write_data
    from cli.render import Renderer

    journal = session.journal
    if not session.show.is_json:
        _show_lines(session)
        return
    changes = [_change(event) for event in journal.events]
    written = [write_data(write) for writes in journal.transactions for write in writes]
    data = {
        "dryRun": True,
        "changes": changes,
        "beside": list(journal.beside),
        "transactions": len(journal.transactions),
        "writes": [_plain(write) for write in written if write is not None],
    }
    session.show.withheld = False
    show: Renderer = session.show
    show.json(data)


def _show_lines(session: Session) -> None:
    journal = session.journal
    events = journal.events
    if not events and not journal.beside:
        sys.stdout.write("Nothing would change.\n")
    for event in events:
        change = _change(event)
        sys.stdout.write(f"{safe(change['action'])} {safe(change['resourceType'])} {safe(change['resourceId'])}\n")
        before, after = change.get("before") or {}, change.get("after") or {}
        for name in dict.fromkeys([*before, *after]):
            sys.stdout.write(f"    {_line(name, before, after)}\n")
        for name, value in change["more"].items():
            sys.stdout.write(f"    {safe(name)}: {safe(value)}\n")
    for effect in journal.beside:
        sys.stdout.write(f"{safe(effect)}\n")
    session.show.note("Nothing was written: this was a dry run.")


def _line(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if name not in before:
        return f"+ {safe(name)}: {safe(after[name])}"
    if name not in after:
        return f"- {safe(name)}: {safe(before[name])}"
    old, new = before[name], after[name]
    if isinstance(old, list) and isinstance(new, list):
        parts = [f"+{one}" for one in new if one not in old] + [f"-{one}" for one in old if one not in new]
        return f"~ {safe(name)}: {safe(' '.join(map(str, parts)))}"
    return f"~ {safe(name)}: {safe(old)} → {safe(new)}"


def _change(event: Mapping[str, Any]) -> dict[str, Any]:
    details = dict(event["details"])
    return {
        "action": event["action"],
        "resourceType": event["resourceType"],
        "resourceId": event["resourceId"],
        "before": details.pop("before", None),
        "after": details.pop("after", None),
        "more": details,
    }


def _plain(data: Any) -> Any:
    """As JSON has it, without what is hidden."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: cleaned(one) for name, one in value.items() if name not in _HIDDEN}
        return [cleaned(one) for one in value] if isinstance(value, list) else value

    return cleaned(json.loads(json.dumps(data, default=lambda value: sorted(map(str, value)))))
