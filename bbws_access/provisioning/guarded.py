"""Planning and applying one Terraform root so that nothing is applied but a plan that has passed the guard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bbws_access.provisioning import kept_plan
from bbws_access.provisioning.guard import require_no_data_loss
from bbws_access.provisioning.kept_plan import PLAN_FILE, RECORD_FILE
from bbws_access.provisioning.plans import PlanSummary, from_events, from_json
from bbws_access.provisioning.runner import OnEvent, Outcome, TerraformRunner


class GuardedRunner:
    """``runner`` works in the root; ``folder`` is where its one plan lies."""

    def __init__(self, runner: TerraformRunner, folder: Path) -> None:
        self.runner = runner
        self._folder = folder

    def plan(self, on_event: OnEvent, *, destroy: bool = False, only: Sequence[str] = ()) -> PlanSummary:
        """Makes a plan; one that was kept there is kept no longer. Raises as the runner does.

        Terraform marks what it was creating when it was interrupted, to make it anew. Of what holds data that
        mark is taken away: it stays, and is completed in place.
        """
        summary = self._plan(on_event, destroy=destroy, only=only)
        marked = [change.address for change in summary.losses if change.tainted]
        for address in marked:
            self.runner.untaint(address)
        return self._plan(on_event, destroy=destroy, only=only) if marked else summary

    def _plan(self, on_event: OnEvent, *, destroy: bool, only: Sequence[str]) -> PlanSummary:
        kept_plan.drop(self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._folder / PLAN_FILE
        outcome = self.runner.plan(on_event, target, destroy=destroy, only=only)
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

        Raises ``Refused`` where data would be lost; else as the runner does.
        """
        require_no_data_loss(summary, allowed=allow_data_loss)
        (self._folder / RECORD_FILE).unlink(missing_ok=True)
        try:
            return self.runner.apply(on_event, self._folder / PLAN_FILE)
        finally:
            kept_plan.drop(self._folder)


def only_adds(outcome: Outcome) -> bool:
    """Whether Terraform's own count and its events agree that nothing there is touched: then both say all."""
    total = outcome.summary
    added = sum(1 for event in outcome.planned if event.action == "create")
    harmless = all(event.action in {"create", "read", "noop"} for event in outcome.planned)
    return harmless and total is not None and total.add == added > 0 and not total.change and not total.remove
