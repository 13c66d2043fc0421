"""Planning and comparing for whoever may not write the state's lock."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bbws_access.provisioning import kept_plan, locks, stack
from bbws_access.provisioning.locks import Lock, StateLocked
from bbws_access.provisioning.plans import PlanSummary
from bbws_access.provisioning.runner import Outcome
from bbws_access.provisioning.settings import load

HELD = Lock("8d1a", "OperationTypeApply", "thandi@laptop", "2026-03-01T12:00:05.1Z")


class Terraform:
    """What is planned, and whether with the lock."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def plan(self, on_event: Any, target: Path | None = None, *, refresh_only: bool = False, lock: bool) -> Any:
        self.asked.append(f"{'compare' if refresh_only else 'plan'}{'' if lock else ' without lock'}")
        return Outcome() if refresh_only else PlanSummary()


@pytest.fixture
def terraform(monkeypatch: pytest.MonkeyPatch) -> Terraform:
    found = Terraform()
    prepared = SimpleNamespace(guarded=SimpleNamespace(runner=found, plan=found.plan), basis=None)
    monkeypatch.setattr(stack.Stack, "_prepared", lambda self, on_step: prepared)
    monkeypatch.setattr(kept_plan, "keep", lambda *_: SimpleNamespace(digest="d"))
    return found


def ignore(_told: Any) -> None: ...


@pytest.mark.parametrize(("verb", "asked"), [("plan", "plan"), ("drift", "compare")])
def test_the_lock_is_looked_at_in_its_bucket_and_not_taken(
    terraform: Terraform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, asked: str
) -> None:
    looked: list[tuple[Any, str, str]] = []
    answers = iter([None, None, HELD, None, HELD])

    def of_bucket(s3: Any, bucket: str, key: str) -> Lock | None:
        looked.append((s3, bucket, key))
        return next(answers)

    monkeypatch.setattr(locks, "of_bucket", of_bucket)
    work = getattr(stack.Stack(load("dev"), tmp_path, {}, None), verb)
    work(ignore, ignore)
    assert (terraform.asked, looked) == ([asked], [])
    work(ignore, ignore, look=lambda: "client")
    assert terraform.asked.pop() == f"{asked} without lock"
    assert looked == [("client", "bbws-terraform-state-dev", "access-management/terraform.tfstate")] * 2
    with pytest.raises(StateLocked, match="thandi@laptop"):
        work(ignore, ignore, look=lambda: "client")
    assert terraform.asked == [asked]
    with pytest.raises(StateLocked):
        work(ignore, ignore, look=lambda: "client")
    assert terraform.asked == [asked, f"{asked} without lock"]
