"""Dry runs of what is done to a whole environment: the plan is shown, and nothing is applied or asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bbws_access.provisioning.locks import Lock
from bbws_access.provisioning.plans import PlanSummary
from cli import environment_rehearsal
from cli.reference import described
from tests.cli.conftest import Run
from tests.cli.test_env_commands import Stand, stand, told  # noqa: F401 - fixtures


@pytest.fixture
def rehearsing(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:  # noqa: F811 - the fixture
    monkeypatch.setattr(environment_rehearsal, "stack_of", lambda session: stand)
    return stand


@pytest.mark.parametrize(
    "line", ["env up prod", "env up dev --replan", "release deploy sit", "env down dev --erase --allow-data-loss"]
)
def test_the_plan_is_shown_and_not_applied(bare: Run, rehearsing: Stand, line: str) -> None:
    done = bare(*line.split(), "--dry-run")
    assert done.code == 0, done.err
    assert rehearsing.asked == []
    assert "1 to replace, 1 to change, 5 to add" in done.out
    assert "[HOLDS DATA: IT WOULD BE LOST]" in done.out
    assert done.err.startswith("dry run · ")
    assert done.err.endswith("Nothing was changed: this was a dry run.\n")
    found = bare(*line.split(), "--dry-run", "-o", "json").json
    assert (found["dryRun"], found["pending"], found["counts"]["add"]) == (True, True, 5)


def test_nothing_to_change(bare: Run, rehearsing: Stand) -> None:
    rehearsing.summary = PlanSummary()
    assert bare("env", "up", "dev", "--dry-run").out == "Nothing would change.\n"
    assert bare("env", "up", "dev", "--dry-run", "-o", "json").json == {
        "dryRun": True,
        "environment": "dev",
        "pending": False,
    }


def test_a_local_aws_that_is_down_stays_down(bare: Run, tmp_path: Path) -> None:
    done = bare("env", "up", "local", "--dry-run")
    assert (done.code, done.out.splitlines()[0]) == (0, "start the local AWS")
    assert not (tmp_path / "state" / "emulator" / "data").exists()
    assert bare("env", "down", "local", "--dry-run").out == "Nothing would change.\n"


def test_what_erasing_would_delete_is_named_and_stays(bare: Run, tmp_path: Path) -> None:
    kept = tmp_path / "state" / "local"
    kept.mkdir(parents=True)
    done = bare("env", "down", "local", "--erase", "--dry-run")
    assert (done.code, f"delete {kept} and all in it" in done.out) == (0, True)
    assert kept.exists()


def test_a_lock_is_named_and_held(bare: Run, rehearsing: Stand) -> None:
    rehearsing.held = Lock("0b5c", "OperationTypeApply", "ops@host", "2026-03-01T09:30:00Z")
    done = bare("env", "unlock", "sit", "--dry-run")
    assert (done.code, rehearsing.asked) == (0, [])
    assert done.out.startswith("release lock 0b5c, ")


def test_every_command_that_changes_an_environment_can_be_rehearsed() -> None:
    changing = {one["command"] for one in described() if one["changes"]}
    assert changing >= {
        "env up",
        "env down",
        "env unlock",
        "env bootstrap",
        "release deploy",
        "table seed",
        "table migrate",
        "table verify",
        "table backup",
        "table restore",
        "table pitr",
        "audit export",
        "audit archive",
        "audit restore",
    }
