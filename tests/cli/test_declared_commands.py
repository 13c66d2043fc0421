"""plan, apply and export on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.memory import Memory

FILE = "tests/cli/files/acme.yaml"


def test_a_plan_can_tell_by_its_exit_code(office: Run) -> None:
    assert office("plan", "-f", FILE).code == 0
    assert office("plan", "-f", FILE, "--detailed-exitcode").code == 3
    assert office("apply", "-f", FILE, "--yes").code == 0
    done = office("plan", "-f", FILE, "--detailed-exitcode")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("Nothing to do: it is so already.\n")
    assert office("apply", "-f", FILE).code == 0  # nothing to be asked for


def test_an_apply_may_expect_a_plan(office: Run, acme_office: Memory) -> None:
    plan = office("plan", "-f", FILE, "-o", "json").json
    assert (plan["create"], plan["change"], plan["remove"]) == (4, 2, 0)
    assert office("team-roles", "update", "VIEWER", "--description", "Unrelated").code == 0
    assert office("plan", "-f", FILE, "--query", "plan").json == plan["plan"]
    assert office("teams", "update", "Web", "--description", "Related").code == 0
    before = acme_office.table.state()
    done = office("apply", "-f", FILE, "--expect", plan["plan"], "--yes")
    assert (done.code, done.out) == (1, "")
    assert "there is something else to do than was expected" in done.err
    assert acme_office.table.state() == before
    now = office("plan", "-f", FILE, "-o", "json").json["plan"]
    assert office("apply", "-f", FILE, "--expect", now, "--yes").code == 0


def test_an_apply_that_is_interrupted_says_how_far_it_came(office: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from bbws_access.services.declared.apply import StepTaker

    take, taken = StepTaker.take, []

    def interrupted(self: StepTaker, *given: Any) -> None:
        if len(taken) == 2:
            raise KeyboardInterrupt
        take(self, *given)
        taken.append(given)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(StepTaker, "take", interrupted)
        done = office("apply", "-f", FILE, "--yes", "--quiet")
    assert (done.code, done.err.splitlines()[-2:]) == (
        130, ["2 of 6 steps taken; run it again: it goes on with what is left.", "interrupted"]
    )  # fmt: skip
    assert office("apply", "-f", FILE, "--yes").code == 0


def test_an_export_is_a_file_that_changes_nothing(office: Run, tmp_path: Path) -> None:
    target = tmp_path / "acme.yaml"
    done = office("export", "-f", str(target), "-o", "json")
    assert done.json == {"file": str(target), "teamRoles": 4, "roles": 5, "teams": 2, "assignments": 3}
    assert office("export").out == target.read_text(encoding="utf-8")
    assert office("plan", "-f", str(target), "--prune", "--detailed-exitcode").code == 0
    assert office("export", "-f", str(tmp_path / "no" / "x.yaml")).code == 1


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_broken_file_is_one_line(office: Run, acme_office: Memory, tmp_path: Path, verb: str) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text("teams:\n- name: Web\n  members:\n  - {user: li@example.com, teamRole: \x1b[31m}\n")
    before = acme_office.table.state()
    done = office(verb, "-f", str(path))
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: {path}:4: has the character U+001B\n"
    missing = office(verb, "-f", str(tmp_path / "none.yaml"))
    assert (missing.code, missing.err) == (
        2,
        f"error: {tmp_path / 'none.yaml'}: cannot be read: No such file or directory\n",
    )
    assert acme_office.table.state() == before


def test_what_is_removed_is_asked_for(office: Run, tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text("assignments: []\n")
    assert office("apply", "-f", str(path), "--prune").code == 4
    done = office("apply", "-f", str(path), "--prune", "--yes")
    assert done.code == 0
    assert "-   assignment   SITE_VIEWER from ada@example.com" in done.out
    assert "0 to create, 0 to change, 3 to remove; changes what 3 users may do." in done.err


def test_a_dash_is_no_file(office: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert office("export", "-f", "-").out == office("export").out
    assert not (tmp_path / "-").exists()
