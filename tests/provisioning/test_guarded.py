"""Applying goes through a plan and the guard, with the real Terraform where that is quick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bbws_access.errors import Refused
from bbws_access.provisioning import kept_plan
from bbws_access.provisioning.events import Planned, Summary
from bbws_access.provisioning.guarded import GuardedRunner
from bbws_access.provisioning.kept_plan import PLAN_FILE
from bbws_access.provisioning.plans import Action, Change, PlanSummary
from bbws_access.provisioning.runner import Outcome
from tests.provisioning.plan_json import TABLE, plan, resource


class Runner:
    """Terraform's answers, one after the other, and what was asked of it."""

    def __init__(self, *shown: Any, dies: bool = False) -> None:
        self.shown = list(shown)
        self.dies = dies
        self.asked: list[str] = []

    def plan(self, on_event: Any, target: Path, *, destroy: bool, only: Sequence[str]) -> Outcome:
        self.asked.append("plan")
        target.write_text("plan")
        events = self.shown[0] if isinstance(self.shown[0], list) else []
        summary = Summary("plan", len(events), 0, 0) if events else Summary("plan", 0, 1, 0)
        return Outcome(summary=summary, planned=events, changes_planned=self.shown[0] is not None)

    def show(self, target: Path) -> Any:
        self.asked.append("show")
        return self.shown.pop(0)

    def untaint(self, address: str) -> None:
        self.asked.append(f"untaint {address}")

    def apply(self, on_event: Any, target: Path) -> Outcome:
        self.asked.append("apply")
        assert kept_plan.find(target.parent) is None  # used up before anything happens
        if self.dies:
            raise KeyboardInterrupt
        return Outcome(summary=Summary("apply", 1, 0, 0))


def ignore(_event: Any) -> None: ...


def guarded(runner: Runner, folder: Path) -> GuardedRunner:
    return GuardedRunner(runner, folder / "plan")  # type: ignore[arg-type]


def tainted(address: str) -> dict[str, Any]:
    return resource(address, "delete", "create") | {"action_reason": "replace_because_tainted"}


def test_of_what_is_only_new_terraform_is_not_asked_twice(tmp_path: Path) -> None:
    runner = Runner([Planned(TABLE, "create", "aws_dynamodb_table")])
    assert guarded(runner, tmp_path).plan(ignore).changes == (Change(TABLE, "aws_dynamodb_table", Action.ADD),)
    assert runner.asked == ["plan"]


def test_where_nothing_differs_nothing_more_is_asked(tmp_path: Path) -> None:
    runner = Runner(None)
    assert guarded(runner, tmp_path).plan(ignore).is_empty
    assert runner.asked == ["plan"]


def test_the_rest_is_asked_in_full(tmp_path: Path) -> None:
    runner = Runner(plan(resource(TABLE, "update")))
    assert guarded(runner, tmp_path).plan(ignore).counts[Action.CHANGE] == 1
    assert runner.asked == ["plan", "show"]


def test_what_holds_data_and_was_cut_off_stays(tmp_path: Path) -> None:
    other = "aws_lambda_function.f"
    runner = Runner(plan(tainted(TABLE), tainted(other)), plan(resource(TABLE, "update"), tainted(other)))
    summary = guarded(runner, tmp_path).plan(ignore)
    assert [(c.address, c.action) for c in summary.changes] == [(TABLE, Action.CHANGE), (other, Action.REPLACE)]
    assert runner.asked == ["plan", "show", f"untaint {TABLE}", "plan", "show"]


def test_a_plan_is_for_its_owners_eyes(tmp_path: Path) -> None:
    guarded(Runner(None), tmp_path).plan(ignore)
    assert (tmp_path / "plan" / PLAN_FILE).stat().st_mode & 0o077 == 0
    assert (tmp_path / "plan").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("action", [Action.DESTROY, Action.REPLACE])
def test_the_guard_stands_before_terraform(tmp_path: Path, action: Action) -> None:
    runner = Runner()
    summary = PlanSummary((Change(TABLE, "aws_dynamodb_table", action),))
    with pytest.raises(Refused):
        guarded(runner, tmp_path).apply(ignore, summary, allow_data_loss=False)
    assert runner.asked == []
    (tmp_path / "plan").mkdir()
    guarded(runner, tmp_path).apply(ignore, summary, allow_data_loss=True)
    assert runner.asked == ["apply"]


@pytest.mark.parametrize("dies", [False, True])
def test_a_plan_is_used_up_by_its_apply_whatever_comes_of_it(tmp_path: Path, dies: bool) -> None:
    folder = tmp_path / "plan"
    folder.mkdir()
    (folder / PLAN_FILE).write_text("plan")
    (folder / kept_plan.RECORD_FILE).write_text("{}")
    work = guarded(Runner(dies=dies), tmp_path)
    if dies:
        with pytest.raises(KeyboardInterrupt):
            work.apply(ignore, PlanSummary(), allow_data_loss=False)
    else:
        work.apply(ignore, PlanSummary(), allow_data_loss=False)
    assert list(folder.iterdir()) == []
