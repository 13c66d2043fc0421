"""Whose lock it is."""

from __future__ import annotations

import fcntl
import io
import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning import failures, locks
from bbws_access.provisioning.events import Diagnostic

SAID = """Error message: resource temporarily unavailable
Lock Info:
  ID:        8d1a4ea7-1a0c-6f04-2f6f-8c6b4f8f8f8f
  Path:      terraform.tfstate
  Operation: OperationTypeApply
  Who:       thandi@laptop
  Version:   1.11.4
  Created:   2026-03-01 12:00:05.123456789 +0000 UTC
  Info:


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time."""

INFO = {
    "ID": "8d1a4ea7",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "thandi@laptop",
    "Version": "1.11.4",
    "Created": "2026-03-01T12:00:05.123456789Z",
    "Path": "bbws-terraform-state-prod/access-management/terraform.tfstate",
}


def test_terraforms_words() -> None:
    lock = locks.from_text(SAID)
    assert lock is not None
    assert lock.told() == "for an apply by thandi@laptop since 2026-03-01T12:00:05Z"


def test_the_error_names_the_owner_and_the_way_out() -> None:
    error = failures.failed("apply", [Diagnostic("error", "Error acquiring the state lock", SAID, None)], [], 1)
    assert error.code == "STATE_LOCKED"
    assert "thandi@laptop" in error.message
    assert "\n" not in error.message
    assert "bbws-access env unlock" in str(error.hint)


def test_a_lock_without_an_owner_stays_an_error_of_terraform() -> None:
    error = failures.failed("apply", [Diagnostic("error", "Error acquiring the state lock", "denied", None)], [], 1)
    assert error.code == "PROVISIONING_FAILED"
    assert "denied" in error.message


def test_a_stale_plan_is_refused() -> None:
    error = failures.failed("apply", [Diagnostic("error", "Saved plan is stale", "…", None)], [], 1)
    assert (error.code, error.exit_code) == ("PLAN_STALE", 4)


def test_the_locks_own_record() -> None:
    lock = locks.from_json(json.dumps(INFO))
    assert (lock.lock_id, lock.since) == ("8d1a4ea7", "2026-03-01T12:00:05Z")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", b"\xff", "[" * 100_000])
def test_a_record_that_is_none(text: str | bytes) -> None:
    with pytest.raises(ProvisioningFailed):
        locks.from_json(text)


@pytest.mark.parametrize("text", ["{}", '{"ID": null, "Who": 7}'])
def test_a_record_that_says_little(text: str) -> None:
    assert "since an unknown time" in locks.from_json(text).told()


class Missing(Exception):
    pass


class Bucket:
    """As much of boto3's client as is asked for."""

    exceptions = type("exceptions", (), {"NoSuchKey": Missing})

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get_object(self, Bucket: str, Key: str) -> Any:
        if Key not in self.objects:
            raise Missing
        return {"Body": io.BytesIO(self.objects[Key])}


def test_the_lock_in_a_bucket() -> None:
    bucket = Bucket({"k/terraform.tfstate.tflock": json.dumps(INFO).encode()})
    found = locks.of_bucket(bucket, "b", "k/terraform.tfstate")
    assert found is not None
    assert found.who == "thandi@laptop"
    assert locks.of_bucket(bucket, "b", "other") is None


def hold(state: Path, ready: Any, release: Any) -> None:
    with state.open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        ready.set()
        release.wait(60)


def test_a_file_is_locked_as_long_as_its_process_lives(tmp_path: Path) -> None:
    state = tmp_path / "terraform.tfstate"
    assert locks.of_file(state) is None
    state.write_text("{}")
    assert locks.of_file(state) is None
    (tmp_path / locks.LOCK_INFO).write_text(json.dumps(INFO))
    assert locks.of_file(state) is None  # what a killed process leaves
    ready, release = multiprocessing.Event(), multiprocessing.Event()
    process = multiprocessing.Process(target=hold, args=(state, ready, release))
    process.start()
    assert ready.wait(30)
    found = locks.of_file(state)
    (tmp_path / locks.LOCK_INFO).unlink()
    unnamed = locks.of_file(state)
    release.set()
    process.join()
    assert found is not None
    assert found.who == "thandi@laptop"
    assert unnamed is not None
    assert "somebody" in unnamed.told()
    assert locks.of_file(state) is None


def test_whoever_only_looks_at_the_lock_is_held_up_by_it_before_and_after() -> None:
    held = locks.from_json(json.dumps(INFO))
    seen: list[str] = []

    def look(*answers: locks.Lock | None) -> None:
        found = iter(answers)
        with locks.looked_at(lambda: next(found)):
            seen.append("at work")

    look(None, None)
    with pytest.raises(locks.StateLocked, match="by thandi@laptop"):
        look(held, None)
    assert seen == ["at work"]  # it did not begin
    with pytest.raises(locks.StateLocked):
        look(None, held)
    assert seen == ["at work"] * 2


def test_what_fails_while_the_lock_is_looked_at_stays_what_it_is() -> None:
    with pytest.raises(ProvisioningFailed, match="cause"), locks.looked_at(lambda: None):
        raise ProvisioningFailed("the cause")
