"""The workflows run commands that exist, with flags that exist, and hold no key."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bbws_access.provisioning.settings import load, names
from tests.cli.parsing import parse

GITHUB = Path(__file__).parent.parent / ".github"
WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in sorted((GITHUB / "workflows").glob("*.yml"))}
ACTION = yaml.safe_load((GITHUB / "actions" / "set-up" / "action.yml").read_text())
COMMAND = re.compile(r"^\s*(bbws-access .*?)\s*$", re.MULTILINE)


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, workflow in WORKFLOWS.items():
        for job, body in workflow["jobs"].items():
            yield name, job, body


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, _, body in jobs():
        for step in body.get("steps", []):
            yield name, step
    for step in ACTION["runs"]["steps"]:
        yield "set-up", step


def commands() -> list[tuple[str, str]]:
    return [(name, line) for name, step in steps() for line in COMMAND.findall(step.get("run", ""))]


@pytest.mark.parametrize(("workflow", "line"), commands())
def test_every_command_and_flag_exists(workflow: str, line: str) -> None:
    words = shlex.split(line)[1:]
    parse(words)
    places = [word for word in words[2:3] if word in {"local", "dev", "sit", "prod", "production", "staging"}]
    assert set(places) <= set(names())


@pytest.mark.parametrize(
    "words", [["env", "nothing"], ["env", "plan", "--nothing"], ["nothing"], ["env", "up", "dev", "extra"]]
)
def test_the_check_itself_sees_what_is_wrong(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|unexpected|got"):
        parse(words)


def test_what_the_workflows_are_there_for() -> None:
    assert {"ci.yml", "plan.yml", "deploy.yml", "drift.yml"} <= WORKFLOWS.keys()
    run = {" ".join(shlex.split(line)[:3]) for _, line in commands()}
    assert {"bbws-access env plan", "bbws-access env up", "bbws-access env drift"} <= run
    assert WORKFLOWS["drift.yml"][True]["schedule"]
    assert "pull_request" in WORKFLOWS["plan.yml"][True]


def test_nothing_of_substance_is_done_but_by_the_product() -> None:
    allowed = ("bbws-access ", "make ", "python -m pip ", "gh pr comment ", "echo ", "cat plan.md ", "{", "}")
    for _, step in steps():
        for line in step.get("run", "").splitlines():
            assert not line.strip() or line.strip().startswith(allowed), line


def test_no_key_is_stored_and_a_token_only_where_a_role_is_taken_on() -> None:
    text = "".join(path.read_text() for path in GITHUB.rglob("*.yml"))
    assert not re.search(r"secrets\.|AWS_ACCESS_KEY|AWS_SECRET", text)
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] == {"contents": "read"}, name
    for name, job, body in jobs():
        takes = any((step.get("with") or {}).get("role") for step in body.get("steps", []))
        needs = takes or "uses" in body
        assert (body.get("permissions", {}).get("id-token") == "write") is needs, (name, job)


def test_nothing_that_a_stranger_writes_reaches_a_shell() -> None:
    for name, step in steps():
        assert "${{" not in step.get("run", ""), (name, step)


def test_a_role_is_only_taken_on_in_its_environment_and_region() -> None:
    for name, job, body in jobs():
        given = body.get("with") or {}
        if given.get("environment"):
            assert given["region"] == load(given["environment"]).region, (name, job)
        for entry in body.get("strategy", {}).get("matrix", {}).get("include", []):
            assert entry["region"] == load(entry["environment"]).region
        for step in body.get("steps", []):
            if role_of(step) == DEPLOYS:
                assert body["environment"], (name, job)
            if role_of(step) and (env := body.get("environment", "dev")) in names():
                assert step["with"]["region"] == load(env).region


DEPLOYS = "${{ vars.AWS_DEPLOY_ROLE_ARN }}"
READS = "${{ vars.AWS_PLAN_ROLE_ARN }}"


def role_of(step: dict[str, Any]) -> str | None:
    role: str | None = (step.get("with") or {}).get("role")
    return role


def test_what_changes_nothing_takes_on_the_role_that_cannot() -> None:
    roles = {name: {role_of(step) for found, step in steps() if found == name} - {None} for name in WORKFLOWS}
    assert {name: found for name, found in roles.items() if found} == {
        "plan.yml": {READS},
        "show-plan.yml": {READS},
        "drift.yml": {READS},
        "stand-up.yml": {DEPLOYS},
    }
    run = {name: [line for found, line in commands() if found == name] for name in roles}
    reading = [line for name in ("plan.yml", "show-plan.yml", "drift.yml") for line in run[name]]
    assert {line.split()[2] for line in reading} == {"plan", "drift", "status", "doctor"}
    # The state's lock would be written, and is only looked at.
    assert all("--no-lock" in line for line in reading if line.split()[2] in {"plan", "drift"})
    assert not [line for line in run["stand-up.yml"] if "--no-lock" in line]


def test_what_a_pull_request_runs_is_in_no_environment_and_writes_nothing_of_aws() -> None:
    """Its branch may have changed the workflow, but not the claim with which GitHub signs it in."""
    by_pull_request = {name for name, workflow in WORKFLOWS.items() if "pull_request" in workflow[True]}
    assert by_pull_request == {"ci.yml", "plan.yml"}
    assert not [name for name, workflow in WORKFLOWS.items() if "pull_request_target" in workflow[True]]
    for name, job, body in jobs():
        if name in by_pull_request:
            assert "environment" not in body, (name, job)
            assert "uses" not in body, (name, job)
            assert {role_of(step) for step in body["steps"]} <= {None, READS}, (name, job)
            if "id-token" in body.get("permissions", {}):
                assert "head.repo.full_name == github.repository" in body["if"], (name, job)


def before(job: str) -> set[str]:
    """All that has to succeed before a job of the deployment begins."""
    needs = WORKFLOWS["deploy.yml"]["jobs"][job].get("needs", [])
    needed = {needs} if isinstance(needs, str) else set(needs)
    return needed.union(*map(before, needed)) if needed else needed


def test_prod_comes_last_and_after_approvals() -> None:
    deploy = WORKFLOWS["deploy.yml"]["jobs"]
    assert {"dev"} <= before("plan-sit")
    assert {"sit"} <= before("plan-prod")
    asked = {deploy[job].get("environment") for job in before("prod")}
    assert asked >= {"sit-approval", "prod-approval"}
    assert "approve-sit" in before("sit")
    assert "approve-prod" in before("prod")


@pytest.mark.parametrize("env", ["dev", "sit", "prod"])
def test_what_is_applied_is_the_plan_that_was_shown_before_it_was_approved(env: str) -> None:
    deploy = WORKFLOWS["deploy.yml"]["jobs"]
    shown, up = deploy[f"plan-{env}"], deploy[env]
    assert (shown["uses"], up["uses"]) == ("./.github/workflows/show-plan.yml", "./.github/workflows/stand-up.yml")
    assert shown["with"]["environment"] == up["with"]["environment"] == env
    assert up["with"]["approved"] == f"${{{{ needs.plan-{env}.outputs.digest }}}}"
    assert f"plan-{env}" in up["needs"]
    if env != "dev":
        assert deploy[f"approve-{env}"]["needs"] == f"plan-{env}"
    (apply,) = [line for name, line in commands() if name == "stand-up.yml" and " env up " in line]
    assert '--approved "$APPROVED"' in apply
    body = WORKFLOWS["stand-up.yml"]
    assert body["jobs"]["up"]["env"]["APPROVED"] == "${{ inputs.approved }}"
    assert body[True]["workflow_call"]["inputs"]["approved"]["required"] is True


def test_every_job_that_reaches_aws_knows_which_account_it_is_for() -> None:
    """Without a change of the tree: from a variable of the repository."""
    for name, job, body in jobs():
        if any((step.get("with") or {}).get("role") for step in body.get("steps", [])):
            assert body["env"]["BBWS_ACCESS_ACCOUNTS"] == "${{ vars.BBWS_ACCESS_ACCOUNTS }}", (name, job)


def test_two_at_once_in_one_environment_wait_for_each_other() -> None:
    groups = [WORKFLOWS[name]["concurrency"] for name in ("stand-up.yml", "show-plan.yml")]
    assert groups[0] == groups[1]
    assert "inputs.environment" in groups[0]["group"]
    assert groups[0]["cancel-in-progress"] is False


def test_every_action_is_pinned_to_a_version() -> None:
    for name, step in steps():
        if "uses" in step and not step["uses"].startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", step["uses"]), (name, step["uses"])


def test_every_job_ends() -> None:
    for name, job, body in jobs():
        assert "uses" in body or body["timeout-minutes"] <= 45, (name, job)
