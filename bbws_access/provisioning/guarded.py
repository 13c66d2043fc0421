"""Planning and applying one Terraform root so that nothing is applied but a plan that has passed the guard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bbws_access.errors import ProvisioningFailed, Refused
from bbws_access.provisioning import kept_plan
from bbws_access.provisioning.cut_off import CutOff, ended_by_itself, taken
from bbws_access.provisioning.guard import require_no_data_loss
from bbws_access.provisioning.kept_plan import PLAN_FILE, RECORD_FILE
from bbws_access.provisioning.plans import PlanSummary, from_events, from_json, to_be_made
from bbws_access.provisioning.runner import OnEvent, Outcome, TerraformRunner

MOST_ROUNDS: Final = 3
"""How often an apply is tried anew after something was taken up: what depends on it may have been made as well."""


class GuardedRunner:
    """``runner`` works in the root; ``folder`` is where its one plan lies.

    ``alone`` is whether nobody else makes anything there, as in an emulator of one's own.
    """

    def __init__(self, runner: TerraformRunner, folder: Path, *, alone: bool = False) -> None:
        self.runner = runner
        self._folder = folder
        self._alone = alone
        self._cut_off = CutOff(folder)

    def plan(
        self, on_event: OnEvent, *, destroy: bool = False, only: Sequence[str] = (), lock: bool = True
    ) -> PlanSummary:
        """Makes a plan; one that was kept there is kept no longer. Raises as the runner does.

        Terraform marks what it was creating when it was interrupted, to make it anew. Where it holds data, or an
        apply was cut off, that mark is taken away: it stays, and is completed in place. What another resource needs
        could not be made anew while it stands, for its name is taken. Without ``lock`` the state is only read, and
        the mark stays.
        """
        summary = self._plan(on_event, destroy=destroy, only=only, lock=lock)
        if not lock:
            return summary
        all_stay = bool(self._cut_off) and not destroy
        marked = [change.address for change in summary.changes if change.tainted and (all_stay or change.loses_data)]
        for address in marked:
            self.runner.untaint(address)
        return self._plan(on_event, destroy=destroy, only=only) if marked else summary

    def _plan(self, on_event: OnEvent, *, destroy: bool, only: Sequence[str], lock: bool = True) -> PlanSummary:
        kept_plan.drop(self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._folder / PLAN_FILE
        outcome = self.runner.plan(on_event, target, destroy=destroy, only=only, lock=lock)
        target.chmod(0o600)  # a plan holds the whole state
        if only_adds(outcome):
            # To ask Terraform for the whole plan takes seconds, and here there is nothing more to hear.
            return from_events(outcome.planned)
        return self.summary() if outcome.changes_planned else PlanSummary()

    def summary(self) -> PlanSummary:
        """What the plan that lies there would do."""
        return from_json(self.runner.show(self._folder / PLAN_FILE))

    def apply(self, on_event: OnEvent, summary: PlanSummary, *, allow_data_loss: bool) -> Outcome:
        """Applies the plan, which ``summary`` is of. From then on it is used up, whatever comes of it.

        What an apply that was cut off has made without writing it down is taken up on the way. Raises
        ``Refused`` where data would be lost; else as the runner does.
        """
        require_no_data_loss(summary, allowed=allow_data_loss)
        (self._folder / RECORD_FILE).unlink(missing_ok=True)
        goes_on = bool(self._cut_off)
        self._cut_off.begin()
        for tries_left in reversed(range(MOST_ROUNDS)):
            try:
                outcome = self._apply(on_event)
                break
            except ProvisioningFailed as error:
                if not (tries_left and (goes_on or self._alone) and self._taken_up(on_event, error, summary)):
                    if not goes_on and ended_by_itself(error):
                        self._cut_off.end()
                    raise
        self._cut_off.end()
        self.runner.adopted()
        return outcome

    def _apply(self, on_event: OnEvent) -> Outcome:
        try:
            return self.runner.apply(on_event, self._folder / PLAN_FILE)
        finally:
            kept_plan.drop(self._folder)

    def _taken_up(self, on_event: OnEvent, error: ProvisioningFailed, agreed: PlanSummary) -> bool:
        """Whether anything was; then a plan for the rest lies there, which does no more than was agreed to."""
        self._plan(on_event, destroy=False, only=())
        found = taken(error, to_be_made(self.runner.show(self._folder / PLAN_FILE)))
        if not found:
            return False
        self.runner.adopt(found)
        rest = self.plan(on_event)
        require_no_data_loss(rest, allowed=False)
        if not {change.address for change in rest.changes} <= {change.address for change in agreed.changes}:
            raise Refused("more would be changed than was agreed to", hint="look at the plan again")
        return True


def only_adds(outcome: Outcome) -> bool:
    """Whether Terraform's own count and its events agree that nothing there is touched: then both say all."""
    total = outcome.summary
    added = sum(1 for event in outcome.planned if event.action == "create")
    harmless = all(event.action in {"create", "read", "noop"} for event in outcome.planned)
    return harmless and total is not None and total.add == added > 0 and not total.change and not total.remove
