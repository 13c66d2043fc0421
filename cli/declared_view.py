"""Plans of declared state, as people see them; and the options of the commands about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bbws_access.wording import number_of
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.services.declared.plan import Declared
    from bbws_access.services.declared.steps import Plan, Step

FileOption = Annotated[
    Path, typer.Option("--file", "-f", metavar="FILE", help="The file of declared state, YAML.", show_default=False)
]
PruneOption = Annotated[
    bool, typer.Option("--prune", help="Remove what the file's sections do not name; else it is left alone.")
]

_STEPS: Final = {"": "sign", "What": "kind", "Name": "name", "Change": "change"}
_ACCESS: Final = {"User": "user", "Gains": "gains", "Loses": "loses"}
_SIGNS: Final = {"create": "+", "change": "~", "remove": "-"}


def declared(file: Path) -> Declared:
    """Raises ``InvalidInput`` with one line that names file, line and cause."""
    from bbws_access.services.declared.plan import Declared
    from bbws_access.yaml_source import read_yaml

    return Declared.of(read_yaml(file))


def planned(session: Session, found: Declared, *, prune: bool) -> Plan:
    return session.services.declared_state.plan(session.actor, session.org_id, found, prune=prune)


def show_plan(session: Session, plan: Plan) -> None:
    """The steps, and then what they change for whom."""
    session.show.table([_row(step) for step in plan.steps], _STEPS, empty="Nothing to do: it is so already.")
    if plan.access:
        if not session.show.withheld:
            session.show.blank()
        session.show.table([one.data() for one in plan.access], _ACCESS, empty="")
    if plan.steps:
        session.show.note(f"{summary(plan)} Plan {plan.id}.")


def summary(plan: Plan) -> str:
    from bbws_access.services.declared.steps import Sign

    create, change, remove = (plan.count(sign) for sign in Sign)
    people = len(plan.access)
    access = f"changes what {number_of(people, 'user')} may do" if people else "what users may do stays as it is"
    return f"{create} to create, {change} to change, {remove} to remove; {access}."


def _row(step: Step) -> dict[str, Any]:
    return {
        "sign": _SIGNS[step.sign],
        "kind": step.kind.value,
        "name": step.name,
        "change": ", ".join(_changes(step.before, step.after)),
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[str]:
    if not before or not after:
        return []
    return [f"{name}: {_change(before.get(name), value)}" for name, value in after.items()]


def _change(old: Any, new: Any) -> str:
    if isinstance(old, list) and isinstance(new, list):
        return " ".join([f"+{one}" for one in new if one not in old] + [f"-{one}" for one in old if one not in new])
    return f"{_word(old)} → {_word(new)}"


def _word(value: Any) -> str:
    if value is None or value == "":
        return "(none)"
    return str(value).lower() if isinstance(value, bool) else str(value)
