"""Dry runs of what is done to an environment as a whole: the plan is made and shown, and nothing is applied."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cli.session import Session
from cli.target import stack_of

if TYPE_CHECKING:
    from bbws_access.provisioning.plans import PlanSummary

    Act = Callable[[Callable[[PlanSummary], None]], object]
    """Makes a plan, and hands it to what is asked before it is applied."""


class _Seen(Exception):
    """Ends an apply once its plan has been seen."""


def tell_plan(session: Session, act: Act) -> None:
    """Shows the plan that ``act`` would apply."""
    from cli.plan_view import show_plan

    seen: list[PlanSummary] = []

    def stop(summary: PlanSummary) -> NoReturn:
        seen.append(summary)
        raise _Seen

    with suppress(_Seen):
        act(stop)
    summary = seen[0] if seen else None
    if session.show.is_json:
        told: dict[str, Any] = {"pending": False} if summary is None else {"pending": True, **summary.as_data()}
        session.show.json({"dryRun": True, "environment": session.env, **told})
    elif summary is None:
        session.show.line("Nothing would change.")
    else:
        show_plan(session.show, session.env, summary)
    session.show.note("Nothing was changed: this was a dry run.")


def tell_steps(session: Session, *steps: str) -> None:
    """Shows what would be done where there is no plan for it."""
    if session.show.is_json:
        session.show.json({"dryRun": True, "environment": session.env, "wouldDo": list(steps)})
    else:
        for step in steps or ("Nothing would change.",):
            session.show.line(step)
    session.show.note("Nothing was changed: this was a dry run.")


def tell_up(session: Session, *, replan: bool = False, approved: str | None = None) -> None:
    """Of ``env up`` and ``release deploy``. A local AWS that is down cannot be planned against."""
    from cli.provisioning_progress import ProvisioningProgress

    session = session.in_rehearsal()
    if session.is_local and session.emulator.find() is None:
        tell_steps(session, "start the local AWS", "bring it to what the sources say, with the data that it had")
        return
    session.announce()
    stack = stack_of(session)
    kept = None if replan else stack.kept_plan
    with ProvisioningProgress() as progress:
        tell_plan(
            session,
            lambda agree: stack.apply(
                progress.event, progress.step, kept=kept, approved=approved, allow_data_loss=True, agree=agree
            ),
        )


def tell_down(session: Session, *, erase: bool) -> None:
    """Of ``env down``."""
    from cli.provisioning_progress import ProvisioningProgress

    session = session.in_rehearsal()
    if session.is_local:
        steps = ["stop the local AWS"] if session.emulator.find() is not None else []
        gone: list[Path] = [session.emulator.log.parent, session.env_dir] if erase else []
        tell_steps(session, *steps, *(f"delete {place} and all in it" for place in gone if place.exists()))
        return
    session.announce()
    stack = stack_of(session)
    with ProvisioningProgress() as progress:
        tell_plan(
            session, lambda agree: stack.destroy(progress.event, progress.step, allow_data_loss=True, agree=agree)
        )
