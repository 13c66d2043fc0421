"""A kept plan is applied as it was made, or not at all."""

from __future__ import annotations

import json
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bbws_access.errors import ExitCode, ProvisioningFailed, Refused
from bbws_access.provisioning import kept_plan
from bbws_access.provisioning.events import Planned
from bbws_access.provisioning.kept_plan import (
    Basis,
    StateMark,
    commit_of,
    digest_of,
    mark_of,
    plan_digest,
    require_approved,
    require_unmoved,
)
from bbws_access.provisioning.plans import from_events, from_json
from tests.provisioning.plan_json import GROUP, plan, resource

BASIS = Basis("a" * 40, "sources", "variables", "account 111122223333 in eu-west-1")
STATE = StateMark("lineage", 5)


def state_text(lineage: Any = "lineage", serial: Any = 5) -> bytes:
    return json.dumps({"version": 4, "lineage": lineage, "serial": serial}).encode()


def kept(folder: Path) -> kept_plan.KeptPlan:
    with zipfile.ZipFile(folder / kept_plan.PLAN_FILE, "w") as archive:
        archive.writestr("tfstate", state_text())
    return kept_plan.keep(folder, BASIS, {"changes": []})


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    made = kept(tmp_path)
    assert kept_plan.find(tmp_path) == made
    assert made.state == STATE
    require_unmoved(made, BASIS, STATE, "prod")


@pytest.mark.parametrize(
    ("basis", "state", "reason"),
    [
        ({"commit": "b" * 40}, STATE, "it was made from commit aaaaaaaaaaaa, and this is bbbbbbbbbbbb"),
        ({"sources": "x"}, STATE, "Terraform sources have changed"),
        ({"variables": "x"}, STATE, "variables (settings or code) have changed"),
        ({"target": "the emulator at http://127.0.0.1:1"}, STATE, "it was made for account 111122223333"),
        ({}, StateMark("lineage", 6), "from serial 5 to 6"),
        ({}, StateMark("lineage", 4), "from serial 5 to 4"),
        ({}, StateMark("other", 5), "from another state"),
        ({}, StateMark(), "the state is gone"),
    ],
)
def test_each_thing_that_moves_is_a_reason(
    tmp_path: Path, basis: dict[str, str], state: StateMark, reason: str
) -> None:
    with pytest.raises(Refused) as refused:
        require_unmoved(kept(tmp_path), replace(BASIS, **basis), state, "prod")
    assert reason in refused.value.message
    assert refused.value.code == "PLAN_STALE"
    assert refused.value.exit_code == ExitCode.REFUSED
    assert refused.value.hint == "bbws-access env plan prod"


@pytest.mark.parametrize("record", [b"", b"{", b"null", b"[]", b'{"format": 2}', b"\xff", b"[" * 100_000])
def test_a_damaged_record_is_no_plan(tmp_path: Path, record: bytes) -> None:
    kept(tmp_path)
    (tmp_path / kept_plan.RECORD_FILE).write_bytes(record)
    assert kept_plan.find(tmp_path) is None


def test_a_record_without_its_plan_is_none(tmp_path: Path) -> None:
    kept(tmp_path).file.unlink()
    assert kept_plan.find(tmp_path) is None


def test_dropped_is_gone(tmp_path: Path) -> None:
    kept(tmp_path)
    assert kept_plan.drop(tmp_path)
    assert kept_plan.find(tmp_path) is None
    assert not kept_plan.drop(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("plan", [b"", b"rubbish"])
def test_a_plan_that_is_none(tmp_path: Path, plan: bytes) -> None:
    (tmp_path / kept_plan.PLAN_FILE).write_bytes(plan)
    with pytest.raises(ProvisioningFailed, match="cannot be read"):
        kept_plan.keep(tmp_path, BASIS, {})
    assert kept_plan.find(tmp_path) is None


@pytest.mark.parametrize("text", [b"{", b"[]", b"null", b'{"lineage": "x"}', state_text(serial="many"), b"\xff\xfe"])
def test_a_state_that_is_none(text: bytes) -> None:
    with pytest.raises(ProvisioningFailed):
        mark_of(text)


@pytest.mark.parametrize("text", [b"", b"\n"])
def test_no_state_yet(text: bytes) -> None:
    assert mark_of(text) == StateMark()


def test_the_commit_of_a_checkout_and_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit_of(tmp_path).startswith("version ")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "--no-verify", "-m", "x"], check=True)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert len(commit_of(tmp_path)) == 40
    monkeypatch.setenv("PATH", "")
    assert commit_of(tmp_path).startswith("version ")


def test_a_digest_tells_names_and_contents_apart() -> None:
    assert digest_of({"a": b"1", "b": b"2"}) == digest_of({"b": b"2", "a": b"1"})
    different = [{"a": b"12"}, {"a": b"1", "2": b""}, {"a1": b"2"}, {"a": b"2", "b": b"1"}, {}]
    assert len({digest_of(files) for files in different}) == len(different)


GROUPS = [resource(f'module.functions.aws_cloudwatch_log_group.this["{s}"]', "create", after={}) for s in "ab"]


def digest(*resources: Any, basis: Basis = BASIS, **more: Any) -> str:
    return plan_digest(basis, from_json(plan(*resources, **more)).as_data())


def test_machines_that_would_do_the_same_agree_on_it() -> None:
    """In whatever order Terraform tells it, and whichever of its two ways of telling is read."""
    made = [Planned(r["address"], "create", r["type"]) for r in reversed(GROUPS)]
    outputs = {"api_url": {"actions": ["create"]}}
    assert digest(*GROUPS, output_changes=outputs) == plan_digest(BASIS, from_events(made).as_data())


@pytest.mark.parametrize("part", ["commit", "sources", "variables", "target"])
def test_from_something_else_it_is_another_plan(part: str) -> None:
    assert digest(*GROUPS, basis=replace(BASIS, **{part: "other"})) != digest(*GROUPS)


def test_what_would_be_done_is_in_the_digest_down_to_the_values() -> None:
    def kept_for(days: int) -> dict[str, Any]:
        return resource(GROUP, "update", before={"retention_in_days": 30}, after={"retention_in_days": days})

    found = [digest(), digest(*GROUPS), digest(GROUPS[0]), digest(kept_for(7)), digest(kept_for(8))]
    assert len(set(found)) == len(found)


def test_only_the_plan_that_was_approved_passes() -> None:
    require_approved("a" * 64, None, "prod")
    require_approved("a" * 64, "a" * 64, "prod")
    for other in ("b" * 64, "", "a" * 63):
        with pytest.raises(Refused, match="is not the one that was approved") as refused:
            require_approved("a" * 64, other, "prod")
        assert refused.value.code == "PLAN_DIFFERS"
