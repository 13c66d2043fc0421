"""The hard stop before data is lost: below every command, between a plan and its apply."""

from __future__ import annotations

from bbws_access.errors import Refused
from bbws_access.provisioning.plans import Action, Change, PlanSummary

FLAG = "--allow-data-loss"


def require_no_data_loss(summary: PlanSummary, *, allowed: bool) -> None:
    """Raises :class:`Refused` (``DATA_LOSS``) where the plan destroys or replaces what holds data, or a copy of it.

    ``allowed`` is somebody's word that it may.
    """
    losses = summary.losses
    if not losses or allowed:
        return
    first = f"{losses[0].address} would be {reason(losses[0])}"
    more = f", and {len(losses) - 1} more that hold data" if len(losses) > 1 else ""
    raise Refused(
        f"{first}{more}",
        code="DATA_LOSS",
        hint=f"if that is what you want, repeat it with {FLAG}",
        details={
            "losses": [
                {"address": c.address, "kind": c.kind, "action": c.action.value, "because": list(c.because)}
                for c in losses
            ]
        },
    )


def reason(change: Change) -> str:
    """Why a resource, or its replica, goes: what forces its replacement, and from what to what."""
    if change.lost_replicas:
        return f"changed, and its replica in {' and '.join(change.lost_replicas)} be destroyed"
    if change.action is Action.DESTROY:
        return "destroyed with all that is in it"
    if change.tainted:
        return "destroyed and made anew, empty, because it is marked as tainted"
    values = {a.name: a for a in change.attributes}
    named = []
    for path in change.because:
        attribute = values.get(path.split(".", 1)[0])
        simple = attribute is not None and path == attribute.name and _is_plain(attribute.before, attribute.after)
        named.append(f"{path} ({attribute.before} to {attribute.after})" if attribute and simple else path)
    why = f", because {', '.join(named)} cannot be changed in place" if named else ""
    return f"destroyed and made anew, empty{why}"


def _is_plain(*values: object) -> bool:
    return all(value is None or isinstance(value, str | int | float | bool) for value in values)
