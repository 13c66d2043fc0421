"""A plan as people read it: what is lost first, alike changes in one line, what holds data marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bbws_access.provisioning.differing import differing
from bbws_access.provisioning.plans import Action, Attribute, Group, PlanSummary, grouped
from cli.place import PROD
from cli.render import Renderer

if TYPE_CHECKING:
    from cli.session import Session

_SIGNS: Final = {
    Action.DESTROY: ("-", "red", "destroy"),
    Action.REPLACE: ("±", "magenta", "replace"),
    Action.CHANGE: ("~", "yellow", "change"),
    Action.ADD: ("+", "green", "add"),
    Action.FORGET: ("x", "yellow", "forget"),
}
_NAMED: Final = 3
"""Names told of alike changes, before they are only counted."""

_PLACES: Final = 5
"""Places told in one attribute, before they are only counted."""

_NOTHING: Final = "(none)"
"""What is absent and what is empty are the same to people."""

LONGEST: Final = 60
"""Characters of a value that are shown; the whole one is in the JSON."""


def counts_line(summary: PlanSummary) -> str:
    """Such as ``2 to add, 5 to change``; in the order of loss."""
    told = [f"{count} to {_SIGNS[action][2]}" for action, count in summary.counts.items() if count]
    outputs = len(summary.outputs)
    told += [f"{outputs} outputs change"] if outputs and not told else []
    return ", ".join(told) or "no changes"


def show_plan(show: Renderer, env: str, summary: PlanSummary) -> None:
    """The whole summary, on stdout."""
    show.parts((f"{env}: ", "bold"), (counts_line(summary), "bold"))
    action = None
    for group in grouped(summary):
        if group.action is not action:
            action = group.action
            _, colour, verb = _SIGNS[action]
            show.parts(("", None))
            show.parts((f"{verb.capitalize()} ({summary.counts[action]})", f"bold {colour}"))
        _show_group(show, group)


def ask_about(session: Session, summary: PlanSummary, of_what: str, *, yes: bool, confirm: str | None) -> None:
    """Shows a plan and asks for a word on it: for prod its name, given beforehand as ``confirm``, else yes or no.

    Raises ``Refused`` where the answer is no, or where nobody is there to give it.
    """
    if not session.show.is_json:
        show_plan(session.show, of_what, summary)
    question = f"Apply this to {of_what} ({counts_line(summary)})?"
    if session.env == PROD or confirm is not None:
        session.confirm_name(question, yes=yes, given=confirm)
    else:
        session.confirm(question, yes=yes)


def _show_group(show: Renderer, group: Group) -> None:
    sign, colour, _ = _SIGNS[group.action]
    kind = group.kind.removeprefix("aws_")
    number = f"{len(group.changes)}x " if len(group.changes) > 1 else ""
    where = f"{group.module} " if group.module else ""
    names = _names(group)
    parts: list[tuple[str, str | None]] = [
        (f"  {sign} ", colour),
        (f"{where}", None),
        (f"{number}{kind}", "bold"),
        (f"  {names}" if names else "", None),
    ]
    if group.holds_data:
        lost = any(change.loses_data for change in group.changes)
        parts.append(("  [HOLDS DATA: IT WOULD BE LOST]" if lost else "  [holds data]", "bold red" if lost else "cyan"))
    show.parts(*parts)
    because = group.changes[0].because
    if because:
        show.parts((f"      because of {', '.join(because)}", colour))
    for attribute in _told(group):
        show.parts((f"      {attribute}", "dim"), cut=True)


def _names(group: Group) -> str:
    labels = [change.label for change in group.changes if change.label]
    more = len(labels) - _NAMED
    return ", ".join(labels[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _told(group: Group) -> list[str]:
    """Attributes with their values where all in the group change alike, else their names."""
    first = group.changes[0].attributes
    if group.action is not Action.CHANGE and group.action is not Action.REPLACE:
        return []
    if all(change.attributes == first for change in group.changes):
        return [line for a in first for line in _lines(a)]
    return [", ".join(a.name for a in first)]


def _lines(attribute: Attribute) -> list[str]:
    found = list(differing(attribute.name, attribute.before, attribute.after))
    told = [(path, short(before), short(after)) for path, before, after in found[:_PLACES]]
    lines = [f"{path}: {before} → {after}" for path, before, after in told if before != after or before != _NOTHING]
    return [*lines, f"{attribute.name}: {len(found) - _PLACES} more"] if len(found) > _PLACES else lines


def short(value: Any) -> str:
    """A value in a few characters; an empty one is named."""
    import json

    if value is None or value in ("", [], {}):
        return _NOTHING
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
