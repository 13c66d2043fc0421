"""Applying goes through a plan and the guard, with the real Terraform where that is quick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bbws_access.errors import ProvisioningFailed, Refused
from bbws_access.provisioning import kept_plan
from bbws_access.provisioning.cut_off import IMPORT_IDS, CutOff
from bbws_access.provisioning.events import Planned, Summary
from bbws_access.provisioning.guarded import GuardedRunner
from bbws_access.provisioning.kept_plan import PLAN_FILE
from bbws_access.provisioning.plans import Action, Change, PlanSummary
from bbws_access.provisioning.runner import Outcome
from tests.provisioning.plan_json import GROUP, TABLE, plan, resource


class Runner:
    """Terraform's answers, one after the other, and what was asked of it."""

    def __init__(self, *shown: Any, dies: bool = False) -> None:
        self.shown = list(shown)
        self.dies = dies
        self.asked: list[str] = []

    def plan(self, on_event: Any, target: Path, *, destroy: bool, only: Sequence[str], lock: bool) -> Outcome:
        self.asked.append("plan" if lock else "plan without lock")
        target.write_text("plan")
        events = self.shown[0] if isinstance(self.shown[0], list) else []
        summary = Summary("plan", len(events), 0, 0) if events else Summary("plan", 0, 1, 0)
        return Outcome(summary=summary, planned=events, changes_planned=self.shown[0] is not None)

    def show(self, target: Path) -> Any:
        self.asked.append("show")
        return self.shown.pop(0)

    def adopted(self) -> None: ...

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


def test_whoever_takes_no_lock_only_reads_and_the_mark_stays(tmp_path: Path) -> None:
    runner = Runner(plan(tainted(TABLE)))
    assert guarded(runner, tmp_path).plan(ignore, lock=False).losses
    assert runner.asked == ["plan without lock", "show"]


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


def test_after_an_apply_that_was_cut_off_all_that_it_had_begun_stays(tmp_path: Path) -> None:
    other = "aws_lambda_function.f"
    cut_off(tmp_path)
    runner = Runner(plan(tainted(other)), plan(resource(other, "update")))
    assert guarded(runner, tmp_path).plan(ignore).counts[Action.CHANGE] == 1
    assert runner.asked == ["plan", "show", f"untaint {other}", "plan", "show"]


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
    assert not (folder / PLAN_FILE).exists()
    assert kept_plan.find(folder) is None
    assert bool(CutOff(folder)) is dies


class Refusing(Runner):
    """A Terraform whose apply finds names taken; ``taken`` are the errors of each try, until there are no more."""

    def __init__(self, *taken: list[dict[str, str]], **more: Any) -> None:
        super().__init__(**more)
        self.taken = list(taken)
        self.taken_up: list[str] = []

    def plan(self, on_event: Any, target: Path, *, destroy: bool, only: Sequence[str], lock: bool) -> Outcome:
        self.asked.append("plan" if lock else "plan without lock")
        target.write_text("plan")
        return Outcome(summary=Summary("plan", 1, 1, 0), changes_planned=True)

    def show(self, target: Path) -> Any:
        name = {"after": {"name": "/aws/lambda/x"}}
        left = [resource(address, "create", **name) for address in (GROUP, OTHER) if address not in self.taken_up]
        return plan(*left, *(resource(address, "update") for address in self.taken_up))

    def adopt(self, found: dict[str, str]) -> None:
        self.taken_up += found
        assert set(found.values()) == {"/aws/lambda/x"}

    def apply(self, on_event: Any, target: Path) -> Outcome:
        self.asked.append("apply")
        if self.taken:
            raise ProvisioningFailed("terraform apply failed", details={"errors": self.taken.pop(0)})
        return Outcome(summary=Summary("apply", 1, 0, 0))


OTHER = GROUP.replace("team", "role")
TAKEN = {"summary": "creating: ResourceAlreadyExistsException: The specified log group already exists", "detail": ""}
ADDED = PlanSummary(tuple(Change(a, "aws_cloudwatch_log_group", Action.ADD) for a in (GROUP, OTHER)))


def cut_off(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        guarded(Runner(dies=True), folder).apply(ignore, ADDED, allow_data_loss=False)


def test_what_an_apply_that_was_cut_off_had_made_is_taken_up(tmp_path: Path) -> None:
    cut_off(tmp_path)
    runner = Refusing([TAKEN | {"where": GROUP}], [TAKEN | {"where": OTHER}])
    assert guarded(runner, tmp_path).apply(ignore, ADDED, allow_data_loss=False).summary == Summary("apply", 1, 0, 0)
    assert runner.taken_up == [GROUP, OTHER]
    assert list((tmp_path / "plan").iterdir()) == []
    stranger = Refusing([TAKEN | {"where": GROUP}])
    with pytest.raises(ProvisioningFailed):
        guarded(stranger, tmp_path).apply(ignore, ADDED, allow_data_loss=False)
    assert stranger.taken_up == []


def test_where_nobody_else_makes_anything_a_name_that_is_taken_is_ours(tmp_path: Path) -> None:
    """A request whose answer was lost is sent again, and finds what it has made."""
    runner = Refusing([TAKEN | {"where": GROUP}])
    GuardedRunner(runner, tmp_path / "plan", alone=True).apply(ignore, ADDED, allow_data_loss=False)  # type: ignore[arg-type]
    assert runner.taken_up == [GROUP]


@pytest.mark.parametrize(
    "error",
    [
        {"summary": "AccessDeniedException", "detail": "", "where": GROUP},
        TAKEN | {"where": "module.other.aws_cloudwatch_log_group.this"},
        TAKEN | {"where": None},
    ],
)
def test_what_cannot_be_taken_up_stays_a_failure(tmp_path: Path, error: dict[str, str]) -> None:
    cut_off(tmp_path)
    runner = Refusing([error])
    with pytest.raises(ProvisioningFailed):
        guarded(runner, tmp_path).apply(ignore, ADDED, allow_data_loss=False)
    assert runner.taken_up == []
    assert CutOff(tmp_path / "plan")  # the next try may still find what the first had made


def test_what_was_taken_up_and_fails_again_is_a_failure(tmp_path: Path) -> None:
    cut_off(tmp_path)
    runner = Refusing(*[[TAKEN | {"where": GROUP}]] * 10)
    with pytest.raises(ProvisioningFailed):
        guarded(runner, tmp_path).apply(ignore, ADDED, allow_data_loss=False)
    assert runner.asked.count("apply") == 2


def test_taking_up_does_no_more_than_was_agreed_to(tmp_path: Path) -> None:
    cut_off(tmp_path)
    runner = Refusing([TAKEN | {"where": GROUP}])
    with pytest.raises(Refused, match="agreed"):
        guarded(runner, tmp_path).apply(ignore, PlanSummary(ADDED.changes[:1]), allow_data_loss=False)


def test_an_import_of_every_kind_is_named_by_what_is_planned() -> None:
    attributes = {
        "bucket": "b", "function_name": "f", "name": "n", "qualifier": "live", "rest_api_id": "r",
        "stage_name": "v1", "statement_id": "s",
    }  # fmt: skip
    assert {kind: name(attributes) for kind, name in IMPORT_IDS.items()} == {
        "aws_api_gateway_stage": "r/v1",
        "aws_cloudwatch_log_group": "n",
        "aws_dynamodb_table": "n",
        "aws_iam_role": "n",
        "aws_lambda_alias": "f/n",
        "aws_lambda_function": "f",
        "aws_lambda_permission": "f:live/s",
        "aws_s3_bucket": "b",
    }
